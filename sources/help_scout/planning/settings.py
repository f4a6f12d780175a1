"""What the source was asked to do, checked before anything is sent."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date, timedelta
from difflib import get_close_matches
from zoneinfo import ZoneInfo

from ..catalog.model import Report, Shape
from ..catalog.reports import REPORTS
from ..catalog.slices import SLICE_PARAMS
from ..errors import ConfigurationError
from .breakdowns import Breakdown, Groups, parse_breakdown, parse_groups
from .windows import Grain, parse_comparison

EVERY_REPORT = "every_report"
OFFICE_HOURS = ("off", "on", "both")
SKIPPABLE = ("user", "tag")
SORT_ORDERS = ("ASC", "DESC")
DEFAULT_LOOKBACK_DAYS = 7
DEFAULT_HISTORY_DAYS = 90


@dataclass(frozen=True, slots=True, kw_only=True)
class Settings:
    """The checked options of one account's source.

    `grains` and `breakdowns` map report names to what replaces the report's defaults;
    `breakdowns["every_report"]` does for each report what it can of it. `groups` name items that
    are asked for as one. `skip_inactive` are the parameters that fan out over items in use only,
    `sort` the order in which lists are read. Reports in `optional_reports` may be answered 403
    without alarm.
    """

    account: str = "main"
    timezone: str | None = None
    start_date: date | None = None
    lookback_days: int = DEFAULT_LOOKBACK_DAYS
    grains: Mapping[str, Sequence[str]] = field(default_factory=dict)
    breakdowns: Mapping[str, Sequence[str]] = field(default_factory=dict)
    groups: Mapping[str, Mapping[str, Sequence[str | int]]] = field(default_factory=dict)
    office_hours: str = "off"
    skip_inactive: Sequence[str] = ()
    sort: Mapping[str, str] = field(default_factory=dict)
    compare_to: str = "previous_period"
    include_open_windows: bool = True
    optional_reports: Sequence[str] = ()

    def __post_init__(self) -> None:
        if not self.account:
            raise ConfigurationError("account is empty: give the account a short name")
        if self.lookback_days < 1:
            raise ConfigurationError(
                f"lookback_days={self.lookback_days}: expected at least 1, since numbers move "
                "for days after a window has ended"
            )
        parse_comparison(self.compare_to)
        if self.office_hours not in OFFICE_HOURS:
            raise ConfigurationError(
                f"office_hours={self.office_hours!r}: expected one of {', '.join(OFFICE_HOURS)}"
            )
        if self.timezone is not None:
            zone_of(self.timezone)
        self._check_lists()
        own_breakdowns = [name for name in self.breakdowns if name != EVERY_REPORT]
        for name in own_breakdowns:
            if get_close_matches(name, [EVERY_REPORT], n=1):
                raise ConfigurationError(f"breakdowns.{name}: did you mean {EVERY_REPORT}?")
        for name in (*self.grains, *own_breakdowns, *self.sort, *self.optional_reports):
            find_report(name)
        _refuse_doubles(f"breakdowns.{EVERY_REPORT}", self.breakdowns.get(EVERY_REPORT, ()))
        self._check_every_report()
        for report in REPORTS.values():
            self.grains_of(report)
            self.breakdowns_of(report)
            self.sort_of(report)

    def _check_lists(self) -> None:
        for option, value in self._lists():
            if isinstance(value, str):
                raise ConfigurationError(f'{option} is a text: write a list, ["{value}"]')
            if not isinstance(value, Sequence) or not all(isinstance(one, str) for one in value):
                raise ConfigurationError(f"{option}={value!r}: expected a list of texts")
            if not value and "." in option:
                raise ConfigurationError(
                    f"{option} is empty, which would load nothing: leave it out for the default, "
                    "or name the reports to load with --reports"
                )
        for name, text in self.sort.items():
            if not isinstance(text, str):
                raise ConfigurationError(f"sort.{name}={text!r}: expected a text, 'number ASC'")
        for name in self.skip_inactive:
            if name not in SKIPPABLE:
                raise ConfigurationError(
                    f"skip_inactive: {name!r} is not one of {', '.join(SKIPPABLE)}"
                )

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
        for_all = self.breakdowns.get(EVERY_REPORT, ())
        suitable = [text for text in for_all if self._suits(text, report)]
        texts = self.breakdowns.get(report.name, suitable or report.slices)
        _refuse_doubles(f"breakdowns.{report.name}", texts)
        breakdowns = [parse_breakdown(text, report, self.named_groups) for text in texts]
        if self.office_hours == "off" or not report.office_hours:
            return breakdowns
        timed = [breakdown.narrowed_by("office_hours", value=True) for breakdown in breakdowns]
        kept = breakdowns if self.office_hours == "both" else []
        return list(dict.fromkeys([*kept, *timed]))

    @property
    def named_groups(self) -> Groups:
        """The groups, by slice parameter and name."""
        return parse_groups(self.groups)

    def sort_of(self, report: Report) -> Mapping[str, str]:
        """The parameters that say in which order the report's rows are read."""
        text = self.sort.get(report.name)
        if text is None:
            return report.sort
        sort_field, _, order = text.partition(" ")
        if sort_field not in report.sort_fields or order not in SORT_ORDERS:
            fields = " or ".join(report.sort_fields)
            raise ConfigurationError(
                f"sort.{report.name}={text!r}: "
                + (
                    f"expected {fields}, then ASC or DESC: {report.sort_fields[0]} ASC"
                    if fields
                    else "the report cannot be sorted"
                )
            )
        return {"sortField": sort_field, "sortOrder": order}

    def _suits(self, text: str, report: Report) -> bool:
        """Whether the report can take the breakdown."""
        try:
            parse_breakdown(text, report, self.named_groups)
        except ConfigurationError:
            return False
        return True

    def _check_every_report(self) -> None:
        """Refuses a breakdown for every report that none of them takes."""
        for text in self.breakdowns.get(EVERY_REPORT, ()):
            if not any(self._suits(text, report) for report in REPORTS.values()):
                names = ", ".join(SLICE_PARAMS)
                raise ConfigurationError(
                    f"breakdowns.{EVERY_REPORT}: no report takes {text!r}; the names are {names}"
                )

    def _lists(self) -> Iterator[tuple[str, object]]:
        """The options that must be lists, with their names."""
        yield "optional_reports", self.optional_reports
        yield "skip_inactive", self.skip_inactive
        for option, by_report in (("grains", self.grains), ("breakdowns", self.breakdowns)):
            if not isinstance(by_report, Mapping):
                raise ConfigurationError(f"{option}={by_report!r}: expected lists by report name")
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
