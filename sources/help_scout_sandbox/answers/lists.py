"""The list endpoints: users, teams, inboxes, tags and the other labels, as HAL pages."""

from __future__ import annotations

import re
from collections.abc import Callable, Sequence
from typing import Any

from ..history.account import Account
from ..history.roster import FOLDERS, Inbox, Labelled, Team, User, iso
from ..history.surprises import Surprises
from .drilldown import tag_colour
from .figures import Block
from .paging import Paging, page_of

Lister = Callable[[Account, int], list[Block]]
MORE_OF_USERS: Block = {"jobTitle": "", "phone": "", "alternateEmails": []}
EDITED = "2025-06-02T09:15:00Z"
CREATED = "2020-04-01T07:00:00Z"


def _user(user: User, kind: str = "user") -> Block:
    listed = kind == "user"
    return {
        "id": user.id,
        "firstName": user.first_name,
        "lastName": user.last_name,
        "email": user.email if listed else None,
        "role": user.role,
        "timezone": user.timezone,
        "photoUrl": f"https://example.com/photos/{user.id}.jpg" if listed else None,
        "createdAt": user.created_at,
        "updatedAt": EDITED,
        "type": kind,
        "mention": user.first_name.lower() if listed else None,
        "initials": user.first_name[:1] + user.last_name[:1],
    }


def _users(account: Account, _: int) -> list[Block]:
    return [{**_user(user), **MORE_OF_USERS} for user in account.roster.users]


def _everyone(account: Account, surprises: Surprises) -> list[Block]:
    """The users in order of their names, among them the teams and AI agents that are chosen."""
    rows = _users(account, 0)
    if surprises.ai_agents_among_users:
        rows.append({**_user(account.roster.system_user), **MORE_OF_USERS})
    if surprises.teams_among_users:
        rows += [_team_as_user(team) for team in account.roster.teams]
    return sorted(rows, key=lambda row: (row["firstName"], row["lastName"], row["id"]))


def _team_as_user(team: Team) -> Block:
    user = User(team.id, team.name, "", "UTC", CREATED)
    nothing = {"email": "", "photoUrl": None, "initials": team.name[:2].upper()}
    return {**_user(user), **MORE_OF_USERS, **nothing, "type": "team"}


def _system_users(account: Account, _: int) -> list[Block]:
    return [_user(account.roster.system_user, "system_user")]


def _teams(account: Account, _: int) -> list[Block]:
    return [
        {
            "id": team.id,
            "name": team.name,
            "timezone": account.spec.timezone,
            "photoUrl": None,
            "mention": team.name.lower().replace(" ", "-"),
            "initials": team.name[:2].upper(),
            "createdAt": CREATED,
            "updatedAt": EDITED,
        }
        for team in account.roster.teams
    ]


def _members(account: Account, team_id: int) -> list[Block]:
    team: Team = _find(account.roster.teams, team_id)
    return [_user(user) for user in account.roster.users if user.id in team.members]


def _inboxes(account: Account, _: int) -> list[Block]:
    return [
        {
            "id": inbox.id,
            "name": inbox.name,
            "slug": f"{inbox.id:x}",
            "email": f"{inbox.name.lower().replace(' ', '-')}@example.com",
            "createdAt": inbox.created_at,
            "updatedAt": inbox.created_at,
        }
        for inbox in account.roster.inboxes
    ]


def _folders(account: Account, inbox_id: int) -> list[Block]:
    inbox: Inbox = _find(account.roster.inboxes, inbox_id)
    counts = {
        folder: (total, active)
        for folder, total, active in account.query(
            "SELECT folder_id, COUNT(*), TOTAL(status = 'active') FROM conversation"
            " WHERE inbox_id = ? GROUP BY folder_id",
            (inbox_id,),
        )
    }
    kinds = {"unassigned": "open", "mine": "mytickets"}
    owner = account.roster.users[0].id if account.roster.users else 0
    return [
        {
            "id": inbox.folder(kind),
            "name": kind.capitalize(),
            "type": kinds.get(kind, kind),
            "userId": owner if kind == "mine" else 0,
            "totalCount": int(counts.get(inbox.folder(kind), (0, 0))[0]),
            "activeCount": int(counts.get(inbox.folder(kind), (0, 0))[1]),
            "updatedAt": iso(account.until),
        }
        for kind in FOLDERS
    ]


def _fields(account: Account, inbox_id: int) -> list[Block]:
    inbox: Inbox = _find(account.roster.inboxes, inbox_id)
    options = [
        {"id": option.id, "order": place, "label": option.name}
        for place, option in enumerate(inbox.options, start=1)
    ]
    shared = {"required": False}
    return [
        {
            "id": inbox.field_id,
            "name": "Account Type",
            "type": "dropdown",
            "order": 1,
            **shared,
            "options": options,
        },
        {
            "id": inbox.field_id + 1,
            "name": "Order number",
            "type": "singleline",
            "order": 2,
            **shared,
        },
    ]


def _workflows(account: Account, _: int) -> list[Block]:
    return [
        {
            "id": workflow.id,
            "mailboxId": workflow.inbox_id,
            "type": "manual" if place == len(inbox.workflows) - 1 else "automatic",
            "status": "active",
            "order": place + 1,
            "name": workflow.name,
            "createdAt": CREATED,
            "modifiedAt": EDITED,
        }
        for inbox in account.roster.inboxes
        for place, workflow in enumerate(inbox.workflows)
    ]


def _tags(account: Account, _: int) -> list[Block]:
    counts = dict(account.query("SELECT tag_id, COUNT(*) FROM tagged GROUP BY tag_id"))
    return [_tag(tag, counts.get(tag.id, 0)) for tag in account.roster.tags]


def _tag(tag: Labelled, count: int) -> Block:
    row: Block = {
        "id": tag.id,
        "name": tag.name,
        "slug": tag.name,
        "color": tag_colour(tag.id),
        "createdAt": CREATED,
        "ticketCount": count,
    }
    if tag.id % 2:  # tags that were never edited have no such date
        row["updatedAt"] = EDITED
    return row


def is_saved_replies(path: str) -> bool:
    """Whether this is the list of an inbox's saved replies."""
    return SAVED_REPLIES.fullmatch(path) is not None


def saved_replies(
    account: Account, path: str, surprises: Surprises, chat_replies: bool
) -> list[Block]:
    """The saved replies of an inbox: a bare array, without envelope or pages.

    A KeyError says that there is no such inbox. `chat_replies` asks for those of chats alone, too.
    """
    match = SAVED_REPLIES.fullmatch(path)
    inbox: Inbox = _find(account.roster.inboxes, int(match[1]) if match else 0)
    rows: list[Block] = [
        {
            "id": reply.id,
            "name": reply.name,
            "text": f"<p>{reply.name}</p>",
            "chatText": reply.name,
            "preview": reply.name,
            "chatPreview": reply.name,
            "createdAt": CREATED,
            "updatedAt": EDITED,
        }
        for reply in inbox.saved_replies
    ]
    if surprises.chat_only_saved_replies:
        rows[-1] |= {"text": None, "preview": None}
        return rows if chat_replies else rows[:-1]
    return rows


def docs_sites(account: Account, page: int, size: int) -> Block:
    """The Docs sites in the Docs API's own envelope."""
    sites = sorted({article.site_id for article in account.roster.articles})
    rows = [
        {
            "id": site,
            "status": "active",
            "subDomain": f"docs-{number}",
            "cname": "",
            "hasPublicSite": True,
            "companyName": "Sandbox",
            "title": f"Sandbox Docs {number}",
            "createdAt": CREATED,
            "updatedAt": EDITED,
        }
        for number, site in enumerate(sites, start=1)
    ]
    shown = rows[(page - 1) * size : page * size]
    paging = {"page": page, "pages": max(1, -(-len(rows) // size)), "count": len(rows)}
    return {"sites": {**paging, "items": shown}}


def _find(rows: Sequence[Any], wanted: int) -> Any:
    for row in rows:
        if row.id == wanted:
            return row
    raise KeyError(wanted)


ID = r"(\d{1,18})"
LISTS: tuple[tuple[str, str, Lister], ...] = (
    ("/v2/users", "users", _users),
    ("/v3/system-users", "system_users", _system_users),
    ("/v2/teams", "teams", _teams),
    (f"/v2/teams/{ID}/members", "users", _members),
    ("/v2/mailboxes", "mailboxes", _inboxes),
    (f"/v2/mailboxes/{ID}/folders", "folders", _folders),
    (f"/v2/mailboxes/{ID}/fields", "fields", _fields),
    ("/v2/workflows", "workflows", _workflows),
    ("/v2/tags", "tags", _tags),
)
SAVED_REPLIES = re.compile(f"/v2/mailboxes/{ID}/saved-replies")
_PATTERNS = [(re.compile(path), key, lister) for path, key, lister in LISTS]


def list_body(account: Account, path: str, paging: Paging, surprises: Surprises) -> Any:
    """The body of a list endpoint, or None where there is no such list.

    A KeyError says that the inbox or team in the path does not exist.
    """
    if path == "/v2/users" and (surprises.teams_among_users or surprises.ai_agents_among_users):
        return page_of(_everyone(account, surprises), "users", paging, path)
    for pattern, key, lister in _PATTERNS:
        if match := pattern.fullmatch(path):
            rows = lister(account, int(match[1]) if match.groups() else 0)
            return page_of(rows, key, paging, path)
    return None
