"""Assumptions about the account's lists: how they are paged, and who is listed where."""

from __future__ import annotations

from sources.help_scout.planning.request_plan import Request

from .probe import LISTS, Assumption, Known, Replies, Told, body_of

USERS_REFUSED = "the list of users is refused"
UNTAGGED = 1
LIST_PAGE = 50


def _is_refused(known: Known, name: str) -> bool:
    return known.lists[name][0].body is None


def _list_paging(known: Known, _: Replies) -> Told:
    body = known.lists["users"][0].body
    if body is None:
        return Told(None, USERS_REFUSED)
    if "page" in body:
        return Told("numbers", f"{body['page']['totalElements']} users")
    return Told("cursor" if "next" in body.get("_links", {}) else None, "no page numbers")


def _list_page_size(known: Known, _: Replies) -> Told:
    body = known.lists["users"][0].body or {}
    size = body.get("page", {}).get("size")
    return Told(None, "the list does not say") if size is None else Told(str(size))


def _one_a_page(_: Known) -> dict[str, Request]:
    return {"users": Request.of(LISTS["users"], {"size": "1"})}


def _size_parameter(known: Known, replies: Replies) -> Told:
    if replies["users"].refused is not None:
        return Told("refused", f"status {replies['users'].refused}")
    count = len(replies["users"].rows)
    if len(known.items("users")) < 2:
        return Told(None, "only one user is listed")
    return Told("ignored" if count > 1 else "works", f"size=1 gave {count}")


def _teams_listed(known: Known, _: Replies) -> Told:
    if _is_refused(known, "users"):
        return Told(None, USERS_REFUSED)
    teams = set(known.ids("teams"))
    users = known.items("users")
    listed = [user for user in users if user.get("type") == "team" or user["id"] in teams]
    if listed:
        return Told("listed", f"{len(listed)} of {len(users)} rows are teams")
    return Told("not_listed" if teams else None, f"{len(teams)} teams")


def _agents_listed(known: Known, _: Replies) -> Told:
    agents = set(known.ids("system_users"))
    if not agents:
        refused = _is_refused(known, "system_users")
        return Told(None, "the list of them is refused" if refused else "the account has none")
    if _is_refused(known, "users"):
        return Told(None, USERS_REFUSED)
    listed = agents & set(known.ids("users"))
    return Told("listed" if listed else "not_listed", f"{len(listed)} of {len(agents)}")


def _saved_replies(known: Known) -> dict[str, Request]:
    queries: dict[str, dict[str, str]] = {"some": {}, "all": {"includeChatReplies": "true"}}
    return {
        name: Request.of(f"{LISTS['mailboxes']}/{inbox}/saved-replies", query)
        for inbox in known.ids("mailboxes")[:1]
        for name, query in queries.items()
    }


def _saved_reply_list(_: Known, replies: Replies) -> Told:
    if not replies:
        return Told(None, "no inbox is listed")
    return Told("array" if isinstance(body_of(replies, "some"), list) else "envelope")


def _chat_replies(_: Known, replies: Replies) -> Told:
    some, everything = (len(body_of(replies, name)) for name in ("some", "all"))
    shown = f"{everything} with includeChatReplies, {some} without"
    return Told("more" if everything > some else None, shown)


def _tags(_: Known) -> dict[str, Request]:
    return {"tags": Request.of("/v2/tags", {})}


def _untagged(_: Known, replies: Replies) -> Told:
    body_of(replies, "tags")
    ids = [tag["id"] for tag in replies["tags"].rows]
    return Told("listed" if UNTAGGED in ids else "not_listed", f"{len(ids)} tags looked at")


ACCOUNT_LISTS = (
    Assumption("list_paging", "Lists have page numbers", "numbers", _list_paging),
    Assumption(
        "list_page_size", "A page of a list holds 50 items", str(LIST_PAGE), _list_page_size
    ),
    Assumption(
        "list_size_parameter",
        "The page size of a list cannot be chosen",
        "ignored",
        _size_parameter,
        _one_a_page,
    ),
    Assumption("teams_among_users", "Teams are listed among the users", "listed", _teams_listed),
    Assumption(
        "ai_agents_among_users", "AI agents are listed among the users", "listed", _agents_listed
    ),
    Assumption(
        "saved_reply_list",
        "Saved replies are a bare array",
        "array",
        _saved_reply_list,
        _saved_replies,
    ),
    Assumption(
        "chat_replies",
        "includeChatReplies adds the saved replies of chats",
        "more",
        _chat_replies,
        _saved_replies,
    ),
    Assumption(
        "untagged_tag",
        "The tag of untagged conversations is not listed",
        "not_listed",
        _untagged,
        _tags,
    ),
)
