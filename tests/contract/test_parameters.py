"""Every parameter of the contract reaches the wire by some configuration, rightly spelled."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import UTC, datetime
from zoneinfo import ZoneInfo

import pytest

from sources.help_scout.catalog.model import Report, Shape
from sources.help_scout.catalog.reports import REPORTS
from sources.help_scout.catalog.slices import SLICE_PARAMS, Slice, SliceValue, slice_params
from sources.help_scout.planning.request_plan import Read, plan_read, plan_spans
from sources.help_scout.planning.settings import Settings
from sources.help_scout.planning.windows import Grain
from tests.conftest import CONTRACT

ITEMS: dict[str, list[SliceValue]] = {
    "mailbox": [1, 2],
    "tag": [1, 7],
    "folder": [3],
    "site": ["5215163545667acd25394b5c"],
    "user": [4],
    "team": [5],
    "range_id": [1, 2],
}
NECESSARY = {"user": "user", "range": "range=replies", "field": "field=tagid"}
VALUES = {"mailbox": "EU", "tag": "1+7", "type": "email+chat", "field_id": "7"}


def configuration(report: Report) -> Settings:
    """One that asks the report for everything that it can be asked."""
    necessary = [NECESSARY[name] for name in NECESSARY if name in report.requires]
    texts = [",".join(necessary) or "all"]
    for param in slice_params(report):
        if param.name in ("user", "range", "field"):
            continue
        value = VALUES.get(param.name)
        term = f"{param.name}={value}" if value else param.name
        others = [text for text in necessary if not (param.name == "team" and text == "user")]
        texts.append(",".join([*others, term]))
    return Settings(
        breakdowns={report.name: texts},
        groups={"mailbox": {"EU": [2, 1]}},
        compare_to="2025-01-01..2025-02-01",
        sort={report.name: f"{report.sort_fields[-1]} DESC"} if report.sort_fields else {},
    )


def items_of(name: str, _before: Slice) -> Iterable[SliceValue]:
    return ITEMS.get(name) or SLICE_PARAMS[name].choices


def reads_of(report: Report) -> list[Read]:
    settings = configuration(report)
    zone, now = ZoneInfo("America/New_York"), datetime(2026, 4, 1, tzinfo=UTC)
    spans = plan_spans(
        report, [Grain.DAY], zone, datetime(2026, 3, 28, 4, tzinfo=UTC), now, now=now
    )
    return [
        plan_read(
            report,
            spans[0],
            slice_,
            zone=zone,
            compare_to=settings.compare_to,
            sort=settings.sort_of(report),
            items=[7] if "fieldid" in report.requires else None,
        )
        for breakdown in settings.breakdowns_of(report)
        for slice_ in breakdown.slices(items_of)
    ]


def never_sent(report: Report) -> set[str]:
    """What is left out on purpose: previous dates where the answer has no place for a previous
    period, or holds another window's rows, which are loaded as that window's own."""
    no_place = report.shape is not Shape.OVERALL
    return {"previousStart", "previousEnd"} if no_place else set()


@pytest.mark.parametrize("report", REPORTS.values(), ids=REPORTS)
def test_every_parameter_is_sent_by_some_configuration(report: Report) -> None:
    contract = {param["name"]: param for param in CONTRACT[report.name]["params"]}
    queries = [dict(part.request.query) for read in reads_of(report) for part in read.parts]

    sent = {name for query in queries for name in query}
    assert sent == contract.keys() - never_sent(report)
    for query in queries:
        for name, value in query.items():
            param = contract[name]
            if param["type"].startswith("csv"):
                assert "" not in value.split(",")
            elif param.get("values"):
                assert value in param["values"]
    many = {name for query in queries for name, value in query.items() if "," in value}
    assert many == {"mailboxes", "types", "tags"} & contract.keys()


def test_what_is_counted_is_part_of_the_slice_and_what_is_not_is_not() -> None:
    report = REPORTS["user_conversation_history"]
    texts = {read.slice.text for read in reads_of(report)}
    assert texts == {
        "user=4",
        "team=5",
        "mailbox=EU,user=4",
        "tag=1+7,user=4",
        "type=chat+email,user=4",
        "folder=3,user=4",
        "user=4,status=active",
        "user=4,status=pending",
        "user=4,status=closed",
        "user=4,office_hours=true",
    }
    assert {dict(read.parts[0].request.query)["sortField"] for read in reads_of(report)} == {
        "resolveTime"
    }
