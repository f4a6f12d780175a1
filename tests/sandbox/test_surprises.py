"""Each surprise of a live account shows where it is switched on, and nowhere else."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable
from dataclasses import fields
from typing import Any

import pytest

from sources.help_scout_sandbox import Fault, Surprises
from tests.sandbox.conftest import BEFORE, DAY, SHORT, WEEK, Client, Opener

LONG_AGO = {"previousStart": "2019-01-07T00:00:00Z", "previousEnd": "2019-01-13T23:59:59Z"}
NOTHING = {"start": LONG_AGO["previousStart"], "end": LONG_AGO["previousEnd"]}
THREE_WEEKS = {"start": "2026-03-30T04:00:00Z", "end": "2026-04-20T03:59:59Z"}
REPLIES = "/v2/mailboxes/85001/saved-replies"
TOUCHED = "conversations/drilldown"


def users(client: Client) -> list[dict[str, Any]]:
    """Every row of /v2/users, by whatever links the list has."""
    rows, path = [], "/v2/users"
    while path:
        body = client.http.get(path).json()
        rows += body["_embedded"]["users"]
        path = body["_links"].get("next", {}).get("href", "")
    return rows


def teams_outnumber_people(client: Client) -> bool:
    rows = users(client)
    zones = Counter(row["timezone"] for row in rows).most_common(1)
    people = {row["timezone"] for row in rows if row["type"] == "user" and row["email"]}
    return zones[0][0] == "UTC" and "UTC" not in people and rows[0]["_links"] is not None


def lists_by_cursor(client: Client) -> bool:
    body = client.body("/v2/users")
    assert len(users(client)) == 6
    return "page" not in body and "cursor=" in body["_links"]["next"]["href"]


def a_reply_is_of_chats_alone(client: Client) -> bool:
    everything = client.body(REPLIES, includeChatReplies="true")
    assert len(everything) == 6
    return [row["text"] for row in everything[5:]] == [None] and len(client.body(REPLIES)) == 5


def refuses(client: Client, **item: str) -> bool:
    path = "user" if "user" in item else "company"
    others = {"user": "4001"} if "user" in item else {"mailboxes": "85001"}
    assert client.get(path, **others, **DAY).status_code == 200
    return client.get(path, **item, **DAY).status_code == 403


def percentages_are_of_100(client: Client) -> bool:
    bodies = [client.body(path, **WEEK)["current"] for path in ("productivity", "email")]
    blocks = [bodies[0], bodies[1]["resolutions"]]
    shares = [100 * row["resolvedOnFirstReply"] / row["resolved"] for row in blocks]
    found = [row["percentResolvedOnFirstReply"] for row in blocks]
    assert found in (pytest.approx(shares), pytest.approx([share / 100 for share in shares]))
    return found == pytest.approx(shares)


def previous_is_zero(client: Client) -> bool:
    body = client.body("productivity", **WEEK)
    assert client.body("productivity", **WEEK, **BEFORE)["previous"]["repliesSent"] > 0
    return set(body.get("previous", {"": 1}).values()) == set(body.get("deltas", {}).values())


def current_has_ratings(client: Client) -> bool:
    found = client.body("productivity", **WEEK)["current"].get("ratings")
    given = client.body("happiness", **WEEK)["current"]["ratingsCount"]
    of_user = client.body("user", user=4001, **WEEK)["current"].get("ratings")
    assert (found is None) == (of_user is None)
    return found is not None and len(found) == given > 0


def ratings_miss_threads(client: Client) -> bool:
    rows = client.body("happiness/ratings", **THREE_WEEKS)["results"]
    missing = {row["id"] for row in rows if row["threadid"] is None}
    of_users = {
        row["id"]
        for user in {row["ratingUserId"] for row in rows}
        for row in client.body("user/ratings", user=user, **THREE_WEEKS)["results"]
        if row["threadid"] is None
    }
    assert of_users == missing < {row["id"] for row in rows}
    return bool(missing)


def users_do_not_add_up(client: Client) -> bool:
    body = client.body("company", **WEEK)
    return bool(sum(row["replies"] for row in body["users"]) < body["current"]["totalReplies"])


def drilldown_has_one_less(client: Client) -> bool:
    body = client.body("conversations", **WEEK, **BEFORE)
    before = {"start": BEFORE["previousStart"], "end": BEFORE["previousEnd"]}
    listed = [client.body(TOUCHED, **span)["conversations"]["count"] for span in (WEEK, before)]
    counted = [body[name]["totalConversations"] for name in ("current", "previous")]
    return counted == [count + 1 for count in listed]


def a_change_is_text(client: Client) -> bool:
    happiness = client.body("happiness", **WEEK, **LONG_AGO)["deltas"]
    assert isinstance(happiness["happinessScore"], float)  # a difference in points
    deltas = client.body("company", **WEEK, **LONG_AGO)["deltas"]
    grouped = client.body("email", **NOTHING, **LONG_AGO)["deltas"]["volume"]
    return {deltas["totalReplies"], grouped["repliesSent"]} == {"Infinity", "NaN"}


def a_term_comes_twice(client: Client) -> bool:
    terms = [row["id"] for row in client.body("docs", **WEEK)["popularSearches"]]
    return len(terms) > len(set(terms))


def nothing_is_bare(client: Client) -> bool:
    bodies = [client.body(TOUCHED, **NOTHING), client.body("happiness/ratings", **NOTHING)]
    pages = [bodies[0]["conversations"], bodies[1]]
    bare = client.body("conversations/busy-times", **NOTHING) == {}
    return bare and not any("results" in page for page in pages)


def a_429_says_it_in_its_body(client: Client) -> bool:
    fault = Fault(path="/v2/reports/company", kind="status", status=429, retry_after=9)
    client.sandbox.faults.add(fault)
    answer = client.get("company", **DAY)
    assert answer.status_code == 429
    return "X-RateLimit-Retry-After" not in answer.headers and answer.json()["retry_after"] == 9


def channels_count_touched(client: Client) -> bool:
    volume = client.body("conversations/volume-by-channel", **WEEK)["current"][0]
    total = client.body("conversations", **WEEK)["current"]["totalConversations"]
    return bool(volume["chat"] + volume["email"] + volume["phone"] == total)


SHOWS: dict[str, Callable[[Client], bool]] = {
    "teams_among_users": teams_outnumber_people,
    "ai_agents_among_users": lambda client: 900001 in [row["id"] for row in users(client)],
    "cursor_lists": lists_by_cursor,
    "chat_only_saved_replies": a_reply_is_of_chats_alone,
    "refused_inbox": lambda client: refuses(client, mailboxes="85003"),
    "refused_user": lambda client: refuses(client, user="4006"),
    "percentages_0_to_100": percentages_are_of_100,
    "previous_zeros": previous_is_zero,
    "current_ratings": current_has_ratings,
    "received_messages_date": lambda client: (
        "messages" in client.body("conversations/received-messages", **WEEK)["current"][0]
    ),
    "ratings_without_thread": ratings_miss_threads,
    "users_short_of_total": users_do_not_add_up,
    "drilldown_short_of_total": drilldown_has_one_less,
    "null_ids": lambda client: (
        None in [row["id"] for row in client.body("conversations", **WEEK)["customers"]["top"]]
    ),
    "deltas_as_text": a_change_is_text,
    "repeated_search_term": a_term_comes_twice,
    "bare_empty_answers": nothing_is_bare,
    "rate_limit_in_body": a_429_says_it_in_its_body,
    "channels_count_touched": channels_count_touched,
    "teams_refused": lambda client: client.get("user", user=7001, **DAY).status_code == 404,
}


def test_every_surprise_is_shown_below() -> None:
    assert list(SHOWS) == [one.name for one in fields(Surprises)]


@pytest.mark.parametrize("name", SHOWS)
def test_a_surprise_shows_only_where_it_is_switched_on(opened: Opener, name: str) -> None:
    usual = opened(SHORT)
    assert not SHOWS[name](usual)
    surprising = opened(SHORT, surprises=Surprises.named([name.replace("_", "-")]))
    assert SHOWS[name](surprising)


def test_like_live_is_all_that_live_accounts_were_seen_to_do() -> None:
    live = Surprises.like_live()
    off = [one.name for one in fields(Surprises) if not getattr(live, one.name)]
    assert off == ["channels_count_touched", "teams_refused"]
    with pytest.raises(ValueError, match="no such surprise: nonsense"):
        Surprises.named(["cursor-lists", "nonsense"])
