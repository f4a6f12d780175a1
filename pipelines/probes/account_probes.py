"""Assumptions about the account: its limit, its clock, and which of its items may be asked for."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Sequence
from datetime import datetime, time, timedelta

from sources.help_scout.planning.request_plan import Request

from .probe import (
    MOST_ITEMS,
    WEEK_DAYS,
    Assumption,
    Known,
    Replies,
    Told,
    body_of,
    counted,
    report,
    span,
)

NOON = 12
YEARS_BACK = 3
LEAST_CONVERSATIONS = 5
FIRST_ONES = 2
"""Teams, and AI agents, that are asked for one by one."""


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
            return Told("accepted", f"{len(replies)} of the account's {what}")
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


def _long_ago(known: Known) -> dict[str, Request]:
    first = known.today - timedelta(days=YEARS_BACK * 365)
    return {"week": report("conversations", known.days(first, WEEK_DAYS))}


def _history(_: Known, replies: Replies) -> Told:
    if replies["week"].refused is not None:
        return Told("refused", f"status {replies['week'].refused}")
    count = body_of(replies, "week")["current"]["totalConversations"]
    found = f"{counted(count, 'conversation')} in a week {YEARS_BACK} years ago"
    return Told("there" if count else None, found)


def _rate_limit(known: Known, _: Replies) -> Told:
    if known.limit_per_minute is None:
        return Told("not_sent")
    return Told("sent", f"{known.limit_per_minute:,} requests a minute")


ACCOUNT = (
    Assumption(
        "rate_limit_headers", "Answers tell the rate limit in their headers", "sent", _rate_limit
    ),
    Assumption(
        "rate_limit_wait",
        "A 429 tells in a header when to come back",
        "header",
        lambda *_: Told(None, "the probe does not go over the limit to find out"),
    ),
    Assumption("history", "What is older than two years can be read", "there", _history, _long_ago),
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
)
