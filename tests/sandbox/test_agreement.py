"""The reports are views of one history, so they agree with one another."""

from __future__ import annotations

from collections import Counter
from dataclasses import replace
from datetime import UTC, datetime
from itertools import pairwise
from typing import Any

import pytest

from sources.help_scout_sandbox import Account
from sources.help_scout_sandbox.answers.routes import ENDPOINTS
from sources.help_scout_sandbox.answers.series import SeriesOptions
from sources.help_scout_sandbox.http.parameters import parse_request
from tests.sandbox.conftest import BEFORE, DAY, SHORT, UNTIL, WEEK, Client
from tests.sandbox.test_shapes import question

SLICES: tuple[dict[str, Any], ...] = (
    {},
    {"mailboxes": "85001"},
    {"mailboxes": "85002,85003", "types": "email,phone"},
    {"tags": "1201"},
    {"tags": "1"},
    {"folders": "850014,850024"},
)
every_slice = pytest.mark.parametrize(
    "asked", [{**WEEK, **part} for part in SLICES] + [DAY], ids=str
)


@every_slice
def test_touched_conversations_agree(shared: Client, asked: dict[str, Any]) -> None:
    total = shared.body("conversations", **asked)["current"]["totalConversations"]
    count, rows = shared.drilldown("conversations/drilldown", **asked)
    assert total > 0
    assert count == len(rows) == len({row["id"] for row in rows}) == total


@every_slice
def test_new_conversations_agree(shared: Client, asked: dict[str, Any]) -> None:
    overall = shared.body("conversations", **asked)["current"]
    series = shared.body("conversations/new", viewBy="day", **asked)["current"]
    count, rows = shared.drilldown("conversations/new-drilldown", **asked)
    assert overall["newConversations"] == overall["conversationsCreated"] == count == len(rows)
    assert sum(point["count"] for point in series) == count
    volume = shared.body("conversations/volume-by-channel", **asked)["current"]
    assert [sum(point[key] for key in ("chat", "email", "phone")) for point in volume] == [count]
    by_channel = Counter(row["type"] for row in rows)
    assert {key: volume[0][key] for key in by_channel} == dict(by_channel)


@every_slice
def test_replies_resolutions_and_times_agree(shared: Client, asked: dict[str, Any]) -> None:
    company = shared.body("company", **asked)
    productivity = shared.body("productivity", **asked)["current"]
    assert company["current"]["totalReplies"] == productivity["repliesSent"]
    assert sum(row["replies"] for row in company["users"]) == productivity["repliesSent"]
    assert company["current"]["totalUsers"] == len(company["users"])
    assert company["current"]["closed"] == productivity["closed"]
    for report, key, figure in (
        ("replies-sent", "replies", "repliesSent"),
        ("resolved", "resolved", "resolved"),
        ("response-time", "time", "responseTime"),
        ("first-response-time", "time", "firstResponseTime"),
    ):
        whole = shared.body(f"productivity/{report}", **asked)["current"]
        assert [point[key] for point in whole] == [productivity[figure]]
    days = shared.body("productivity/replies-sent", viewBy="day", **asked)["current"]
    assert sum(point["replies"] for point in days) == productivity["repliesSent"]
    helped = shared.body("company/customers-helped", **asked)["current"]
    assert [point["customers"] for point in helped] == [company["current"]["customersHelped"]]


@every_slice
def test_ranges_list_exactly_their_conversations(shared: Client, asked: dict[str, Any]) -> None:
    body = shared.body("productivity", **asked)
    for name, chosen in (
        ("responseTime", "responseTime"),
        ("firstResponseTime", "firstResponseTime"),
        ("handleTime", "handleTime"),
        ("repliesToResolve", "replies"),
    ):
        counts = {row["id"]: row["count"] for row in body[name]["ranges"]}
        found = {
            range_id: shared.drilldown("company/drilldown", range=chosen, rangeId=range_id, **asked)
            for range_id in range(1, 11)
        }
        assert {id_: count for id_, (count, _) in found.items() if count} == counts
        whole, rows = shared.drilldown("company/drilldown", range=chosen, **asked)
        assert whole == body[name]["count"] == sum(counts.values())
        listed = {row["id"] for _, part in found.values() for row in part}
        assert {row["id"] for row in rows} == listed
    for chosen, figure in (
        ("resolved", "resolved"),
        ("firstReplyResolved", "resolvedOnFirstReply"),
    ):
        count, rows = shared.drilldown("company/drilldown", range=chosen, **asked)
        assert count == len(rows) == body["current"][figure]


@every_slice
def test_ratings_agree(shared: Client, asked: dict[str, Any]) -> None:
    overall = shared.body("happiness", **asked)["current"]
    rows = shared.body("happiness/ratings", **asked)
    by_rating = Counter(row["ratingId"] for row in rows["results"])
    counts = [overall[key] for key in ("greatCount", "okayCount", "notGoodCount")]
    assert counts == [by_rating[1], by_rating[2], by_rating[3]]
    assert overall["ratingsCount"] == rows["count"] == len(rows["results"])
    assert overall["happinessScore"] == pytest.approx(overall["great"] - overall["notGood"])
    assert 0 <= overall["ratingsPercent"] <= 100
    for row in rows["results"]:
        assert asked["start"] <= row["ratingCreatedAt"] <= asked["end"]


def test_users_add_up_to_the_company(shared: Client) -> None:
    company = shared.body("company", **WEEK)
    productivity = shared.body("productivity", **WEEK)["current"]
    users = [shared.body("user", user=row["user"], **WEEK) for row in company["users"]]
    for row, body in zip(company["users"], users, strict=True):
        user = body["current"]
        shown = (row["replies"], row["customersHelped"], row["handleTime"])
        assert shown == (user["totalReplies"], user["customersHelped"], user["handleTime"])
        assert (row["happinessScore"] or 0.0) == user["happinessScore"]
        assert row["name"] == body["user"]["name"]
    assert sum(body["current"]["closed"] for body in users) == productivity["closed"]
    team = shared.body("user", user=7001, **WEEK)["current"]
    members = shared.body("/v2/teams/7001/members")["_embedded"]["users"]
    replies = {row["user"]: row["replies"] for row in company["users"]}
    assert team["totalReplies"] == sum(replies.get(str(user["id"]), 0) for user in members)


@pytest.mark.parametrize("user", [4001, 4003, 3999, 900001, 7002])
def test_a_user_s_reports_agree(shared: Client, user: int) -> None:
    asked = {"user": user, "start": BEFORE["previousStart"], "end": BEFORE["previousEnd"]}
    overall = shared.body("user", **asked)["current"]
    count, rows = shared.drilldown("user/drilldown", **asked)
    assert overall["totalConversations"] == count == len(rows)
    history = shared.body("user/conversation-history", **asked)
    assert history["count"] == overall["totalReplies"]
    for report, key, figure in (
        ("replies", "replies", "totalReplies"),
        ("resolutions", "resolved", "resolved"),
    ):
        days = shared.body(f"user/{report}", viewBy="day", **asked)["current"]
        assert sum(point[key] for point in days) == overall[figure]
    ratings = shared.body("user/ratings", **asked)
    assert shared.body("user/happiness", **asked)["current"]["ratingsCount"] == ratings["count"]


def test_busy_times_are_in_the_company_s_time_zone(shared: Client) -> None:
    cells = shared.body("conversations/busy-times", **DAY)
    assert {cell["day"] for cell in cells} == {3}  # 8 April 2026 in New York is a Wednesday
    assert all(cell["count"] > 0 for cell in cells)
    overall = shared.body("conversations", **DAY)
    assert overall["busiestDay"] == {
        "day": 3,
        "hour": 0,
        "count": overall["current"]["totalConversations"],
    }


@pytest.mark.parametrize(
    ("part", "field"), [("tags", "tagid"), ("customers", "customerid"), ("replies", "replyid")]
)
def test_top_lists_agree_with_their_drilldowns(shared: Client, part: str, field: str) -> None:
    top = shared.body("conversations", **WEEK)[part]["top"]
    for row in top[:4]:
        found = shared.drilldown(
            "conversations/fields-drilldown", field=field, fieldid=row["id"], **WEEK
        )
        assert found[0] == len(found[1]) == row["count"]


def test_workflows_agree_with_their_drilldown_and_tags_with_the_total(shared: Client) -> None:
    body = shared.body("conversations", **WEEK)
    for row in body["workflows"]["top"][:3]:
        asked = {"field": "workflowid", "fieldid": row["id"], **WEEK}
        assert shared.drilldown("conversations/fields-drilldown", **asked)[0] == row["count"]
    untagged = next(row["count"] for row in body["tags"]["top"] if row["id"] == 1)
    assert body["tags"]["count"] == body["current"]["totalConversations"] - untagged
    for field in body["customFields"]["fields"]:
        answered = sum(value["count"] for value in field["values"])
        assert field["summary"]["totalAnswered"] == answered


def test_a_previous_interval_reads_as_it_does_when_it_is_the_current_one(shared: Client) -> None:
    swapped = {"start": BEFORE["previousStart"], "end": BEFORE["previousEnd"]}
    for report in ("company", "conversations", "productivity", "happiness", "chat", "email"):
        compared = shared.body(report, **WEEK, **BEFORE)
        assert compared["previous"] == shared.body(report, **swapped)["current"]


def test_channel_reports_agree_with_the_channel_s_filter(shared: Client) -> None:
    email = shared.body("email", **WEEK)
    filtered = shared.body("productivity", types="email", **WEEK)
    assert email["responseTime"] == filtered["responseTime"]
    current = email["current"]
    assert current["resolutions"]["resolved"] == filtered["current"]["resolved"]
    assert current["responses"]["responseTime"] == filtered["current"]["responseTime"]
    volume = shared.body("conversations/volume-by-channel", **WEEK)["current"][0]
    assert current["volume"]["emailsCreated"] == volume["email"]
    assert shared.body("phone", **WEEK)["current"]["phoneCallsCreated"] == volume["phone"]
    chat = shared.body("chat", **WEEK)["current"]["volume"]
    assert chat["chatConversations"] == chat["completedChats"] + chat["missedChats"]
    new_chats = shared.body("conversations", types="chat", **WEEK)["current"]["newConversations"]
    assert 0 < chat["chatConversations"] <= new_chats  # third-party chats are left out


def test_office_hours_shorten_times_and_leave_counts_alone(shared: Client) -> None:
    calendar = shared.body("productivity", **WEEK)["current"]
    office = shared.body("productivity", officeHours="true", **WEEK)["current"]
    for figure in ("resolutionTime", "responseTime", "firstResponseTime"):
        assert 0 < office[figure] < calendar[figure]
    for figure in ("resolved", "closed", "repliesSent", "totalConversations"):
        assert office[figure] == calendar[figure]


def test_drilldowns_are_ordered_by_their_latest_change(shared: Client) -> None:
    _, rows = shared.drilldown("conversations/drilldown", **WEEK)
    keys = [(row["modifiedAt"], -row["id"]) for row in rows]
    assert all(before >= after for before, after in pairwise(keys))


def test_conversations_are_counted_from_the_tables_they_come_from(shared: Client) -> None:
    start, end = (int(datetime.fromisoformat(WEEK[key]).timestamp()) for key in ("start", "end"))
    counted = shared.sandbox.account.query(
        "SELECT COUNT(DISTINCT conversation_id) FROM event"
        " WHERE ts BETWEEN ? AND ? AND conversation_id IN"
        " (SELECT conversation_id FROM conversation WHERE hidden = 0)",
        (start, end),
    )
    total = shared.body("conversations", **WEEK)["current"]["totalConversations"]
    assert counted == [(total,)]


def test_nothing_after_until_is_visible(shared: Client) -> None:
    future = {"start": f"{UNTIL:%Y-%m-%dT%H:00:01Z}", "end": "2026-06-01T00:00:00Z"}
    latest = shared.sandbox.account.query("SELECT MAX(ts) FROM event")[0][0]
    assert latest > UNTIL.timestamp()
    assert datetime.fromtimestamp(latest, UTC) > UNTIL
    for report in ("conversations", "productivity", "happiness", "chat"):
        current = shared.body(report, **future)["current"]
        long_ago = {"start": "2019-01-01T00:00:00Z", "end": "2019-01-02T00:00:00Z"}
        empty = shared.body(report, **long_ago)["current"]
        assert current | {"startDate": "", "endDate": ""} == empty | {
            "startDate": "",
            "endDate": "",
        }


def test_a_longer_history_tells_the_same_of_the_days_it_shares() -> None:
    short, long = Account(SHORT), Account(replace(SHORT, days=40))
    window = {"start": "2026-04-07T04:00:00Z", "end": "2026-04-20T03:59:59Z"}
    try:
        for endpoint in ENDPOINTS:
            query = [*({**question(endpoint), **window}).items()]
            query = [pair for pair in query if not pair[0].startswith("previous")]
            bodies = []
            for account in (short, long):
                request = parse_request(query, endpoint, account.roster)
                body = endpoint.body(account, request, SeriesOptions())
                if endpoint.path == "user":
                    del body["user"]["totalCustomersHelped"]
                bodies.append(body)
            assert bodies[0] == bodies[1], endpoint.path
    finally:
        short.close()
        long.close()
