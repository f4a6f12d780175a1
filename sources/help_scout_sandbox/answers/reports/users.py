"""The reports of one user or one team: overall, chat and conversation history."""

from __future__ import annotations

from ...history.roster import customer_name
from ..drilldown import conversation_number
from ..facts import EVENTS, Facts, buckets
from ..figures import (
    Block,
    compared,
    dates,
    filter_tags,
    number,
    percent,
    rate_days,
    ratio,
    relative,
    total_days,
    whole,
)

HISTORY_PAGE = 100
METRICS = [
    "worked_on",
    "created",
    "closed",
    "replies",
    "customers_helped",
    "response_time",
    "handle_time",
    "resolved",
    "resolved_on_first_reply",
    "resolution_time",
    "replies_to_resolve",
    "great",
    "not_good",
    "ratings",
]
CHANGES = [
    "totalConversations",
    "customersHelped",
    "repliesPerDay",
    "resolvedOnFirstReply",
    "handleTime",
    "conversationsPerDay",
    "resolved",
    "repliesToResolve",
    "totalReplies",
    "closed",
    "responseTime",
    "resolutionTime",
    "conversationsCreated",
]
CHAT_AVERAGES = {
    "responseTime": "chat_response_time",
    "waitTime": "wait_time",
    "duration": "duration",
}
HISTORY_SORT = {
    "number": "f.conversation_id",
    "repliesSent": "f.conversation_id",
    "responseTime": "response",
    "resolveTime": "resolve",
}


def user_overall(facts: Facts) -> Block:
    """The body of `/v2/reports/user`."""
    request = facts.request
    blocks = []
    measured = facts.measure(METRICS, request.intervals)
    for interval, block in zip(request.intervals, measured, strict=True):
        days = rate_days(interval)
        on_first_reply = ratio(block["resolved_on_first_reply"], block["resolved"])
        blocks.append(
            {
                **dates(interval),
                "totalDays": total_days(interval),
                "resolved": block["resolved"],
                "conversationsCreated": block["created"],
                "closed": block["closed"],
                "totalReplies": block["replies"],
                "resolvedOnFirstReply": block["resolved_on_first_reply"],
                "percentResolvedOnFirstReply": on_first_reply,
                "repliesToResolve": number(block["replies_to_resolve"]),
                "handleTime": number(block["handle_time"]),
                "happinessScore": percent(block["great"] - block["not_good"], block["ratings"]),
                "responseTime": whole(block["response_time"]),
                "resolutionTime": number(block["resolution_time"]),
                "repliesPerDay": block["replies"] / days,
                "customersHelped": block["customers_helped"],
                "totalConversations": block["worked_on"],
                "conversationsPerDay": block["worked_on"] / days,
            }
        )
    body = compared(request, blocks, CHANGES, ("happinessScore",))
    if "deltas" in body:  # named after no figure in the documented body
        body["deltas"]["activeConversations"] = body["deltas"]["totalConversations"]
    blocks[0]["busiestDay"] = _busiest_day(facts)
    return {"filterTags": filter_tags(facts.roster), "user": _user(facts), **body}


def _busiest_day(facts: Facts) -> int:
    """The weekday on which the user worked on most conversations; 1 when on none."""
    days = {
        day: count
        for _, day, count in facts.grouped(
            "f.cell / 24",
            "COUNT(DISTINCT f.conversation_id)",
            EVENTS,
            [facts.request.current],
            "f.kind IN (2, 4)",
        )
    }
    return max(days, key=lambda day: (days[day], -day), default=1)


def _user(facts: Facts) -> Block:
    request = facts.request
    user = facts.account.find_user(request.user or 0)
    team = next((team for team in facts.roster.teams if team.id == request.user), None)
    name = user.name if user else team.name if team else ""
    return {
        "id": request.user,
        "hasPhoto": True,
        "createdAt": user.created_at if user else "2019-01-14T10:30:00Z",
        "name": name,
        "totalCustomersHelped": facts.account.customers_ever_helped(request.members),
        "photoUrl": f"https://example.com/photos/{request.user}.jpg",
    }


def user_chat(facts: Facts) -> Block:
    """The body of `/v2/reports/user/chat`; its averages are null when there were no chats."""
    request = facts.request
    names = ["chats", "messages", *CHAT_AVERAGES.values()]
    blocks = []
    measured = facts.measure(names, request.intervals)
    for interval, block in zip(request.intervals, measured, strict=True):
        averages = {
            wire: None if block[name] is None else whole(block[name])
            for wire, name in CHAT_AVERAGES.items()
        }
        blocks.append(
            {
                **dates(interval),
                "totalDays": total_days(interval),
                "newConversations": block["chats"],
                "messagesPerChat": number(block["messages"]),
                **averages,
            }
        )
    body = compared(request, blocks, ("newConversations", "messagesPerChat"))
    if "deltas" in body:
        current, previous = blocks
        body["deltas"] |= {
            key: relative(current[key], previous[key])
            for key in CHAT_AVERAGES
            if current[key] is not None and previous[key] is not None
        }
    return body


def conversation_history(facts: Facts) -> Block:
    """The body of `/v2/reports/user/conversation-history`: one row for each reply of the user."""
    request = facts.request
    source = (
        f"FROM bucket JOIN {facts.joined(EVENTS, 'f.kind = 2')}"
        " JOIN conversation c ON c.conversation_id = f.conversation_id"
    )
    if request.status:
        source += f" WHERE c.status = '{request.status}'"
    interval = [request.current]
    count: int = facts.rows(f"{buckets(1)} SELECT COUNT(*) {source}", interval)[0][0]
    seconds = facts.fill("{seconds}")
    resolve = seconds.replace("f.", "c.")
    order = HISTORY_SORT.get(request.sort_field or "", "f.ts")
    rows = facts.rows(
        f"{buckets(1)} SELECT f.conversation_id, f.customer_id, f.handle_seconds,"
        f" c.{facts.first_response_column}, {seconds} AS response,"
        f" CASE WHEN c.resolved_at IS NOT NULL THEN {resolve} END AS resolve {source}"
        f" ORDER BY {order} {'DESC' if request.descending else 'ASC'}, f.ts, f.id"
        f" LIMIT {HISTORY_PAGE} OFFSET ?",
        interval,
        (request.page - 1) * HISTORY_PAGE,
    )
    results = [
        {
            "id": conversation_id,
            "number": conversation_number(conversation_id),
            "customers": [{"id": customer_id, "name": customer_name(customer_id)}],
            "avgHandleTime": handle_time,
            "firstResponseTime": first_response or 0,
            "repliesSent": 1,
            "responseTime": response or 0,
            "resolveTime": resolved,
        }
        for conversation_id, customer_id, handle_time, first_response, response, resolved in rows
    ]
    pages = -(-count // HISTORY_PAGE)
    return {"results": results, "page": request.page, "count": count, "pages": pages}
