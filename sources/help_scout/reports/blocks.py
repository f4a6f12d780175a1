"""Building blocks that several reports share: what the API repeats, written once."""

from __future__ import annotations

from collections.abc import Iterator, Mapping

from ..catalog import (
    CODE,
    COUNT,
    FLAG,
    ID,
    INSTANT,
    ORDINAL,
    PCT,
    POINTS,
    SCORE,
    SECONDS,
    TEXT,
    Column,
    Driver,
    Report,
    Rows,
    Shape,
    Table,
    column,
    measure,
)

FILTER_TAGS = {"filterTags": "what the filter menu offers; feeds the tags dimension"}
LINKS = {"_links": "hypermedia links, no data"}
PAGING = {"page": "paging", "pages": "paging", "count": "paging; kept as the ledger's api_count"}
SERIES_PREVIOUS = {"previous": "another window's buckets, stored as that window's own rows"}

RESPONSE_TIME_LABELS = {
    1: "< 15 min",
    2: "15-30 min",
    3: "30-60 min",
    4: "1-2 h",
    5: "2-3 h",
    6: "3-6 h",
    7: "6-12 h",
    8: "12-24 h",
    9: "1-2 d",
    10: "> 2 d",
}
HANDLE_TIME_LABELS = {1: "< 1 min", 2: "1-2 min", 3: "2-5 min", 4: "5-10 min", 5: "> 10 min"}
REPLIES_LABELS = {
    1: "1 reply",
    2: "2 replies",
    3: "3 replies",
    4: "4 replies",
    5: "5 or more replies",
}
RANGE_LABELS: Mapping[str, Mapping[int, str]] = {
    "responseTime": RESPONSE_TIME_LABELS,
    "firstResponseTime": RESPONSE_TIME_LABELS,
    "handleTime": HANDLE_TIME_LABELS,
    "replies": REPLIES_LABELS,
}
"""Labels of the range ids that company_drilldown takes; the other two ranges have no ids."""

COMPANY_USERS = Driver(report="company_overall", path="users[].user", param="user")
RATED_USERS = Driver(report="happiness_ratings", path="results[].ratingUserId", param="user")
USER_ONLY = ("user",)


def period() -> Iterator[Column]:
    """The interval that the API says it counted, current and previous."""
    for block in ("current", "previous"):
        prefix = "" if block == "current" else "previous_"
        for edge in ("start", "end"):
            yield column(
                f"{block}.{edge}Date",
                INSTANT,
                f"{edge.capitalize()} of the {block} interval as the API echoes it",
                name=f"{prefix}{edge}_at",
            )


def happiness_measures() -> Iterator[Column]:
    """The happiness block. Shares and score differ in points, the counts in percent."""
    yield from measure("ratingsPercent", PCT, "share of customers who rated", delta=None)
    yield from measure("great", PCT, "share of Great among the ratings", delta=POINTS)
    yield from measure("okay", PCT, "share of Okay among the ratings", delta=POINTS)
    yield from measure("notGood", PCT, "share of Not Good among the ratings", delta=POINTS)
    yield from measure("happinessScore", SCORE, "Great share minus Not Good share", delta=POINTS)
    yield from measure("greatCount", COUNT, "Great ratings")
    yield from measure("okayCount", COUNT, "Okay ratings")
    yield from measure("notGoodCount", COUNT, "Not Good ratings")
    yield from measure("ratingsCount", COUNT, "all ratings", delta=None)
    yield from measure("totalCustomersWithRatings", COUNT, "customers who rated", delta=None)
    yield from measure("totalCustomers", COUNT, "customers, rated or not", delta=None)


def distribution_totals(metrics: Mapping[str, str]) -> Iterator[Column]:
    """For each metric, how many conversations its distribution holds, current and previous."""
    for metric, words in metrics.items():
        stem = column(metric, TEXT, "-").name
        yield column(
            f"{metric}.count",
            COUNT,
            f"Conversations in the distribution of {words}",
            name=f"{stem}_conversation_count",
        )
        yield column(
            f"{metric}.previousCount",
            COUNT,
            f"Previous period: conversations in the distribution of {words}",
            name=f"previous_{stem}_conversation_count",
        )


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
            name="range_label", unit=TEXT, description="The range in words; null if undocumented"
        ),
        column("count", COUNT, "Conversations in the range", name="conversation_count"),
        column("percent", PCT, "Share of the distribution", name="conversation_pct"),
        column(
            "previousCount",
            COUNT,
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
    name: str,
    path: str,
    doc: str,
    summary: str,
    values: tuple[Column, ...],
    *,
    slices: tuple[str, ...] = ("all", "mailbox"),
    requires: tuple[str, ...] = (),
    office_hours: bool = False,
    drivers: tuple[Driver, ...] = (),
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
        ignored=SERIES_PREVIOUS,
    )


_CONVERSATION = (
    column("id", ID, "Conversation", name="conversation_id"),
    column("number", ID, "Conversation number as people see it", name="conversation_number"),
    column("type", TEXT, "Channel: email, chat or phone", name="conversation_type"),
    column("mailboxid", ID, "Inbox of the conversation", name="mailbox_id"),
    column("attachments", FLAG, "Has attachments", name="has_attachments"),
    column("subject", TEXT, "Subject line", personal=True),
    column("status", TEXT, "active, pending, closed or spam", name="conversation_status"),
    column("threadCount", COUNT, "Threads in the conversation"),
    column("preview", TEXT, "Start of the latest thread", personal=True),
    column("customerName", TEXT, "Main customer; may be an e-mail address", personal=True),
    column("customerEmail", TEXT, "Main customer's e-mail address", personal=True),
    column("modifiedAt", INSTANT, "Last change"),
    column("assignedid", ID, "Assigned user; 0 is unassigned", name="assigned_user_id"),
    column("assignedName", TEXT, "Assigned user's name", name="assigned_user_name", personal=True),
    column("waitingSince", INSTANT, "Since when the customer waits", name="waiting_since_at"),
    column("waitingSinceType", CODE, "Code of the waiting state; its meaning is undocumented"),
)


def drilldown(
    name: str,
    path: str,
    doc: str,
    summary: str,
    *,
    slices: tuple[str, ...] = ("all",),
    options: tuple[str, ...] = (),
    requires: tuple[str, ...] = (),
    drivers: tuple[Driver, ...] = (),
    item: Column | None = None,
) -> Report:
    """A drilldown: one row a conversation, its tags and customers in tables of their own.

    `item` is a column stamped from the request that belongs to the key (the fields drilldown is
    asked once an item, and one conversation can stand under several).
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
        path=path,
        doc=doc,
        summary=summary,
        shape=Shape.DRILLDOWN,
        tables=(
            Table(
                name=name,
                summary=summary,
                rows=(Rows(path="conversations.results[]"),),
                columns=(*extra, *_CONVERSATION),
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
        compares=False,
        ignored={f"conversations.{key}": reason for key, reason in PAGING.items()},
    )


def ratings(
    name: str,
    path: str,
    doc: str,
    summary: str,
    *,
    slices: tuple[str, ...] = ("all",),
    requires: tuple[str, ...] = (),
    drivers: tuple[Driver, ...] = (),
) -> Report:
    """A ratings list: one row a rating. The wire's `id` is the conversation; ratings have none."""
    columns = (
        column("threadid", ID, "Thread that was rated", name="thread_id"),
        column("ratingCustomerId", ID, "Customer who rated", name="customer_id"),
        column("ratingCreatedAt", INSTANT, "When it was rated; the window is cut on this",
               name="rated_at"),
        Column(name="occurrence", unit=ORDINAL,
               description="1, or more where thread, customer and time repeat"),
        column("id", ID, "Conversation", name="conversation_id"),
        column("number", ID, "Conversation number as people see it", name="conversation_number"),
        column("type", TEXT, "Channel: email, chat or phone", name="conversation_type"),
        column("threadCreatedAt", INSTANT, "When the rated thread was written"),
        column("ratingId", CODE, "1 great, 2 okay, 3 not good"),
        column("ratingCustomerName", TEXT, "Customer's name or e-mail address",
               name="customer_name", personal=True),
        column("ratingComments", TEXT, "What the customer wrote", personal=True),
        column("ratingUserId", ID, "User who was rated", name="user_id"),
        column("ratingUserName", TEXT, "Name of the user who was rated", name="user_name",
               personal=True),
    )  # fmt: skip
    return Report(
        name=name,
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
                key=("thread_id", "customer_id", "rated_at", "occurrence"),
            ),
        ),
        grains=("week",),  # the rows carry their own time: no need for a request a day
        slices=slices,
        options=("rating", "sortField", "sortOrder"),
        requires=requires,
        drivers=drivers,
        sort={"sortField": "number", "sortOrder": "ASC"},
        ignored={**PAGING, "facets": "always an empty object"},
    )
