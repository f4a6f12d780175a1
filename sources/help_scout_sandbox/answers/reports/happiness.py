"""The happiness reports of the company and of a user, and their lists of ratings."""

from __future__ import annotations

from typing import Any

from ...history import names
from ...history.roster import customer_name, iso
from ..drilldown import conversation_number
from ..facts import EVENTS, RATINGS, Facts, buckets
from ..figures import Block, compared, filter_tags, percent

PAGE = 50
RATING_IDS = {"great": 1, "ok": 2, "not-good": 3}
SORT_COLUMNS = {"number": "f.conversation_id", "modifiedAt": "f.ts", "rating": "f.rating"}
CHANGES = ("greatCount", "okayCount", "notGoodCount")
POINTS = ("great", "okay", "notGood", "happinessScore")


def happiness_overall(facts: Facts) -> Block:
    """The body of `/v2/reports/happiness`."""
    intervals = facts.request.intervals
    names_ = ["great", "okay", "not_good", "ratings", "customers_with_ratings"]
    totals = _customers(facts)
    blocks = []
    for total, block in zip(totals, facts.measure(names_, intervals), strict=True):
        ratings = block["ratings"]
        great, not_good = percent(block["great"], ratings), percent(block["not_good"], ratings)
        blocks.append(
            {
                "ratingsPercent": percent(block["customers_with_ratings"], total),
                "great": great,
                "okay": percent(block["okay"], ratings),
                "notGood": not_good,
                "happinessScore": great - not_good,
                "greatCount": block["great"],
                "okayCount": block["okay"],
                "notGoodCount": block["not_good"],
                "ratingsCount": ratings,
                "totalCustomersWithRatings": block["customers_with_ratings"],
                "totalCustomers": total,
            }
        )
    return compared(facts.request, blocks, CHANGES, POINTS)


def user_happiness(facts: Facts) -> Block:
    """The body of `/v2/reports/user/happiness`."""
    return {"filterTags": filter_tags(facts.roster), **happiness_overall(facts)}


def _customers(facts: Facts) -> list[int]:
    """Customers helped or rating in each interval: a rating may come days after the help."""
    intervals = facts.request.intervals
    helped = facts.joined(EVENTS, "f.kind = 2")
    sql = f"""{buckets(len(intervals))} SELECT i, COUNT(*) FROM (
      SELECT bucket.i, f.customer_id FROM bucket JOIN {helped}
      UNION SELECT bucket.i, f.customer_id FROM bucket JOIN {facts.joined(RATINGS)}) GROUP BY i"""
    counts = dict(facts.rows(sql, intervals))
    return [counts.get(number, 0) for number in range(len(intervals))]


def ratings_list(facts: Facts) -> Block:
    """The ratings given in the interval, newest first unless sorted otherwise."""
    request = facts.request
    rating = RATING_IDS.get(request.rating or "all")
    given = facts.joined(RATINGS, f"f.rating = {rating}" if rating else "")
    source = f"FROM bucket JOIN {given}"
    interval = [request.current]
    count: int = facts.rows(f"{buckets(1)} SELECT COUNT(*) {source}", interval)[0][0]
    order = SORT_COLUMNS[request.sort_field or "modifiedAt"]
    direction = "DESC" if request.descending else "ASC"
    rows = facts.rows(
        f"{buckets(1)} SELECT f.conversation_id, f.channel, f.thread_id, f.thread_ts, f.rating,"
        f" f.customer_id, f.comment, f.ts, f.user_id {source}"
        f" ORDER BY {order} {direction}, f.ts, f.id LIMIT {PAGE} OFFSET ?",
        interval,
        (request.page - 1) * PAGE,
    )
    return {
        "results": [_rating(facts, row) for row in rows],
        "page": request.page,
        "count": count,
        "pages": -(-count // PAGE),
    }


def company_ratings_list(facts: Facts) -> Block:
    """The body of `/v2/reports/happiness/ratings`."""
    return {"facets": {}, **ratings_list(facts)}


def _rating(facts: Facts, row: tuple[Any, ...]) -> Block:
    conversation_id, channel, thread, thread_ts, rating, customer, comment, created, user = row
    return {
        "number": conversation_number(conversation_id),
        "threadid": thread,
        "threadCreatedAt": iso(thread_ts),
        "id": conversation_id,
        "type": channel,
        "ratingId": rating,
        "ratingCustomerId": customer,
        "ratingComments": "" if comment is None else names.COMMENTS[comment],
        "ratingCreatedAt": iso(created),
        "ratingCustomerName": customer_name(customer),
        "ratingUserId": user,
        "ratingUserName": facts.roster.user_name(user),
    }
