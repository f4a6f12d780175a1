"""What live accounts do that the documentation does not say, each a switch of the sandbox."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field, fields, replace
from typing import Self

from .roster import Roster, build_roster
from .spec import AccountSpec


def _switch(told: str, *, beyond_live: bool = False) -> bool:
    """A switch that is off, with the words that the command line shows for it.

    `beyond_live` is for what no live account was seen to do: `--like-live` leaves it off.
    """
    switch: bool = field(default=False, metadata={"told": told, "beyond_live": beyond_live})
    return switch


@dataclass(frozen=True, slots=True, kw_only=True)
class Surprises:
    """The surprises that a sandbox has in store. Each is the same from request to request."""

    teams_among_users: bool = _switch("/v2/users lists teams too, so many that most rows are UTC")
    ai_agents_among_users: bool = _switch("/v2/users lists the AI agent as a plain user")
    cursor_lists: bool = _switch("lists have a next link and no page numbers")
    chat_only_saved_replies: bool = _switch("one saved reply needs includeChatReplies=true")
    refused_inbox: bool = _switch("the last inbox answers 403 where it is asked for by its id")
    refused_user: bool = _switch("the last user answers 403 where asked for by the id")
    percentages_0_to_100: bool = _switch("percentResolvedOnFirstReply is 30.77 for 4 of 13")
    previous_zeros: bool = _switch("productivity has zeros as previous when no dates were sent")
    current_ratings: bool = _switch("user and productivity have an undocumented current.ratings")
    received_messages_date: bool = _switch("received-messages says date and messages")
    ratings_without_thread: bool = _switch("some ratings have a null threadid")
    users_short_of_total: bool = _switch("company lists one user less than its total counts")
    drilldown_short_of_total: bool = _switch("conversations counts one more than its drilldown")
    null_ids: bool = _switch("the last customer of a top list has a null id")
    deltas_as_text: bool = _switch('a change against zero is "NaN" or "Infinity"')
    repeated_search_term: bool = _switch("docs lists a search term twice")
    bare_empty_answers: bool = _switch("an empty page has no results, an empty heat map is {}")
    rate_limit_in_body: bool = _switch("a 429 says in its body alone when to come back")
    channels_count_touched: bool = _switch(
        "volume-by-channel counts conversations with activity, not new ones", beyond_live=True
    )
    teams_refused: bool = _switch(
        "a user report of a team or an AI agent answers 404", beyond_live=True
    )

    @classmethod
    def named(cls, names: Iterable[str]) -> Self:
        """The surprises of these names, spelled with hyphens or underscores."""
        chosen = [name.replace("-", "_") for name in names]
        known = {one.name for one in fields(cls)}
        if unknown := sorted(set(chosen) - known):
            raise ValueError(f"no such surprise: {', '.join(unknown)}")
        return cls(**dict.fromkeys(chosen, True))

    @classmethod
    def like_live(cls, *more: str) -> Self:
        """All that live accounts have been seen to do, and `more`."""
        seen = [one.name for one in fields(cls) if not one.metadata["beyond_live"]]
        return cls.named([*seen, *more])


def surprises_told() -> dict[str, str]:
    """Each surprise by its name on the command line, with what it does."""
    return {one.name.replace("_", "-"): one.metadata["told"] for one in fields(Surprises)}


def with_enough_teams(spec: AccountSpec, surprises: Surprises) -> AccountSpec:
    """The account, with more teams than any time zone has people where teams are users."""
    if not surprises.teams_among_users:
        return spec
    zones = Counter(user.timezone for user in build_roster(spec).users)
    return replace(spec, teams=max(spec.teams, max(zones.values()) + 1))


def refusal(
    surprises: Surprises, roster: Roster, path: str, query: Mapping[str, str]
) -> tuple[int, str] | None:
    """The status and the message with which a request is refused; None where it is not."""
    inbox = str(roster.inboxes[-1].id)
    asks_inbox = inbox in query.get("mailboxes", "").split(",")
    if surprises.refused_inbox and (asks_inbox or f"/mailboxes/{inbox}/" in path):
        return 403, f"No access: the user of the application may not see the inbox {inbox}"
    user = query.get("user", "")
    if surprises.refused_user and roster.users and user == str(roster.users[-1].id):
        return 403, f"No access: the user of the application may not see the user {user}"
    no_people = {str(team.id) for team in roster.teams} | {str(roster.system_user.id)}
    if surprises.teams_refused and user in no_people:
        return 404, f"No user has the id {user}"
    return None
