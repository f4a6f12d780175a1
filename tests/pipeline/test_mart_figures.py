"""Every figure of the marts about windows is what SQL over the sandbox's history counts."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from datetime import date
from pathlib import Path
from typing import Any

import pytest

from sources.help_scout_sandbox import Sandbox

from .support import NOW
from .truth import (
    CHATS,
    CONVERSATIONS,
    DAY,
    EVENTS,
    RATINGS,
    RESOLUTIONS,
    SEARCHES,
    VISITS,
    Key,
    Row,
    Truth,
    change,
    compared,
    difference,
    rows_of,
    share,
)

pytestmark = pytest.mark.xdist_group("loaded")

WINDOWS = (
    *(Key("day", date(2026, 10, 26) + n * DAY) for n in range(16)),
    *(Key("week", date(2026, 10, 26) + 7 * n * DAY) for n in range(3)),
    Key("month", date(2026, 10, 1)),
    Key("month", date(2026, 11, 1)),
)
DAYS_OF_YEAR_BEFORE = [Key("day", date(2025, 10, 27) + n * DAY) for n in range(5)]
WINDOWS_OF_YEAR_BEFORE = [
    *DAYS_OF_YEAR_BEFORE,
    Key("month", date(2025, 10, 1)),
]
LIMITS = {
    15 * 60: "< 15 min",
    30 * 60: "15-30 min",
    60 * 60: "30-60 min",
    2 * 3_600: "1-2 h",
    3 * 3_600: "2-3 h",
    6 * 3_600: "3-6 h",
    12 * 3_600: "6-12 h",
    24 * 3_600: "12-24 h",
    48 * 3_600: "1-2 d",
    10**9: "> 2 d",
}
HANDLE_LIMITS = {60: "< 1 min", 120: "1-2 min", 300: "2-5 min", 600: "5-10 min", 10**9: "> 10 min"}
REPLY_LIMITS = {
    2: "1 reply",
    3: "2 replies",
    4: "3 replies",
    5: "4 replies",
    10**9: "5 or more replies",
}
Values = dict[Key, list[float]]
WORK = {
    "closed": "count(CASE WHEN f.kind = 4 THEN 1 END)",
    "replies": "count(CASE WHEN f.kind = 2 THEN 1 END)",
    "first_response": "avg(CASE WHEN f.first_reply THEN f.seconds END)",
    "response": "avg(CASE WHEN f.kind = 2 THEN f.seconds END)",
    "handle": "avg(f.handle_seconds)",
}
SOLVED = {
    "resolved": "count(f.conversation_id)",
    "on_first": "count(CASE WHEN f.replies_to_resolve = 1 THEN 1 END)",
    "resolution": "avg(f.seconds)",
    "replies_to_resolve": "avg(f.replies_to_resolve)",
}


@pytest.fixture(scope="module")
def truth(small_account: tuple[Sandbox, str]) -> Truth:
    return Truth(small_account[0], NOW)


@pytest.fixture(scope="module")
def before(year_before: tuple[Sandbox, str]) -> Truth:
    """The history of the year before."""
    return Truth(year_before[0], NOW)


@pytest.fixture(scope="module")
def keys(truth: Truth) -> list[Key]:
    """Every window of every inbox and of all."""
    return of_inboxes(truth, WINDOWS)


def of_inboxes(truth: Truth, windows: Iterable[Key]) -> list[Key]:
    return [Key(w.grain, w.day, inbox) for w in windows for inbox in truth.inboxes]


def both(keys: Iterable[Key]) -> set[Key]:
    return {*keys, *(key.before for key in keys)}


def by_inbox(
    truth: Truth, keys: list[Key], figures: Mapping[Key, Row], **changes: Any
) -> list[Row]:
    """A row for each window and inbox: its figures and those of the window before."""
    return [
        {**truth.of_inbox(key), **compared(figures[key], figures[key.before], **changes)}
        for key in keys
    ]


def without(rows: list[Row], *names: str) -> list[Row]:
    return [{name: value for name, value in row.items() if name not in names} for row in rows]


VOLUME = {
    "total_conversations": CONVERSATIONS,
    "new_conversations": "count(CASE WHEN f.opening THEN 1 END)",
    "conversations_created": "count(CASE WHEN f.opening THEN 1 END)",
    "customer_count": "count(DISTINCT f.customer_id)",
}
WORK_DONE = {
    "customers_helped": "count(DISTINCT CASE WHEN f.kind = 2 THEN f.customer_id END)",
    "total_replies": WORK["replies"],
    "closed": WORK["closed"],
}


def test_volume(marts: Path, truth: Truth, before: Truth, keys: list[Key]) -> None:
    figures = truth.figures(both(keys), EVENTS, VOLUME | WORK_DONE)
    expected = by_inbox(truth, keys, figures, deltas=VOLUME | WORK_DONE)
    older = of_inboxes(truth, WINDOWS_OF_YEAR_BEFORE)
    figures = before.figures(both(older), EVENTS, VOLUME)
    lacking = dict.fromkeys(expected[0])  # of these days, only what came in was loaded
    expected += [{**lacking, **row} for row in by_inbox(truth, older, figures, deltas=VOLUME)]

    assert difference(rows_of(marts, "volume"), expected) == {}


def speed_of(truth: Truth, keys: Iterable[Key], channel: str = "") -> dict[Key, Row]:
    """How fast conversations were answered and resolved, in the API's whole seconds."""
    only = f" AND channel = '{channel}'" if channel else ""
    work = truth.figures(keys, EVENTS + only, WORK)
    solved = truth.figures(keys, RESOLUTIONS + only, SOLVED)
    return {
        key: {
            "first_response_time_seconds": round(work[key]["first_response"] or 0),
            "response_time_seconds": round(work[key]["response"] or 0),
            "resolution_time_seconds": solved[key]["resolution"] or 0,
            "handle_time_seconds": round(work[key]["handle"] or 0),
            "replies_to_resolve": solved[key]["replies_to_resolve"] or 0,
            "resolved": solved[key]["resolved"],
            "replies_sent": work[key]["replies"],
            "closed": work[key]["closed"],
            "resolved_on_first_reply": solved[key]["on_first"],
            "resolved_on_first_reply_pct": share(solved[key]["on_first"], solved[key]["resolved"]),
        }
        for key in work
    }


def test_responsiveness(marts: Path, truth: Truth, keys: list[Key]) -> None:
    figures = speed_of(truth, both(keys))
    shares = ("resolved_on_first_reply", "resolved_on_first_reply_pct")
    changing = [name for name in next(iter(figures.values())) if name not in shares]
    expected = by_inbox(truth, keys, figures, deltas=changing)

    assert difference(
        rows_of(marts, "responsiveness"), without(expected, "previous_resolved_on_first_reply")
    ) == {}  # fmt: skip


def placed(truth: Truth, keys: Iterable[Key], value: str, source: str) -> Values:
    """For each window, the value of each conversation in it."""
    counted = truth.count(keys, source, {"value": f"avg({value})"}, group="f.conversation_id")
    return {
        key: [row["value"] for row in rows.values() if row["value"] is not None]
        for key, rows in counted.items()
    }


def distributions(truth: Truth, keys: Iterable[Key]) -> dict[str, tuple[Values, dict[int, str]]]:
    """For each metric, the values of each window and the limits of its ranges."""
    replies = f"{EVENTS} AND kind = 2"
    first = f"{EVENTS} AND first_reply"
    return {
        "first response time": (placed(truth, keys, "f.seconds", first), LIMITS),
        "response time": (placed(truth, keys, "f.seconds", replies), LIMITS),
        "handle time": (placed(truth, keys, "f.handle_seconds", EVENTS), HANDLE_LIMITS),
        "replies to resolve": (
            placed(truth, keys, "f.replies_to_resolve", RESOLUTIONS),
            REPLY_LIMITS,
        ),
    }


def test_response_distribution(marts: Path, truth: Truth, keys: list[Key]) -> None:
    expected = []
    for metric, (values, limits) in distributions(truth, both(keys)).items():
        bounds = [0, *limits]
        for key in keys:
            now, before, so_far = values[key], values[key.before], 0
            for number, words in enumerate(limits.values(), start=1):
                inside = [
                    sum(bounds[number - 1] <= value < bounds[number] for value in some)
                    for some in (now, before)
                ]
                so_far += inside[0]
                if any(inside):
                    expected.append(
                        {
                            **truth.of_inbox(key),
                            "metric": metric,
                            "range_id": number,
                            "range_label": words,
                            "conversation_count": inside[0],
                            "previous_conversation_count": inside[1],
                            "conversation_pct": share(inside[0], len(now)),
                            "previous_conversation_pct": share(inside[1], len(before)),
                            "cumulative_pct": 100 * so_far / len(now) if now else None,
                        }
                    )

    assert difference(rows_of(marts, "response_distribution"), expected) == {}


def test_service_targets(marts: Path, truth: Truth, keys: list[Key]) -> None:
    expected = []
    found = distributions(truth, both(keys))
    for metric, target in (("first response time", 6 * 3_600), ("response time", 12 * 3_600)):
        values = found[metric][0]
        for key in keys:
            now, before = values[key], values[key.before]
            in_time, in_time_before = (sum(v < target for v in some) for some in (now, before))
            if now or before:
                expected.append(
                    {
                        **truth.of_inbox(key),
                        "metric": metric,
                        "target_seconds": target,
                        "conversation_count": len(now),
                        "within_target_count": in_time,
                        "within_target_pct": 100 * in_time / len(now) if now else None,
                        "previous_within_target_pct": 100 * in_time_before / len(before)
                        if before
                        else None,
                    }
                )

    assert difference(rows_of(marts, "service_targets"), expected) == {}


def happiness_of(truth: Truth, keys: Iterable[Key], **how: str) -> dict[Key, Row]:
    rated = truth.figures(
        keys,
        RATINGS,
        {
            "great_count": "count(CASE WHEN f.rating = 1 THEN 1 END)",
            "okay_count": "count(CASE WHEN f.rating = 2 THEN 1 END)",
            "not_good_count": "count(CASE WHEN f.rating = 3 THEN 1 END)",
            "ratings_count": "count(*)",
        },
        **how,
    )
    for row in rated.values():
        for name in ("great", "okay", "not_good"):
            row[f"{name}_pct"] = share(row[f"{name}_count"], row["ratings_count"])
        row["happiness_score"] = row["great_pct"] - row["not_good_pct"]
    return rated


def test_happiness(marts: Path, truth: Truth, keys: list[Key]) -> None:
    figures = happiness_of(truth, both(keys))
    customer = {"customers": "count(DISTINCT f.customer_id)"}
    who = "SELECT customer_id, inbox_id, ts AS at"
    rated = truth.figures(keys, RATINGS, customer)
    met = truth.figures(
        keys,
        f"{who} FROM event WHERE hidden = 0 AND kind = 2 "
        f"UNION ALL {who} FROM rating WHERE hidden = 0",
        customer,
    )
    expected = by_inbox(
        truth,
        keys,
        figures,
        previous_of=("happiness_score", "ratings_count"),
        points=("happiness_score",),
    )
    for key, row in zip(keys, expected, strict=True):
        row["ratings_pct"] = share(rated[key]["customers"], met[key]["customers"])

    assert difference(rows_of(marts, "happiness"), expected) == {}


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


def test_chat_health(marts: Path, truth: Truth, keys: list[Key]) -> None:
    chats = truth.figures(
        both(keys),
        CHATS,
        {
            "chat_count": "count(*)",
            "completed_count": "count(CASE WHEN NOT f.missed THEN 1 END)",
            "missed_count": "count(CASE WHEN f.missed THEN 1 END)",
            "messages_per_chat": "avg(CASE WHEN NOT f.missed THEN f.messages END)",
            "wait_time_seconds": "avg(f.wait)",
            "response_time_seconds": "avg(f.response)",
            "duration_seconds": "avg(f.duration)",
        },
    )
    for row in chats.values():
        row["messages_per_chat"] = row["messages_per_chat"] or 0
        for name in ("wait_time_seconds", "response_time_seconds", "duration_seconds"):
            row[name] = round(row[name] or 0)
    compares = [name for name in next(iter(chats.values())) if name != "messages_per_chat"]
    expected = by_inbox(truth, keys, chats, previous_of=compares)
    for key, row in zip(keys, expected, strict=True):
        # whole days between the first and the last second, as the API counts them
        seconds = (truth.instant(key.end) - truth.instant(key.day)).total_seconds() - 1
        row["chats_per_day"] = row["chat_count"] / max(1, seconds // DAY.total_seconds())
        chats_in_all = row["chat_count"]
        row["missed_pct"] = 100 * row["missed_count"] / chats_in_all if chats_in_all else None

    assert difference(rows_of(marts, "chat_health"), expected) == {}


def test_email_health(marts: Path, truth: Truth, keys: list[Key]) -> None:
    speed = speed_of(truth, both(keys), "email")
    figures = truth.figures(
        both(keys),
        f"{EVENTS} AND channel = 'email'",
        {
            "conversation_count": CONVERSATIONS,
            "created_count": "count(CASE WHEN f.opening THEN 1 END)",
            "messages_received": "count(CASE WHEN f.kind = 1 THEN 1 END)",
        },
    )
    names = ("resolved_on_first_reply", "resolved_on_first_reply_pct")
    expected = by_inbox(truth, keys, {key: {**figures[key], **speed[key]} for key in figures})
    left_out = (*names, *(f"previous_{name}" for name in names), "previous_replies_to_resolve")

    assert difference(rows_of(marts, "email_health"), without(expected, *left_out)) == {}


def test_phone_health(marts: Path, truth: Truth, keys: list[Key]) -> None:
    figures = truth.figures(
        both(keys),
        f"{EVENTS} AND channel = 'phone'",
        {
            "conversation_count": CONVERSATIONS,
            "calls_created": "count(CASE WHEN f.opening THEN 1 END)",
            "customer_count": "count(DISTINCT f.customer_id)",
        },
    )

    assert difference(rows_of(marts, "phone_health"), by_inbox(truth, keys, figures)) == {}


def visits_of(truth: Truth, keys: Iterable[Key]) -> dict[Key, Row]:
    counted = truth.figures(
        keys,
        VISITS,
        {
            "visits": "count(*)",
            "visitors": "count(DISTINCT f.visitor)",
            "searched": "count(CASE WHEN f.searched THEN 1 END)",
            "found": "count(CASE WHEN f.outcome = 'found' THEN 1 END)",
            "wrote": "count(CASE WHEN f.outcome = 'email' THEN 1 END)",
            "failed": "count(CASE WHEN f.outcome = 'failed' THEN 1 END)",
            "views": "sum(f.views)",
        },
        item="1",
    )
    return {
        key: {
            "visitor_count": row["visitors"],
            "found_an_answer_pct": share(row["found"], row["visits"]),
            "sent_an_email_pct": share(row["wrote"], row["visits"]),
            "failed_pct": share(row["failed"], row["visits"]),
            "browse_pct": share(row["visits"] - row["searched"], row["visits"]),
            "search_pct": share(row["searched"], row["visits"]),
            "docs_viewed_per_visit": row["views"] / row["visits"] if row["visits"] else 0,
        }
        for key, row in counted.items()
    }


def test_docs_health(marts: Path, truth: Truth) -> None:
    figures = visits_of(truth, both(WINDOWS))
    expected = []
    for key in WINDOWS:
        now, before = figures[key], figures[key.before]
        compares = [name for name in now if name not in ("browse_pct", "search_pct")]
        points = now["found_an_answer_pct"] - before["found_an_answer_pct"]
        expected.append(
            {
                **truth.window(key),
                **compared(now, before, previous_of=compares, deltas=("visitor_count",)),
                "delta_found_an_answer_points": points,
            }
        )

    assert difference(rows_of(marts, "docs_health"), expected) == {}


def test_docs_gaps(marts: Path, truth: Truth) -> None:
    found = truth.count(
        both(WINDOWS), f"{SEARCHES} WHERE results = 0", {"n": "count(*)"}, item="1", group="f.term"
    )
    expected = [
        {
            **truth.window(key),
            "search_term": term,
            "search_count": row["n"],
            "previous_search_count": found[key.before].get(term, {}).get("n")
            if key.before in WINDOWS
            else None,
            "search_rank": 1 + sum(o["n"] > row["n"] for o in found[key].values()),
        }
        for key in WINDOWS
        for term, row in found[key].items()
    ]

    assert difference(rows_of(marts, "docs_gaps"), expected) == {}


def test_kpi_daily(marts: Path, truth: Truth, before: Truth, keys: list[Key]) -> None:
    days = [key for key in keys if key.grain == "day"]
    older = of_inboxes(truth, DAYS_OF_YEAR_BEFORE)
    counted = {
        "conversation_count": CONVERSATIONS,
        "email_count": "count(DISTINCT CASE WHEN f.channel = 'email' THEN f.conversation_id END)",
        "chat_count": "count(DISTINCT CASE WHEN f.channel = 'chat' THEN f.conversation_id END)",
        "phone_count": "count(DISTINCT CASE WHEN f.channel = 'phone' THEN f.conversation_id END)",
        "new_conversations": "count(CASE WHEN f.opening THEN 1 END)",
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
            keys = of_inboxes(truth, days)
            found = history.figures(keys, EVENTS + only, {"count": CONVERSATIONS})
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
                "conversation_count": count,
                "week_ago_conversation_count": week_ago,
                "change_week_pct": change(count, week_ago)
                if week_ago and not window["is_open"]
                else None,
                "year_ago_conversation_count": year_ago,
                "change_year_pct": change(count, year_ago) if year_ago else None,
            }
        )

    assert sum(row["year_ago_conversation_count"] is not None for row in expected) == 5 * 3 * 4
    assert difference(
        rows_of(marts, "volume_daily"), without(expected, "grain", "window_start", "window_end")
    ) == {}  # fmt: skip
