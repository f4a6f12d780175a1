"""Every figure of the marts about topics and conversations, by SQL over the sandbox's history."""

from __future__ import annotations

from datetime import UTC, date, datetime
from pathlib import Path
from typing import Any

import pytest

from sources.help_scout_sandbox.history import names
from sources.help_scout_sandbox.history.roster import customer_email, customer_name
from tests.helpers.mart_rows import change, difference, rows_of, share
from tests.helpers.truth import (
    CONVERSATIONS,
    EVENTS,
    WINDOWS_OF_YEAR_BEFORE,
    Key,
    Row,
    Truth,
    both,
)

pytestmark = pytest.mark.xdist_group("loaded")

FIRST_DAY = date(2026, 10, 26)
NUMBER_OFFSET = 7_300_000_000
TOPICS = {
    "tag": (
        f"SELECT e.*, t.tag_id AS topic FROM ({EVENTS}) e "
        "JOIN tagged t ON t.conversation_id = e.conversation_id "
        f"UNION ALL SELECT e.*, 1 FROM ({EVENTS}) e "
        "JOIN conversation c ON c.conversation_id = e.conversation_id WHERE c.tag_count = 0"
    ),
    "saved reply": f"SELECT *, saved_reply_id AS topic FROM ({EVENTS}) WHERE saved_reply_id > 0",
    "workflow": f"SELECT *, workflow_id AS topic FROM ({EVENTS}) WHERE workflow_id > 0",
    "customer": f"SELECT *, customer_id AS topic FROM ({EVENTS})",
}
TOP = 10


def topic_names(truth: Truth) -> dict[tuple[str, int], str]:
    roster = truth.sandbox.account.roster
    named = {("tag", tag.id): tag.name for tag in roster.tags} | {("tag", 1): "(untagged)"}
    for inbox in roster.inboxes:
        named |= {("saved reply", reply.id): reply.name for reply in inbox.saved_replies}
        named |= {("workflow", workflow.id): workflow.name for workflow in inbox.workflows}
    return named


def trend_of(now: int, before: int) -> str:
    grew = now - before
    if before == 0:
        return "new"
    if abs(grew) < 3 or abs(grew) * 10 < before:
        return "steady"
    return "rising" if grew > 0 else "falling"


def topics_of(truth: Truth, keys: list[Key]) -> list[Row]:
    named, rows = topic_names(truth), []
    touched = truth.figures(both(keys), EVENTS, {"n": CONVERSATIONS})
    for kind, source in TOPICS.items():
        counts = truth.count(both(keys), source, {"n": CONVERSATIONS}, group="f.topic")
        for key in keys:
            now = {topic: row["n"] for topic, row in counts[key].items()}
            before = {topic: row["n"] for topic, row in counts[key.before].items()}
            for topic in sorted(now, key=lambda topic: (-now[topic], topic))[:TOP]:
                count, previous = now[topic], before.get(topic, 0)
                rows.append(
                    {
                        **truth.of_inbox(key),
                        "topic_kind": kind,
                        "topic_id": topic,
                        "topic_name": named.get((kind, topic)) or customer_name(topic),
                        "conversation_count": count,
                        "previous_conversation_count": previous,
                        "change_count": count - previous,
                        "change_pct": change(count, previous) if previous else None,
                        "conversation_pct": share(count, touched[key]["n"]),
                        "previous_conversation_pct": share(previous, touched[key.before]["n"]),
                        "topic_rank": 1 + sum(other > count for other in now.values()),
                        "trend": trend_of(count, previous),
                    }
                )
    return rows


def test_topics(marts: Path, truth: Truth, before: Truth, keys: list[Key]) -> None:
    expected = [
        *topics_of(truth, keys),
        *topics_of(before, truth.of_inboxes(WINDOWS_OF_YEAR_BEFORE)),
    ]

    assert {row["trend"] for row in expected} == {"new", "rising", "falling", "steady"}
    assert difference(rows_of(marts, "topics"), expected) == {}


def touched_days(truth: Truth) -> dict[int, list[date]]:
    """The local days on which something happened with each conversation, of those loaded."""
    days: dict[int, list[date]] = {}
    for conversation, instant in truth.sandbox.account.query(
        "SELECT conversation_id, ts FROM event WHERE hidden = 0 AND ts <= ? ORDER BY ts",
        (truth.sandbox.account.until,),
    ):
        if (day := truth.local(instant).date()) >= FIRST_DAY:
            days.setdefault(conversation, []).append(day)
    return days


def utc(timestamp: int | None) -> datetime | None:
    return None if timestamp is None else datetime.fromtimestamp(timestamp, UTC)


def query(truth: Truth, sql: str) -> list[Row]:
    """Rows by name; the query's columns are named by `AS`, or plainly."""
    columns = [c.split()[-1] for c in sql.split(" FROM ", 1)[0].removeprefix("SELECT ").split(",")]
    rows = truth.sandbox.account.query(sql)
    return [dict(zip(columns, row, strict=True)) for row in rows]


def states(truth: Truth) -> dict[int, Row]:
    """Each conversation that was touched on a loaded day, as it stands at last."""
    roster = truth.sandbox.account.roster
    tags: dict[int, list[str]] = {}
    named = {tag.id: tag.name for tag in roster.tags}
    for conversation, tag in truth.sandbox.account.query("SELECT * FROM tagged"):
        tags.setdefault(conversation, []).append(named[tag])
    by_users = {
        row["conversation_id"]
        for row in query(
            truth,
            "SELECT DISTINCT conversation_id FROM event WHERE kind IN (2, 4) AND user_id > 0 "
            f"AND ts >= {truth.instant(FIRST_DAY).timestamp():.0f} "
            f"AND ts <= {truth.sandbox.account.until}",
        )
    }
    days = touched_days(truth)
    found = {}
    for row in query(
        truth,
        "SELECT conversation_id, inbox_id, channel, customer_id, subject, attachments, status, "
        "modified_at, thread_count, last_event, assigned_id, waiting_since FROM conversation "
        "WHERE hidden = 0",
    ):
        conversation = row["conversation_id"]
        if conversation not in days:
            continue
        found[conversation] = {
            "account": "main",
            "conversation_id": conversation,
            "conversation_number": conversation - NUMBER_OFFSET,
            "conversation_type": row["channel"],
            "conversation_status": row["status"],
            "subject": names.SUBJECTS[row["subject"]],
            "preview": names.PREVIEWS[row["last_event"] % len(names.PREVIEWS)],
            "inbox_id": row["inbox_id"],
            "inbox_name": truth.inboxes[row["inbox_id"]],
            "assigned_user_id": row["assigned_id"],
            "assigned_user_name": roster.user_name(row["assigned_id"]) or None,
            "customer_id": row["customer_id"],
            "customer_name": customer_name(row["customer_id"]),
            "customer_email": customer_email(row["customer_id"]),
            "tags": ", ".join(sorted(tags[conversation])) if conversation in tags else None,
            "thread_count": row["thread_count"],
            "has_attachments": bool(row["attachments"]),
            "modified_at": utc(row["modified_at"]),
            # the user drilldown alone tells since when a customer waits
            "waiting_since_at": utc(row["waiting_since"]) if conversation in by_users else None,
            "first_seen_date": days[conversation][0],
            "last_seen_date": days[conversation][-1],
        }
    return found


def test_conversations(marts: Path, truth: Truth) -> None:
    found = rows_of(marts, "conversations")
    for row in found:
        assert row.pop("fetched_at").date() == date(2026, 11, 10)

    assert difference(found, list(states(truth).values())) == {}


def test_conversation_metrics(marts: Path, truth: Truth) -> None:
    latest: dict[int, Row] = {}
    for rating in ratings_of(truth):
        latest[rating["conversation_id"]] = rating
    replies: dict[int, list[Row]] = {}
    for row in query(
        truth,
        "SELECT conversation_id, ts, handle_seconds FROM event WHERE kind = 2 AND hidden = 0 "
        f"AND ts <= {truth.sandbox.account.until} ORDER BY ts",
    ):
        if truth.local(row["ts"]).date() >= FIRST_DAY:
            replies.setdefault(row["conversation_id"], []).append(row)
    times = {
        row["conversation_id"]: row
        for row in query(
            truth, "SELECT conversation_id, first_response, resolved_at, seconds FROM conversation"
        )
    }
    state = states(truth)
    shown = ("account", "conversation_id", "conversation_number", "conversation_type",
             "conversation_status", "inbox_id", "inbox_name")  # fmt: skip
    expected = []
    for conversation, mine in replies.items():
        rating = latest.get(conversation, {})
        resolved = times[conversation]["resolved_at"] is not None
        expected.append(
            {
                **{name: state[conversation][name] for name in shown},
                "first_response_time_seconds": times[conversation]["first_response"],
                "resolution_time_seconds": times[conversation]["seconds"] if resolved else None,
                "reply_count": len(mine),
                "handle_time_seconds": sum(r["handle_seconds"] for r in mine) / len(mine),
                **{n: rating.get(n) for n in ("rating_id", "rating_label", "rated_at")},
                "first_reply_date": truth.local(mine[0]["ts"]).date(),
                "last_reply_date": truth.local(mine[-1]["ts"]).date(),
            }
        )

    assert difference(rows_of(marts, "conversation_metrics"), expected) == {}


def ratings_of(truth: Truth) -> list[Row]:
    """The ratings given on loaded days, the oldest first."""
    labels = {1: "great", 2: "okay", 3: "not good"}
    state: dict[int, Any] = states(truth)
    roster = truth.sandbox.account.roster
    rows = []
    for row in query(
        truth,
        "SELECT ts, conversation_id, channel, customer_id, user_id, thread_id, rating, comment "
        f"FROM rating WHERE hidden = 0 AND ts <= {truth.sandbox.account.until} ORDER BY ts",
    ):
        day = truth.local(row["ts"]).date()
        if day < FIRST_DAY:
            continue
        conversation = state.get(row["conversation_id"], {})
        rows.append(
            {
                "account": "main",
                "rated_at": utc(row["ts"]),
                "rated_date": day,
                "rating_id": row["rating"],
                "rating_label": labels[row["rating"]],
                "rating_comments": "" if row["comment"] is None else names.COMMENTS[row["comment"]],
                "customer_id": row["customer_id"],
                "customer_name": customer_name(row["customer_id"]),
                "user_id": row["user_id"],
                "user_name": roster.user_name(row["user_id"]),
                "conversation_id": row["conversation_id"],
                "conversation_number": row["conversation_id"] - NUMBER_OFFSET,
                "conversation_type": row["channel"],
                # of conversations that nothing happened with since the first day, no more is known
                **{name: conversation.get(name) for name in ("inbox_id", "inbox_name", "subject")},
                "thread_id": row["thread_id"],
                "occurrence": 1,
            }
        )
    return rows


def test_ratings(marts: Path, truth: Truth) -> None:
    assert difference(rows_of(marts, "ratings"), ratings_of(truth)) == {}
