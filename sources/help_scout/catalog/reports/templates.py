"""Whole tables and reports that the API repeats with small changes."""

from __future__ import annotations

from collections.abc import Mapping

from ..model import (
    CODE,
    COUNT,
    FLAG,
    ID,
    INSTANT,
    PCT,
    SECONDS,
    TEXT,
    TOUCHED,
    Column,
    Family,
    ParentReport,
    Report,
    Rows,
    Shape,
    Table,
    column,
    label,
)
from .blocks import PAGING, RATING_LABELS, SERIES_PREVIOUS


def ranges_table(
    name: str, metrics: Mapping[str, Mapping[int, str]], *, resolution_time: bool = True
) -> Table:
    """The distributions of a report as one table: a row a metric and range.

    `metrics` maps each metric's wire name to the labels of its range ids; {} where the API does
    not document them.
    """
    columns = [
        Column(name="metric", unit=TEXT, description="Which distribution, by the API's own name"),
        column("id", CODE, "Range within the metric; order by it", name="range_id"),
        Column(
            name="range_label",
            unit=TEXT,
            description="The range in words; null if undocumented",
            example="1-2 h",
        ),
        column("count", TOUCHED, "Conversations in the range", name="conversation_count"),
        column("percent", PCT, "Share of the distribution", name="conversation_pct"),
        column(
            "previousCount",
            TOUCHED,
            "Previous period: conversations in the range",
            name="previous_conversation_count",
        ),
        column(
            "previousPercent",
            PCT,
            "Previous period: share of the distribution; cut to whole numbers in chat and email",
            name="previous_conversation_pct",
        ),
    ]
    if resolution_time:
        columns.append(
            column(
                "resolutionTime",
                SECONDS,
                "Average resolution time of the range; only in repliesToResolve",
            )
        )
    return Table(
        name=f"{name}_ranges",
        summary="Distributions: conversations by range of a metric",
        rows=tuple(
            Rows(path=f"{metric}.ranges[]", metric=metric, labels=labels)
            for metric, labels in metrics.items()
        ),
        columns=tuple(columns),
        key=("metric", "range_id"),
    )


def series(
    family: Family,
    name: str,
    path: str,
    doc: str,
    summary: str,
    values: tuple[Column, ...],
    *,
    slices: tuple[str, ...] = ("all", "mailbox"),
    requires: tuple[str, ...] = (),
    office_hours: bool = False,
    drivers: tuple[ParentReport, ...] = (),
    overall: tuple[str, str] | None = None,
) -> Report:
    """A time series: one row a bucket. All of them are asked without a previous period."""
    bucket = column(
        "date", INSTANT, "First instant of the bucket as the API gives it",
        name="bucket_start_at", also=("start",),
    )  # fmt: skip
    table = Table(
        name=name,
        summary=summary,
        rows=(Rows(path="current[]"),),
        columns=(bucket, *values),
    )
    return Report(
        name=name,
        family=family,
        path=path,
        doc=doc,
        summary=summary,
        shape=Shape.SERIES,
        tables=(table,),
        grains=("day",),
        slices=slices,
        requires=requires,
        office_hours=office_hours,
        drivers=drivers,
        overall=overall,
        ignored=SERIES_PREVIOUS,
    )


_CONVERSATION = (
    column("id", ID, "Conversation", name="conversation_id"),
    column("number", ID, "Conversation number as people see it", name="conversation_number"),
    column("type", TEXT, "Channel: email, chat or phone", name="conversation_type"),
    column("mailboxid", ID, "Inbox of the conversation", name="mailbox_id"),
    column("attachments", FLAG, "Has attachments", name="has_attachments"),
    column("subject", TEXT, "Subject line", personal=True),
    column(
        "status",
        TEXT,
        "active, pending, closed or spam",
        name="conversation_status",
        example="closed",
    ),
    column("threadCount", COUNT, "Threads in the conversation"),
    column("preview", TEXT, "Start of the latest thread", personal=True),
    column("customerName", TEXT, "Main customer; may be an e-mail address", personal=True),
    column(
        "customerEmail",
        TEXT,
        "Main customer's e-mail address",
        personal=True,
        example="john@example.com",
    ),
    column("modifiedAt", INSTANT, "Last change"),
    column("assignedid", ID, "Assigned user; 0 is unassigned", name="assigned_user_id"),
    column(
        "assignedName",
        TEXT,
        "Assigned user's name",
        name="assigned_user_name",
        personal=True,
        example="Jane Doe",
    ),
    column("waitingSince", INSTANT, "Since when the customer waits", name="waiting_since_at"),
    column("waitingSinceType", CODE, "Code of the waiting state; its meaning is undocumented"),
)


def drilldown(
    family: Family,
    name: str,
    path: str,
    doc: str,
    summary: str,
    *,
    slices: tuple[str, ...] = ("all",),
    options: tuple[str, ...] = (),
    requires: tuple[str, ...] = (),
    drivers: tuple[ParentReport, ...] = (),
    item: Column | None = None,
    stamped_label: Column | None = None,
    overall: tuple[str, str] | None = None,
) -> Report:
    """A drilldown: one row a conversation, its tags and customers in tables of their own.

    `item` is a column stamped from the request that belongs to the key (the fields drilldown is
    asked once an item, and one conversation can stand under several); `stamped_label` one that
    says in words what was asked for.
    """
    extra = () if item is None else (item,)
    key = tuple(c.name for c in extra)
    conversation = _CONVERSATION[0]
    tags = (
        column("id", ID, "Tag", name="tag_id"),
        column("name", TEXT, "Tag label", name="tag_name"),
        column("color", TEXT, "Tag colour; none when unset", name="tag_color"),
    )
    customers = (column("", ID, "Customer of the conversation", name="customer_id"),)
    inherited = (*key, "conversation_id")
    stamped = (*extra, Column(name="conversation_id", unit=ID, description="Conversation"))
    return Report(
        name=name,
        family=family,
        path=path,
        doc=doc,
        summary=summary,
        shape=Shape.DRILLDOWN,
        tables=(
            Table(
                name=name,
                summary=summary,
                rows=(Rows(path="conversations.results[]"),),
                columns=(*extra, *_CONVERSATION, *((stamped_label,) if stamped_label else ())),
                key=(*key, conversation.name),
            ),
            Table(
                name=f"{name}_tags",
                summary="Tags of the conversations listed",
                rows=(Rows(path="conversations.results[].tags[]"),),
                columns=(*stamped, *tags),
                key=(*inherited, "tag_id"),
                inherits=inherited,
            ),
            Table(
                name=f"{name}_customers",
                summary="Customers of the conversations listed",
                rows=(Rows(path="conversations.results[].customerIds[]"),),
                columns=(*stamped, *customers),
                key=(*inherited, "customer_id"),
                inherits=inherited,
            ),
        ),
        grains=("day",),
        slices=slices,
        options=options,
        requires=requires,
        drivers=drivers,
        overall=overall,
        compares=False,
        ignored={f"conversations.{key}": reason for key, reason in PAGING.items()},
    )


def ratings(
    family: Family,
    name: str,
    path: str,
    doc: str,
    summary: str,
    *,
    slices: tuple[str, ...] = ("all",),
    requires: tuple[str, ...] = (),
    drivers: tuple[ParentReport, ...] = (),
    overall: tuple[str, str] | None = None,
) -> Report:
    """A ratings list: one row a rating. The wire's `id` is the conversation; ratings have none."""
    columns = (
        column("threadid", ID, "Thread that was rated", name="thread_id"),
        column("ratingCustomerId", ID, "Customer who rated", name="customer_id"),
        column("ratingCreatedAt", INSTANT, "When it was rated; the window is cut on this",
               name="rated_at"),
        column("id", ID, "Conversation", name="conversation_id"),
        column("number", ID, "Conversation number as people see it", name="conversation_number"),
        column("type", TEXT, "Channel: email, chat or phone", name="conversation_type"),
        column("threadCreatedAt", INSTANT, "When the rated thread was written"),
        column("ratingId", CODE, "1 great, 2 okay, 3 not good"),
        label("rating_label", "rating_id", RATING_LABELS, "The rating in words"),
        column("ratingCustomerName", TEXT, "Customer's name or e-mail address",
               name="customer_name", personal=True),
        column("ratingComments", TEXT, "What the customer wrote", personal=True),
        column("ratingUserId", ID, "User who was rated", name="user_id"),
        column("ratingUserName", TEXT, "Name of the user who was rated", name="user_name",
               personal=True),
    )  # fmt: skip
    return Report(
        name=name,
        family=family,
        path=path,
        doc=doc,
        summary=summary,
        shape=Shape.LIST,
        tables=(
            Table(
                name=name,
                summary=summary,
                rows=(Rows(path="results[]"),),
                columns=columns,
                key=("thread_id", "customer_id", "rated_at"),
                people=("user_id", "user_name"),
                keeps_equal_rows=True,  # a rating has no id: equal ones are several
            ),
        ),
        grains=("week",),  # the rows carry their own time: no need for a request a day
        slices=slices,
        options=("rating", "sortField", "sortOrder"),
        requires=requires,
        drivers=drivers,
        sort={"sortField": "number", "sortOrder": "ASC"},
        sort_fields=("number", "modifiedAt", "rating"),
        dated_by="ratingCreatedAt",
        names_user="ratingUserId",
        overall=overall,
        ignored={**PAGING, "facets": "always an empty object"},
    )
