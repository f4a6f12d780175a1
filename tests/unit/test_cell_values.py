"""What fits a cell, and what becomes of the rest: null, and a repair that is counted."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any

import pytest

from sources.help_scout.catalog.reports import REPORTS
from sources.help_scout.parsing.flatten import Flattened, flatten_report
from sources.help_scout.parsing.repairs import RepairKind
from tests.helpers.builders import stamps_of


def flat(report: str, *bodies: Any) -> Flattened:
    stamps = stamps_of(report)
    return flatten_report(REPORTS[report], [(body, stamps) for body in bodies])


def closed(value: Any) -> Flattened:
    return flat("company_overall", {"current": {"closed": value, "totalReplies": 7}})


@pytest.mark.parametrize(
    "value", [60.5, "60.5", "many", "", True, [], {}, 2**63, "9" * 30, 1e300, "nan", "inf"]
)
def test_what_is_no_whole_number_is_null_in_a_count_and_counted(value: Any) -> None:
    found = closed(value)
    assert found.rows["company_overall"] == [{"closed": None, "total_replies": 7}]
    kind = {"nan": RepairKind.NAN, "inf": RepairKind.INFINITE}.get(
        str(value), RepairKind.UNREADABLE
    )
    assert found.repairs.found == {(kind, "current.closed"): 1}


@pytest.mark.parametrize("value", ["fast", "", True, [], {}, "nan", "inf", "-Infinity"])
def test_what_is_no_number_is_null_in_a_measure(value: Any) -> None:
    found = flat("productivity_overall", {"current": {"handleTime": value}})
    assert found.rows["productivity_overall"] == [{"handle_time_seconds": None}]
    assert found.repairs.found.total() == 1


@pytest.mark.parametrize("value", ["yesterday", 1700000000, "2026-13-01", True, {}])
def test_what_is_no_instant_is_null_in_a_time(value: Any) -> None:
    found = flat("company_overall", {"current": {"startDate": value}})
    assert found.rows["company_overall"] == [{"start_at": None}]
    assert found.repairs.text == "unreadable:current.startDate=1"


@pytest.mark.parametrize("value", [60, 60.0, "60", "60.0", -0.0 + 60])
def test_a_whole_number_fits_a_count_however_it_is_written(value: Any) -> None:
    row = flat("company_overall", {"current": {"closed": value}}).rows["company_overall"]
    assert [(row[0]["closed"], type(row[0]["closed"]))] == [(60, int)]


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("2026-03-08T05:00:00Z", datetime(2026, 3, 8, 5, tzinfo=UTC)),
        ("2026-03-08T00:00:00-05:00", datetime(2026, 3, 8, 5, tzinfo=UTC)),
        ("2026-03-08T05:00:00", datetime(2026, 3, 8, 5, tzinfo=UTC)),
    ],
)
def test_instants_become_utc(text: str, expected: datetime) -> None:
    row = flat("company_overall", {"current": {"startDate": text}}).rows["company_overall"][0]
    assert row == {"start_at": expected}
