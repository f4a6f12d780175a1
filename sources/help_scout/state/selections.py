"""Which windows a run reads, decided by what the warehouse covers.

A `Selection` says of each window of each slice whether a run reads it. Everything is pure.

    due             what a night reads after the cursor: all but what is final already
    repairs         what it reads before the cursor: failed, or never read to its end
    NewItemWindows  what it also reads: windows of items that came later than others of their kind
    missing         what a backfill reads: configured, and not loaded
    unread          what an explicit interval reads: everything, once

A window that keeps failing is tried again every night for a week, then once a week.
"""

from __future__ import annotations

from collections.abc import Callable, Container, Iterable, Mapping
from datetime import date, datetime, timedelta
from typing import TypeAlias

from ..catalog.slices import kind_of
from ..extract.result import Status
from ..planning.windows import Grain, Window
from .coverage import ALL, ONE_NIGHT, WEEKLY, Coverage, Freshness, Key, WindowState

Selection: TypeAlias = Callable[[str, str, Window], bool]
"""Whether a run reads the window, given report, slice and window."""


def everything(_report: str, _slice_text: str, _window: Window) -> bool:
    """Selects every window."""
    return True


def unread(coverage: Coverage, round_started_at: datetime | None) -> Selection:
    """Selects every window, but for those that an interrupted run has read since the round began
    that this run goes on with."""

    def selects(report: str, slice_text: str, window: Window) -> bool:
        state = coverage.window_state(report, slice_text, window)
        if state is None or state.fetched_at is None or state.status is Status.INCOMPLETE:
            return True
        return round_started_at is None or state.fetched_at < round_started_at

    return selects


def only(windows: Container[tuple[Grain, date]]) -> Selection:
    """Selects the windows named by grain and first local day, whatever was read of them."""

    def selects(_report: str, _slice_text: str, window: Window) -> bool:
        return (window.grain, window.local_date) in windows

    return selects


def due(
    coverage: Coverage, lookback: timedelta, round_started_at: datetime | None, now: datetime
) -> Selection:
    """Selects what is not final yet and does not rest, except what the round has read."""
    is_unread = unread(coverage, round_started_at)

    def selects(report: str, slice_text: str, window: Window) -> bool:
        state = coverage.window_state(report, slice_text, window)
        is_final = (
            state is not None
            and state.fetched_at is not None
            and state.status is not Status.INCOMPLETE
            and state.was_closed(window)
            and state.fetched_at >= window.final_from(lookback)
        )
        rests = state is not None and window.final_from(lookback) <= now and state.rests(now)
        return not is_final and not rests and is_unread(report, slice_text, window)

    return selects


def repairs(
    coverage: Coverage,
    before: Mapping[str, datetime],
    now: datetime,
    round_started_at: datetime | None = None,
) -> Selection:
    """Selects what failed, what was read but never when it was final, and slices that nobody could
    name when their window was read.

    Of each report only up to `before`, from where its windows are due anyway; and not what the
    round has read that the run goes on with.
    """

    def selects(report: str, slice_text: str, window: Window) -> bool:
        if window.end > before.get(report, window.start):
            return False
        state = coverage.window_state(report, slice_text, window)
        if state is None:
            return coverage.is_unresolved(report, kind_of(slice_text), window)
        in_round = (
            round_started_at is not None
            and state.fetched_at is not None
            and state.fetched_at >= round_started_at
        )
        return needs_repair(state, now, coverage.is_refused(report, slice_text)) and not in_round

    return selects


def needs_repair(state: WindowState, now: datetime, is_refused: bool = False) -> bool:
    """Whether the window failed, or was read but never when it was final, and it is time to try
    again. What the API refused waits until it answers for the slice again."""
    if Status.UNAVAILABLE in (state.status, state.last_attempt) and is_refused:
        return False
    return not state.is_final and not state.rests(now)


def windows_to_repair(coverage: Coverage, now: datetime) -> Iterable[Key]:
    """The keys of all windows that `repairs` may select, whatever their report is due from."""
    for key, state in coverage.items().items():
        if needs_repair(state, now, coverage.is_refused(key[0], key[1])):
            yield key
    yield from (key for key, state in coverage.unresolved.items() if not state.rests(now))


class NewItemWindows:
    """Windows of slices that came later than others of their kind: of a new inbox, a new user.

    `slices` are those that every item of a breakdown has now, by report, and since when each
    counts. A window is a newcomer's when it was never asked for, though one of its kind was read;
    of each report only up to `before`, from where its windows are due anyway.
    """

    def __init__(
        self,
        coverage: Coverage,
        slices: Mapping[str, Mapping[str, datetime]],
        before: Mapping[str, datetime],
        end_of: Callable[[Grain, datetime], datetime],
    ) -> None:
        read: dict[tuple[str, str], set[tuple[Grain, datetime]]] = {}
        for (report, text, grain, start), state in coverage.items().items():
            if state.is_loaded and report in slices:
                read.setdefault((report, kind_of(text)), set()).add((grain, start))
        self._missing = {
            (report, text): {
                (grain, start)
                for grain, start in read.get((report, kind_of(text)), ())
                if (report, text, grain, start) not in coverage.items()
                and since < end_of(grain, start) <= before[report]
            }
            for report, listed in slices.items()
            for text, since in listed.items()
        }

    @property
    def first(self) -> datetime | None:
        """Where the earliest of them starts; None when there are none."""
        return min((start for found in self._missing.values() for _, start in found), default=None)

    def __call__(self, report: str, slice_text: str, window: Window) -> bool:
        """Selects them."""
        return (window.grain, window.start) in self._missing.get((report, slice_text), ())


def missing(coverage: Coverage, now: datetime) -> Selection:
    """Selects what is missing, and what the API refused: it may answer now."""

    def selects(report: str, slice_text: str, window: Window) -> bool:
        how = coverage.freshness(report, slice_text, window, now)
        return how in (Freshness.MISSING, Freshness.UNAVAILABLE)

    return selects


class Refusals:
    """What the API refuses: a slice, or a whole report by its total. Of it only the newest window
    is asked for in the rest of a load package: a refusal may be of old windows alone, of a time
    before the plan's history. A slice that is refused altogether is asked again once a week, a
    report's total in every run, and so is a report of which everything was refused at the time:
    that the plan has it now should show the same night.

    A refusal of one window says nothing of a slice that the API answered before. When it goes on,
    the ledger knows the slice as refused.
    """

    def __init__(
        self,
        coverage: Coverage | None = None,
        now: datetime | None = None,
        *,
        all_again: bool = False,
    ) -> None:
        self._answered = frozenset() if coverage is None else coverage.answered
        self._known = {
            key
            for key, at in ({} if coverage is None or all_again else coverage.refusals).items()
            if key[1] != ALL
            and now is not None
            and now - at < WEEKLY
            and coverage is not None
            and coverage.answered_since(key[0], at - ONE_NIGHT)
        }
        self._met: set[tuple[str, str]] = set()

    def add(self, report: str, slice_text: str) -> None:
        """Remembers a refusal."""
        if (report, slice_text) not in self._answered:
            self._met.add((report, slice_text))

    def cover(self, report: str, slice_text: str, *, is_newest: bool = False) -> bool:
        """Whether the slice need not be asked for a window; `is_newest` when that is the newest."""
        key = (report, slice_text)
        if key in self._known or (slice_text != ALL and (report, ALL) in self._met):
            return True
        return key in self._met and not is_newest
