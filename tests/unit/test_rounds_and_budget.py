"""A night that takes several runs, and a run that ends before its night does."""

from __future__ import annotations

from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from sources.help_scout.catalog.reports import REPORTS
from sources.help_scout.extract.prefetch import ReadAhead
from sources.help_scout.extract.result import Status
from sources.help_scout.planning.budget import Budget
from sources.help_scout.planning.request_plan import Read
from sources.help_scout.planning.session import STATE, LoadSession
from sources.help_scout.planning.windows import Grain
from sources.help_scout.state.read_planner import ReadPlanner, Span
from sources.help_scout.state.run import Run
from tests.helpers.builders import NOW, FakeClock, at, days, examples
from tests.helpers.stand_in_account import run_over

EMAIL, PHONE = REPORTS["email"], REPORTS["phone"]
NAMES = (EMAIL.name, PHONE.name)
SECOND, HOUR = timedelta(seconds=1), timedelta(hours=1)
TOTALS = {name: ["all"] for name in ("company_overall", "conversations_new", *NAMES)}


# --- rounds ---------------------------------------------------------------------------------


WHAT = "email,phone"


def begun(ago: timedelta, what: str = WHAT) -> dict[str, Any]:
    """The source's state with a round that began so long ago."""
    return {"account": "main", STATE: {what: (NOW - ago).isoformat()}}


def new_round(now: datetime = NOW) -> LoadSession:
    return LoadSession(WHAT, now, now, None, set(NAMES))


@pytest.mark.parametrize(
    "state",
    [
        pytest.param({}, id="no round yet"),
        pytest.param({STATE: {}}, id="nothing kept of it"),
        pytest.param(begun(20 * HOUR), id="too old"),
        pytest.param(begun(timedelta(days=400)), id="much too old"),
        pytest.param(begun(-SECOND), id="begun in the future"),
        pytest.param(begun(HOUR, "email"), id="of other reports"),
        pytest.param(begun(HOUR, f"2026-03-01.. {WHAT}"), id="of an interval"),
    ],
)
def test_a_round_begins_anew(state: dict[str, Any]) -> None:
    assert LoadSession.of(state, NOW, NAMES) == new_round()


@pytest.mark.parametrize("ago", [timedelta(0), SECOND, HOUR, 20 * HOUR - SECOND])
def test_a_round_that_was_left_open_is_gone_on_with_for_twenty_hours(ago: timedelta) -> None:
    expected = LoadSession(WHAT, NOW, NOW - ago, NOW - ago, set(NAMES))
    assert LoadSession.of(begun(ago), NOW, NAMES) == expected


def test_an_interval_has_a_round_of_its_own() -> None:
    what = f"2026-03-01..2026-03-15 {WHAT}"
    asked: dict[str, Any] = {"interval": "2026-03-01..2026-03-15", "until": NOW - HOUR}
    assert LoadSession.of(begun(HOUR), NOW, NAMES, **asked) == LoadSession(
        what, NOW - HOUR, NOW, None, set(NAMES)
    )
    assert LoadSession.of(begun(HOUR, what), NOW, NAMES, **asked).resumed_from == NOW - HOUR


def test_a_round_is_as_old_as_its_first_run() -> None:
    state: dict[str, Any] = {}
    seen = []
    for now in (NOW, NOW + 12 * HOUR, NOW + 21 * HOUR):
        one = LoadSession.of(state, now, NAMES)
        one.keep(state, now)
        seen.append((one.started_at, one.resumed_from))
    assert seen == [(NOW, None), (NOW, NOW), (NOW + 21 * HOUR, None)]


@pytest.mark.parametrize(
    ("left", "kept"),
    [
        (set(NAMES), {WHAT: "2026-04-20T16:00:00+00:00"}),
        ({PHONE.name}, {WHAT: "2026-04-20T16:00:00+00:00"}),
        (set(), {}),
    ],
)
def test_a_round_is_kept_while_a_report_is_left_and_old_ones_are_forgotten(
    left: set[str], kept: dict[str, str]
) -> None:
    young, old = {"email": NOW.isoformat()}, {"chat": (NOW - 21 * HOUR).isoformat()}
    state: dict[str, Any] = {"account": "main", STATE: young | old}
    LoadSession(WHAT, NOW, at("2026-04-20T16:00"), None, left).keep(state, NOW)
    assert state == {"account": "main", STATE: young | kept}


@examples
@given(
    st.datetimes(timezones=st.just(UTC), max_value=datetime(9999, 1, 1)),  # noqa: DTZ001
    st.timedeltas(timedelta(0), 20 * HOUR - SECOND),
)
def test_a_round_comes_back_from_the_state_as_it_was(began: datetime, later: timedelta) -> None:
    state: dict[str, Any] = {}
    LoadSession.of({}, began, NAMES).keep(state, began)
    expected = LoadSession(WHAT, began + later, began, began, set(NAMES))
    assert LoadSession.of(state, began + later, NAMES) == expected


# --- what is left of a round ----------------------------------------------------------------


def block(run: Run) -> None:
    """Has the phone report's window fail."""
    breakdown = run.settings.breakdowns_of(PHONE)[0]
    span = days("2026-04-16", 1)
    run.note(run.planner.not_planned(PHONE, span, breakdown, Status.FAILED, "down"))


def end_early(run: Run) -> None:
    """Has the run spend its budget."""
    run.budget = Budget(max_requests=0)
    run.budget.is_spent(0)


def stop_at(hours_ago: int) -> Callable[[Run], None]:
    """Has the run read a chunk that ends so long ago."""

    def narrow(run: Run) -> None:
        run.chunk = (NOW - timedelta(days=31), NOW - hours_ago * HOUR)

    return narrow


@pytest.mark.parametrize(
    ("happens", "left"),
    [
        pytest.param(lambda _run: None, set(), id="all is read"),
        pytest.param(stop_at(0), set(), id="the last chunk is read"),
        pytest.param(stop_at(1), set(NAMES), id="an earlier chunk is read"),
        pytest.param(block, set(), id="a report fails, which was tried"),
        pytest.param(end_early, set(NAMES), id="the budget is spent"),
    ],
)
def test_a_report_is_left_until_it_was_read_up_to_now(
    happens: Callable[[Run], None], left: set[str]
) -> None:
    with run_over({}) as (run, _):
        run.round = LoadSession.of({}, NOW, NAMES)
        happens(run)
        run.note_read(EMAIL)
        run.note_read(PHONE)
        assert run.round == LoadSession(WHAT, NOW, NOW, None, left)


def test_a_run_without_a_round_keeps_none() -> None:
    with run_over({}) as (run, _):
        run.note_read(EMAIL)
        assert run.round is None


# --- budgets --------------------------------------------------------------------------------


def test_without_a_limit_nothing_is_ever_spent() -> None:
    budget = Budget()
    assert (budget.is_limited, budget.is_spent(1_000_000), budget.was_hit) == (False, False, False)


@pytest.mark.parametrize("limits", [{"max_requests": 0}, {"max_minutes": 0.0}])
def test_nothing_is_a_limit_too(limits: dict[str, Any]) -> None:
    budget = Budget(**limits)
    assert (budget.is_limited, budget.is_spent(0), budget.was_hit) == (True, True, True)


def test_requests_are_spent_when_as_many_were_sent() -> None:
    budget = Budget(max_requests=3)
    assert [budget.is_spent(sent) for sent in (0, 2, 3, 4)] == [False, False, True, True]


def test_minutes_are_spent_when_as_many_have_passed_since_the_run_began() -> None:
    clock = FakeClock()
    budget, found = Budget(max_minutes=1.5, clock=clock), []
    for seconds in (0, 60, 29, 1, 1):
        clock.sleep(seconds)
        found.append((budget.is_spent(10_000), budget.was_hit))
    assert found == [(False, False)] * 3 + [(True, True)] * 2


@pytest.mark.parametrize(
    ("sent", "seconds", "is_spent"), [(2, 59, False), (3, 0, True), (0, 60, True), (3, 60, True)]
)
def test_of_two_limits_the_first_that_is_reached_counts(
    sent: int, seconds: float, is_spent: bool
) -> None:
    clock = FakeClock()
    budget = Budget(max_requests=3, max_minutes=1, clock=clock)
    clock.sleep(seconds)
    assert (budget.is_spent(sent), budget.was_hit) == (is_spent, is_spent)


def test_a_budget_that_was_hit_stays_so() -> None:
    budget = Budget(max_requests=3)
    assert [budget.is_spent(sent) for sent in (3, 0)] == [True, True]


@pytest.mark.parametrize(
    ("sent", "waiting", "reads"), [(0, 0, 2), (2, 0, 2), (1, 1, 2), (2, 1, 0), (3, 0, 0), (0, 9, 0)]
)
def test_a_run_counts_what_it_has_sent_and_what_waits_to_be(
    sent: int, waiting: int, reads: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    spans: list[Span] = [(day,) for day in days("2026-04-16", 2)]
    monkeypatch.setattr(ReadAhead, "waiting", waiting)
    with run_over({}, breakdowns=TOTALS) as (run, _):
        run.budget, run.client.sent = Budget(max_requests=3), sent
        run._has_begun = True
        assert len(list(run.reads(EMAIL, spans))) == reads


def test_a_run_reads_something_though_the_lists_have_used_its_budget_up() -> None:
    spans: list[Span] = [(day,) for day in days("2026-04-16", 2)]
    with run_over({}, breakdowns=TOTALS) as (run, _):
        run.budget, run.client.sent = Budget(max_requests=3), 9
        reads = [len(list(run.reads(report, spans))) for report in (EMAIL, PHONE)]
    assert reads == [1, 0]


# --- where a spent budget ends the reads ----------------------------------------------------


def first_cover(span: Span) -> datetime:
    """Up to where the span's first window is covered."""
    return span[0].covered_until(NOW)


def last_cover(span: Span) -> datetime:
    """Up to where the span's last window is covered."""
    return span[-1].covered_until(NOW)


def spans_read(run: Run, report: str, spans: list[Span], begins: int) -> list[Span]:
    """The spans that are read when so many begins are allowed."""
    left = iter([True] * begins)
    planner = ReadPlanner(
        run.settings, run.time, run.lists, run.reader.submit, lambda: next(left, False)
    )
    found = []
    for read in planner.reads(REPORTS[report], spans):
        assert isinstance(read, Read)
        found.append(read.windows)
    return found


@examples
@given(
    st.lists(st.sampled_from(list(Grain)), min_size=1, unique=True),
    st.integers(1, 300 * 24),
    st.integers(0, 3) | st.integers(0, 40),
)
@example([Grain.DAY, Grain.WEEK], 168 * 24, 1)  # a span of weeks longer than three of days
@pytest.mark.parametrize("report", ["company_overall", "conversations_new"])
def test_a_spent_budget_ends_the_reads_between_spans_that_share_no_time(
    report: str, grains: list[Grain], hours: int, begins: int
) -> None:
    if report == "conversations_new":
        grains = [grain for grain in grains if grain is not Grain.MONTH] or [Grain.WEEK]
    with run_over({}, grains={report: grains}, breakdowns=TOTALS) as (run, _):
        spans = run.spans(REPORTS[report], NOW - hours * HOUR, None)
        done = spans_read(run, report, spans, begins)
    edges = [
        number
        for number, span in enumerate(spans)
        if all(first_cover(span) > last_cover(earlier) for earlier in spans[:number])
    ]
    assert done == spans[: edges[begins] if begins < len(edges) else len(spans)]
    for span in spans[len(done) :]:
        assert all(first_cover(span) > last_cover(earlier) for earlier in done)


def test_windows_that_end_together_or_are_open_are_one_thing_to_a_budget() -> None:
    report = "company_overall"
    with run_over({}, grains={report: list(Grain)}, breakdowns=TOTALS) as (run, _):
        spans = run.spans(REPORTS[report], at("2026-04-18T05:00"), None)
        done = [[str(span[0]) for span in spans_read(run, report, spans, n)] for n in range(4)]
    day, end_of_week = ["day 2026-04-18"], ["week 2026-04-13", "day 2026-04-19"]
    now_open = ["month 2026-04-01", "day 2026-04-20", "week 2026-04-20"]
    assert done == [[], day, day + end_of_week, day + end_of_week + now_open]


def test_each_slice_of_a_span_that_was_begun_is_read() -> None:
    spans: list[Span] = [(day,) for day in days("2026-04-16", 3)]
    breakdowns = {"email": ["all", "mailbox=4", "mailbox=5"]}
    with run_over({}, breakdowns=breakdowns) as (run, _):
        assert spans_read(run, "email", spans, 1) == [spans[0]] * 3
