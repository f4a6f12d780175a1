"""What the warehouse covers: the ledger as planning reads it, and what it leaves to be asked.

A `Selection` says of each window of each slice whether a run reads it. Everything is pure.

    due         what a night reads after the cursor: all but what is final already
    repairs     what it reads before the cursor: failed, or never read to its end
    newcomers   what it reads besides: windows of items that came later than others of their kind
    gaps        what a backfill reads: wanted, and not there
    unread      what an explicit interval reads: everything, once
"""

from __future__ import annotations

from collections.abc import Callable, Container, Mapping
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from enum import StrEnum
from typing import TypeAlias

from .outcome import Status
from .slices import kind_of
from .windows import Grain, Window

ONE_NIGHT = timedelta(days=1)


@dataclass(frozen=True, slots=True, kw_only=True)
class Worth:
    """What the ledger says a window of a slice is worth now.

    `fetched_at`, `covered_until` and `pages` are of the last read that succeeded, None (or 0)
    before there was one; `is_final` is what that read was called. `last_attempt` is what the last
    read came to, well or not.
    """

    status: Status
    last_attempt: Status | None = None
    is_final: bool = False
    fetched_at: datetime | None = None
    covered_until: datetime | None = None
    pages: int = 0

    def was_closed(self, window: Window) -> bool:
        """Whether the window was read after its end."""
        return self.covered_until is not None and self.covered_until >= window.end


class Standing(StrEnum):
    """How a wanted window stands."""

    FINAL = "final"
    PROVISIONAL = "provisional"  # there, and to be read again
    GAP = "gap"  # not there, though the report was read past its end
    INCOMPLETE = "incomplete"  # pages kept shifting: some of it may be missing
    BEHIND = "behind"  # not there to its end, and a nightly run should have read it by now
    UNAVAILABLE = "unavailable"  # the API has no such numbers for us
    DUE = "due"  # the next run reads it


Key: TypeAlias = tuple[str, str, Grain, datetime]
"""Report, slice, grain and window start: the ledger's key within an account."""

Selection: TypeAlias = Callable[[str, str, Window], bool]
"""Whether a run reads the window, given report, slice and window."""


def everything(_report: str, _slice_text: str, _window: Window) -> bool:
    """Selects every window."""
    return True


class Coverage:
    """The ledger of one account, by window."""

    def __init__(self, worths: Mapping[Key, Worth] | None = None) -> None:
        self._worths = worths or {}
        self._reaches: dict[str, datetime] = {}
        for (report, *_), worth in self._worths.items():
            if worth.covered_until is not None:
                reached = self._reaches.get(report, worth.covered_until)
                self._reaches[report] = max(reached, worth.covered_until)

    def worth(self, report: str, slice_text: str, window: Window) -> Worth | None:
        """What the window is worth; None when it was never asked for."""
        return self._worths.get((report, slice_text, window.grain, window.start))

    def items(self) -> Mapping[Key, Worth]:
        """Every window of the ledger."""
        return self._worths

    def reach(self, report: str) -> datetime | None:
        """Up to where anything of the report was read; None when nothing was."""
        return self._reaches.get(report)


def standing(
    worth: Worth | None, window: Window, reach: datetime | None, now: datetime
) -> Standing:
    """How the window stands at `now`, of a report that was read up to `reach`."""
    if worth is not None and worth.covered_until is not None:
        if worth.status is Status.INCOMPLETE:
            return Standing.INCOMPLETE
        if worth.covered_until < min(window.end, now - ONE_NIGHT * 1.5):
            return Standing.BEHIND
        return Standing.FINAL if worth.is_final else Standing.PROVISIONAL
    if worth is not None and worth.status is Status.UNAVAILABLE:
        return Standing.UNAVAILABLE
    if reach is not None and window.end <= reach:
        return Standing.GAP
    return Standing.BEHIND if window.end + ONE_NIGHT <= now else Standing.DUE


def unread(coverage: Coverage, round_started_at: datetime | None) -> Selection:
    """Selects every window, but for those that an interrupted run has read since the round began
    that this run goes on with."""

    def selects(report: str, slice_text: str, window: Window) -> bool:
        worth = coverage.worth(report, slice_text, window)
        if worth is None or worth.fetched_at is None or worth.status is Status.INCOMPLETE:
            return True
        return round_started_at is None or worth.fetched_at < round_started_at

    return selects


def only(windows: Container[tuple[Grain, date]]) -> Selection:
    """Selects the windows named by grain and first local day, whatever was read of them."""

    def selects(_report: str, _slice_text: str, window: Window) -> bool:
        return (window.grain, window.local_date) in windows

    return selects


def due(coverage: Coverage, lookback: timedelta, round_started_at: datetime | None) -> Selection:
    """Selects what is not final yet, but for what the round has read, as `unread`."""
    is_unread = unread(coverage, round_started_at)

    def selects(report: str, slice_text: str, window: Window) -> bool:
        worth = coverage.worth(report, slice_text, window)
        is_final = (
            worth is not None
            and worth.fetched_at is not None
            and worth.status is not Status.INCOMPLETE
            and worth.was_closed(window)
            and worth.fetched_at >= window.end + lookback
        )
        return not is_final and is_unread(report, slice_text, window)

    return selects


def repairs(
    coverage: Coverage, before: Mapping[str, datetime], round_started_at: datetime | None = None
) -> Selection:
    """Selects what failed, and what was read but never when it was final.

    Of each report only up to `before`, from where its windows are due anyway; and not what the
    round has read that the run goes on with.
    """

    def selects(report: str, slice_text: str, window: Window) -> bool:
        worth = coverage.worth(report, slice_text, window)
        if worth is None or window.end > before.get(report, window.start):
            return False
        in_round = (
            round_started_at is not None
            and worth.fetched_at is not None
            and worth.fetched_at >= round_started_at
        )
        return needs_repair(worth) and not in_round

    return selects


def needs_repair(worth: Worth) -> bool:
    """Whether the window failed, or was read but never when it was final. What the API says it
    has not, it would say again."""
    if Status.UNAVAILABLE in (worth.status, worth.last_attempt):
        return False
    return worth.status is Status.FAILED or not worth.is_final


class Newcomers:
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
        for (report, text, grain, start), worth in coverage.items().items():
            if worth.status.succeeded and report in slices:
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


def gaps(coverage: Coverage) -> Selection:
    """Selects what is not there, though the report was read past its end: never asked for, failed,
    or unavailable then. Of a report that was never read, all is missing."""

    def selects(report: str, slice_text: str, window: Window) -> bool:
        reach = coverage.reach(report)
        if reach is not None and window.end > reach:
            return False  # that is for the next night
        worth = coverage.worth(report, slice_text, window)
        return worth is None or not worth.status.succeeded

    return selects
