"""The account's time zone against Help Scout's own: which hour of the company's day is noon."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass
from datetime import datetime, time, timedelta

from sources.help_scout.catalog.model import COUNT, HOUR, Shape
from sources.help_scout.catalog.reports import REPORTS
from sources.help_scout.errors import AnswerError, ApiError
from sources.help_scout.parsing.flatten import flatten_report
from sources.help_scout.planning.request_plan import API_ROOT, Request, wire_instant
from sources.help_scout.state.run import Run

LEAST_CONVERSATIONS = 5
NOON = 12
LOOK_BACK_DAYS = 7


@dataclass(frozen=True, slots=True, kw_only=True)
class ZoneCheck:
    """What comparing the zone with the busiest hours came to: whether the zone is plausible, None
    when that is not known; and in words."""

    is_plausible: bool | None
    words: str


def compare_zone(run: Run) -> ZoneCheck:
    """Requests the busiest hours for the hour from noon, day by day back from yesterday: the report
    says which hour of the company's day that was. At most seven requests."""
    zone = run.time.zone
    report = next((one for one in REPORTS.values() if one.shape is Shape.HEATMAP), None)
    if report is None:
        return ZoneCheck(is_plausible=None, words=f"{zone.key}, unchecked: no report by hour")
    columns = report.tables[0].columns
    hour_column = next(column.name for column in columns if column.unit is HOUR)
    count_column = next(column.name for column in columns if column.unit == COUNT)
    today = run.now.astimezone(zone).date()
    hours: Counter[int] = Counter()
    for ago in range(1, LOOK_BACK_DAYS + 1):
        noon = datetime.combine(today - timedelta(days=ago), time(NOON), zone)
        span = {"start": wire_instant(noon), "end": wire_instant(noon + timedelta(minutes=59))}
        request = Request.of(f"{API_ROOT}{report.path}", span)
        try:
            flat = flatten_report(report, [(run.client.get(request).body, {})])
        except (ApiError, AnswerError) as error:
            return ZoneCheck(is_plausible=None, words=f"{zone.key}, unchecked: {error}")
        for row in flat.rows[report.name]:
            if row.get(hour_column) is not None:
                hours[int(row[hour_column])] += int(row.get(count_column) or 0)
        if sum(hours.values()) >= LEAST_CONVERSATIONS:
            break
    else:
        return ZoneCheck(
            is_plausible=True,
            words=f"{zone.key}; too few conversations last week to compare hours",
        )
    ((hour, _),) = hours.most_common(1)
    if hour == NOON:
        return ZoneCheck(is_plausible=True, words=f"{zone.key}, as Help Scout's busiest hours")
    return ZoneCheck(
        is_plausible=False,
        words=f"noon in {zone.key} is {hour}:00 in Help Scout's busiest hours: days would be cut "
        "at another midnight than the company's. Look at its settings in Help Scout, set timezone",
    )
