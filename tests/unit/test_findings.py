"""What is known of an account's buckets, and how it changes what is asked."""

from __future__ import annotations

from datetime import timedelta
from typing import Any
from zoneinfo import ZoneInfo

import pytest

from sources.help_scout.catalog.reports import REPORTS
from sources.help_scout.extract.buckets import anchor_seen
from sources.help_scout.extract.fetch import fetch_read
from sources.help_scout.extract.result import WindowResults
from sources.help_scout.planning.findings import Finding, Findings, from_json
from sources.help_scout.planning.request_plan import Read
from sources.help_scout.planning.windows import Window
from sources.help_scout.state.run import FACTS, Run
from tests.helpers.builders import BERLIN, NOW, StubGetter, at, days
from tests.helpers.stand_in_account import run_over
from tests.unit.test_buckets import by_request, by_utc

LONDON = ZoneInfo("Europe/London")
REPORT = REPORTS["conversations_new"]
SPAN = days("2026-04-10", 3, BERLIN)
A_DAY = timedelta(days=1)


def test_the_later_finding_wins_whoever_found_it() -> None:
    findings = Findings()
    findings.take({"bucket_anchor": Finding("utc_midnight", NOW)})
    findings.take({"bucket_anchor": Finding("request", NOW - A_DAY)})
    assert findings.bucket_anchor == "utc_midnight"
    findings.take({"bucket_anchor": Finding("request", NOW + A_DAY)})
    assert findings.bucket_anchor == "request"
    again = Findings()
    again.take(from_json(findings.as_json()))
    assert again.as_json() == findings.as_json()


WINTER, SUMMER = days("2026-02-10", 2, LONDON), days("2026-07-10", 2, LONDON)


@pytest.mark.parametrize(
    ("windows", "starts", "seen"),
    [
        (SPAN, [w.start for w in SPAN], "request"),
        (SPAN, [SPAN[0].start, at("2026-04-10T00:00")], "utc_midnight"),
        (SPAN, [SPAN[0].start, at("2026-04-10T09:00")], "other"),
        (SPAN, [SPAN[0].start], ""),  # the sum of all, or the others are left out
        (SPAN, [], ""),
        (WINTER, [w.start for w in WINTER], ""),  # days of London are UTC days then
        (SUMMER, [w.start for w in SUMMER], "request"),
    ],
)
def test_buckets_show_from_where_they_are_counted(
    windows: tuple[Window, ...], starts: list[Any], seen: str
) -> None:
    assert anchor_seen(windows, [{"bucket_start_at": start} for start in starts]) == seen


def asked(planned: list[Read | WindowResults]) -> list[tuple[int, bool]]:
    """How many days each read is for, and whether it asks for buckets."""
    reads = [read for read in planned if isinstance(read, Read)]
    return [(len(read.windows), "viewBy" in dict(read.parts[0].request.query)) for read in reads]


@pytest.mark.parametrize(
    ("anchor", "zone", "first", "expected"),
    [
        ("request", "Europe/London", "2026-03-26", [(4, True)]),
        ("company_midnight", "Europe/London", "2026-03-26", [(4, True)]),
        ("other", "Europe/London", "2026-03-26", [(1, False)] * 4),
        # the last of the days is one of 23 hours, and ends at no UTC midnight
        ("utc_midnight", "Europe/London", "2026-03-26", [(3, True), (1, False)]),
        ("utc_midnight", "Europe/London", "2026-07-01", [(1, False)] * 4),
        ("utc_midnight", "Africa/Abidjan", "2026-07-01", [(4, True)]),
    ],
)
def test_only_windows_that_buckets_fit_are_asked_for_together(
    anchor: str, zone: str, first: str, expected: list[tuple[int, bool]]
) -> None:
    breakdowns: dict[str, list[str]] = {REPORT.name: ["all"]}
    with run_over({}, timezone=zone, breakdowns=breakdowns) as (run, _):
        run.planner.bucket_anchor = anchor
        assert asked(list(run.reads(REPORT, [days(first, 4, ZoneInfo(zone))]))) == expected


def night_over(answer: Any, state: dict[str, Any], ago: timedelta) -> tuple[Run, int]:
    """A run of three days that the answer serves, and how many requests it sent."""
    getter = StubGetter(answer)
    breakdowns: dict[str, list[str]] = {REPORT.name: ["all"]}
    with run_over({}, timezone="Europe/Berlin", breakdowns=breakdowns) as (run, _):
        run.now = run.now - ago
        run.reconcile_state(state)
        for read in list(run.reads(REPORT, [SPAN])):
            assert isinstance(read, Read)
            run.note(fetch_read(getter, read, NOW))
        state[FACTS] = run.known_facts()
    return run, len(getter.sent)


def test_what_a_night_saw_saves_the_next_nights_their_requests_until_it_is_tried_again() -> None:
    state: dict[str, Any] = {}
    sent = [
        night_over(by_utc, state, timedelta(days=20))[1],
        night_over(by_utc, state, timedelta(days=19))[1],
        night_over(by_utc, state, timedelta(days=13))[1],  # a week after: two days are tried
        night_over(by_utc, state, timedelta(days=12))[1],
    ]
    assert sent == [7, 3, 1 + 2 * 2 + 1, 3]
    run, later = night_over(by_request, state, timedelta(days=1))
    assert (later, run.facts.bucket_anchor) == (2, "request")
    assert night_over(by_request, state, timedelta(0))[1] == 1


def test_an_account_that_counts_from_the_request_keeps_nothing() -> None:
    state: dict[str, Any] = {}
    night_over(by_request, state, timedelta(0))
    assert state[FACTS] == {}
