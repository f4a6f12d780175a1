"""Figures that several marts show, counted by SQL over the sandbox's history."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any

from .mart_rows import compared, share
from .truth import CONVERSATIONS, EVENTS, RATINGS, RESOLUTIONS, VISITS, Key, Row, Truth

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


def happiness_of(truth: Truth, keys: Iterable[Key]) -> dict[Key, Row]:
    """The ratings by kind, their shares and the score."""
    rated = truth.figures(keys, RATINGS, RATED)
    for row in rated.values():
        for name in ("great", "okay", "not_good"):
            row[f"{name}_pct"] = share(row[f"{name}_count"], row["ratings_count"])
        row["happiness_score"] = row["great_pct"] - row["not_good_pct"]
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
            "found_an_answer_pct": share(row["found"], row["visits"]),
            "sent_an_email_pct": share(row["wrote"], row["visits"]),
            "failed_pct": share(row["failed"], row["visits"]),
            "browse_pct": share(row["visits"] - row["searched"], row["visits"]),
            "search_pct": share(row["searched"], row["visits"]),
            "docs_viewed_per_visit": row["views"] / row["visits"] if row["visits"] else 0,
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
