"""Distributions: how many conversations fall into each range of a time or a number."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from .facts import CHATS, EVENTS, RESOLUTIONS, Facts, Source, buckets
from .figures import Block, percent

MINUTE, HOUR, DAY = 60, 3_600, 86_400
TIMES = (15 * MINUTE, 30 * MINUTE, HOUR, 2 * HOUR, 3 * HOUR, 6 * HOUR, 12 * HOUR, DAY, 2 * DAY)
HANDLE_TIMES = (MINUTE, 2 * MINUTE, 5 * MINUTE, 10 * MINUTE)
# The labels of the chat ranges are not documented; these split the simulated chats well.
CHAT_TIMES = (30, 60, 120, 300)
CHAT_MESSAGES = (3, 6, 10, 15)
CHAT_DURATIONS = (60, 180, 360, 600)


@dataclass(frozen=True, slots=True)
class Distribution:
    """The value that places a conversation, and where each range but the first begins."""

    source: Source
    value: str
    begins: tuple[int, ...]


DISTRIBUTIONS = {
    "responseTime": Distribution(EVENTS, "CASE WHEN f.kind = 2 THEN {seconds} END", TIMES),
    "firstResponseTime": Distribution(EVENTS, "CASE WHEN f.first_reply THEN {seconds} END", TIMES),
    "handleTime": Distribution(EVENTS, "f.handle_seconds", HANDLE_TIMES),
    "repliesToResolve": Distribution(RESOLUTIONS, "f.replies_to_resolve", (2, 3, 4, 5)),
    "resolutionTime": Distribution(RESOLUTIONS, "{seconds}", TIMES),
    "chat.waitTime": Distribution(CHATS, "f.wait{office}", CHAT_TIMES),
    "chat.responseTime": Distribution(CHATS, "f.response{office}", CHAT_TIMES),
    "chat.messagesPerChat": Distribution(
        CHATS, "CASE WHEN f.missed = 0 THEN f.messages END", CHAT_MESSAGES
    ),
    "chat.duration": Distribution(CHATS, "f.duration{office}", CHAT_DURATIONS),
}


def placed_conversations(facts: Facts, name: str, intervals: int) -> str:
    """SQL for rows (i, conversation_id, range_id, resolution_time), one a conversation."""
    shape = DISTRIBUTIONS[name]
    limits = " ".join(
        f"WHEN value < {limit} THEN {number}" for number, limit in enumerate(shape.begins, start=1)
    )
    resolution = "{seconds}" if shape.source is RESOLUTIONS else "NULL"
    return facts.fill(
        f"{buckets(intervals)} SELECT i, conversation_id,"
        f" CASE {limits} ELSE {len(shape.begins) + 1} END AS range_id, resolution_time FROM ("
        f"SELECT bucket.i, f.conversation_id, AVG({shape.value}) AS value,"
        f" AVG({resolution}) AS resolution_time"
        f" FROM bucket JOIN {facts.joined(shape.source)} GROUP BY bucket.i, f.conversation_id"
        ") WHERE value IS NOT NULL"
    )


def distribution(
    facts: Facts,
    name: str,
    *,
    previous_percent: Callable[[float], float] = float,
    all_ranges: bool = False,
) -> Block:
    """A distribution object: `count`, `ranges` and their `previous…` where those are asked for.

    `all_ranges` sends empty ranges too and puts the fullest first, as the chat report does.
    """
    intervals = facts.request.intervals
    placed = placed_conversations(facts, name, len(intervals))
    sql = f"SELECT i, range_id, COUNT(*), AVG(resolution_time) FROM ({placed}) GROUP BY 1, 2"
    found: list[dict[int, tuple[int, Any]]] = [{} for _ in intervals]
    for number, range_id, count, resolution in facts.rows(sql, intervals):
        found[number][range_id] = (count, resolution)
    totals = [sum(count for count, _ in ranges.values()) for ranges in found]
    ids = set(found[0]).union(*found[1:])
    if all_ranges:
        ids = set(range(1, len(DISTRIBUTIONS[name].begins) + 2))
    rows = []
    for range_id in sorted(ids):
        count, resolution = found[0].get(range_id, (0, None))
        row: Block = {"id": range_id, "count": count, "percent": percent(count, totals[0])}
        if len(found) == 2:
            before = found[1].get(range_id, (0, None))[0]
            row["previousCount"] = before
            row["previousPercent"] = previous_percent(percent(before, totals[1]))
        if name == "repliesToResolve":
            row["resolutionTime"] = round(resolution or 0)
        rows.append(row)
    if all_ranges:
        rows.sort(key=lambda row: -row["count"])
    body: Block = {"count": totals[0], "ranges": rows}
    if len(found) == 2:
        body["previousCount"] = totals[1]
    return body
