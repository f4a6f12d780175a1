"""Assumptions about time series: where buckets begin, and what becomes of empty ones."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import UTC, datetime, time, timedelta, tzinfo
from typing import Any

from sources.help_scout.planning.request_plan import Request
from sources.help_scout.planning.windows import local_midnight

from .probe import (
    MONTH_DAYS,
    WEEK_DAYS,
    Assumption,
    Known,
    Replies,
    Told,
    body_of,
    counted,
    report,
    span,
)

NEW = "conversations/new"
ONE_DAY = timedelta(days=1)
BUCKETS = 4
LOOK_BACK_DAYS = 400
ODD_TIME = time(13, 17, 5)
"""A time of day at which no day begins."""


def _starts(points: Sequence[Any]) -> list[datetime]:
    return [
        datetime.fromisoformat(point.get("start") or point["date"]).astimezone(UTC)
        for point in points
    ]


def _are_midnights(instants: Sequence[datetime], zone: tzinfo) -> bool:
    return all(instant.astimezone(zone).time() == time() for instant in instants)


def _odd_start(known: Known) -> datetime:
    day = known.today - timedelta(days=BUCKETS + 2)
    return datetime.combine(day, ODD_TIME, known.zone).astimezone(UTC)


def _days_from_an_odd_time(known: Known) -> dict[str, Request]:
    start = _odd_start(known)
    return {"days": report(NEW, span(start, start + BUCKETS * ONE_DAY), viewBy="day")}


def _bucket_anchor(known: Known, replies: Replies) -> Told:
    asked = _odd_start(known)
    later = [found for found in _starts(body_of(replies, "days")["current"]) if found != asked]
    if not later:
        return Told(None, "fewer than two buckets came")
    shown = f"asked from {asked:%H:%M:%S}Z, a later bucket begins at {later[-1]:%H:%M:%S}Z"
    if all((found - asked) % ONE_DAY == timedelta() for found in later):
        return Told("request", shown)
    if _are_midnights(later, UTC):
        return Told("utc_midnight", shown)
    return Told("company_midnight" if _are_midnights(later, known.zone) else "other", shown)


def _last_change(known: Known) -> datetime | None:
    """The midnight that begins the latest local day with a clock change that is over."""
    for ago in range(2, LOOK_BACK_DAYS):
        day = known.today - timedelta(days=ago)
        start, end = (local_midnight(d, known.zone) for d in (day, day + ONE_DAY))
        if end - start != ONE_DAY:
            return start
    return None


def _days_over_the_change(known: Known) -> dict[str, Request]:
    change = _last_change(known)
    if change is None:
        return {}
    first = change.astimezone(known.zone).date() - ONE_DAY
    return {"days": report(NEW, known.days(first, 3), viewBy="day")}


def _clock_change(known: Known, replies: Replies) -> Told:
    change = _last_change(known)
    if change is None:
        return Told(None, f"no clock changed in {known.zone.key} in the last year")
    starts = _starts(body_of(replies, "days")["current"])
    later = [found for found in starts if found > change + timedelta(hours=12)]
    if not later:
        return Told(None, "no bucket after the change came")
    local = later[0].astimezone(known.zone)
    shown = f"the bucket after {change.astimezone(known.zone).date()} begins at {local:%H:%M}"
    if all((found - change) % ONE_DAY == timedelta() for found in later):
        return Told("24_hours", shown)
    if _are_midnights(later[:1], known.zone):
        return Told("local_days", shown)
    return Told("utc_days" if _are_midnights(later, UTC) else "other", shown)


def _some_empty_days(known: Known) -> dict[str, Request]:
    ahead = known.days(known.today + 2 * ONE_DAY, 3)
    return {
        "all": report(NEW, known.month, viewBy="day"),
        "phone": report(NEW, known.month, viewBy="day", types="phone"),
        "ahead": report(NEW, ahead, viewBy="day"),
    }


def _zero_buckets(_: Known, replies: Replies) -> Told:
    past = [body_of(replies, name)["current"] for name in ("all", "phone")]
    if any(point["count"] == 0 for points in past for point in points):
        return Told("sent", "a day without conversations came as 0")
    short = [len(points) for points in past if len(points) < MONTH_DAYS]
    if short:
        return Told("left_out", f"{min(short)} of {MONTH_DAYS} days came")
    if replies["ahead"].body is None:
        return Told(None, "every day had conversations")
    ahead = replies["ahead"].body["current"]
    return Told("sent" if ahead else "left_out", f"{len(ahead)} of 3 days that are to come")


def _without_view(known: Known) -> dict[str, Request]:
    return {"whole": report(NEW, known.week)}


def _default_view(_: Known, replies: Replies) -> Told:
    count = len(body_of(replies, "whole")["current"])
    names = {1: "one_bucket", WEEK_DAYS: "day"}
    return Told(names.get(count), f"{counted(count, 'bucket')} for a week without viewBy")


def _received(known: Known) -> dict[str, Request]:
    return {"days": report("conversations/received-messages", known.month, viewBy="day")}


def _received_keys(_: Known, replies: Replies) -> Told:
    points = body_of(replies, "days")["current"]
    return Told("/".join(sorted(points[0])) if points else None)


def _by_channel(known: Known) -> dict[str, Request]:
    return {
        "channels": report("conversations/volume-by-channel", known.week, viewBy="day"),
        "overall": report("conversations", known.week),
    }


def _channel_counts(_: Known, replies: Replies) -> Told:
    days = body_of(replies, "channels")["current"]
    found = sum(day["email"] + day["chat"] + day["phone"] for day in days)
    overall = body_of(replies, "overall")["current"]
    new, touched = overall["newConversations"], overall["totalConversations"]
    shown = f"{found} by channel, {new} new, {touched} with activity in a week"
    if not found or new == touched:
        return Told(None, f"too few conversations to tell ({shown})")
    # a conversation with activity on several days is counted on each of them
    return Told("new" if found == new else "touched" if found >= touched else "other", shown)


SERIES = (
    Assumption(
        "bucket_anchor",
        "Day buckets begin at the time of day of the requested start",
        "request",
        _bucket_anchor,
        _days_from_an_odd_time,
    ),
    Assumption(
        "bucket_clock_change",
        "Day buckets are 24 hours long, also over a clock change",
        "24_hours",
        _clock_change,
        _days_over_the_change,
    ),
    Assumption(
        "zero_buckets",
        "Days on which nothing happened are sent as 0",
        "sent",
        _zero_buckets,
        _some_empty_days,
    ),
    Assumption(
        "default_view",
        "A series without viewBy is one bucket",
        "one_bucket",
        _default_view,
        _without_view,
    ),
    Assumption(
        "received_messages_keys",
        "Received messages come as date and messages",
        "date/messages",
        _received_keys,
        _received,
    ),
    Assumption(
        "channel_counts",
        "Volume by channel counts new conversations",
        "new",
        _channel_counts,
        _by_channel,
    ),
)
