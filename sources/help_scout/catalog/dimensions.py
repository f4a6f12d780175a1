"""Dimensions: the lists that give ids their names, and reports their fan-out.

Merged on their id and never deleted: old facts must keep their labels. `first_seen_at` and
`last_seen_at` say between when the API listed an item.
"""

from __future__ import annotations

from collections.abc import Mapping

from .dimension_model import Dimension
from .model import COUNT, FLAG, ID, INSTANT, ORDINAL, RAW, TEXT, TEXT_ID, Column, column

LINKS = {"_links": "hypermedia links, no data", "_embedded": "hypermedia, no data"}


def _dates(changed: str = "updatedAt") -> tuple[Column, Column]:
    return (
        column("createdAt", INSTANT, "When it was created"),
        column(changed, INSTANT, "When it was last changed; null if never"),
    )


def _person(id_name: str) -> tuple[Column, ...]:
    return (
        column("id", ID, "User", name=id_name),
        column("firstName", TEXT, "First name", personal=True, example="Jane"),
        column("lastName", TEXT, "Last name", personal=True, example="Doe"),
        column("email", TEXT, "E-mail address", personal=True, example="jane@example.com"),
        column("role", TEXT, "owner, admin or user", example="admin"),
        column("type", TEXT, "user, team or system_user", name="user_type", example="user"),
        column("timezone", TEXT, "The user's own time zone", example="America/New_York"),
        column("mention", TEXT, "Handle for mentions", personal=True, example="jane"),
        column("initials", TEXT, "Initials", personal=True, example="JD"),
        column("jobTitle", TEXT, "Job title", personal=True, example="Support lead"),
        column("phone", TEXT, "Phone number", personal=True, example="+1 555 0100"),
        column(
            "photoUrl",
            TEXT,
            "Address of the photo",
            personal=True,
            example="https://example.com/jane.png",
        ),
        column("alternateEmails", RAW, "Other e-mail addresses", personal=True),
        column("companyId", ID, "Company; seen by one client only"),
        *_dates(),
    )


_INBOX = Column(name="mailbox_id", unit=ID, description="Inbox; the rows do not carry it")

DIMENSIONS: Mapping[str, Dimension] = {
    dimension.name: dimension
    for dimension in (
        Dimension(
            name="users",
            path="/v2/users",
            items=("_embedded.users",),
            doc="users/list/",
            summary="Users, those who have not accepted their invitation included",
            columns=_person("user_id"),
        ),
        Dimension(
            name="system_users",
            path="/v3/system-users",
            items=("_embedded.system_users",),
            doc="system-users/list/",
            summary="AI agents; the list of users may show them as plain users",
            columns=_person("user_id"),
        ),
        Dimension(
            name="teams",
            path="/v2/teams",
            items=("_embedded.teams",),
            doc="teams/list-teams/",
            summary="Teams; their ids can stand where user ids do",
            columns=(
                column("id", ID, "Team", name="team_id"),
                column("name", TEXT, "Team name", name="team_name", example="Tier 2"),
                column("timezone", TEXT, "The team's time zone", example="America/New_York"),
                column(
                    "photoUrl",
                    TEXT,
                    "Address of the photo",
                    example="https://example.com/tier2.png",
                ),
                column("mention", TEXT, "Handle for mentions", example="tier2"),
                column("initials", TEXT, "Initials", example="T2"),
                column("memberCount", COUNT, "Members; in one unofficial source only"),
                *_dates(),
            ),
        ),
        Dimension(
            name="team_members",
            path="/v2/teams/{parent}/members",
            items=("_embedded.users",),
            parent="teams",
            parent_column=Column(name="team_id", unit=ID, description="Team"),
            doc="teams/list-team-members/",
            summary="Who is in which team",
            columns=_person("user_id"),
        ),
        Dimension(
            name="inboxes",
            path="/v2/mailboxes",
            items=("_embedded.mailboxes",),
            doc="inboxes/list/",
            summary="Inboxes (mailboxes on the wire) that the credentials' user can see",
            columns=(
                column("id", ID, "Inbox", name="mailbox_id"),
                column("name", TEXT, "Inbox name", name="mailbox_name", example="Support"),
                column("slug", TEXT, "Short name in addresses", example="5f2c9a1b"),
                column("email", TEXT, "E-mail address of the inbox", example="help@example.com"),
                *_dates(),
            ),
        ),
        Dimension(
            name="inbox_folders",
            path="/v2/mailboxes/{parent}/folders",
            items=("_embedded.folders",),
            parent="inboxes",
            parent_column=_INBOX,
            doc="inboxes/inbox-folders/",
            summary="Folders of each inbox",
            columns=(
                column("id", ID, "Folder", name="folder_id"),
                column("name", TEXT, "Folder name", name="folder_name", example="Unassigned"),
                column("type", TEXT, "Kind of folder", name="folder_type", example="open"),
                column("userId", ID, "Owner of a personal folder, else 0"),
                column("totalCount", COUNT, "Conversations now"),
                column("activeCount", COUNT, "Active conversations now"),
                column("updatedAt", INSTANT, "When it was last changed"),
            ),
        ),
        Dimension(
            name="custom_fields",
            path="/v2/mailboxes/{parent}/fields",
            items=("_embedded.fields",),
            parent="inboxes",
            parent_column=_INBOX,
            doc="inboxes/inbox-fields/",
            summary="Custom fields of each inbox",
            columns=(
                column("id", ID, "Custom field", name="custom_field_id"),
                column("name", TEXT, "Its label", name="custom_field_name", example="Product"),
                column("type", TEXT, "Kind of field", name="custom_field_type", example="DROPDOWN"),
                column("order", ORDINAL, "Place among the inbox's fields", name="field_order"),
                column("required", FLAG, "Must be answered", name="is_required"),
            ),
            ignored={"options": "a table of their own: custom_field_options"},
        ),
        Dimension(
            name="custom_field_options",
            parent="custom_fields",
            parent_column=Column(name="custom_field_id", unit=ID, description="Custom field"),
            inside="options",
            doc="inboxes/inbox-fields/",
            summary="Options of dropdown custom fields",
            columns=(
                column("id", ID, "Dropdown option", name="option_id"),
                column("label", TEXT, "Its label", name="option_name", example="Starter plan"),
                column("order", ORDINAL, "Place among the options", name="option_order"),
            ),
        ),
        Dimension(
            name="saved_replies",
            path="/v2/mailboxes/{parent}/saved-replies",
            params={"includeChatReplies": "true"},  # else replies for chats only are left out
            # The envelope is unconfirmed: every form that a source shows is taken.
            items=("", "_embedded.saved-replies", "_embedded.savedReplies", "_embedded.replies"),
            parent="inboxes",
            parent_column=_INBOX,
            doc="inboxes/saved_Replies/saved-replies-list/",
            summary="Saved replies of each inbox",
            columns=(
                column("id", ID, "Saved reply", name="saved_reply_id"),
                column("name", TEXT, "Its name", name="saved_reply_name", example="Refund policy"),
                column(
                    "text",
                    TEXT,
                    "Its text",
                    name="reply_text",
                    example="Refunds take three to five days.",
                ),
                column(
                    "chatText", TEXT, "Its text in chats", example="It takes three to five days."
                ),
                column("preview", TEXT, "Start of its text", example="Refunds take three"),
                column("chatPreview", TEXT, "Start of its text in chats", example="It takes three"),
                *_dates(),
            ),
        ),
        Dimension(
            name="workflows",
            path="/v2/workflows",
            items=("_embedded.workflows",),
            doc="workflows/list/",
            summary="Workflows",
            columns=(
                column("id", ID, "Workflow", name="workflow_id"),
                column("mailboxId", ID, "Inbox that it belongs to"),
                column(
                    "type", TEXT, "manual or automatic", name="workflow_type", example="automatic"
                ),
                column(
                    "status",
                    TEXT,
                    "active, inactive or invalid",
                    name="workflow_status",
                    example="active",
                ),
                column("order", ORDINAL, "Place among the inbox's", name="workflow_order"),
                column("name", TEXT, "Its name", name="workflow_name", example="Route refunds"),
                *_dates("modifiedAt"),
            ),
        ),
        Dimension(
            name="tags",
            path="/v2/tags",
            items=("_embedded.tags",),
            doc="tags/list/",
            summary="Tags; 1 is (untagged), which only reports know",
            columns=(
                column("id", ID, "Tag", name="tag_id"),
                column("name", TEXT, "Tag label", name="tag_name", example="refund"),
                column("slug", TEXT, "Short name in addresses", example="refund"),
                column("color", TEXT, "Tag colour", name="tag_color", example="#929499"),
                column("ticketCount", COUNT, "Conversations with the tag now"),
                *_dates(),
            ),
        ),
        Dimension(
            name="docs_sites",
            path="/v1/sites",
            items=("sites.items",),
            envelope="sites",
            is_docs=True,
            doc="https://developer.helpscout.com/docs-api/",
            summary="Docs sites; only with a docs_api_key, since they are another API's",
            columns=(
                column("id", TEXT_ID, "Docs site", name="site_id"),
                column("title", TEXT, "Its title", name="site_name", example="Help Center"),
                column("status", TEXT, "active or inactive", name="site_status", example="active"),
                column("subDomain", TEXT, "Its part of the address", example="acme"),
                column("cname", TEXT, "Address of its own", example="docs.example.com"),
                column("hasPublicSite", FLAG, "Whether everybody can read it"),
                column("companyName", TEXT, "Company as the site shows it", example="Acme"),
                *_dates(),
            ),
        ),
    )
}
