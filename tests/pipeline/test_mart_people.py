"""Every figure of the marts about agents and teams, by SQL over history."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import date
from pathlib import Path

import pytest

from tests.helpers.counted import RATED, SOLVED, WORK
from tests.helpers.mart_rows import change, difference, rows_of, share_of_some, whole
from tests.helpers.truth import (
    CHATS,
    DAYS,
    EVENTS,
    RATINGS,
    RESOLUTIONS,
    WINDOWS,
    Key,
    Row,
    Truth,
    both,
)

pytestmark = pytest.mark.xdist_group("loaded")

BY_USER = "f.user_id = span.item"
HELPED_BY_USER = (
    "EXISTS (SELECT 1 FROM event r WHERE r.conversation_id = f.conversation_id AND r.kind = 2 "
    "AND r.user_id = span.item AND r.ts <= f.resolved_at)"
)
DONE = {**WORK, "helped": "count(DISTINCT CASE WHEN f.kind = 2 THEN f.customer_id END)"}
THE_TEAMS_WEEK = Key("week", date(2026, 11, 2))


def people(truth: Truth, window: Key) -> list[Key]:
    """The window for everybody who is listed, and whoever else replied in it."""
    roster = truth.sandbox.account.roster
    listed = [user.id for user in (*roster.users, roster.system_user)]
    return [Key(window.grain, window.day, user) for user in {*listed, *repliers(truth, window)}]


def repliers(truth: Truth, window: Key) -> list[int]:
    found = truth.count([window], f"{EVENTS} AND kind = 2", {"n": "count(*)"}, group="f.user_id")
    return sorted(found[window])


def work_of(truth: Truth, keys: Iterable[Key]) -> dict[Key, Row]:
    keys = list(keys)
    done = truth.figures(keys, EVENTS, DONE, item=BY_USER)
    solved = truth.figures(keys, RESOLUTIONS, SOLVED, item=HELPED_BY_USER)
    rated = truth.figures(keys, RATINGS, RATED, item=BY_USER)
    return {key: {**done[key], **solved[key], **rated[key]} for key in keys}


def score(row: Row) -> float | None:
    return share_of_some(row["great_count"] - row["not_good_count"], row["ratings_count"])


def test_agents(marts: Path, truth: Truth) -> None:
    roster = truth.sandbox.account.roster
    listed, ai_agent = {user.id for user in roster.users}, roster.system_user.id
    longer = [
        key for w in WINDOWS if w.grain != "day" for key in people(truth, w) if key.item != ai_agent
    ]
    daily = [
        Key("day", w.day, user) for w in DAYS for user in repliers(truth, w) if user != ai_agent
    ]
    work = work_of(truth, both([*longer, *daily]))
    chats = truth.figures(longer, CHATS, {"chats": "count(*)"}, item=BY_USER)
    expected = []
    for key in (*longer, *daily):
        now, before = work[key], work[key.before]
        assert key.item is not None
        row: Row = {
            **truth.window(key),
            "user_id": key.item,
            "user_name": roster.user_name(key.item),
            "is_listed": key.item in listed,
            "total_replies": now["replies"],
            "previous_total_replies": before["replies"],
            "delta_total_replies_pct": change(now["replies"], before["replies"]),
            "customers_helped": now["helped"],
        }
        if key.grain == "day":  # by the company's report, which tells less
            row |= {
                "delta_total_replies_pct": row["delta_total_replies_pct"]
                if before["replies"]
                else None,
                "handle_time_seconds": now["handle_of_replies"],
                "happiness_score": score(now),
                # 0 where there was none: no count of ratings tells it from a neutral score
                "previous_happiness_score": score(before) or 0.0,
            }
        else:
            row |= {
                "resolved": now["resolved"],
                "closed": now["closed"],
                "response_time_seconds": whole(now["response"]),
                "previous_response_time_seconds": whole(before["response"]),
                "delta_response_time_pct": change(
                    whole(now["response"]), whole(before["response"])
                ),
                "resolution_time_seconds": now["resolution"],
                "handle_time_seconds": now["handle"],
                "replies_to_resolve": now["replies_to_resolve"],
                "happiness_score": score(now),
                "previous_happiness_score": score(before),
                "ratings_count": now["ratings_count"],
                "chat_count": chats[key]["chats"],
            }
        expected.append(row)
    columns = expected[0]

    assert difference(
        rows_of(marts, "agents"), [{**dict.fromkeys(columns), **row} for row in expected]
    ) == {}  # fmt: skip


def test_agent_teams(marts: Path, truth: Truth) -> None:
    roster = truth.sandbox.account.roster
    expected = [
        {
            "account": "main",
            "team_id": team.id,
            "team_name": team.name,
            "user_id": member,
            "user_name": roster.user_name(member),
        }
        for team in roster.teams
        for member in team.members
    ]

    assert difference(rows_of(marts, "agent_teams"), expected) == {}


def own_figures(truth: Truth, window: Key, members: tuple[int, ...]) -> Row:
    """A team's own averages and distinct counts: known of the window that was asked for teams."""
    names = ("customers_helped", "response_time_seconds", "resolution_time_seconds",
             "handle_time_seconds")  # fmt: skip
    if window != THE_TEAMS_WEEK:
        return dict.fromkeys(names)
    who = f"IN ({', '.join(map(str, members))})"
    done = truth.figures([window], f"{EVENTS} AND user_id {who}", DONE)[window]
    solved = truth.figures(
        [window],
        f"{RESOLUTIONS} AND EXISTS (SELECT 1 FROM event r WHERE r.kind = 2 AND r.user_id {who} "
        "AND r.conversation_id = conversation.conversation_id AND r.ts <= resolved_at)",
        SOLVED,
    )[window]
    found = (done["helped"], whole(done["response"]), solved["resolution"], done["handle"])
    return dict(zip(names, found, strict=True))


def test_team_performance_adds_up_what_members_did(marts: Path, truth: Truth) -> None:
    expected = []
    longer = [window for window in WINDOWS if window.grain != "day"]
    for team in truth.sandbox.account.roster.teams:
        members = [Key(w.grain, w.day, member) for w in longer for member in team.members]
        work = work_of(truth, both(members))
        for window in longer:
            mine = [key for key in members if key.day == window.day and key.grain == window.grain]
            row: Row = {
                **truth.window(window),
                "team_id": team.id,
                "team_name": team.name,
                "member_count": len(team.members),
                **own_figures(truth, window, team.members),
            }
            added = {"total_replies": "replies", "resolved": "resolved", "closed": "closed"}
            for name, of in added.items():
                row[name] = sum(work[key][of] for key in mine)
                row[f"previous_{name}"] = sum(work[key.before][of] for key in mine)
            row |= {name: sum(work[key][name] for key in mine) for name in RATED}
            row["happiness_score"] = score(row)
            expected.append(row)

    assert difference(rows_of(marts, "team_performance"), expected) == {}
