"""What a run reads, by what the ledger says of each window."""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime, timedelta

import pytest

from sources.help_scout.extract.result import Status
from sources.help_scout.planning.windows import Grain, Window
from sources.help_scout.state.coverage import Coverage, Freshness, Key, WindowState
from sources.help_scout.state.selections import (
    Refusals,
    Selection,
    due,
    everything,
    missing,
    needs_repair,
    repairs,
)
from tests.helpers.builders import at, days, window

REPORT, OTHER = "company_overall", "email"
DAY = window("2026-03-04")
END = at("2026-03-05T05:00")
LOOKBACK = timedelta(days=7)
FINAL_FROM = END + LOOKBACK
NOW = FINAL_FROM + timedelta(days=40)
SECOND, HOUR = timedelta(seconds=1), timedelta(hours=1)


def read(status: Status, fetched_at: datetime, *, is_final: bool = False) -> WindowState:
    """A read that covers as much of the day as there was when it was fetched."""
    return WindowState(
        status=status,
        is_final=is_final,
        fetched_at=fetched_at,
        covered_until=min(END, fetched_at),
        pages=1,
    )


def covering(until: datetime) -> WindowState:
    """A read that covers time up to there."""
    return WindowState(status=Status.LOADED, covered_until=until)


STATES = {
    "never asked for": None,
    "failed": WindowState(status=Status.FAILED),
    "unavailable": WindowState(status=Status.UNAVAILABLE),
    "incomplete": read(Status.INCOMPLETE, END + HOUR),
    "incomplete after the lookback": read(Status.INCOMPLETE, FINAL_FROM + HOUR),
    "loaded while open": read(Status.LOADED, END - SECOND),
    "loaded as it ended": read(Status.LOADED, END),
    "provisional": read(Status.LOADED, FINAL_FROM - SECOND),
    "provisional and empty": read(Status.EMPTY, FINAL_FROM - SECOND),
    "final": read(Status.LOADED, FINAL_FROM, is_final=True),
    "final and empty": read(Status.EMPTY, FINAL_FROM + HOUR, is_final=True),
}
"""Each kind of worth that a window can have."""

LACKING = {"never asked for", "failed", "unavailable"}
INCOMPLETE = {"incomplete", "incomplete after the lookback"}
PROVISIONAL = {"loaded as it ended", "provisional", "provisional and empty"}
OPEN = {"loaded while open"}
FINAL = {"final", "final and empty"}


def key(report: str = REPORT, day: Window = DAY) -> Key:
    """The ledger's key of the total."""
    return report, "all", day.grain, day.start


def ledger_of(state: WindowState | None) -> Coverage:
    """A ledger with the day alone."""
    return Coverage({} if state is None else {key(): state})


def selected(selection: Selection, day: Window = DAY) -> bool:
    """Whether the total of the day is read."""
    return selection(REPORT, "all", day)


@pytest.mark.parametrize(
    ("selecting", "kinds"),
    [
        pytest.param(
            lambda ledger: due(ledger, LOOKBACK, None, NOW),
            LACKING | INCOMPLETE | PROVISIONAL | OPEN,
            id="due",
        ),
        pytest.param(
            lambda ledger: due(ledger, LOOKBACK, END - HOUR, NOW),
            LACKING | INCOMPLETE,
            id="due in a round that has read it",
        ),
        pytest.param(
            lambda ledger: due(ledger, LOOKBACK, FINAL_FROM + 2 * HOUR, NOW),
            LACKING | INCOMPLETE | PROVISIONAL | OPEN,
            id="due in a round that began later",
        ),
        pytest.param(
            lambda ledger: repairs(ledger, {REPORT: END}, NOW),
            LACKING - {"never asked for"} | INCOMPLETE | PROVISIONAL | OPEN,
            id="repairs",
        ),
        pytest.param(lambda ledger: missing(ledger, NOW), LACKING, id="missing"),
        pytest.param(
            lambda _ledger: everything,
            LACKING | INCOMPLETE | PROVISIONAL | OPEN | FINAL,
            id="everything",
        ),
    ],
)
def test_a_selection_takes_the_windows_of_these_kinds(
    selecting: Callable[[Coverage], Selection], kinds: set[str]
) -> None:
    found = {kind for kind, state in STATES.items() if selected(selecting(ledger_of(state)))}
    assert found == kinds


def test_what_failed_or_was_never_read_when_final_needs_repair() -> None:
    found = {
        kind for kind, state in STATES.items() if state is not None and needs_repair(state, NOW)
    }
    assert found == LACKING - {"never asked for"} | INCOMPLETE | PROVISIONAL | OPEN


def test_a_window_was_closed_when_it_was_read_to_its_end() -> None:
    found = {kind for kind, state in STATES.items() if state is not None and state.was_closed(DAY)}
    assert found == INCOMPLETE | PROVISIONAL | FINAL


# --- what is due ----------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("lookback_days", "is_due"), [(1, False), (6, False), (7, False), (8, True), (30, True)]
)
def test_a_window_is_due_until_a_read_at_or_after_its_end_and_the_lookback(
    lookback_days: int, is_due: bool
) -> None:
    ledger = ledger_of(read(Status.LOADED, END + timedelta(days=7), is_final=True))
    assert selected(due(ledger, timedelta(days=lookback_days), None, NOW)) is is_due


@pytest.mark.parametrize(
    ("began", "is_due"), [(-HOUR, False), (timedelta(0), False), (SECOND, True)]
)
def test_what_a_round_has_read_since_it_began_is_not_due_in_it(
    began: timedelta, is_due: bool
) -> None:
    fetched_at = END + 2 * HOUR
    ledger = ledger_of(read(Status.LOADED, fetched_at))
    assert selected(due(ledger, LOOKBACK, fetched_at + began, NOW)) is is_due


@pytest.mark.parametrize(
    ("report", "slice_text", "one", "is_due"),
    [
        (REPORT, "all", DAY, False),
        (OTHER, "all", DAY, True),
        (REPORT, "mailbox=4", DAY, True),
        (REPORT, "all", window("2026-03-05"), True),
        (REPORT, "all", window("2026-03-04", Grain.WEEK), True),
    ],
)
def test_reports_slices_grains_and_days_are_told_apart(
    report: str, slice_text: str, one: Window, is_due: bool
) -> None:
    ledger = ledger_of(STATES["final"])
    assert due(ledger, LOOKBACK, None, NOW)(report, slice_text, one) is is_due
    assert (ledger.window_state(report, slice_text, one) is None) is is_due


def test_a_week_and_the_day_that_it_begins_with_are_two_windows() -> None:
    monday, week = window("2026-03-02"), window("2026-03-02", Grain.WEEK)
    ledger = Coverage({key(day=monday): WindowState(status=Status.FAILED)})
    assert monday.start == week.start
    states = [ledger.window_state(REPORT, "all", window) for window in (monday, week)]
    assert states == [WindowState(status=Status.FAILED), None]


# --- what is repaired -----------------------------------------------------------------------


@pytest.mark.parametrize(
    ("before", "is_repaired"),
    [
        ({REPORT: END}, True),
        ({REPORT: END + HOUR}, True),
        ({REPORT: END - SECOND}, False),
        ({REPORT: DAY.start}, False),
        ({OTHER: END + HOUR}, False),
        ({REPORT: END - SECOND, OTHER: END + HOUR}, False),
        ({}, False),
    ],
)
def test_of_a_report_only_what_ended_before_its_windows_are_due_is_repaired(
    before: dict[str, datetime], is_repaired: bool
) -> None:
    assert selected(repairs(ledger_of(STATES["failed"]), before, NOW)) is is_repaired


# --- what a backfill reads ------------------------------------------------------------------


@pytest.mark.parametrize(
    ("reached", "is_gap"),
    [
        (DAY.start, False),
        (END - SECOND, False),
        (END, True),
        (END + timedelta(days=90), True),
    ],
)
def test_what_was_never_asked_for_is_missing_when_the_report_was_read_past_its_end(
    reached: datetime, is_gap: bool
) -> None:
    states = {key(OTHER): read(Status.LOADED, END)}
    states[key(day=window("2026-01-01"))] = WindowState(status=Status.LOADED, covered_until=reached)
    assert selected(missing(Coverage(states), END + HOUR)) is is_gap


def test_of_a_report_that_was_never_read_all_that_is_over_is_missing() -> None:
    ledger = Coverage(
        {key(): WindowState(status=Status.FAILED), key(OTHER): read(Status.LOADED, END)}
    )
    assert [selected(missing(ledger, END), day) for day in days("2026-03-03", 3)] == [
        True,
        True,
        False,
    ]


# --- how a window stands --------------------------------------------------------------------

A_NIGHT_LATER = END + timedelta(days=1)


@pytest.mark.parametrize(
    ("reach", "now", "lacking"),
    [
        pytest.param(None, END, Freshness.MISSING, id="of a report that was never read"),
        pytest.param(None, A_NIGHT_LATER, Freshness.MISSING, id="never read, a night ago"),
        pytest.param(END, END, Freshness.MISSING, id="read past its end"),
        pytest.param(END - SECOND, END - SECOND, Freshness.DUE, id="open"),
        pytest.param(END - SECOND, A_NIGHT_LATER - SECOND, Freshness.DUE, id="ended last night"),
        pytest.param(END - SECOND, A_NIGHT_LATER, Freshness.MISSING, id="ended a night ago"),
    ],
)
def test_a_window_stands_as_it_was_read_or_lacks(
    reach: datetime | None, now: datetime, lacking: Freshness
) -> None:
    elsewhere = {} if reach is None else {key(day=window("2026-01-01")): covering(reach)}
    found = {
        kind: Coverage(elsewhere if state is None else elsewhere | {key(): state}).freshness(
            REPORT, "all", DAY, now
        )
        for kind, state in STATES.items()
    }
    assert found == {
        **dict.fromkeys(PROVISIONAL | OPEN, Freshness.PROVISIONAL),
        **dict.fromkeys(INCOMPLETE, Freshness.INCOMPLETE),
        **dict.fromkeys(FINAL, Freshness.FINAL),
        "never asked for": lacking,
        "failed": Freshness.MISSING,
        "unavailable": Freshness.UNAVAILABLE,
    }


@pytest.mark.parametrize(
    ("covered", "now", "expected"),
    [
        (END - HOUR, END + timedelta(hours=34), Freshness.PROVISIONAL),
        (END - HOUR, END + timedelta(hours=36), Freshness.BEHIND),
        (END, END + timedelta(days=300), Freshness.PROVISIONAL),
    ],
)
def test_what_was_only_read_while_it_was_open_is_behind_a_night_and_a_half_later(
    covered: datetime, now: datetime, expected: Freshness
) -> None:
    state = read(Status.LOADED, covered)
    assert ledger_of(state).freshness(REPORT, "all", DAY, now) is expected


# --- the ledger -----------------------------------------------------------------------------


def test_a_report_reaches_as_far_as_any_of_its_windows_was_read() -> None:
    first, second, third = days("2026-03-03", 3)
    ledger = Coverage(
        {
            key(day=second): WindowState(status=Status.LOADED, covered_until=second.end),
            key(day=first): WindowState(status=Status.EMPTY, covered_until=first.end),
            key(day=third): WindowState(status=Status.FAILED),
            key(OTHER, third): WindowState(
                status=Status.INCOMPLETE, covered_until=third.end - HOUR
            ),
            key("chat", third): WindowState(status=Status.UNAVAILABLE),
        }
    )
    assert {name: ledger.reach(name) for name in (REPORT, OTHER, "chat", "phone")} == {
        REPORT: second.end,
        OTHER: third.end - HOUR,
        "chat": None,
        "phone": None,
    }


@pytest.mark.parametrize("ledger", [Coverage(), Coverage(None), Coverage({})])
def test_of_an_empty_ledger_nothing_is_known(ledger: Coverage) -> None:
    found = (ledger.items(), ledger.reach(REPORT), ledger.window_state(REPORT, "all", DAY))
    assert found == ({}, None, None)


def test_the_ledger_gives_all_its_windows_by_key() -> None:
    states = {key(): read(Status.LOADED, END), key(OTHER): WindowState(status=Status.FAILED)}
    assert Coverage(states).items() == states


# --- windows that keep failing, and slices that are refused -----------------------------------


@pytest.mark.parametrize(
    ("failing_days", "hours_since_last", "rests"),
    [(0, 1, False), (7, 24, False), (8, 24, True), (30, 150, True), (30, 156, False)],
)
def test_a_window_that_keeps_failing_is_tried_every_night_for_a_week_then_weekly(
    failing_days: int, hours_since_last: int, rests: bool
) -> None:
    state = WindowState(
        status=Status.FAILED,
        failing_since=NOW - timedelta(days=failing_days),
        last_attempt_at=NOW - hours_since_last * HOUR,
    )
    ledger = ledger_of(state)
    assert state.rests(NOW) is rests
    assert selected(due(ledger, LOOKBACK, None, NOW)) is not rests
    assert selected(repairs(ledger, {REPORT: END}, NOW)) is not rests
    assert selected(missing(ledger, NOW))  # a backfill asks all the same


def test_what_was_refused_is_repaired_once_the_api_answers_for_the_slice_again() -> None:
    states = {key(): STATES["unavailable"]}
    refused = Coverage(states, {(REPORT, "all"): NOW})  # type: ignore[arg-type]
    answered = Coverage(states)  # type: ignore[arg-type]
    found = [selected(repairs(one, {REPORT: END}, NOW)) for one in (refused, answered)]
    assert found == [False, True]


def test_a_refused_slice_is_asked_again_after_a_week_a_refused_report_every_night() -> None:
    lately, before = NOW - timedelta(days=6), NOW - timedelta(days=7)
    known = {(REPORT, "mailbox=1"): lately, (REPORT, "mailbox=2"): before, (OTHER, "all"): lately}
    answered = {key(): read(Status.LOADED, lately)}
    refusals = Refusals(Coverage(answered, known), NOW)
    assert refusals.cover(REPORT, "mailbox=1")
    assert not refusals.cover(REPORT, "mailbox=2")
    assert not refusals.cover(OTHER, "all")
    refusals.add(OTHER, "all")
    assert refusals.cover(OTHER, "mailbox=7")


def test_a_refusal_of_one_window_says_nothing_of_a_slice_that_was_answered() -> None:
    refusals = Refusals(ledger_of(STATES["final"]), NOW)
    refusals.add(REPORT, "all")
    assert not refusals.cover(REPORT, "all")
    refused = Coverage({key(): STATES["final"]}, {(REPORT, "all"): NOW})  # type: ignore[dict-item]
    refusals = Refusals(refused, NOW)
    refusals.add(REPORT, "all")
    assert refusals.cover(REPORT, "all")


def test_a_report_of_which_everything_was_refused_is_asked_again_the_next_night() -> None:
    lately = NOW - timedelta(days=1)
    refused = {(REPORT, "user=1"): lately, (REPORT, "user=2"): lately}
    before = {key(): read(Status.LOADED, lately - timedelta(days=2))}
    assert not Refusals(Coverage(before, refused), NOW).cover(REPORT, "user=1")
