"""The reports of one channel each: chat, email and phone."""

from __future__ import annotations

from typing import Any

from ..facts import EVENTS, Facts
from ..figures import (
    Block,
    compared,
    dates,
    filter_tags,
    number,
    rate_days,
    ratio,
    relative,
    whole,
)
from ..ranges import distribution
from .productivity import METRICS as REPLY_METRICS

EMAIL_CHANGES = {
    "volume": ("emailConversations", "emailsCreated", "repliesSent", "messagesReceived"),
    "resolutions": (
        "resolved",
        "resolvedOnFirstReply",
        "resolutionTime",
        "repliesToResolve",
        "handleTime",
        "closed",
    ),
    "responses": ("responseTime", "firstResponseTime"),
}
CHAT_CHANGES = {
    "volume": ("chatConversations", "completedChats", "missedChats", "chatsPerDay"),
    "responses": ("waitTime", "responseTime"),
    "resolutions": ("messagesPerChat", "duration"),
}
PHONE_COUNTS = ("phoneConversations", "phoneCallsCreated", "customers")


def chat(facts: Facts) -> Block:
    """The body of `/v2/reports/chat`: Beacon chats that began in the interval."""
    request = facts.request
    names = [
        "chats",
        "completed",
        "missed",
        "wait_time",
        "chat_response_time",
        "messages",
        "duration",
    ]
    blocks = []
    measured = facts.measure(names, request.intervals)
    for interval, block in zip(request.intervals, measured, strict=True):
        blocks.append(
            {
                **dates(interval),
                "volume": {
                    "chatConversations": block["chats"],
                    "completedChats": block["completed"],
                    "missedChats": block["missed"],
                    "chatsPerDay": block["chats"] / rate_days(interval),
                },
                "responses": {
                    "waitTime": whole(block["wait_time"]),
                    "responseTime": whole(block["chat_response_time"]),
                },
                "resolutions": {
                    "messagesPerChat": number(block["messages"]),
                    "duration": whole(block["duration"]),
                },
            }
        )
    return {
        **_compared_groups(facts, blocks, CHAT_CHANGES),
        **{
            name: distribution(facts, f"chat.{name}", previous_percent=int, all_ranges=True)
            for name in ("waitTime", "responseTime", "messagesPerChat", "duration")
        },
    }


def email(facts: Facts) -> Block:
    """The body of `/v2/reports/email`; the endpoint restricts `facts` to e-mail."""
    request = facts.request
    blocks = []
    measured = facts.measure(["touched", "created", "received", *REPLY_METRICS], request.intervals)
    for interval, block in zip(request.intervals, measured, strict=True):
        on_first_reply = ratio(block["resolved_on_first_reply"], block["resolved"])
        blocks.append(
            {
                **dates(interval),
                "volume": {
                    "emailConversations": block["touched"],
                    "emailsCreated": block["created"],
                    "repliesSent": block["replies"],
                    "messagesReceived": block["received"],
                },
                "resolutions": {
                    "resolved": block["resolved"],
                    "resolvedOnFirstReply": block["resolved_on_first_reply"],
                    "percentResolvedOnFirstReply": on_first_reply,
                    "resolutionTime": number(block["resolution_time"]),
                    "repliesToResolve": number(block["replies_to_resolve"]),
                    "handleTime": whole(block["handle_time"]),
                    "closed": block["closed"],
                },
                "responses": {
                    "responseTime": whole(block["response_time"]),
                    "firstResponseTime": whole(block["first_response_time"]),
                },
            }
        )
    ranges = [
        "responseTime",
        "handleTime",
        "firstResponseTime",
        "resolutionTime",
        "repliesToResolve",
    ]
    return {
        "filterTags": filter_tags(facts.roster),
        **_compared_groups(facts, blocks, EMAIL_CHANGES),
        **{name: distribution(facts, name, previous_percent=int) for name in ranges},
    }


def _compared_groups(
    facts: Facts, blocks: list[Block], changes: dict[str, tuple[str, ...]]
) -> Block:
    """`current`, `previous` and `deltas` whose figures are nested in groups."""
    body = compared(facts.request, blocks, ())
    if "deltas" in body:
        current, previous = blocks
        body["deltas"] = {
            group: {key: relative(current[group][key], previous[group][key]) for key in keys}
            for group, keys in changes.items()
        }
    return body


def phone(facts: Facts) -> Block:
    """The body of `/v2/reports/phone`; the endpoint restricts `facts` to phone calls."""
    request = facts.request
    measured = facts.measure(["touched", "created", "customers"], request.intervals)
    blocks = [
        {**dates(interval), **_phone_counts(block["touched"], block["created"], block["customers"])}
        for interval, block in zip(request.intervals, measured, strict=True)
    ]
    body = compared(request, blocks, ("phoneCallsCreated", "customers"))
    if "deltas" in body:  # the documented name of this delta is that of no figure
        before = blocks[1]["phoneConversations"]
        change = relative(blocks[0]["phoneConversations"], before)
        body["deltas"] = {"newConversations": change, **body["deltas"]}
    return {**body, "users": _phone_users(facts)}


def _phone_counts(*counts: Any) -> Block:
    return {name: int(count) for name, count in zip(PHONE_COUNTS, counts, strict=True)}


def _phone_users(facts: Facts) -> list[Block]:
    """One row for each user who had to do with a phone conversation in the current interval."""
    intervals = facts.request.intervals
    columns = "COUNT(DISTINCT f.conversation_id), TOTAL(f.opening), COUNT(DISTINCT f.customer_id)"
    found: list[dict[int, Block]] = [{} for _ in intervals]
    for place, user, *counts in facts.grouped(
        "f.user_id", columns, EVENTS, intervals, "f.user_id > 0"
    ):
        found[place][user] = _phone_counts(*counts)
    rows = []
    for user, counts_ in found[0].items():
        row = {"name": facts.roster.user_name(user), "id": user, "current": counts_}
        if len(found) == 2:
            row["previous"] = found[1].get(user, _phone_counts(0, 0, 0))
        rows.append(row)
    return rows
