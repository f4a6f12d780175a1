"""Time series: the buckets of an interval and the metric of each."""

from __future__ import annotations

from calendar import monthrange
from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta, tzinfo
from typing import Any, Literal
from zoneinfo import ZoneInfo

from ..history.company_time import DAY
from ..history.roster import iso
from .facts import Facts
from .figures import Block, whole
from .request import Interval

Anchor = Literal["request", "company", "utc"]


@dataclass(frozen=True, slots=True)
class SeriesOptions:
    """How series are bucketed and spelled where the provider's behaviour is not documented."""

    anchor: Anchor = "request"
    omit_empty_buckets: bool = False
    received_messages_as: Literal["start/count", "date/messages"] = "start/count"
    channels_count: Literal["new", "touched"] = "new"


@dataclass(frozen=True, slots=True)
class Series:
    """A series report: the wire names and the metrics of its points."""

    points: dict[str, str]
    instant: str = "date"
    is_time: bool = False


def answer_series(series: Series, options: SeriesOptions, facts: Facts) -> Block:
    """`current` and, when a previous interval was given, `previous`: one point a bucket."""
    names = list(series.points.values())
    body: Block = {}
    for key, interval in zip(("current", "previous"), facts.request.intervals, strict=False):
        spans = bucket_spans(interval, facts.request.view_by, options.anchor, facts.account.zone)
        body[key] = [
            {series.instant: iso(span[0])}
            | {wire: _value(block[name], series) for wire, name in series.points.items()}
            for span, block in zip(spans, facts.measure(names, spans), strict=True)
            if not options.omit_empty_buckets or any(block.values())
        ]
    return body


def _value(value: Any, series: Series) -> int:
    return whole(value) if series.is_time else int(value)


def bucket_spans(
    interval: Interval, view_by: str | None, anchor: Anchor, company_zone: ZoneInfo
) -> list[Interval]:
    """The buckets of an interval, each ending one second before the next begins."""
    start, end = interval
    if view_by is None:
        return [interval]
    if anchor == "request":
        next_start = _from_request(start, view_by)
    else:
        next_start = _from_midnight(start, view_by, company_zone if anchor == "company" else UTC)
    starts = [start]
    while (following := next_start(len(starts))) <= end:
        starts.append(following)
    ends = [*(following - 1 for following in starts[1:]), end]
    return list(zip(starts, ends, strict=True))


def _from_request(start: int, view_by: str) -> Callable[[int], int]:
    """Bucket starts that keep the time of day of the requested start."""
    if view_by != "month":
        step = DAY if view_by == "day" else 7 * DAY
        return lambda number: start + number * step
    first = datetime.fromtimestamp(start, UTC)

    def month(number: int) -> int:
        year, zero_based = divmod(first.year * 12 + first.month - 1 + number, 12)
        day = min(first.day, monthrange(year, zero_based + 1)[1])
        return int(first.replace(year=year, month=zero_based + 1, day=day).timestamp())

    return month


def _from_midnight(start: int, view_by: str, zone: tzinfo) -> Callable[[int], int]:
    """Bucket starts at midnights of a time zone, weeks on Monday, months on the first."""
    first = datetime.fromtimestamp(start, zone).date()

    def midnight(number: int) -> int:
        if view_by == "month":
            year, zero_based = divmod(first.year * 12 + first.month - 1 + number, 12)
            day = date(year, zero_based + 1, 1)
        elif view_by == "week":
            day = first - timedelta(days=first.weekday()) + timedelta(weeks=number)
        else:
            day = first + timedelta(days=number)
        return int(datetime(day.year, day.month, day.day, tzinfo=zone).timestamp())

    return midnight
