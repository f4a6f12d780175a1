"""The history can be changed, and every report follows."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, date, datetime, timedelta
from typing import Any

import pytest

from tests.sandbox.conftest import DAY, SHORT, UNTIL, WEEK, Client, Opener


@pytest.fixture
def client(opened: Opener) -> Client:
    return opened()


def total(client: Client, **asked: Any) -> int:
    count: int = client.body("conversations", **asked)["current"]["totalConversations"]
    return count


def test_time_passing_equals_an_account_that_is_as_old(client: Client, opened: Opener) -> None:
    later = UNTIL - timedelta(days=9)
    young = opened(replace(SHORT, until=later))
    before = total(young, **WEEK)
    young.sandbox.account.advance(UNTIL)
    assert total(young, **WEEK) > before
    assert young.body("conversations/new", viewBy="day", **WEEK) == client.body(
        "conversations/new", viewBy="day", **WEEK
    )
    # who did it may differ: the former user leaves twenty days before the end of each history
    for report in ("conversations", "happiness", "docs"):
        assert young.body(report, **WEEK) == client.body(report, **WEEK)


def test_time_does_not_run_backwards(client: Client) -> None:
    with pytest.raises(ValueError, match="lived up to 2026-04-20T16:00:00Z"):
        client.sandbox.account.advance(UNTIL - timedelta(days=1))


@pytest.mark.parametrize("change", ["mark_spam", "delete_conversation"])
def test_spam_and_deleted_conversations_leave_past_reports(client: Client, change: str) -> None:
    count, rows = client.drilldown("conversations/new-drilldown", **DAY)
    replies = client.body("company", **DAY)["current"]["totalReplies"]
    mine = next(row["id"] for row in rows if row["type"] == "chat" and row["threadCount"] > 2)
    own = client.sandbox.account.query(
        "SELECT COUNT(*) FROM event WHERE conversation_id = ? AND kind = 2 AND cell / 24 = 3",
        (mine,),
    )[0][0]
    getattr(client.sandbox.account, change)(mine)
    assert client.drilldown("conversations/new-drilldown", **DAY)[0] == count - 1
    assert client.body("company", **DAY)["current"]["totalReplies"] == replies - own


def test_a_late_rating_counts_where_it_was_given(client: Client) -> None:
    _, rows = client.drilldown("company/drilldown", range="resolved", **DAY)
    before = client.body("happiness", **DAY)["current"]["notGoodCount"]
    at = datetime(2026, 4, 8, 20, tzinfo=UTC)
    client.sandbox.account.rate(rows[0]["id"], "not_good", at)
    assert client.body("happiness", **DAY)["current"]["notGoodCount"] == before + 1
    ratings = client.body("happiness/ratings", rating="not-good", **DAY)["results"]
    assert (rows[0]["id"], "2026-04-08T20:00:00Z") in [
        (row["id"], row["ratingCreatedAt"]) for row in ratings
    ]


def test_retagging_moves_a_conversation_between_slices(client: Client) -> None:
    _, untagged = client.drilldown("conversations/drilldown", tags=1, **DAY)
    before = total(client, tags="1205", **DAY)
    client.sandbox.account.retag(untagged[0]["id"], [1205, 1206])
    assert total(client, tags="1205", **DAY) == before + 1
    assert total(client, tags="1", **DAY) == len(untagged) - 1
    _, rows = client.drilldown("conversations/drilldown", tags="1205", **DAY)
    tags = next(row["tags"] for row in rows if row["id"] == untagged[0]["id"])
    assert [tag["id"] for tag in tags] == [1205, 1206]


def test_a_user_who_leaves_keeps_their_history_and_does_no_more(client: Client) -> None:
    before = client.body("user", user=4002, **WEEK)["current"]
    client.sandbox.account.user_leaves(4002)
    listed = [user["id"] for user in client.body("/v2/users")["_embedded"]["users"]]
    assert listed == [4001, 4003, 4004, 4005, 4006]
    assert client.body("user", user=4002, **WEEK)["current"] == before
    client.sandbox.account.advance(UNTIL + timedelta(days=10))
    after = {"start": "2026-04-20T16:00:01Z", "end": "2026-04-30T16:00:00Z"}
    users = [row["user"] for row in client.body("company", **after)["users"]]
    assert "4002" not in users
    assert "4003" in users


def test_a_new_user_is_listed_and_takes_part(client: Client) -> None:
    user = client.sandbox.account.add_user("Nora Neu")
    assert client.body("/v2/users")["_embedded"]["users"][-1]["lastName"] == "Neu"
    assert client.body("user", user=user, **WEEK)["current"]["totalReplies"] == 0
    client.sandbox.account.advance(UNTIL + timedelta(days=10))
    after = {"start": "2026-04-21T04:00:00Z", "end": "2026-04-30T16:00:00Z"}
    assert client.body("user", user=user, **after)["current"]["totalReplies"] > 0


def test_a_new_inbox_receives_conversations_from_now_on(client: Client) -> None:
    week = client.body("conversations", **WEEK)
    inbox = client.sandbox.account.add_inbox("Events")
    names = [row["name"] for row in client.body("/v2/mailboxes")["_embedded"]["mailboxes"]]
    assert (inbox, names[-1]) == (85004, "Events")
    assert len(client.body(f"/v2/mailboxes/{inbox}/saved-replies")) == 6
    assert client.body("conversations", **WEEK) == week
    client.sandbox.account.advance(UNTIL + timedelta(days=7))
    after = {"start": "2026-04-20T16:00:01Z", "end": "2026-04-27T16:00:00Z"}
    assert total(client, mailboxes=inbox, **after) > 10
    assert total(client, mailboxes=inbox, **WEEK) == 0


def test_a_day_can_be_emptied(client: Client) -> None:
    assert total(client, **DAY) > 0
    client.sandbox.account.empty_day(date(2026, 4, 8))
    assert total(client, **DAY) == 0
    assert client.body("conversations/busy-times", **DAY) == []
    assert client.body("productivity", **DAY)["current"]["repliesSent"] == 0


def test_a_saved_reply_leaves_the_top_list(client: Client) -> None:
    top = client.body("conversations", **WEEK)["replies"]["top"]
    gone = top[0]["id"]
    client.sandbox.account.stop_using_saved_reply(gone, datetime(2026, 4, 1, tzinfo=UTC))
    after = client.body("conversations", **WEEK)["replies"]["top"]
    assert gone not in [row["id"] for row in after]
    asked = {"field": "replyid", "fieldid": gone, **WEEK}
    assert client.drilldown("conversations/fields-drilldown", **asked) == (0, [])
    client.sandbox.account.advance(UNTIL + timedelta(days=5))
    later = {"start": "2026-04-20T16:00:01Z", "end": "2026-04-25T16:00:00Z"}
    replies = client.body("conversations", **later)["replies"]["top"]
    assert gone not in [row["id"] for row in replies]


def test_unknown_conversations_and_users_are_refused(client: Client) -> None:
    account = client.sandbox.account
    with pytest.raises(KeyError, match="no conversation has the id 5"):
        account.mark_spam(5)
    with pytest.raises(KeyError, match="no listed user has the id 9"):
        account.user_leaves(9)
    with pytest.raises(ValueError, match="no such tags"):
        account.retag(5, [1])
    assert total(client, **DAY) > 0
