"""Productivity reports: how fast and with how many replies conversations are resolved."""

from __future__ import annotations

from ..model import (
    ADDITIVE,
    RATE,
    RATIO,
    SECONDS,
    TOUCHED,
    Column,
    Family,
    Report,
    Shape,
    Table,
    column,
    measure,
)
from .blocks import (
    FILTER_TAGS,
    HANDLE_TIME_LABELS,
    LINKS,
    REPLIES_LABELS,
    RESPONSE_TIME_LABELS,
    distribution_totals,
    period,
)
from .templates import ranges_table, series

FAMILY = Family(title="Productivity", order=50, screen="Productivity, or Email")

OVERALL = Report(
    name="productivity_overall",
    family=FAMILY,
    path="productivity",
    doc="productivity/reports-productivity-overall/",
    summary="Response, resolution and handle times, resolved conversations, distributions",
    shape=Shape.OVERALL,
    office_hours=True,
    ignored=FILTER_TAGS | LINKS,
    tables=(
        Table(
            name="productivity_overall",
            summary="How the window's conversations were answered and resolved",
            columns=(
                *period(),
                *measure("totalConversations", TOUCHED, "conversations in these statistics"),
                *measure("resolutionTime", SECONDS, "average time from creation to resolution",
                         weight="resolved"),
                *measure("repliesToResolve", RATE, "average replies until resolved",
                         weight="resolved"),
                # No weight: not every reply ends a wait, and the body does not count those that do.
                *measure("responseTime", SECONDS, "average wait for any reply"),
                *measure("firstResponseTime", SECONDS, "average wait for the first reply",
                         weight="first_response_time_conversation_count"),
                *measure("resolved", ADDITIVE, "closed with at least one user reply"),
                *measure("resolvedOnFirstReply", ADDITIVE, "resolved with one reply"),
                *measure("closed", ADDITIVE, "conversations closed"),
                *measure("repliesSent", ADDITIVE, "replies by users"),
                *measure("handleTime", SECONDS, "average time composing a reply",
                         weight="replies_sent"),
                # Both 0.357 and 40.769 have been seen: the counts decide. It has no change.
                *measure("percentResolvedOnFirstReply", RATIO, "resolved on first reply / resolved",
                         delta=None, ratio_of=("resolvedOnFirstReply", "resolved"),
                         counted_by="resolved"),
                *distribution_totals(
                    {
                        "responseTime": "response times",
                        "handleTime": "handle times",
                        "firstResponseTime": "first response times",
                        "repliesToResolve": "replies to resolve",
                    }
                ),
            ),
        ),
        ranges_table(
            "productivity_overall",
            {
                "responseTime": RESPONSE_TIME_LABELS,
                "handleTime": HANDLE_TIME_LABELS,
                "firstResponseTime": RESPONSE_TIME_LABELS,
                "repliesToResolve": REPLIES_LABELS,
            },
        ),
    ),
)  # fmt: skip


def _series(topic: str, summary: str, value: Column, doc: str | None = None) -> Report:
    return series(
        FAMILY,
        f"productivity_{topic.replace('-', '_')}",
        f"productivity/{topic}",
        f"productivity/reports-productivity-{doc or topic}/",
        summary,
        (value,),
        office_hours=True,
        overall=("productivity_overall", value.name),
    )


REPORTS = (
    OVERALL,
    _series(
        "first-response-time",
        "Average first response time by day; averages cannot be averaged",
        column("time", SECONDS, "Average first response time", name="first_response_time_seconds"),
    ),
    _series(
        "replies-sent",
        "Replies sent by day",
        column("replies", ADDITIVE, "Replies sent", name="replies_sent"),
    ),
    _series(
        "resolution-time",
        "Average resolution time by day; averages cannot be averaged",
        column("time", SECONDS, "Average resolution time", name="resolution_time_seconds"),
    ),
    _series(
        "resolved",
        "Conversations resolved by day",
        column("resolved", ADDITIVE, "Conversations resolved"),
    ),
    _series(
        "response-time",
        "Average response time by day; averages cannot be averaged",
        column("time", SECONDS, "Average response time", name="response_time_seconds"),
        doc="respose-time",  # the vendor's own spelling
    ),
)
