"""Windows: the unit in which everything is planned, requested, replaced and recorded.

A window is a day, a week (from Monday) or a month of the company's time zone, held as UTC
instants, half-open. Each window starts where the one before it ends, whatever the zone does in
between: days with a clock change are 23 or 25 hours long, and a date that a zone skipped
altogether (Samoa, 2011-12-30) gives no window.

All functions are pure.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass, replace
from datetime import UTC, date, datetime, time, timedelta
from enum import StrEnum
from zoneinfo import ZoneInfo

from ..errors import ConfigurationError

ONE_SECOND = timedelta(seconds=1)


class Grain(StrEnum):
    """How long a window is."""

    DAY = "day"
    WEEK = "week"
    MONTH = "month"


NOMINAL_LENGTH = {Grain.DAY: timedelta(days=1), Grain.WEEK: timedelta(days=7)}
"""How long a window is when no clock changes in it; months have no such length."""


@dataclass(frozen=True, slots=True, order=True)
class Window:
    """One period of the company's calendar: `start` <= t < `end`, both UTC."""

    start: datetime
    end: datetime
    grain: Grain
    local_date: date

    @property
    def last_second(self) -> datetime:
        """The window's end as the wire wants it, inclusive to the second."""
        return self.end - ONE_SECOND

    @property
    def has_clock_change(self) -> bool:
        """Whether the window is longer or shorter than its grain says."""
        nominal = NOMINAL_LENGTH.get(self.grain)
        return nominal is not None and self.end - self.start != nominal

    @property
    def is_prolonged(self) -> bool:
        """Whether a clock change made the window longer than its grain says."""
        nominal = NOMINAL_LENGTH.get(self.grain)
        return nominal is not None and self.end - self.start > nominal

    def covered_until(self, now: datetime) -> datetime:
        """Up to where a read at `now` covers the window."""
        return min(self.end, now)

    def final_from(self, lookback: timedelta) -> datetime:
        """The instant from which a read finds the window's final numbers: nights that come later
        do not read it again."""
        return self.end + lookback

    def __str__(self) -> str:
        return f"{self.grain} {self.local_date.isoformat()}"


def local_midnight(day: date, zone: ZoneInfo) -> datetime:
    """The first instant of the local day, UTC.

    `fold=0` is right in both odd cases: of a midnight that comes twice it takes the first, and
    a midnight that the clocks skip becomes the instant of the change.
    """
    return datetime.combine(day, time(), zone).replace(fold=0).astimezone(UTC)


def first_day(grain: Grain, day: date) -> date:
    """The first day of the day's window of that grain."""
    if grain is Grain.WEEK:
        return day - timedelta(days=day.weekday())
    if grain is Grain.MONTH:
        return day.replace(day=1)
    return day


def next_first_day(grain: Grain, day: date) -> date:
    """The first day of the window after the one that starts on `day`."""
    if grain is Grain.DAY:
        return day + timedelta(days=1)
    if grain is Grain.WEEK:
        return day + timedelta(days=7)
    return (day.replace(day=1) + timedelta(days=32)).replace(day=1)


def window_of(grain: Grain, day: date, zone: ZoneInfo) -> Window:
    """The window of that grain that holds the local day."""
    first = first_day(grain, day)
    return Window(
        start=local_midnight(first, zone),
        end=local_midnight(next_first_day(grain, first), zone),
        grain=grain,
        local_date=first,
    )


def windows_ending_in(
    grain: Grain, zone: ZoneInfo, after: datetime, until: datetime, *, now: datetime
) -> Iterator[Window]:
    """The windows whose reading at `now` covers up to somewhere in (after, until], in order.

    A closed window belongs where it ends, an open one (end after `now`) where `now` is: so each
    window belongs to exactly one of any intervals that tile the time line.
    """
    day = first_day(grain, after.astimezone(zone).date() - timedelta(days=1))
    while True:
        window = window_of(grain, day, zone)
        if window.start >= min(until, now):
            return
        if window.start < window.end and after < window.covered_until(now) <= until:
            yield window
        day = next_first_day(grain, day)


COMPARISONS = ("previous_period", "previous_year", "none")
_DAYS_BEFORE = re.compile(r"([1-9]\d{0,3})d")


def parse_comparison(compare_to: str) -> str | int | tuple[date, date]:
    """What windows are compared with: one of `COMPARISONS`, so many days earlier (364d), or one
    interval of local days for all of them (2026-01-01..2026-04-01, the last day left out).

    Raises ConfigurationError for anything else.
    """
    if compare_to in COMPARISONS:
        return compare_to
    if days := _DAYS_BEFORE.fullmatch(compare_to):
        return int(days[1])
    first, _, last = compare_to.partition("..")
    try:
        interval = date.fromisoformat(first), date.fromisoformat(last)
    except ValueError:
        interval = date.max, date.max
    if interval[0] >= interval[1]:
        raise ConfigurationError(
            f"compare_to={compare_to!r}: expected one of {', '.join(COMPARISONS)}, days like 364d, "
            "or an interval of days like 2026-01-01..2026-04-01"
        )
    return interval


def previous_window(window: Window, compare_to: str, zone: ZoneInfo) -> Window | None:
    """The window to compare with; None when nothing is to be compared.

    `previous_period` is the window just before, `previous_year` the same day or month a year
    earlier (for weeks 52 weeks earlier, so that weekdays match), `364d` so many days earlier; an
    interval of days is the same for all windows.
    """
    comparison = parse_comparison(compare_to)
    if comparison == "none":
        return None
    if isinstance(comparison, tuple):
        first, last = comparison
        return replace(
            window,
            start=local_midnight(first, zone),
            end=local_midnight(last, zone),
            local_date=first,
        )
    before = window_of(window.grain, _first_day_before(window, comparison), zone)
    # A day that the zone skipped is no period to compare with: the one before it is.
    while before.start >= before.end:
        before = window_of(window.grain, before.local_date - timedelta(days=1), zone)
    return before


def _first_day_before(window: Window, comparison: str | int) -> date:
    """A local day of the window to compare with."""
    first = window.local_date
    if isinstance(comparison, int):
        return first - timedelta(days=comparison)
    if comparison == "previous_period":
        return first - timedelta(days=1)
    if window.grain is Grain.WEEK:
        return first - timedelta(days=364)
    leap_day = (first.month, first.day) == (2, 29)
    return first.replace(year=first.year - 1, day=28 if leap_day else first.day)
