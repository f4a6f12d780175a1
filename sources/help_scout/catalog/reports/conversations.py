"""Conversation reports: how much came in, when, and what it was about."""

from __future__ import annotations

from collections.abc import Iterator

from ..model import (
    ADDITIVE,
    DISTINCT,
    HOUR,
    ID,
    NON_ADDITIVE,
    PCT,
    POINTS,
    QUOTIENT,
    TEXT,
    TOUCHED,
    WEEKDAY,
    Column,
    Family,
    ParentReport,
    Report,
    Rows,
    Shape,
    Table,
    column,
    label,
    measure,
)
from .blocks import FILTER_TAGS, LINKS, ONE_SAMPLE, WEEKDAY_NAMES, period
from .row_templates import drilldown
from .templates import series

FAMILY = Family(title="Conversations", order=20, screen="All Channels")


def _usage() -> Iterator[Column]:
    """How often an item of a top list was used, and its share of the conversations."""
    yield column("count", TOUCHED, "Uses in the window", name="conversation_count")
    yield column("percent", PCT, "Share of all conversations", name="conversation_pct")
    yield column(
        "previousCount", TOUCHED, "Previous period: uses", name="previous_conversation_count"
    )
    yield column("previousPercent", PCT, "Previous period: share", name="previous_conversation_pct")
    yield column(
        "deltaPercent", POINTS, "Share minus previous share", name="delta_conversation_points"
    )


def _top(wire: str, noun: str, words: str, *extra: Column, personal: bool = False) -> Table:
    """One top list. The API returns its first N only; N is undocumented and there is no paging."""
    return Table(
        name=f"conversations_overall_{wire}",
        summary=f"{words} (the API lists the top ones only)",
        rows=(Rows(path=f"{wire}.top[]"),),
        key=(f"{noun}_id",),
        columns=(
            column("id", ID, f"Id of the {noun.replace('_', ' ')}", name=f"{noun}_id"),
            column("name", TEXT, "Its label", name=f"{noun}_name", personal=personal),
            *extra,
            *_usage(),
        ),
    )


def _inbox() -> Column:
    return column("mailboxId", ID, "Inbox that it belongs to")


_CUSTOM_FIELDS = Table(
    name="conversations_overall_custom_fields",
    summary="Custom fields and how many conversations answered them",
    rows=(Rows(path="customFields.fields[]"),),
    key=("custom_field_id",),
    columns=(
        column("id", ID, "Custom field", name="custom_field_id"),
        column("name", TEXT, "Its label", name="custom_field_name"),
        _inbox(),
        column("summary.total", TOUCHED, "Conversations where the field applies",
               name="conversation_count"),
        column("summary.totalAnswered", TOUCHED, "Conversations with an answer",
               name="answered_count"),
        column("summary.previousTotal", TOUCHED, "Previous period: where the field applies",
               name="previous_conversation_count"),
        column("summary.previousTotalAnswered", TOUCHED, "Previous period: with an answer",
               name="previous_answered_count"),
        column("summary.unansweredPercent", PCT, "Share without an answer",
               name="unanswered_pct"),
        # The field table and the sample body disagree on this one's spelling.
        column("summary.unansweredPreviousPercent", PCT, "Previous period: share without an answer",
               name="previous_unanswered_pct", also=("summary.previousUnansweredPercent",)),
        column("summary.unansweredDelta", POINTS, "Share minus previous share",
               name="delta_unanswered_points", unconfirmed=ONE_SAMPLE),
    ),
)  # fmt: skip

_CUSTOM_FIELD_VALUES = Table(
    name="conversations_overall_custom_field_values",
    summary="Answers to dropdown custom fields",
    rows=(Rows(path="customFields.fields[].values[]"),),
    key=("custom_field_id", "option_id"),
    inherits=("custom_field_id",),
    columns=(
        Column(name="custom_field_id", unit=ID, description="Custom field"),
        column("id", ID, "Dropdown option", name="option_id"),
        column("name", TEXT, "Its label", name="option_name"),
        *_usage(),
    ),
)

OVERALL = Report(
    name="conversations_overall",
    family=FAMILY,
    offers_tags=True,
    path="conversations",
    doc="conversations/reports-conversations-overall/",
    summary="Conversations, customers, and the top tags, replies, workflows and custom fields",
    shape=Shape.OVERALL,
    ignored=FILTER_TAGS | LINKS,
    tables=(
        Table(
            name="conversations_overall",
            summary="Conversation volume in the window",
            columns=(
                *period(),
                *measure("totalConversations", TOUCHED, "conversations touched, spam left out"),
                *measure("conversationsCreated", ADDITIVE, "conversations created"),
                *measure("newConversations", ADDITIVE, "created by customers or users"),
                *measure("customers", DISTINCT, "customers involved", name="customer_count"),
                *measure("conversationsPerDay", QUOTIENT, "new or updated conversations a day"),
                column("busiestDay.day", WEEKDAY, "Weekday of the busiest slot",
                       name="busiest_weekday"),
                label("busiest_weekday_name", "busiest_weekday", WEEKDAY_NAMES,
                      "That weekday in words"),
                column("busiestDay.hour", HOUR, "Hour of the busiest slot", name="busiest_hour"),
                column("busiestDay.count", NON_ADDITIVE, "Conversations in the busiest slot",
                       name="busiest_conversation_count"),
                column("busyTimeStart", HOUR, "First hour of the busiest span",
                       name="busy_time_start_hour"),
                column("busyTimeEnd", HOUR, "Last hour of the busiest span",
                       name="busy_time_end_hour"),
                column("tags.count", TOUCHED, "Tags in use", name="tags_used_count"),
                column("customers.count", TOUCHED, "Conversations of customers",
                       name="customer_conversation_count"),
                column("replies.count", TOUCHED, "Saved replies sent", name="saved_replies_count"),
                column("workflows.count", TOUCHED, "Workflow runs", name="workflow_run_count"),
                column("customFields.count", NON_ADDITIVE, "Custom fields",
                       name="custom_field_count"),
            ),
        ),
        # Row 1 is "(untagged)" and has no name.
        _top("tags", "tag", "Tags by conversations"),
        _top("customers", "customer", "Customers by conversations", personal=True),
        _top("replies", "saved_reply", "Saved replies by uses", _inbox()),
        # mailboxId: in the field table, not in the sample.
        _top("workflows", "workflow", "Workflows by runs", _inbox()),
        _CUSTOM_FIELDS,
        _CUSTOM_FIELD_VALUES,
    ),
)  # fmt: skip

# The vendor's page leaves open what is counted. The one live account that was recorded has here
# what it has in conversations/new; the check channels_add_up shows whether yours does.
VOLUME_BY_CHANNEL = series(
    FAMILY,
    "conversations_volume_by_channel",
    "conversations/volume-by-channel",
    "conversations/reports-conversations-volume-by-channel/",
    "New conversations by channel and day",
    (
        column("chat", ADDITIVE, "New chat conversations, third-party chat included",
               name="chat_count"),
        column("email", ADDITIVE, "New e-mail conversations", name="email_count"),
        column("phone", ADDITIVE, "New phone conversations", name="phone_count"),
    ),
    overall=("conversations_overall", "conversations_created"),
)  # fmt: skip

BUSY_TIMES = Report(
    name="conversations_busy_times",
    family=FAMILY,
    path="conversations/busy-times",
    doc="conversations/reports-conversations-busy-times/",
    summary="Conversations by weekday and hour",
    shape=Shape.HEATMAP,
    compares=False,  # takes a previous period, but its body has no place for one
    overall=("conversations_overall", "total_conversations"),
    tables=(
        Table(
            name="conversations_busy_times",
            summary="Conversations by weekday and hour; cells that the API leaves out are zero",
            rows=(Rows(path="[]"),),
            key=("weekday", "hour"),
            columns=(
                column("day", WEEKDAY, "Weekday of the cell", name="weekday"),
                label("weekday_name", "weekday", WEEKDAY_NAMES, "That weekday in words"),
                column("hour", HOUR, "Hour of the cell"),
                column("count", TOUCHED, "Conversations in the cell", name="conversation_count"),
            ),
        ),
    ),
)

DRILLDOWN = drilldown(
    FAMILY,
    "conversations_drilldown",
    "conversations/drilldown",
    "conversations/reports-conversations-drilldown/",
    "Conversations touched in the window",
    overall=("conversations_overall", "total_conversations"),
)

FIELDS_DRILLDOWN = drilldown(
    FAMILY,
    "conversations_fields_drilldown",
    "conversations/fields-drilldown",
    "conversations/reports-conversations-field-drilldown/",
    "Conversations behind each saved reply, workflow, tag or customer of the top lists",
    slices=("field=replyid", "field=workflowid"),
    requires=("field", "fieldid"),
    parents=tuple(
        ParentReport(report="conversations_overall", path=path, param="fieldid", field=field)
        for field, path in (
            ("replyid", "replies.top[].id"),
            ("workflowid", "workflows.top[].id"),
            ("tagid", "tags.top[].id"),
            ("customerid", "customers.top[].id"),
        )
    ),
    item=Column(
        name="field_id", unit=ID, description="Item of the field: saved reply, workflow, …"
    ),
)

NEW = series(
    FAMILY,
    "conversations_new",
    "conversations/new",
    "conversations/reports-conversations-new/",
    "Conversations created by day",
    (column("count", ADDITIVE, "Conversations created", name="conversation_count"),),
    overall=("conversations_overall", "conversations_created"),
)

NEW_DRILLDOWN = drilldown(
    FAMILY,
    "conversations_new_drilldown",
    "conversations/new-drilldown",
    "conversations/reports-conversations-new-drilldown/",
    "Conversations created in the window",
    overall=("conversations_overall", "conversations_created"),
)

RECEIVED_MESSAGES = series(
    FAMILY,
    "conversations_received_messages",
    "conversations/received-messages",
    "conversations/reports-conversations-received-messages/",
    "Messages from customers by day",
    # The sources disagree: start/count or date/messages.
    (
        column("messages", ADDITIVE, "Messages from customers", name="message_count",
               also=("count",)),
    ),
)  # fmt: skip

REPORTS = (
    OVERALL,
    VOLUME_BY_CHANNEL,
    BUSY_TIMES,
    DRILLDOWN,
    FIELDS_DRILLDOWN,
    NEW,
    NEW_DRILLDOWN,
    RECEIVED_MESSAGES,
)
