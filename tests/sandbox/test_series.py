"""Time series: where buckets begin and end, and how many a range may have."""

from __future__ import annotations

from dataclasses import replace
from itertools import pairwise
from typing import Any

import pytest

from tests.sandbox.conftest import SHORT, UNTIL, WEEK, Client, Opener

ACROSS_DST = {"start": "2026-03-06T05:00:00Z", "end": "2026-03-10T03:59:59Z"}


def starts(client: Client, view_by: str, **window: str) -> list[str]:
    body = client.body("conversations/new", viewBy=view_by, **window)
    return [point["start"] for point in body["current"]]


@pytest.mark.parametrize(
    ("anchor", "expected"),
    [
        ("request", ["06T05", "07T05", "08T05", "09T05"]),
        ("company", ["06T05", "07T05", "08T05", "09T04"]),
        ("utc", ["06T05", "07T00", "08T00", "09T00", "10T00"]),
    ],
)
def test_days_begin_where_the_anchor_says(opened: Opener, anchor: str, expected: list[str]) -> None:
    client = opened(anchor=anchor)
    found = starts(client, "day", **ACROSS_DST)
    assert found == [f"2026-03-{start}:00:00Z" for start in expected]


def test_weeks_and_months_follow_the_anchor(opened: Opener) -> None:
    window = {"start": "2026-01-14T17:30:00Z", "end": "2026-04-20T03:59:59Z"}
    on_request, utc = opened(), opened(anchor="utc")
    assert starts(on_request, "week", **window)[:3] == [
        "2026-01-14T17:30:00Z",
        "2026-01-21T17:30:00Z",
        "2026-01-28T17:30:00Z",
    ]
    assert starts(utc, "week", **window)[:3] == [
        "2026-01-14T17:30:00Z",
        "2026-01-19T00:00:00Z",
        "2026-01-26T00:00:00Z",
    ]
    assert starts(on_request, "month", **window) == [
        f"2026-0{month}-14T17:30:00Z" for month in (1, 2, 3, 4)
    ]
    assert starts(utc, "month", **window) == [
        "2026-01-14T17:30:00Z",
        *(f"2026-0{month}-01T00:00:00Z" for month in (2, 3, 4)),
    ]


@pytest.mark.parametrize("anchor", ["request", "company", "utc"])
def test_buckets_lose_nothing_and_count_nothing_twice(opened: Opener, anchor: str) -> None:
    client = opened(replace(SHORT, days=45, conversations_per_day=6), anchor=anchor)
    days = client.body("conversations/new", viewBy="day", **ACROSS_DST)["current"]
    whole = client.body("conversations/new", **ACROSS_DST)["current"]
    assert len(whole) == 1
    assert sum(point["count"] for point in days) == whole[0]["count"] > 0


def test_each_bucket_equals_the_overall_report_of_its_day(shared: Client) -> None:
    series = shared.body("productivity/response-time", viewBy="day", **WEEK)["current"]
    ends = [*(later["date"] for _, later in pairwise(series)), "2026-04-13T04:00:00Z"]
    for point, end in zip(series, ends, strict=True):
        window = {"start": point["date"], "end": end.replace("T04:00:00Z", "T03:59:59Z")}
        day = shared.body("productivity", **window)["current"]
        assert point["time"] == day["responseTime"]


def test_empty_buckets_are_sent_as_zero_or_left_out(opened: Opener) -> None:
    window = {"start": "2026-04-18T04:00:00Z", "end": "2026-04-25T03:59:59Z", "viewBy": "day"}
    points = opened().body("productivity/response-time", **window)["current"]
    assert len(points) == 7
    assert [point["time"] for point in points[3:]] == [0, 0, 0, 0]
    fewer = opened(omit_empty_buckets=True).body("productivity/response-time", **window)["current"]
    assert fewer == [point for point in points if point["time"]]


def test_received_messages_can_be_spelled_the_other_way(opened: Opener) -> None:
    usual = opened().body("conversations/received-messages", viewBy="day", **WEEK)["current"]
    other = opened(received_messages_as="date/messages").body(
        "conversations/received-messages", viewBy="day", **WEEK
    )
    assert other["current"] == [
        {"date": point["start"], "messages": point["count"]} for point in usual
    ]


@pytest.mark.parametrize(
    ("view_by", "start", "end", "status"),
    [
        ("day", "2026-02-10T05:00:00Z", "2026-04-11T03:59:59Z", 200),
        ("day", "2026-02-10T05:00:00Z", "2026-04-12T03:59:59Z", 400),
        ("week", "2025-04-13T04:00:00Z", "2026-04-13T03:59:59Z", 200),
        ("week", "2025-04-06T04:00:00Z", "2026-04-13T03:59:59Z", 400),
        ("month", "2026-02-01T05:00:00Z", "2026-04-03T03:59:59Z", 200),
        ("month", "2026-02-01T05:00:00Z", "2026-04-01T03:59:59Z", 400),
    ],
)
def test_ranges_are_limited_by_the_view(
    shared: Client, view_by: str, start: str, end: str, status: int
) -> None:
    asked: dict[str, Any] = {"start": start, "end": end, "viewBy": view_by}
    assert shared.get("user/replies", user=4001, **asked).status_code == status


def test_the_account_lives_up_to_until(shared: Client) -> None:
    assert shared.sandbox.account.until == int(UNTIL.timestamp())
