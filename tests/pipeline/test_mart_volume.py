"""Every figure of the marts about volume is what SQL over the sandbox's history counts."""

from __future__ import annotations

from datetime import date
from pathlib import Path

import pytest

from tests.helpers.counted import (
    VOLUME,
    WORK,
    WORK_DONE,
    by_inbox,
    happiness_of,
    speed_of,
    visits_of,
)
from tests.helpers.mart_rows import change, difference, rows_of, without
from tests.helpers.truth import (
    CONVERSATIONS,
    DAY,
    DAYS_OF_YEAR_BEFORE,
    EVENTS,
    WINDOWS,
    WINDOWS_OF_YEAR_BEFORE,
    Key,
    Truth,
    both,
)

NEW = "count(CASE WHEN f.opening THEN 1 END)"

pytestmark = pytest.mark.xdist_group("loaded")


def test_volume(marts: Path, truth: Truth, before: Truth, keys: list[Key]) -> None:
    figures = truth.figures(both(keys), EVENTS, VOLUME | WORK_DONE)
    expected = by_inbox(truth, keys, figures, deltas=VOLUME | WORK_DONE)
    older = truth.of_inboxes(WINDOWS_OF_YEAR_BEFORE)
    figures = before.figures(both(older), EVENTS, VOLUME)
    lacking = dict.fromkeys(expected[0])  # of these days, only what came in was loaded
    expected += [{**lacking, **row} for row in by_inbox(truth, older, figures, deltas=VOLUME)]

    assert difference(rows_of(marts, "volume"), expected) == {}


def test_busy_hours(marts: Path, truth: Truth, keys: list[Key]) -> None:
    cells: dict[tuple[Key, int, int], set[int]] = {}
    for inbox in truth.inboxes:
        for instant, conversation in truth.sandbox.account.query(
            "SELECT ts, conversation_id FROM event WHERE hidden = 0 AND ts <= ? "
            "AND (? IS NULL OR inbox_id = ?)",
            (truth.sandbox.account.until, inbox, inbox),
        ):
            at = truth.local(instant)
            day = at.date()
            weekday = day.isoweekday()
            around = (
                Key("day", day, inbox),
                Key("week", day - (weekday - 1) * DAY, inbox),
                Key("month", day.replace(day=1), inbox),
            )
            for key in around:
                cells.setdefault((key, weekday, at.hour), set()).add(conversation)
    names = ["Monday", "Tuesday", "Wednesday", "Thursday", "Friday", "Saturday", "Sunday"]
    expected = [
        {
            **truth.of_inbox(key),
            "weekday": weekday,
            "weekday_name": names[weekday - 1],
            "hour": hour,
            "conversation_count": len(conversations),
        }
        for (key, weekday, hour), conversations in cells.items()
        if key in set(keys)
    ]

    assert difference(rows_of(marts, "busy_hours"), expected) == {}


def test_kpi_daily(marts: Path, truth: Truth, before: Truth, keys: list[Key]) -> None:
    days = [key for key in keys if key.grain == "day"]
    older = truth.of_inboxes(DAYS_OF_YEAR_BEFORE)
    counted = {
        "conversation_count": CONVERSATIONS,
        "new_conversations": NEW,
        "new_email_conversations": "count(CASE WHEN f.opening AND f.channel = 'email' THEN 1 END)",
        "new_chat_conversations": "count(CASE WHEN f.opening AND f.channel = 'chat' THEN 1 END)",
        "new_phone_conversations": "count(CASE WHEN f.opening AND f.channel = 'phone' THEN 1 END)",
    }
    more = {
        "messages_received": "count(CASE WHEN f.kind = 1 THEN 1 END)",
        "customers_helped": "count(DISTINCT CASE WHEN f.kind = 2 THEN f.customer_id END)",
        "total_replies": WORK["replies"],
        "closed": WORK["closed"],
    }
    figures = truth.figures(days, EVENTS, {**counted, **more})
    speed, ratings, visits = (
        speed_of(truth, days),
        happiness_of(truth, days),
        visits_of(truth, days),
    )
    times = [name for name in speed[days[0]] if name.endswith("time_seconds")]
    expected = [
        {
            **truth.of_inbox(key),
            **figures[key],
            **{name: speed[key][name] for name in ("resolved", *times)},
            **{name: ratings[key][name] for name in ("happiness_score", "ratings_count")},
            "docs_visitor_count": visits[key]["visitor_count"] if key.item is None else None,
        }
        for key in days
    ]
    columns = expected[0]
    figures = before.figures(older, EVENTS, counted)
    expected += [{**dict.fromkeys(columns), **truth.of_inbox(key), **figures[key]} for key in older]

    assert difference(rows_of(marts, "kpi_daily"), without(expected, "grain")) == {}


def test_volume_daily(marts: Path, truth: Truth, before: Truth) -> None:
    counts: dict[tuple[date, int | None, str], int] = {}
    channels = ("all", "email", "chat", "phone")
    loaded = (
        (truth, [window for window in WINDOWS if window.grain == "day"]),
        (before, DAYS_OF_YEAR_BEFORE),
    )
    for history, days in loaded:
        for channel in channels:
            only = "" if channel == "all" else f" AND channel = '{channel}'"
            keys = truth.of_inboxes(days)
            found = history.figures(keys, EVENTS + only, {"count": NEW})
            counts |= {(key.day, key.item, channel): row["count"] for key, row in found.items()}
    expected = []
    for (day, inbox, channel), count in counts.items():
        window = truth.of_inbox(Key("day", day, inbox))
        week_ago = counts.get((day - 7 * DAY, inbox, channel))
        year_ago = counts.get((day - 364 * DAY, inbox, channel))
        expected.append(
            {
                **window,
                "channel": channel,
                "new_conversations": count,
                "week_ago_new_conversations": week_ago,
                "change_week_pct": change(count, week_ago)
                if week_ago and not window["is_open"]
                else None,
                "year_ago_new_conversations": year_ago,
                "change_year_pct": change(count, year_ago) if year_ago else None,
            }
        )

    assert sum(row["year_ago_new_conversations"] is not None for row in expected) == 5 * 3 * 4
    assert difference(
        rows_of(marts, "volume_daily"), without(expected, "grain", "window_start", "window_end")
    ) == {}  # fmt: skip
