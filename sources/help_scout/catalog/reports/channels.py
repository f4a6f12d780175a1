"""Channel reports: chat, e-mail and phone."""

from __future__ import annotations

from functools import partial

from ..model import (
    ADDITIVE,
    CHANGE,
    DISTINCT,
    ID,
    QUOTIENT,
    RATE,
    RATIO,
    SECONDS,
    TEXT,
    TOUCHED,
    Family,
    Report,
    Rows,
    Shape,
    Table,
    column,
    measure,
)
from .blocks import (
    FILTER_TAGS,
    HANDLE_TIME_LABELS,
    LINKS,
    REPLIES_LABELS,
    RESPONSE_TIME_LABELS,
    distribution_totals,
    period,
)
from .templates import ranges_table

FAMILY = Family(title="Channels", order=70, screen="Chat, Email or Phone")
_FILTERS = ("mailboxes", "folders", "tags")  # no types: the report is the type
_NO_MATCH = "the vendor's sample has changes that do not follow from its own values"

CHAT = Report(
    name="chat",
    family=FAMILY,
    screen="Chat",
    path="chat",
    doc="chat/",
    summary="Beacon chats: volume, waits, lengths; third-party chat is left out",
    shape=Shape.OVERALL,
    filters=_FILTERS,
    office_hours=True,
    ignored=FILTER_TAGS | LINKS,
    tables=(
        Table(
            name="chat",
            summary="Chats in the window",
            columns=(
                *period(),
                *measure("volume.chatConversations", ADDITIVE, "Beacon chats"),
                *measure("volume.completedChats", ADDITIVE, "chats answered"),
                *measure("volume.missedChats", ADDITIVE, "chats missed"),
                *measure("volume.chatsPerDay", QUOTIENT, "chats a day"),
                *measure("responses.waitTime", SECONDS, "average wait until picked up",
                         weight="wait_time_conversation_count"),
                *measure("responses.responseTime", SECONDS, "average response time",
                         weight="response_time_conversation_count", delta_unconfirmed=_NO_MATCH),
                *measure("resolutions.messagesPerChat", RATE, "average messages a chat",
                         weight="messages_per_chat_conversation_count"),
                *measure("resolutions.duration", SECONDS, "average length of a chat",
                         weight="duration_conversation_count"),
                *distribution_totals(
                    {
                        "waitTime": "waits",
                        "responseTime": "response times",
                        "messagesPerChat": "messages per chat",
                        "duration": "chat lengths",
                    }
                ),
            ),
        ),
        # The bounds of these ranges are documented nowhere.
        ranges_table(
            "chat",
            {"waitTime": {}, "responseTime": {}, "messagesPerChat": {}, "duration": {}},
            resolution_time=False,
        ),
    ),
)  # fmt: skip

_email_measure = partial(measure, delta_unconfirmed=_NO_MATCH)

EMAIL = Report(
    name="email",
    family=FAMILY,
    screen="Email",
    path="email",
    doc="email/",
    summary="E-mail conversations: volume, response and resolution times, distributions",
    shape=Shape.OVERALL,
    filters=_FILTERS,
    office_hours=True,
    ignored=FILTER_TAGS | LINKS,
    tables=(
        Table(
            name="email",
            summary="E-mail conversations in the window",
            columns=(
                *period(),
                *_email_measure("volume.emailConversations", TOUCHED, "e-mail conversations"),
                *_email_measure("volume.emailsCreated", ADDITIVE,
                                "conversations started by e-mail"),
                *_email_measure("volume.repliesSent", ADDITIVE, "replies sent"),
                *_email_measure("volume.messagesReceived", ADDITIVE, "messages from customers"),
                *_email_measure("resolutions.resolved", ADDITIVE, "conversations resolved"),
                *_email_measure("resolutions.resolvedOnFirstReply", ADDITIVE,
                                "resolved with one reply"),
                *measure("resolutions.percentResolvedOnFirstReply", RATIO,
                         "resolved on first reply / resolved", delta=None,
                         ratio_of=("resolutions.resolvedOnFirstReply", "resolutions.resolved"),
                         counted_by="resolutions_resolved"),
                *_email_measure("resolutions.resolutionTime", SECONDS, "average resolution time",
                                weight="resolutions_resolved"),
                *_email_measure("resolutions.repliesToResolve", RATE,
                                "average replies until resolved", weight="resolutions_resolved"),
                *_email_measure("resolutions.handleTime", SECONDS, "average time composing a reply",
                                weight="volume_replies_sent"),
                *_email_measure("resolutions.closed", ADDITIVE, "conversations closed"),
                *_email_measure("responses.responseTime", SECONDS, "average wait for any reply"),
                *_email_measure("responses.firstResponseTime", SECONDS,
                                "average wait for the first",
                                weight="first_response_time_conversation_count"),
                *distribution_totals(
                    {
                        "responseTime": "response times",
                        "handleTime": "handle times",
                        "firstResponseTime": "first response times",
                        "resolutionTime": "resolution times",
                        "repliesToResolve": "replies to resolve",
                    }
                ),
            ),
        ),
        ranges_table(
            "email",
            {
                "responseTime": RESPONSE_TIME_LABELS,
                "handleTime": HANDLE_TIME_LABELS,
                "firstResponseTime": RESPONSE_TIME_LABELS,
                "resolutionTime": {},  # undocumented
                "repliesToResolve": REPLIES_LABELS,
            },
        ),
    ),
)  # fmt: skip

PHONE = Report(
    name="phone",
    family=FAMILY,
    screen="Phone",
    path="phone",
    doc="phone/",
    summary="Phone conversations of the company and each user",
    shape=Shape.OVERALL,
    filters=_FILTERS,
    office_hours=True,
    ignored=FILTER_TAGS | LINKS,
    tables=(
        Table(
            name="phone",
            summary="Phone conversations in the window",
            columns=(
                *period(),
                *measure("phoneConversations", TOUCHED, "phone conversations", delta=None),
                *measure("phoneCallsCreated", ADDITIVE, "phone conversations created"),
                *measure("customers", DISTINCT, "customers involved", name="customer_count"),
                # Stands where the change of phoneConversations would be expected.
                column("deltas.newConversations", CHANGE,
                       "Change against the previous period: new conversations",
                       name="delta_new_conversations_pct",
                       unconfirmed="the body does not have the value that changed"),
            ),
        ),
        Table(
            name="phone_users",
            summary="Phone conversations of each user in the window",
            rows=(Rows(path="users[]"),),
            key=("user_id",),
            people=("user_id", "user_name"),
            columns=(
                column("id", ID, "User", name="user_id"),
                column("name", TEXT, "User's name", name="user_name", personal=True),
                # Nested here, flat with a prefix in company_overall.
                *measure("phoneConversations", TOUCHED, "phone conversations", delta=None),
                *measure("phoneCallsCreated", ADDITIVE, "phone conversations created", delta=None),
                *measure("customers", DISTINCT, "customers involved", name="customer_count",
                         delta=None),
            ),
        ),
    ),
)  # fmt: skip

REPORTS = (CHAT, EMAIL, PHONE)
