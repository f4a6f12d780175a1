"""What the warehouse covers: the ledger as planning reads it. Everything is pure."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import StrEnum
from functools import cached_property
from typing import TypeAlias

from ..extract.result import Status
from ..planning.windows import Grain, Window

ONE_NIGHT = timedelta(days=1)
NIGHTLY_FOR = timedelta(days=7)
"""For how long a window that keeps failing is tried again every night."""

WEEKLY = timedelta(days=6.5)
"""How long it rests between two tries after that: half a day less than a week, since loads do not
start on the minute."""

ALL = "all"


@dataclass(frozen=True, slots=True, kw_only=True)
class WindowState:
    """What the ledger says a window of a slice is worth now.

    `fetched_at`, `covered_until`, `rows` and `pages` are of the last read that succeeded, None (or
    0) before there was one; `is_final` is what that read was called. `last_attempt` is what the
    last read came to, well or not, at `last_attempt_at`; `failing_since` is the first read since
    the last one that came out whole.
    """

    status: Status
    last_attempt: Status | None = None
    last_attempt_at: datetime | None = None
    failing_since: datetime | None = None
    is_final: bool = False
    fetched_at: datetime | None = None
    covered_until: datetime | None = None
    rows: int = 0
    pages: int = 0

    @property
    def is_loaded(self) -> bool:
        """Whether the warehouse holds the window, whole or not."""
        return self.covered_until is not None

    def rests(self, now: datetime) -> bool:
        """Whether the window has failed for over a week and was tried less than a week ago."""
        if self.failing_since is None or self.last_attempt_at is None:
            return False
        return now - self.failing_since > NIGHTLY_FOR and now - self.last_attempt_at < WEEKLY

    def was_closed(self, window: Window) -> bool:
        """Whether the window was read after its end."""
        return self.covered_until is not None and self.covered_until >= window.end


class Freshness(StrEnum):
    """How a wanted window stands."""

    FINAL = "final"
    PROVISIONAL = "provisional"  # loaded, and to be read again
    MISSING = "missing"  # not loaded, though a load has tried to read it or should have
    INCOMPLETE = "incomplete"  # loaded, but some of its rows may be missing
    BEHIND = "behind"  # loaded before its end, and a nightly load should have read it again
    UNAVAILABLE = "unavailable"  # the API has no such numbers for us
    DUE = "due"  # the next run reads it


Key: TypeAlias = tuple[str, str, Grain, datetime]
"""Report, slice, grain and window start: the ledger's key within an account."""


class Coverage:
    """The ledger of one account, by window.

    `refusals` are the slices whose latest request the API refused, by report and slice, with when.
    `unresolved` are windows of kinds of slices that no list or report would name, as the latest
    read of them said: the key's slice is `?` and the kind.
    """

    def __init__(
        self,
        states: Mapping[Key, WindowState] | None = None,
        refusals: Mapping[tuple[str, str], datetime] | None = None,
        unresolved: Mapping[Key, WindowState] | None = None,
    ) -> None:
        self._states = states or {}
        self.refusals = refusals or {}
        self.unresolved = unresolved or {}
        self._reaches: dict[str, datetime] = {}
        for (report, *_), state in self._states.items():
            if state.covered_until is not None:
                reached = self._reaches.get(report, state.covered_until)
                self._reaches[report] = max(reached, state.covered_until)

    def window_state(self, report: str, slice_text: str, window: Window) -> WindowState | None:
        """What the window is worth; None when it was never asked for."""
        return self._states.get((report, slice_text, window.grain, window.start))

    def items(self) -> Mapping[Key, WindowState]:
        """Every window of the ledger."""
        return self._states

    def reach(self, report: str) -> datetime | None:
        """Up to where anything of the report was read; None when nothing was."""
        return self._reaches.get(report)

    @cached_property
    def answered(self) -> frozenset[tuple[str, str]]:
        """The slices that were read and that the API did not refuse when last asked."""
        loaded = {(key[0], key[1]) for key, state in self._states.items() if state.is_loaded}
        return frozenset(loaded - self.refusals.keys())

    def answered_since(self, report: str, since: datetime) -> bool:
        """Whether the API has answered for anything of the report since then."""
        return (at := self._answered_at.get(report)) is not None and at >= since

    @cached_property
    def _answered_at(self) -> dict[str, datetime]:
        latest: dict[str, datetime] = {}
        for key, state in self._states.items():
            if state.fetched_at is not None:
                latest[key[0]] = max(latest.get(key[0], state.fetched_at), state.fetched_at)
        return latest

    def is_refused(self, report: str, slice_text: str) -> bool:
        """Whether the API refused the slice, or the report's total, when last asked."""
        return (report, slice_text) in self.refusals or (report, ALL) in self.refusals

    def is_unresolved(self, report: str, kind: str, window: Window) -> bool:
        """Whether it is not known yet which slices of the kind the window has."""
        return (report, f"?{kind}", window.grain, window.start) in self.unresolved

    def freshness(self, report: str, slice_text: str, window: Window, now: datetime) -> Freshness:
        """How the window stands at `now`. The one definition of what is missing: load, publication,
        backfill, plan and status all ask here."""
        state = self.window_state(report, slice_text, window)
        if state is None:
            return _freshness_of_unread(window, self.reach(report), now)
        if state.covered_until is None:
            is_refused = state.status is Status.UNAVAILABLE
            return Freshness.UNAVAILABLE if is_refused else Freshness.MISSING
        if state.status is Status.INCOMPLETE:
            return Freshness.INCOMPLETE
        if state.covered_until < min(window.end, now - ONE_NIGHT * 1.5):
            return Freshness.BEHIND
        return Freshness.FINAL if state.is_final else Freshness.PROVISIONAL


def _freshness_of_unread(window: Window, reach: datetime | None, now: datetime) -> Freshness:
    """A window that was never asked for is missing once the report was read past its end, or once a
    nightly load should have asked for it."""
    is_passed = window.end <= (now if reach is None else reach)
    return Freshness.MISSING if is_passed or window.end + ONE_NIGHT <= now else Freshness.DUE
