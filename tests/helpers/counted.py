"""Figures that several marts show, counted by SQL over the sandbox's history."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any

from tests.helpers.mart_rows import compared, points_between, share_of_some, whole
from tests.helpers.truth import (
    CONVERSATIONS,
    EVENTS,
    RATINGS,
    RESOLUTIONS,
    VISITS,
    Key,
    Row,
    Truth,
)

WORK = {
    "closed": "count(CASE WHEN f.kind = 4 THEN 1 END)",
    "replies": "count(CASE WHEN f.kind = 2 THEN 1 END)",
    "first_response": "avg(CASE WHEN f.first_reply THEN f.seconds END)",
    "response": "avg(CASE WHEN f.kind = 2 THEN f.seconds END)",
    "handle": "avg(f.handle_seconds)",
    "handle_of_replies": "avg(CASE WHEN f.kind = 2 THEN f.handle_seconds END)",
}
SOLVED = {
    "resolved": "count(f.conversation_id)",
    "on_first": "count(CASE WHEN f.replies_to_resolve = 1 THEN 1 END)",
    "resolution": "avg(f.seconds)",
    "replies_to_resolve": "avg(f.replies_to_resolve)",
}
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
RATED = {
    "great_count": "count(CASE WHEN f.rating = 1 THEN 1 END)",
    "okay_count": "count(CASE WHEN f.rating = 2 THEN 1 END)",
    "not_good_count": "count(CASE WHEN f.rating = 3 THEN 1 END)",
    "ratings_count": "count(*)",
}


def speed_of(truth: Truth, keys: Iterable[Key], channel: str = "") -> dict[Key, Row]:
    """How fast conversations were answered and resolved, in the API's whole seconds."""
    only = f" AND channel = '{channel}'" if channel else ""
    work = truth.figures(keys, EVENTS + only, WORK)
    solved = truth.figures(keys, RESOLUTIONS + only, SOLVED)
    return {
        key: {
            "first_response_time_seconds": whole(work[key]["first_response"]),
            "response_time_seconds": whole(work[key]["response"]),
            "resolution_time_seconds": solved[key]["resolution"],
            "handle_time_seconds": whole(work[key]["handle"]),
            "replies_to_resolve": solved[key]["replies_to_resolve"],
            "resolved": solved[key]["resolved"],
            "replies_sent": work[key]["replies"],
            "closed": work[key]["closed"],
            "resolved_on_first_reply": solved[key]["on_first"],
            "resolved_on_first_reply_pct": share_of_some(
                solved[key]["on_first"], solved[key]["resolved"]
            ),
        }
        for key in work
    }


def happiness_of(truth: Truth, keys: Iterable[Key]) -> dict[Key, Row]:
    """The ratings by kind, their shares and the score."""
    rated = truth.figures(keys, RATINGS, RATED)
    for row in rated.values():
        for name in ("great", "okay", "not_good"):
            row[f"{name}_pct"] = share_of_some(row[f"{name}_count"], row["ratings_count"])
        row["happiness_score"] = points_between(row["great_pct"], row["not_good_pct"])
    return rated


def visits_of(truth: Truth, keys: Iterable[Key]) -> dict[Key, Row]:
    """The visits to the Docs sites and how they ended."""
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
            "found_an_answer_pct": share_of_some(row["found"], row["visits"]),
            "sent_an_email_pct": share_of_some(row["wrote"], row["visits"]),
            "failed_pct": share_of_some(row["failed"], row["visits"]),
            "browse_pct": share_of_some(row["visits"] - row["searched"], row["visits"]),
            "search_pct": share_of_some(row["searched"], row["visits"]),
            "docs_viewed_per_visit": row["views"] / row["visits"] if row["visits"] else None,
        }
        for key, row in counted.items()
    }


def by_inbox(
    truth: Truth, keys: list[Key], figures: Mapping[Key, Row], **changes: Any
) -> list[Row]:
    """A row for each window and inbox: its figures and those of the window before."""
    return [
        {**truth.of_inbox(key), **compared(figures[key], figures[key.before], **changes)}
        for key in keys
    ]
