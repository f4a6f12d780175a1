"""Drilldowns: the conversations behind a number, newest change first, in pages."""

from __future__ import annotations

from typing import Any

from ..history import names
from ..history.roster import FIRST_TAG, customer_email, customer_name, iso
from .facts import EVENTS, RESOLUTIONS, UNTAGGED, Facts, buckets
from .figures import Block
from .ranges import placed_conversations

RANGE_DISTRIBUTIONS = {
    "replies": "repliesToResolve",
    "responseTime": "responseTime",
    "firstResponseTime": "firstResponseTime",
    "handleTime": "handleTime",
}
FIELD_CLAUSES = {
    "tagid": "EXISTS (SELECT 1 FROM tagged t WHERE t.conversation_id = f.conversation_id"
    " AND t.tag_id = ?)",
    "replyid": "f.saved_reply_id = ?",
    "workflowid": "f.workflow_id = ?",
    "customerid": "f.customer_id = ?",
}
NUMBER_OFFSET = 7_300_000_000
ROW_COLUMNS = (
    "conversation_id, inbox_id, channel, customer_id, subject, attachments, status, modified_at,"
    " thread_count, last_event, assigned_id, waiting_since"
)


def touched_drilldown(facts: Facts) -> Block:
    """The conversations with any activity in the interval."""
    return _page(facts, _events_where(facts, ""))


def new_drilldown(facts: Facts) -> Block:
    """The conversations created in the interval."""
    return _page(facts, _events_where(facts, "f.opening = 1"))


def user_drilldown(facts: Facts) -> Block:
    """The conversations in which the user replied or which they closed in the interval."""
    return _page(facts, _events_where(facts, "f.kind IN (2, 4)"), for_user=True)


def fields_drilldown(facts: Facts) -> Block:
    """The conversations with a tag or a customer, or where a reply or a workflow was used."""
    field, field_id = facts.request.field or "", facts.request.field_id
    if field == "tagid" and field_id == UNTAGGED:
        untagged = "c.conversation_id = f.conversation_id AND c.tag_count = 0 AND 1 = ?"
        clause = f"EXISTS (SELECT 1 FROM conversation c WHERE {untagged})"
    else:
        clause = FIELD_CLAUSES[field]
    return _page(facts, _events_where(facts, clause), field_id)


def range_drilldown(facts: Facts) -> Block:
    """The conversations of one range of a distribution, or of all of them, or the resolved ones."""
    request = facts.request
    if request.range in RANGE_DISTRIBUTIONS:
        placed = placed_conversations(facts, RANGE_DISTRIBUTIONS[request.range], 1)
        if request.range_id is None:
            return _page(facts, f"SELECT conversation_id FROM ({placed})")
        chosen = f"SELECT conversation_id FROM ({placed}) WHERE range_id = ?"
        return _page(facts, chosen, request.range_id)
    on_first = "f.replies_to_resolve = 1" if request.range == "firstReplyResolved" else ""
    resolved = facts.joined(RESOLUTIONS, on_first)
    return _page(facts, f"{buckets(1)} SELECT f.conversation_id FROM bucket JOIN {resolved}")


def _events_where(facts: Facts, where: str) -> str:
    events = facts.joined(EVENTS, where)
    return f"{buckets(1)} SELECT DISTINCT f.conversation_id FROM bucket JOIN {events}"


def _page(facts: Facts, chosen: str, *params: Any, for_user: bool = False) -> Block:
    request = facts.request
    interval = [request.current]
    count: int = facts.rows(f"SELECT COUNT(*) FROM ({chosen})", interval, *params)[0][0]
    rows = facts.rows(
        f"SELECT {ROW_COLUMNS} FROM conversation WHERE conversation_id IN ({chosen})"
        " ORDER BY modified_at DESC, conversation_id LIMIT ? OFFSET ?",
        interval,
        *params,
        request.rows,
        (request.page - 1) * request.rows,
    )
    tags = _tags_of(facts, [row[0] for row in rows])
    results = [_conversation(facts, row, tags.get(row[0], []), for_user) for row in rows]
    pages = -(-count // request.rows)
    return {
        "conversations": {
            "pages": pages,
            "page": request.page,
            "count": count,
            "results": results,
        }
    }


def _conversation(facts: Facts, row: tuple[Any, ...], tags: list[Block], for_user: bool) -> Block:
    (conversation_id, inbox_id, channel, customer_id, subject, attachments) = row[:6]
    (status, modified, threads, last_event, assigned, waiting) = row[6:]
    result: Block = {
        "id": conversation_id,
        "number": conversation_number(conversation_id),
        "type": channel,
        "mailboxid": inbox_id,
        "attachments": bool(attachments),
        "subject": names.SUBJECTS[subject],
        "status": status,
        "threadCount": threads,
        "preview": names.PREVIEWS[last_event % len(names.PREVIEWS)],
        "customerName": customer_name(customer_id),
        "modifiedAt": iso(modified),
        "assignedid": assigned,
        "tags": tags,
    }
    if for_user:  # this report alone documents the wait and leaves out who the customer is
        result |= {"waitingSince": iso(waiting), "waitingSinceType": 2}
    else:
        result |= {"customerEmail": customer_email(customer_id), "customerIds": [customer_id]}
    if assigned:
        result["assignedName"] = facts.roster.user_name(assigned)
    return result


def _tags_of(facts: Facts, conversation_ids: list[int]) -> dict[int, list[Block]]:
    if not conversation_ids:
        return {}
    ids = ", ".join(map(str, conversation_ids))
    names_by_id = {tag.id: tag.name for tag in facts.roster.tags}
    tags: dict[int, list[Block]] = {}
    for conversation_id, tag_id in facts.account.query(
        f"SELECT conversation_id, tag_id FROM tagged WHERE conversation_id IN ({ids})"
    ):
        tag = {"id": tag_id, "name": names_by_id[tag_id], "color": tag_colour(tag_id)}
        tags.setdefault(conversation_id, []).append(tag)
    return tags


def tag_colour(tag_id: int) -> str:
    """A tag's colour; `none` when it has none."""
    return names.TAG_COLOURS[(tag_id - FIRST_TAG) % len(names.TAG_COLOURS)]


def conversation_number(conversation_id: int) -> int:
    """The number that people see: the id without its constant beginning."""
    return conversation_id - NUMBER_OFFSET
