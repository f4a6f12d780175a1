"""Reports that list single things, conversations or ratings: what the API repeats with small
changes."""

from __future__ import annotations

from ..model import (
    CODE,
    COUNT,
    FLAG,
    ID,
    INSTANT,
    TEXT,
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
from .blocks import PAGING, RATING_LABELS

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
    parents: tuple[ParentReport, ...] = (),
    item: Column | None = None,
    stamped_label: Column | None = None,
    overall: tuple[str, str] | None = None,
) -> Report:
    """A drilldown: one row a conversation, its tags and customers in tables of their own.

    `item` is a column stamped from the request that belongs to the key (the fields drilldown is
    requested once an item, and one conversation can be under several); `stamped_label` one that
    says in words what was requested.
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
        parents=parents,
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
    parents: tuple[ParentReport, ...] = (),
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
        parents=parents,
        sort={"sortField": "number", "sortOrder": "ASC"},
        sort_fields=("number", "modifiedAt", "rating"),
        dated_by="ratingCreatedAt",
        names_user="ratingUserId",
        overall=overall,
        ignored={**PAGING, "facets": "always an empty object"},
    )
