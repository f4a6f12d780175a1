"""The account's time zone against Help Scout's own: which hour of the company's day is noon."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass
from datetime import datetime, time, timedelta

from sources.help_scout.catalog.reports import REPORTS
from sources.help_scout.errors import AnswerError, ApiError
from sources.help_scout.parsing.flatten import flatten_report
from sources.help_scout.planning.request_plan import API_ROOT, Request, wire_instant
from sources.help_scout.state.run import Run

LEAST_CONVERSATIONS = 5
NOON = 12
BUSY_TIMES = "conversations_busy_times"
LOOK_BACK_DAYS = 7


@dataclass(frozen=True, slots=True, kw_only=True)
class ZoneCheck:
    """What comparing the zone with the busiest hours came to: whether the zone is plausible, None
    when that could not be told; and in words."""

    is_plausible: bool | None
    words: str


def compare_zone(run: Run) -> ZoneCheck:
    """Asks the busy times report for the hour from noon, day by day back from yesterday: it says
    which hour of the company's day that was. At most seven requests."""
    zone, report = run.time.zone, REPORTS.get(BUSY_TIMES)
    if report is None:
        return ZoneCheck(is_plausible=None, words=f"{zone.key}, unchecked: no {BUSY_TIMES}")
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
            if row.get("hour") is not None:
                hours[int(row["hour"])] += int(row.get("conversation_count") or 0)
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
