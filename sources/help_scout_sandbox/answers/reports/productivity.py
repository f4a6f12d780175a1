"""The productivity report."""

from __future__ import annotations

from ..facts import Facts
from ..figures import Block, compared, dates, filter_tags, number, ratio, whole
from ..ranges import distribution

METRICS = [
    "worked_on",
    "closed",
    "replies",
    "response_time",
    "first_response_time",
    "handle_time",
    "resolved",
    "resolved_on_first_reply",
    "resolution_time",
    "replies_to_resolve",
]
CHANGES = [
    "totalConversations",
    "repliesSent",
    "firstResponseTime",
    "resolved",
    "repliesToResolve",
    "closed",
    "resolvedOnFirstReply",
    "responseTime",
    "handleTime",
    "resolutionTime",
]


def productivity_overall(facts: Facts) -> Block:
    """The body of `/v2/reports/productivity`."""
    request = facts.request
    blocks = []
    measured = facts.measure(METRICS, request.intervals)
    for interval, block in zip(request.intervals, measured, strict=True):
        on_first_reply = ratio(block["resolved_on_first_reply"], block["resolved"])
        blocks.append(
            {
                **dates(interval),
                "totalConversations": block["worked_on"],
                "resolutionTime": number(block["resolution_time"]),
                "repliesToResolve": number(block["replies_to_resolve"]),
                "responseTime": whole(block["response_time"]),
                "firstResponseTime": whole(block["first_response_time"]),
                "resolved": block["resolved"],
                "resolvedOnFirstReply": block["resolved_on_first_reply"],
                "closed": block["closed"],
                "repliesSent": block["replies"],
                "handleTime": whole(block["handle_time"]),
                "percentResolvedOnFirstReply": on_first_reply,
            }
        )
    return {
        "filterTags": filter_tags(facts.roster),
        **compared(request, blocks, CHANGES),
        **{
            name: distribution(facts, name)
            for name in ("responseTime", "handleTime", "firstResponseTime", "repliesToResolve")
        },
    }
