"""What marts make of rows that a load seldom leaves: written by hand, read by the mart's SQL."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import UTC, date, datetime, timedelta
from typing import Any
from zoneinfo import ZoneInfo

import duckdb
import pytest

from pipelines.models.mart_runner import Place, all_marts, plan_marts
from pipelines.models.placeholder_tables import empty_table
from sources.help_scout.catalog.reports import REPORTS
from sources.help_scout.parsing.redaction import REMOVED

NEW_YORK = ZoneInfo("America/New_York")
LISTS = {
    "report_windows": "null::varchar as account, null::varchar as grain, "
    "null::date as window_date, null::timestamptz as window_start, "
    "null::timestamptz as window_end",
    "people": "null::varchar as account, null::bigint as user_id, null::varchar as user_name",
}

Row = Mapping[str, Any]


def midnight(day: date) -> datetime:
    return datetime.combine(day, datetime.min.time(), NEW_YORK)


def window(grain: str, first: date, **values: Any) -> Row:
    """A row of the window of that grain that begins on that day."""
    days = {"day": 1, "week": 7, "month": 30}[grain]
    return {
        "account": "main",
        "slice": "all",
        "grain": grain,
        "window_date": first,
        "window_start": midnight(first),
        "window_end": midnight(first + timedelta(days=days)),
        "fetched_at": datetime(2026, 11, 20, tzinfo=UTC),
        **values,
    }


def rows_of(mart: str, tables: Mapping[str, Sequence[Row]], columns: str) -> list[tuple[Any, ...]]:
    """These columns of the mart's rows, in order, when the warehouse holds the tables."""
    place = Place(dataset="ours", there={*tables, *LISTS}, loaded=frozenset(REPORTS))
    statements, _ = plan_marts(
        [one for one in all_marts() if one.name in {"conversations", mart}], place
    )
    with duckdb.connect() as connection:
        connection.execute("create schema ours; create schema marts")
        for name in place.there:
            empty = empty_table(name)
            made = empty.sql if empty is not None else f"select {LISTS[name]} where 1 = 0"
            connection.execute(f"create table ours.{name} as {made}")
            for row in tables.get(name, ()):
                connection.execute(
                    f"insert into ours.{name} ({', '.join(row)}) "
                    f"values ({', '.join('?' * len(row))})",
                    list(row.values()),
                )
        for statement in statements:
            connection.execute(statement)
        return connection.execute(f"select {columns} from marts.{mart} order by all").fetchall()


def rating(grain: str, first: date, rated_at: datetime, **values: Any) -> Row:
    known = {"thread_id": 1, "customer_id": 1, "occurrence": 1, "rating_id": 1}
    return window(grain, first, rated_at=rated_at, **known, **values)


def test_a_rating_that_is_loaded_in_two_grains_is_one_row_the_latest_read() -> None:
    at = datetime(2026, 11, 4, 12, tzinfo=UTC)
    read = datetime(2026, 11, 21, tzinfo=UTC)
    ratings = [
        rating("day", date(2026, 11, 4), at, rating_comments="as it was"),
        rating("week", date(2026, 11, 2), at, rating_comments="as it is", fetched_at=read),
        rating("day", date(2026, 11, 5), at + timedelta(days=1), rating_comments="another"),
    ]

    assert rows_of("ratings", {"happiness_ratings": ratings}, "rating_comments") == [
        ("another",),
        ("as it is",),
    ]


@pytest.mark.parametrize("monday", [date(2026, 3, 2), date(2026, 3, 9), date(2026, 10, 26)])
def test_the_day_of_a_rating_before_the_first_day_that_is_loaded(monday: date) -> None:
    """In weeks of 167, 168 and 169 hours."""
    start, end = midnight(monday).astimezone(UTC), midnight(monday + timedelta(days=7))
    instants = [start + timedelta(minutes=30 * n) for n in range(2 * 170)]
    inside = [instant for instant in instants if instant < end]
    ratings = [rating("week", monday, at, conversation_id=n) for n, at in enumerate(inside)]

    found = rows_of("ratings", {"happiness_ratings": ratings}, "conversation_id, rated_date")

    assert found == [(n, at.astimezone(NEW_YORK).date()) for n, at in enumerate(inside)]


def test_replies_are_counted_in_the_shortest_grain_that_an_account_has() -> None:
    def replies(grain: str, first: date, sent: int, account: str = "main") -> Row:
        return window(
            grain, first, account=account, conversation_id=7, user_id=1, replies_sent=sent,
            avg_handle_time_seconds=60,
        )  # fmt: skip

    history = [
        replies("day", date(2026, 11, 3), 2),
        replies("day", date(2026, 11, 5), 1),
        replies("week", date(2026, 11, 2), 3),
        replies("month", date(2026, 11, 1), 3),
        replies("week", date(2026, 11, 2), 4, account="other"),
        replies("month", date(2026, 11, 1), 4, account="other"),
    ]

    assert rows_of(
        "conversation_metrics",
        {"user_conversation_history_by_user": history},
        "account, reply_count, first_reply_date, last_reply_date",
    ) == [
        ("main", 3, date(2026, 11, 3), date(2026, 11, 5)),
        ("other", 4, date(2026, 11, 2), date(2026, 11, 2)),
    ]


def test_what_stands_for_a_removed_search_is_not_compared_with_another_windows() -> None:
    before, now = date(2026, 11, 2), date(2026, 11, 9)
    terms = (f"{REMOVED} 1", "refund", f"{REMOVED} items")
    searches = [
        window("week", first, search_term=term, search_count=count)
        for first, count in ((before, 5), (now, 8))
        for term in terms
    ]

    assert rows_of(
        "docs_gaps",
        {"docs_overall_failed_searches": searches},
        "search_term, search_count, previous_search_count",
    ) == [
        ("refund", 5, None),
        ("refund", 8, 5),
        (f"{REMOVED} 1", 5, None),
        (f"{REMOVED} 1", 8, None),
        (f"{REMOVED} items", 5, None),
        (f"{REMOVED} items", 8, 5),
    ]


def test_a_team_that_is_gone_is_in_no_mart_of_teams() -> None:
    first, last = datetime(2026, 11, 20, tzinfo=UTC), datetime(2026, 11, 21, tzinfo=UTC)

    def team(account: str, team_id: int, seen: datetime) -> Row:
        return {"account": account, "team_id": team_id, "last_seen_at": seen}

    seen = [team("main", 1, last), team("main", 2, first), team("other", 3, first)]
    left = {**team("main", 1, first), "user_id": 12}
    members = [*({**row, "user_id": 11} for row in seen), left]

    assert rows_of(
        "agent_teams", {"teams": seen, "team_members": members}, "account, team_id, user_id"
    ) == [("main", 1, 11), ("other", 3, 11)]
