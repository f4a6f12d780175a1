"""The conversations report with its top lists, and the busy-times heat map."""

from __future__ import annotations

from collections import Counter

from ...history.roster import Inbox, Labelled, customer_name
from ..facts import EVENTS, UNTAGGED, Facts, buckets
from ..figures import Block, compared, dates, filter_tags, percent, rate_days, top_rows

TOP = 10
"""How long the top lists are: the provider does not document it."""
CHANGES = [
    "newConversations",
    "totalConversations",
    "customers",
    "conversationsCreated",
    "conversationsPerDay",
]
Counts = dict[str, list[Counter[int]]]


def conversations_overall(facts: Facts) -> Block:
    """The body of `/v2/reports/conversations`."""
    request = facts.request
    blocks = []
    measured = facts.measure(["touched", "created", "customers"], request.intervals)
    for interval, block in zip(request.intervals, measured, strict=True):
        blocks.append(
            {
                **dates(interval),
                "totalConversations": block["touched"],
                "conversationsCreated": block["created"],
                "newConversations": block["created"],
                "customers": block["customers"],
                "conversationsPerDay": block["touched"] // rate_days(interval),
            }
        )
    totals = [block["touched"] for block in measured]
    counts = _counts(facts)
    return {
        "filterTags": filter_tags(facts.roster),
        **_busiest(facts),
        **compared(request, blocks, CHANGES),
        **_top_lists(facts, counts, totals),
        "customFields": _custom_fields(facts, counts),
    }


def busy_times(facts: Facts) -> list[Block]:
    """The body of `/v2/reports/conversations/busy-times`: cells in the company's time zone."""
    cells = facts.grouped(
        "f.cell", "COUNT(DISTINCT f.conversation_id)", EVENTS, [facts.request.current]
    )
    return [{"day": cell // 24, "hour": cell % 24, "count": count} for _, cell, count in cells]


def _busiest(facts: Facts) -> Block:
    """The weekday with most conversations, and the two hours of the day with most."""
    interval = [facts.request.current]
    count = "COUNT(DISTINCT f.conversation_id)"
    days = {day: n for _, day, n in facts.grouped("f.cell / 24", count, EVENTS, interval)}
    hours = {hour: n for _, hour, n in facts.grouped("f.cell % 24", count, EVENTS, interval)}
    day = max(days, key=lambda day: (days[day], -day), default=1)
    start = max(range(23), key=lambda hour: hours.get(hour, 0) + hours.get(hour + 1, 0))
    return {
        "busiestDay": {"day": day, "hour": 0, "count": days.get(day, 0)},
        "busyTimeStart": start,
        "busyTimeEnd": start + 2 if hours else 0,
    }


def _counts(facts: Facts) -> Counts:
    """Conversations by tag, customer, saved reply, workflow, inbox and field option."""
    intervals = facts.request.intervals
    events = facts.joined(EVENTS)
    sql = f"""{buckets(len(intervals))},
    touched AS MATERIALIZED (
      SELECT bucket.i, f.conversation_id, MAX(f.saved_reply_id) AS replied,
        MAX(f.workflow_id) AS workflow, TOTAL(f.saved_reply_id > 0) AS replies
      FROM bucket JOIN {events} GROUP BY bucket.i, f.conversation_id),
    known AS MATERIALIZED (
      SELECT t.*, c.customer_id, c.inbox_id, c.option_id, c.tag_count
      FROM touched t JOIN conversation c ON c.conversation_id = t.conversation_id)
    SELECT 'tags', i, tag_id, COUNT(*) FROM known JOIN tagged USING (conversation_id)
      GROUP BY i, tag_id
    UNION ALL SELECT 'tags', i, {UNTAGGED}, COUNT(*) FROM known WHERE tag_count = 0 GROUP BY i
    UNION ALL SELECT 'customers', i, customer_id, COUNT(*) FROM known GROUP BY i, customer_id
    UNION ALL SELECT 'workflows', i, workflow, COUNT(*) FROM known WHERE workflow > 0
      GROUP BY i, workflow
    UNION ALL SELECT 'inboxes', i, inbox_id, COUNT(*) FROM known GROUP BY i, inbox_id
    UNION ALL SELECT 'options', i, option_id, COUNT(*) FROM known WHERE option_id > 0
      GROUP BY i, option_id
    UNION ALL SELECT 'uses', i, 0, TOTAL(replies) FROM known GROUP BY i"""
    parts = ("tags", "customers", "replies", "workflows", "inboxes", "options", "uses")
    counts: Counts = {part: [Counter() for _ in intervals] for part in parts}
    for part, number, key, count in facts.rows(sql, intervals):
        counts[part][number][key] = int(count)
    # a conversation may use several saved replies, so these are counted from the events
    for number, reply, count in facts.grouped(
        "f.saved_reply_id",
        "COUNT(DISTINCT f.conversation_id)",
        EVENTS,
        intervals,
        "f.saved_reply_id > 0",
    ):
        counts["replies"][number][reply] = count
    return counts


def _top_lists(facts: Facts, counts: Counts, totals: list[int]) -> Block:
    inboxes = facts.roster.inboxes
    replies = {reply.id: reply for inbox in inboxes for reply in inbox.saved_replies}
    workflows = {workflow.id: workflow for inbox in inboxes for workflow in inbox.workflows}
    tags = {tag.id: tag for tag in facts.roster.tags}
    top = {name: top_rows(counts[name], totals, TOP) for name in ("tags", "customers")}
    top |= {name: top_rows(counts[name], totals, TOP) for name in ("replies", "workflows")}
    _name(top["tags"], tags)
    _name(top["replies"], replies)
    _name(top["workflows"], workflows)
    for row in top["replies"]:
        row["mailboxId"] = replies[row["id"]].inbox_id
    for row in top["customers"]:
        row["name"] = customer_name(row["id"])
    how_many = {
        "tags": totals[0] - counts["tags"][0][UNTAGGED],
        "customers": totals[0],
        "replies": counts["uses"][0][0],
        "workflows": counts["workflows"][0].total(),
    }
    return {name: {"count": how_many[name], "top": rows} for name, rows in top.items()}


def _name(rows: list[Block], labels: dict[int, Labelled]) -> None:
    """Names the rows that have a name: the untagged row has none."""
    for row in rows:
        if row["id"] in labels:
            row["name"] = labels[row["id"]].name


def _custom_fields(facts: Facts, counts: Counts) -> Block:
    seen = counts["inboxes"][0]
    fields = [
        _custom_field(inbox, counts)
        for inbox in facts.roster.inboxes
        if seen[inbox.id] or inbox.id in facts.request.inboxes
    ]
    return {"count": len(fields), "fields": fields}


def _custom_field(inbox: Inbox, counts: Counts) -> Block:
    """One field's answers; without previous conversations its previous totals are null."""
    totals = [by_inbox[inbox.id] for by_inbox in counts["inboxes"]]
    answers = [{o.id: by_option[o.id] for o in inbox.options} for by_option in counts["options"]]
    compare = len(totals) == 2 and totals[1] > 0
    answers = [{key: n for key, n in option.items() if n} for option in answers]
    values = top_rows(answers if compare else answers[:1], totals, len(inbox.options))
    _name(values, {option.id: option for option in inbox.options})
    answered = [sum(option.values()) for option in answers]
    unanswered = [percent(t - a, t) for t, a in zip(totals, answered, strict=True)]
    before = unanswered[1] if compare else 0
    return {
        "id": inbox.field_id,
        "name": "Account Type",
        "mailboxId": inbox.id,
        "values": values,
        "summary": {
            "total": totals[0],
            "totalAnswered": answered[0],
            "previousTotal": totals[1] if compare else None,
            "previousTotalAnswered": answered[1] if compare else None,
            "unansweredPercent": unanswered[0],
            "unansweredPreviousPercent": before,
            "unansweredDelta": unanswered[0] - before,
        },
    }
