"""User reports: one user (or team) a request. Each is requested for every user of the window."""

from __future__ import annotations

from functools import partial

from ..model import (
    ADDITIVE,
    CHANGE,
    COUNT,
    DAYS,
    DISTINCT,
    FLAG,
    ID,
    INSTANT,
    NON_ADDITIVE,
    ORDINAL,
    POINTS,
    QUOTIENT,
    RATE,
    RATIO,
    SCORE,
    SECONDS,
    TEXT,
    TOUCHED,
    WEEKDAY,
    Column,
    Family,
    Report,
    Rows,
    Shape,
    Table,
    column,
    label,
    measure,
)
from .blocks import (
    COMPANY_USERS,
    FILTER_TAGS,
    LINKS,
    ONE_SAMPLE,
    PAGING,
    RATED_USERS,
    USER_ONLY,
    WEEKDAY_NAMES,
    happiness_measures,
    period,
)
from .row_templates import drilldown, ratings
from .templates import series

FAMILY = Family(title="Users", order=60, screen="User")
_by_user = partial(series, FAMILY, slices=USER_ONLY, requires=USER_ONLY, parents=(COMPANY_USERS,))
_NEVER_SEEN = "no sample of the vendor has a value"

OVERALL = Report(
    name="user_overall",
    family=FAMILY,
    path="user",
    doc="user/reports-user/",
    summary="What one user did: replies, resolutions, times, happiness",
    shape=Shape.OVERALL,
    grains=("week", "month"),
    slices=USER_ONLY,
    requires=USER_ONLY,
    office_hours=True,
    parents=(COMPANY_USERS,),
    ignored=FILTER_TAGS | LINKS,
    tables=(
        Table(
            name="user_overall",
            summary="What one user did in the window",
            columns=(
                column("user.id", ID, "User or team"),
                column("user.name", TEXT, "Name", personal=True),
                column("user.hasPhoto", FLAG, "Has a photo"),
                column("user.photoUrl", TEXT, "Address of the photo", personal=True),
                column("user.createdAt", INSTANT, "When the user was created"),
                # Lifetime, not of the window: it grows with every fetch.
                column("user.totalCustomersHelped", NON_ADDITIVE,
                       "Customers helped so far, lifetime"),
                *period(),
                *measure("totalDays", DAYS, "length of the interval", delta=None),
                *measure("resolved", ADDITIVE, "conversations resolved"),
                *measure("conversationsCreated", ADDITIVE, "conversations created by the user"),
                *measure("closed", ADDITIVE, "conversations closed"),
                *measure("totalReplies", ADDITIVE, "replies sent"),
                *measure("resolvedOnFirstReply", ADDITIVE, "resolved with one reply"),
                *measure("percentResolvedOnFirstReply", RATIO,
                         "resolved on first reply / resolved", delta=None,
                         ratio_of=("resolvedOnFirstReply", "resolved"), counted_by="resolved"),
                *measure("repliesToResolve", RATE, "average replies until resolved",
                         weight="resolved"),
                *measure("handleTime", SECONDS, "average time composing a reply",
                         weight="total_replies"),
                *measure("happinessScore", SCORE, "Great share minus Not Good share",
                         delta=POINTS, delta_unconfirmed=ONE_SAMPLE),
                *measure("responseTime", SECONDS, "average response time"),
                *measure("resolutionTime", SECONDS, "average resolution time",
                         weight="resolved"),
                *measure("repliesPerDay", QUOTIENT, "replies a day"),
                *measure("customersHelped", DISTINCT, "customers helped"),
                *measure("totalConversations", TOUCHED, "conversations handled"),
                *measure("conversationsPerDay", QUOTIENT, "conversations a day"),
                # A bare weekday here, an object in conversations_overall.
                *measure("busiestDay", WEEKDAY, "busiest weekday", name="busiest_weekday",
                         previous=False, delta=None),
                label("busiest_weekday_name", "busiest_weekday", WEEKDAY_NAMES,
                      "That weekday in words"),
                # A change whose value neither block has.
                column("deltas.activeConversations", CHANGE,
                       "Change against the previous period: active conversations",
                       name="delta_active_conversations_pct",
                       unconfirmed="the body does not have the value that changed"),
            ),
        ),
    ),
)  # fmt: skip

CONVERSATION_HISTORY = Report(
    name="user_conversation_history",
    family=FAMILY,
    path="user/conversation-history",
    doc="user/reports-user-conversation-history/",
    summary="Replies of one user with their times: a row a reply, so conversations repeat",
    shape=Shape.LIST,
    grains=("day",),  # the rows carry no time: the window is all that dates them
    slices=USER_ONLY,
    requires=USER_ONLY,
    options=("status", "sortField", "sortOrder"),
    office_hours=True,
    parents=(COMPANY_USERS,),
    sort={"sortField": "number", "sortOrder": "ASC"},
    sort_fields=("number", "repliesSent", "responseTime", "resolveTime"),
    overall=("user_overall", "total_replies"),
    ignored=PAGING,
    tables=(
        Table(
            name="user_conversation_history",
            summary="Replies of one user in the window",
            rows=(Rows(path="results[]"),),
            key=("position",),
            columns=(
                Column(name="position", unit=ORDINAL, description="Place of the row in the list"),
                column("id", ID, "Conversation", name="conversation_id"),
                column("number", ID, "Conversation number as people see it",
                       name="conversation_number"),
                column("avgHandleTime", SECONDS, "Average time composing a reply"),
                column("firstResponseTime", SECONDS, "First response time"),
                column("repliesSent", COUNT, "Replies sent"),
                column("responseTime", SECONDS, "Response time"),
                # resolveTime here, resolutionTime everywhere else.
                column("resolveTime", SECONDS, "Resolution time", name="resolution_time_seconds"),
                column("status", TEXT, "Status; seen by one client only",
                       name="conversation_status", example="closed"),
            ),
        ),
        Table(
            name="user_conversation_history_customers",
            summary="Customers of the replies listed",
            rows=(Rows(path="results[].customers[]"),),
            key=("position", "customer_id"),
            inherits=("position", "conversation_id"),
            columns=(
                Column(name="position", unit=ORDINAL, description="Place of the row in the list"),
                Column(name="conversation_id", unit=ID, description="Conversation"),
                column("id", ID, "Customer", name="customer_id"),
                column("name", TEXT, "Customer's name", name="customer_name", personal=True),
            ),
        ),
    ),
)  # fmt: skip

CUSTOMERS_HELPED = _by_user(
    "user_customers_helped",
    "user/customers-helped",
    "user/reports-user-customer-helped/",
    "Distinct customers that one user helped by day; days do not add up to a longer window",
    (column("customers", DISTINCT, "Distinct customers helped", name="customers_helped"),),
    overall=("user_overall", "customers_helped"),
)

DRILLDOWN = drilldown(
    FAMILY,
    "user_drilldown",
    "user/drilldown",
    "user/reports-user-drilldown/",
    "Conversations that one user worked on",
    slices=USER_ONLY,
    requires=USER_ONLY,
    parents=(COMPANY_USERS,),
    overall=("user_overall", "total_conversations"),
)

HAPPINESS = Report(
    name="user_happiness",
    family=FAMILY,
    path="user/happiness",
    doc="user/reports-user-happiness/",
    summary="Happiness score and ratings of one user",
    shape=Shape.OVERALL,
    grains=("week", "month"),
    slices=USER_ONLY,
    requires=USER_ONLY,
    parents=(COMPANY_USERS, RATED_USERS),
    ignored=FILTER_TAGS | LINKS,
    tables=(
        Table(
            name="user_happiness",
            summary="Ratings of one user in the window and the happiness score",
            columns=tuple(happiness_measures()),
        ),
    ),
)

RATINGS = ratings(
    FAMILY,
    "user_ratings",
    "user/ratings",
    "user/reports-user-happiness-drilldown/",
    "Every rating of one user (or of a team's users) with its comment",
    slices=USER_ONLY,
    requires=USER_ONLY,
    parents=(COMPANY_USERS, RATED_USERS),
    overall=("user_happiness", "ratings_count"),
)

REPLIES = _by_user(
    "user_replies",
    "user/replies",
    "user/reports-user-replies/",
    "Replies of one user by day",
    (column("replies", ADDITIVE, "Replies sent", name="replies_sent"),),
    overall=("user_overall", "total_replies"),
)

RESOLUTIONS = _by_user(
    "user_resolutions",
    "user/resolutions",
    "user/reports-user-resolutions/",
    "Conversations that one user helped resolve by day",
    (column("resolved", ADDITIVE, "Conversations resolved"),),
    overall=("user_overall", "resolved"),
)

CHAT = Report(
    name="user_chat",
    family=FAMILY,
    path="user/chat",
    doc="user/reports-user-chat/",
    summary="Chats of one user; averages are null without chats",
    shape=Shape.OVERALL,
    grains=("week", "month"),
    slices=USER_ONLY,
    requires=USER_ONLY,
    filters=("mailboxes", "tags"),
    office_hours=True,
    parents=(COMPANY_USERS,),
    ignored=FILTER_TAGS | LINKS,
    tables=(
        Table(
            name="user_chat",
            summary="Chats of one user in the window",
            columns=(
                *period(),
                *measure("totalDays", DAYS, "length of the interval", delta=None),
                *measure("newConversations", ADDITIVE, "chats"),
                *measure("messagesPerChat", RATE, "average messages a chat"),
                *measure("responseTime", SECONDS, "average response time",
                         delta_unconfirmed=_NEVER_SEEN),
                *measure("waitTime", SECONDS, "average wait until picked up",
                         delta_unconfirmed=_NEVER_SEEN),
                *measure("duration", SECONDS, "average length of a chat",
                         delta_unconfirmed=_NEVER_SEEN),
            ),
        ),
    ),
)  # fmt: skip

REPORTS = (
    OVERALL,
    CONVERSATION_HISTORY,
    CUSTOMERS_HELPED,
    DRILLDOWN,
    HAPPINESS,
    RATINGS,
    REPLIES,
    RESOLUTIONS,
    CHAT,
)
