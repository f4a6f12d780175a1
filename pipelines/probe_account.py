"""Assumptions about the account's lists and items: who is listed, and what may be asked for."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Sequence
from datetime import datetime, time, timedelta

from sources.help_scout.plan import Request

from .probe import (
    LISTS,
    MOST_ITEMS,
    WEEK_DAYS,
    Assumption,
    Known,
    Replies,
    Told,
    body_of,
    report,
    span,
)

USERS_REFUSED = "the list of users is refused"
NOON = 12
LEAST_CONVERSATIONS = 5
LIST_PAGE = 50
FIRST_ONES = 2
"""Teams, and AI agents, that are asked for one by one."""


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
    return Told(None if size is None else str(size))


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


def _asking_for(
    ids: Callable[[Known], Sequence[int]], path: str, name: str
) -> Callable[[Known], dict[str, Request]]:
    """Asks a report of a week for each of the items, under its id."""
    return lambda known: {str(i): report(path, known.week, **{name: str(i)}) for i in ids(known)}


def _accepted(what: str) -> Callable[[Known, Replies], Told]:
    def judge(_: Known, replies: Replies) -> Told:
        if not replies:
            return Told(None, f"the account lists no {what}")
        refused = {name: reply.refused for name, reply in replies.items() if reply.refused}
        if not refused:
            return Told("accepted", f"{len(replies)} {what} asked for")
        shown = ", ".join(f"{name} ({status})" for name, status in sorted(refused.items()))
        return Told("refused", f"{len(refused)} of {len(replies)} {what}: {shown}")

    return judge


def _people(known: Known) -> list[int]:
    return [user["id"] for user in known.people][-MOST_ITEMS:]


def _inboxes(known: Known) -> list[int]:
    return known.ids("mailboxes")[-MOST_ITEMS:]


def _teams(known: Known) -> list[int]:
    listed = [user["id"] for user in known.items("users") if user.get("type") == "team"]
    return list(dict.fromkeys([*known.ids("teams"), *listed]))[:FIRST_ONES]


def _agents(known: Known) -> list[int]:
    return known.ids("system_users")[:FIRST_ONES]


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


def _noons(known: Known) -> dict[str, Request]:
    noons = [
        datetime.combine(known.today - timedelta(days=ago), time(NOON), known.zone)
        for ago in range(1, WEEK_DAYS + 1)
    ]
    return {
        f"{noon:%F}": report("conversations/busy-times", span(noon, noon + timedelta(hours=1)))
        for noon in noons
    }


def _company_zone(known: Known, replies: Replies) -> Told:
    hours: Counter[int] = Counter()
    for name in replies:
        for cell in body_of(replies, name) or []:
            hours[cell["hour"]] += cell["count"]
    zones = Counter(user.get("timezone") for user in known.people)
    votes = ", ".join(f"{zone} {count}" for zone, count in zones.most_common(3))
    if hours.total() < LEAST_CONVERSATIONS:
        return Told(None, f"too few conversations at noon; people's zones: {votes}")
    ((hour, _),) = hours.most_common(1)
    shown = f"noon in {known.zone.key} is {hour}:00 for the company; people's zones: {votes}"
    return Told("agrees" if hour == NOON else "differs", shown)


def _rate_limit(known: Known, _: Replies) -> Told:
    if known.limit_per_minute is None:
        return Told("not_sent")
    return Told("sent", f"{known.limit_per_minute:,} requests a minute")


ACCOUNT = (
    Assumption(
        "rate_limit_headers", "Answers tell the rate limit in their headers", "sent", _rate_limit
    ),
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
        "company_zone",
        "The company's clock is that of the people's time zone",
        "agrees",
        _company_zone,
        _noons,
    ),
    Assumption(
        "every_inbox",
        "Each inbox may be asked for by itself",
        "accepted",
        _accepted("inboxes"),
        _asking_for(_inboxes, "company", "mailboxes"),
    ),
    Assumption(
        "every_user",
        "Each user may be asked for",
        "accepted",
        _accepted("users"),
        _asking_for(_people, "user", "user"),
    ),
    Assumption(
        "team_as_user",
        "A team may be asked for as a user",
        "accepted",
        _accepted("teams"),
        _asking_for(_teams, "user", "user"),
    ),
    Assumption(
        "ai_agent_as_user",
        "An AI agent may be asked for as a user",
        "accepted",
        _accepted("AI agents"),
        _asking_for(_agents, "user", "user"),
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
)
