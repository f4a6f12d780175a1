"""Every figure of the marts about one channel each, by SQL over the sandbox's history."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.helpers.counted import by_inbox, speed_of, visits_of
from tests.helpers.mart_rows import compared, difference, points_between, rows_of, whole, without
from tests.helpers.truth import (
    CHATS,
    CONVERSATIONS,
    DAY,
    EVENTS,
    SEARCHES,
    WINDOWS,
    Key,
    Truth,
    both,
)

pytestmark = pytest.mark.xdist_group("loaded")


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
        for name in ("wait_time_seconds", "response_time_seconds", "duration_seconds"):
            row[name] = whole(row[name])
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


def test_docs_health(marts: Path, truth: Truth) -> None:
    figures = visits_of(truth, both(WINDOWS))
    expected = []
    for key in WINDOWS:
        now, before = figures[key], figures[key.before]
        compares = [name for name in now if name not in ("browse_pct", "search_pct")]
        points = points_between(now["found_an_answer_pct"], before["found_an_answer_pct"])
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
