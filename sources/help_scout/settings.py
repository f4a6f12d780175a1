"""What the source was asked to do, checked before anything is sent."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date, timedelta
from difflib import get_close_matches
from zoneinfo import ZoneInfo

from .catalog import Report, Shape
from .errors import ConfigurationError
from .reports import REPORTS
from .slices import Breakdown, parse_breakdown
from .windows import Grain

COMPARISONS = ("previous_period", "previous_year", "364d", "none")
DEFAULT_LOOKBACK_DAYS = 7
DEFAULT_HISTORY_DAYS = 90


@dataclass(frozen=True, slots=True, kw_only=True)
class Settings:
    """The checked options of one account's source.

    `grains` and `breakdowns` map report names to what replaces the report's defaults. Reports in
    `expect_unavailable` may be answered 403 without alarm.
    """

    account: str = "main"
    timezone: str | None = None
    start_date: date | None = None
    lookback_days: int = DEFAULT_LOOKBACK_DAYS
    grains: Mapping[str, Sequence[str]] = field(default_factory=dict)
    breakdowns: Mapping[str, Sequence[str]] = field(default_factory=dict)
    compare_to: str = "previous_period"
    include_open_windows: bool = True
    expect_unavailable: Sequence[str] = ()

    def __post_init__(self) -> None:
        if not self.account:
            raise ConfigurationError("account is empty: give the account a short name")
        if self.lookback_days < 1:
            raise ConfigurationError(
                f"lookback_days={self.lookback_days}: expected at least 1, since numbers move "
                "for days after a window has ended"
            )
        if self.compare_to not in COMPARISONS:
            raise ConfigurationError(
                f"compare_to={self.compare_to!r}: expected one of {', '.join(COMPARISONS)}"
            )
        if self.timezone is not None:
            zone_of(self.timezone)
        for option, value in self._lists():
            if isinstance(value, str):
                raise ConfigurationError(f'{option} is a text: write a list, ["{value}"]')
        for name in (*self.grains, *self.breakdowns, *self.expect_unavailable):
            find_report(name)
        for report in REPORTS.values():
            self.grains_of(report)
            self.breakdowns_of(report)

    @property
    def lookback(self) -> timedelta:
        """For how long after its end a window is read again."""
        return timedelta(days=self.lookback_days)

    def grains_of(self, report: Report) -> tuple[Grain, ...]:
        """The grains to load the report in; ConfigurationError when it cannot have one."""
        names = self.grains.get(report.name, report.grains)
        allowed = [g for g in Grain if report.shape is not Shape.SERIES or g is not Grain.MONTH]
        _refuse_doubles(f"grains.{report.name}", names)
        for name in names:
            if name not in allowed:
                raise ConfigurationError(
                    f"grains.{report.name}: {name!r} is not one of {', '.join(allowed)}"
                    + ("; exact months come from the overall reports" if name == "month" else "")
                )
        return tuple(Grain(name) for name in names)

    def breakdowns_of(self, report: Report) -> list[Breakdown]:
        """The breakdowns to load the report in."""
        texts = self.breakdowns.get(report.name, report.slices)
        _refuse_doubles(f"breakdowns.{report.name}", texts)
        return [parse_breakdown(text, report) for text in texts]

    def _lists(self) -> Iterator[tuple[str, object]]:
        """The options that must be lists, with their names."""
        yield "expect_unavailable", self.expect_unavailable
        for option, by_report in (("grains", self.grains), ("breakdowns", self.breakdowns)):
            for name, value in by_report.items():
                yield f"{option}.{name}", value


def _refuse_doubles(option: str, values: Sequence[str]) -> None:
    doubles = {value for value in values if list(values).count(value) > 1}
    if doubles:
        raise ConfigurationError(f"{option} names {', '.join(sorted(doubles))} twice")


def find_report(name: str) -> Report:
    """The report of that name; ConfigurationError names the nearest one."""
    if name in REPORTS:
        return REPORTS[name]
    near = get_close_matches(name, REPORTS, n=1)
    raise ConfigurationError(
        f"unknown report {name!r}"
        + (f", did you mean {near[0]!r}?" if near else "; the README lists all 32")
    )


def zone_of(name: str) -> ZoneInfo:
    """The time zone of that name; ConfigurationError when there is none."""
    try:
        return ZoneInfo(name)
    except (KeyError, ValueError, OSError) as error:
        raise ConfigurationError(
            f"timezone={name!r} is unknown: write it like America/New_York"
        ) from error


def parse_date(option: str, value: str | date | None) -> date | None:
    """The option's date; ConfigurationError when it is none."""
    if value is None or isinstance(value, date):
        return value
    try:
        return date.fromisoformat(value)
    except ValueError as error:
        raise ConfigurationError(f"{option}={value!r}: expected a date like 2026-03-01") from error
