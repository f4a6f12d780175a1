"""The list endpoints: users, teams, inboxes, tags and the other labels, as HAL pages."""

from __future__ import annotations

import re
from collections.abc import Callable, Sequence
from typing import Any

from .account import Account
from .drilldown import tag_colour
from .figures import Block
from .roster import FOLDERS, Inbox, Labelled, Team, User, iso

Lister = Callable[[Account, int], list[Block]]
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
    more = {"jobTitle": "", "phone": "", "alternateEmails": []}
    return [{**_user(user), **more} for user in account.roster.users]


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


def saved_replies(account: Account, inbox_id: int) -> list[Block]:
    """The saved replies of an inbox: a bare array, without envelope or pages."""
    inbox: Inbox = _find(account.roster.inboxes, inbox_id)
    return [
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


def list_body(account: Account, path: str, page: int, size: int, base_url: str) -> Any:
    """The body of a list endpoint, or None where there is no such list.

    A KeyError says that the inbox or team in the path does not exist.
    """
    if match := SAVED_REPLIES.fullmatch(path):
        return saved_replies(account, int(match[1]))
    for pattern, key, lister in _PATTERNS:
        if match := pattern.fullmatch(path):
            rows = lister(account, int(match[1]) if match.groups() else 0)
            return _hal_page(rows, key, page, size, base_url + path)
    return None


def _hal_page(rows: list[Block], key: str, page: int, size: int, url: str) -> Block:
    """A HAL page; `_embedded` is absent when the page is empty."""
    pages = -(-len(rows) // size)
    shown = rows[(page - 1) * size : page * size]
    links = {
        "self": {"href": f"{url}?page={page}"},
        "first": {"href": f"{url}?page=1"},
        "last": {"href": f"{url}?page={max(1, pages)}"},
        "page": {"href": f"{url}{{?page}}", "templated": True},
    }
    if page < pages:
        links["next"] = {"href": f"{url}?page={page + 1}"}
    if page > 1:
        links["previous"] = {"href": f"{url}?page={page - 1}"}
    own = [{**row, "_links": {"self": {"href": f"{url}/{row['id']}"}}} for row in shown]
    body: Block = {"_embedded": {key: own}} if own else {}
    numbers = {"size": size, "totalElements": len(rows), "totalPages": pages, "number": page}
    return {**body, "_links": links, "page": numbers}
