"""Report bodies as live accounts send them: each surprise changes a body that is right."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from ..history.surprises import Surprises
from .facts import RATINGS, Facts, buckets
from .figures import Block, relative
from .reports import docs, happiness

DATES = ("startDate", "endDate")
WITHOUT_THREAD = 3
"""Every how many-th rating has no thread, by the conversation's id."""
POINTS = {*docs.POINTS, *happiness.POINTS}
"""Changes that are differences: nothing is divided there."""
ON_FIRST_REPLY = "percentResolvedOnFirstReply"


def surprising(path: str, body: Any, facts: Facts, surprises: Surprises) -> Any:
    """The body of the report at `path` with the surprises in it; `body` itself may change."""
    for name, (paths, change) in CHANGES.items():
        if getattr(surprises, name) and isinstance(body, dict) and (not paths or path in paths):
            change(body, facts)
    return _bare(body) if surprises.bare_empty_answers else body


def _bare(body: Any) -> Any:
    """An empty heat map as an object, and pages of nothing without `results`."""
    if body == []:
        return {}
    if isinstance(body, dict):
        for block in (body, body.get("conversations")):
            if isinstance(block, dict) and block.get("count") == 0 and block.get("results") == []:
                del block["results"]
    return body


def _add_previous_zeros(body: Block, _: Facts) -> None:
    if "previous" in body:
        return
    body["previous"] = {name: 0 for name in body["current"] if name not in DATES}
    body["deltas"] = dict.fromkeys((name for name in body["previous"] if name != ON_FIRST_REPLY), 0)


def _add_ratings(body: Block, facts: Facts) -> None:
    """One entry a rating of the current interval, with the times of its conversation."""
    rows = facts.rows(
        f"{buckets(1)} SELECT f.rating, c.first_response, c.seconds, c.replies_to_resolve"
        f" FROM bucket JOIN {facts.joined(RATINGS)}"
        " JOIN conversation c ON c.conversation_id = f.conversation_id ORDER BY f.ts, f.id",
        [facts.request.current],
    )
    body["current"]["ratings"] = [
        {
            "ratingId": str(rating),
            "firstResponseTime": first_response or 0,
            "responseTime": first_response or 0,
            "resolveTime": seconds or 0,
            "repliesSent": replies or 0,
        }
        for rating, first_response, seconds, replies in rows
    ]


def _count_one_more(body: Block, _: Facts) -> None:
    """One conversation more in all than any drilldown lists, in every interval that has some."""
    for name in ("current", "previous"):
        block = body.get(name, {})
        if block.get("totalConversations"):
            block["totalConversations"] += 1
    if "deltas" in body:
        now, before = (body[name]["totalConversations"] for name in ("current", "previous"))
        body["deltas"]["totalConversations"] = relative(now, before)


def _leave_one_out(body: Block, _: Facts) -> None:
    if len(body["users"]) > 1:
        del body["users"][-1]


def _take_id(body: Block, _: Facts) -> None:
    for row in body["customers"]["top"][-1:]:
        row["id"] = None


def _repeat_term(body: Block, _: Facts) -> None:
    for row in body["popularSearches"][:1]:
        body["popularSearches"].append({**row, "count": 1})


def _take_threads(body: Block, _: Facts) -> None:
    for row in body["results"]:
        if row["id"] % WITHOUT_THREAD == 0:
            row["threadid"] = row["threadCreatedAt"] = None


def _write_changes_as_text(body: Block, _: Facts) -> None:
    if "deltas" in body:
        _divide_by_zero(body["deltas"], body["current"], body["previous"])


def _divide_by_zero(deltas: Block, current: Block, previous: Block) -> None:
    """What a division by zero comes to, in the groups of the channel reports, too."""
    for name, change in deltas.items():
        if isinstance(change, dict):
            _divide_by_zero(change, current[name], previous[name])
        elif name not in POINTS and name in previous and not previous[name]:
            deltas[name] = "Infinity" if current[name] else "NaN"


def _scale(body: Block, facts: Facts) -> None:
    for name, value in body.items():
        if isinstance(value, dict):
            _scale(value, facts)
        elif name == ON_FIRST_REPLY:
            body[name] = value * 100


RATINGS_LISTS = ("happiness/ratings", "user/ratings")
CHANGES: dict[str, tuple[tuple[str, ...], Callable[[Block, Facts], None]]] = {
    "previous_zeros": (("productivity",), _add_previous_zeros),
    "current_ratings": (("productivity", "user"), _add_ratings),
    "users_short_of_total": (("company",), _leave_one_out),
    "drilldown_short_of_total": (("conversations",), _count_one_more),
    "null_ids": (("conversations",), _take_id),
    "repeated_search_term": (("docs",), _repeat_term),
    "ratings_without_thread": (RATINGS_LISTS, _take_threads),
    "deltas_as_text": ((), _write_changes_as_text),
    "percentages_0_to_100": ((), _scale),
}
"""The reports that a surprise changes (all of them when none is named), and how."""
