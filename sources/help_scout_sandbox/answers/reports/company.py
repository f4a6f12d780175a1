"""The company report: replies, customers helped and one row a user."""

from __future__ import annotations

from typing import Any

from ..facts import EVENTS, RATINGS, Facts
from ..figures import Block, compared, dates, filter_tags, number, percent, rate_days, total_days
from ..request import Interval

CHANGES = [
    "customersHelped",
    "totalReplies",
    "repliesPerDay",
    "closed",
    "totalUsers",
    "repliesPerDayPerUser",
]


def company_overall(facts: Facts) -> Block:
    """The body of `/v2/reports/company`."""
    request = facts.request
    names = ["customers_helped", "closed", "replies", "active_users", "resolved"]
    measured = facts.measure(names, request.intervals)
    blocks = []
    for interval, block in zip(request.intervals, measured, strict=True):
        days, users = rate_days(interval), max(1, block["active_users"])
        per_day = block["replies"] / days
        blocks.append(
            {
                **dates(interval),
                "customersHelped": block["customers_helped"],
                "closed": block["closed"],
                "totalReplies": block["replies"],
                "totalUsers": block["active_users"],
                "totalDays": total_days(interval),
                "repliesPerDayPerUser": per_day / users,
                "repliesPerDay": per_day,
                "resolvedPerDay": block["resolved"] / days,
            }
        )
    return {
        "filterTags": filter_tags(facts.roster),
        **compared(request, blocks, CHANGES),
        "users": _users(facts, request.intervals),
    }


def _users(facts: Facts, intervals: list[Interval]) -> list[Block]:
    """One row for each user who replied in the current interval; their id is a string here."""
    columns = "COUNT(*), COUNT(DISTINCT f.customer_id), AVG(f.handle_seconds)"
    work: list[dict[int, Any]] = [{} for _ in intervals]
    for number_of, user, *figures in facts.grouped(
        "f.user_id", columns, EVENTS, intervals, "f.kind = 2"
    ):
        work[number_of][user] = figures
    scores: list[dict[int, float]] = [{} for _ in intervals]
    counts = "TOTAL(f.rating = 1), TOTAL(f.rating = 3), COUNT(*)"
    for number_of, user, great, not_good, ratings in facts.grouped(
        "f.user_id", counts, RATINGS, intervals
    ):
        scores[number_of][user] = percent(great - not_good, ratings)
    rows = []
    for user, (replies, customers, handle_time) in work[0].items():
        row = {
            "user": str(user),
            "name": facts.roster.user_name(user),
            "customersHelped": customers,
            "replies": replies,
            "happinessScore": scores[0].get(user),
            "handleTime": number(handle_time),
        }
        if len(intervals) == 2:
            before = work[1].get(user, (0, 0, None))
            row |= {
                "previousCustomersHelped": before[1],
                "previousReplies": before[0],
                "previousHappinessScore": scores[1].get(user, 0.0),
                "previousHandleTime": number(before[2]),
            }
        rows.append(row)
    return sorted(rows, key=lambda row: (-row["replies"], row["user"]))
