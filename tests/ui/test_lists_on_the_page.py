"""Lists on the page are those of their marts; the year that stands for them is like them."""

from __future__ import annotations

import duckdb
import pytest
import sqlglot
from sqlglot.expressions import Query

from pipelines.models.mart_runner import all_marts
from pipelines.publishing.dashboard.mart_queries import READS
from tests.helpers.browser import Opened, number, percent

pytestmark = pytest.mark.xdist_group("dashboard")


def test_the_typical_week_is_the_average_of_the_ranges_whole_weeks(
    page: Opened, marts: duckdb.DuckDBPyConnection
) -> None:
    page.choose(preset="28", inbox="Support")
    cells = marts.execute(
        """select d, h, coalesce(sum(conversation_count), 0) / 4 from range(1, 8) as a (d)
        cross join range(24) as b (h) left join busy_hours on weekday = d and hour = h
            and grain = 'week' and inbox_id = 101
            and window_date between '2026-10-19' and '2026-11-09'
        group by d, h order by d, h"""
    ).fetchall()
    days = ("Monday", "Tuesday", "Wednesday", "Thursday", "Friday", "Saturday", "Sunday")

    def shown(value: float) -> str:
        text = number(value, 1)
        return text if value < 9.95 and not text.endswith(".0") else number(value)

    assert page.numbers("hours") == [[f"{days[d - 1]} {h}:00", shown(n)] for d, h, n in cells]
    assert page.text("#hours h3") == (
        "Conversations with activity, by weekday and hour (an average week of the 4 whole weeks)"
    )


def test_topics_ranges_and_gaps_are_their_marts(
    page: Opened, marts: duckdb.DuckDBPyConnection
) -> None:
    page.page.check('input[name="kind"][value="customer"]', force=True)
    topics = marts.execute(
        """select coalesce(topic_name, 'Customer ' || topic_id), conversation_count,
        conversation_pct, previous_conversation_count, change_count, trend from topics
        where grain = 'week' and window_date = '2026-11-09' and inbox_id is null
        and topic_kind = 'customer'"""
    ).fetchall()

    def signed(value: float) -> str:
        return f"+{number(value)}" if value > 0 else number(value)

    assert sorted(page.table("#topics .columns > .scroll")) == sorted(
        [name, number(n), percent(share), number(before), signed(more), trend]
        for name, n, share, before, more, trend in topics
    )
    gaps = marts.execute(
        """select search_term, search_count, previous_search_count from docs_gaps
        where grain = 'week' and window_date = '2026-11-09' order by search_count desc"""
    ).fetchall()
    assert page.table("#gaps") == [[t, number(n), number(b), ""] for t, n, b in gaps]
    ranges = marts.execute(
        """select range_label, conversation_pct, conversation_count, cumulative_pct,
        previous_conversation_pct from response_distribution where grain = 'week'
        and window_date = '2026-11-09' and inbox_id is null and metric = 'first response time'
        order by range_id"""
    ).fetchall()
    assert page.numbers("distribution") == [
        [label, f"{percent(share)} ({number(n)})", percent(upto), percent(before)]
        for label, share, n, upto, before in ranges
    ]


def test_comments_are_those_of_the_range_the_inbox_and_the_team(
    page: Opened, marts: duckdb.DuckDBPyConnection
) -> None:
    page.choose(inbox="Support", team="Nights", dates=("2026-09-01", "2026-09-30"))
    (many,) = marts.execute(
        """select count(*) from ratings join agent_teams using (user_id)
        where rated_date between '2026-09-01' and '2026-09-30' and inbox_id = 101
        and team_name = 'Nights' and rating_comments is not null"""
    ).fetchone() or (None,)

    assert page.text("#comments h3") == f"Comments in the range: {many}"
    assert page.text("#focus").startswith("Week of 28 Sep 2026, Support.")


def test_the_page_and_its_tests_know_the_marts_as_they_are(
    marts: duckdb.DuckDBPyConnection,
) -> None:
    real = {}
    for mart in all_marts():
        query = sqlglot.parse_one(mart.sql, read="duckdb")
        assert isinstance(query, Query)
        real[mart.name] = set(query.named_selects)
    unreal = {read.mart: set(read.columns) - real[read.mart] for read in READS}
    assert {mart: columns for mart, columns in unreal.items() if columns} == {}

    invented = marts.execute(
        "select table_name, column_name from information_schema.columns "
        "where table_schema = 'marts'"
    ).fetchall()
    assert {(mart, column) for mart, column in invented if column not in real[mart]} == set()
