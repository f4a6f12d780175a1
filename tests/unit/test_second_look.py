"""What a second look reads: failures each time, disagreements once, and what it can settle."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from datetime import date, timedelta
from types import SimpleNamespace
from typing import Any
from zoneinfo import ZoneInfo

import pytest

from pipelines.jobs.recheck import second_look, worth_reading_again
from pipelines.quality.check_runner import CheckVerdict, Result, all_checks
from pipelines.quality.disagreements import Past
from tests.helpers.builders import NOW

RUN: Any = SimpleNamespace(
    time=SimpleNamespace(zone=ZoneInfo("America/New_York")), now=NOW, is_stopping=False
)
FIRST = NOW.date() - timedelta(days=20)
CHECKS = {check.name: check for check in all_checks()}


def found(name: str, days: int, verdict: CheckVerdict = CheckVerdict.DISAGREES) -> Result:
    """That the check found that many days to disagree."""
    windows = frozenset(("day", FIRST + timedelta(days=n)) for n in range(days))
    return Result(check=CHECKS[name], verdict=verdict, rows=days, windows=windows)


FAILURE = replace(
    found("drilldowns_are_whole", 2, CheckVerdict.FAILS), reports=frozenset({"user_drilldown"})
)
NEW, WIDE = found("channels_add_up", 1), found("users_add_up_to_the_company", 9)
KNOWN = found("slices_add_up", 1)
PASTS = {result.check.name: Past() for result in (FAILURE, NEW, WIDE)} | {
    "slices_add_up": Past(was_read_again=True)
}


@pytest.mark.parametrize(
    ("results", "expected"),
    [
        ([NEW], [NEW]),
        ([KNOWN], []),
        ([WIDE], []),  # more days than a second look reads
        ([WIDE, KNOWN, NEW, FAILURE], [FAILURE, NEW]),
        ([replace(FAILURE, windows=None), NEW], [replace(FAILURE, windows=None)]),
        ([replace(NEW, verdict=CheckVerdict.DRIFT)], []),
    ],
)
def test_what_is_worth_reading_again(results: Sequence[Result], expected: list[Result]) -> None:
    assert worth_reading_again(RUN, results, PASTS) == expected


def test_all_reports_that_were_compared_are_read_in_one_run() -> None:
    request = second_look(RUN, [FAILURE, NEW])
    assert request is not None
    assert set(request.reports) == {
        *("user_drilldown", "conversations_overall", "conversations_volume_by_channel")
    }
    assert request.windows == {("day", FIRST), ("day", FIRST + timedelta(days=1))}
    assert (request.since, request.until) == (str(FIRST), str(FIRST + timedelta(days=2)))
    assert date.fromisoformat(str(request.until)) < NOW.date()


def test_a_failure_that_names_no_windows_is_not_read_again() -> None:
    assert second_look(RUN, [replace(FAILURE, windows=None)]) is None
    assert second_look(RUN, []) is None
