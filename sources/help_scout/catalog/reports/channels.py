"""Channel reports: chat, e-mail and phone."""

from __future__ import annotations

from functools import partial

from ..model import (
    CHANGE,
    COUNT,
    ID,
    RATE,
    RATIO,
    SECONDS,
    TEXT,
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

_FILTERS = ("mailboxes", "folders", "tags")  # no types: the report is the type
_GRAINS = ("day", "week", "month")
_NO_MATCH = "the vendor's sample has changes that do not follow from its own values"

CHAT = Report(
    name="chat",
    path="chat",
    doc="chat/",
    summary="Beacon chats: volume, waits, lengths; third-party chat is left out",
    shape=Shape.OVERALL,
    grains=_GRAINS,
    filters=_FILTERS,
    office_hours=True,
    ignored=FILTER_TAGS | LINKS,
    tables=(
        Table(
            name="chat",
            summary="Chats in the window",
            rows=(Rows(),),
            columns=(
                *period(),
                *measure("volume.chatConversations", COUNT, "Beacon chats"),
                *measure("volume.completedChats", COUNT, "chats answered"),
                *measure("volume.missedChats", COUNT, "chats missed"),
                *measure("volume.chatsPerDay", RATE, "chats a day"),
                *measure("responses.waitTime", SECONDS, "average wait until picked up"),
                *measure(
                    "responses.responseTime",
                    SECONDS,
                    "average response time",
                    delta_unconfirmed=_NO_MATCH,
                ),
                *measure("resolutions.messagesPerChat", RATE, "average messages a chat"),
                *measure("resolutions.duration", SECONDS, "average length of a chat"),
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
)

_email_measure = partial(measure, delta_unconfirmed=_NO_MATCH)

EMAIL = Report(
    name="email",
    path="email",
    doc="email/",
    summary="E-mail conversations: volume, response and resolution times, distributions",
    shape=Shape.OVERALL,
    grains=_GRAINS,
    filters=_FILTERS,
    office_hours=True,
    ignored=FILTER_TAGS | LINKS,
    tables=(
        Table(
            name="email",
            summary="E-mail conversations in the window",
            rows=(Rows(),),
            columns=(
                *period(),
                *_email_measure("volume.emailConversations", COUNT, "e-mail conversations"),
                *_email_measure("volume.emailsCreated", COUNT, "conversations started by e-mail"),
                *_email_measure("volume.repliesSent", COUNT, "replies sent"),
                *_email_measure("volume.messagesReceived", COUNT, "messages from customers"),
                *_email_measure("resolutions.resolved", COUNT, "conversations resolved"),
                *_email_measure(
                    "resolutions.resolvedOnFirstReply", COUNT, "resolved with one reply"
                ),
                *measure(
                    "resolutions.percentResolvedOnFirstReply",
                    RATIO,
                    "resolved on first reply / resolved",
                    delta=None,
                    scale_from=("resolutions.resolvedOnFirstReply", "resolutions.resolved"),
                ),
                *_email_measure("resolutions.resolutionTime", SECONDS, "average resolution time"),
                *_email_measure(
                    "resolutions.repliesToResolve", RATE, "average replies until resolved"
                ),
                *_email_measure(
                    "resolutions.handleTime", SECONDS, "average time composing a reply"
                ),
                *_email_measure("resolutions.closed", COUNT, "conversations closed"),
                *_email_measure("responses.responseTime", SECONDS, "average wait for any reply"),
                *_email_measure(
                    "responses.firstResponseTime", SECONDS, "average wait for the first"
                ),
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
)

PHONE = Report(
    name="phone",
    path="phone",
    doc="phone/",
    summary="Phone conversations of the company and each user",
    shape=Shape.OVERALL,
    grains=_GRAINS,
    filters=_FILTERS,
    office_hours=True,
    ignored=FILTER_TAGS | LINKS,
    tables=(
        Table(
            name="phone",
            summary="Phone conversations in the window",
            rows=(Rows(),),
            columns=(
                *period(),
                *measure("phoneConversations", COUNT, "phone conversations", delta=None),
                *measure("phoneCallsCreated", COUNT, "phone conversations created"),
                *measure("customers", COUNT, "customers involved", name="customer_count"),
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
            columns=(
                column("id", ID, "User", name="user_id"),
                column("name", TEXT, "User's name", name="user_name", personal=True),
                # Nested here, flat with a prefix in company_overall.
                *measure("phoneConversations", COUNT, "phone conversations", delta=None),
                *measure("phoneCallsCreated", COUNT, "phone conversations created", delta=None),
                *measure("customers", COUNT, "customers involved", name="customer_count",
                         delta=None),
            ),
        ),
    ),
)  # fmt: skip

REPORTS = (CHAT, EMAIL, PHONE)
