"""The loaded tables agree with one another: each test is a query that must find nothing."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.helpers.loads import query

pytestmark = pytest.mark.xdist_group("loaded")

DISAGREEMENTS = {
    "a day's drilldown has as many rows as the day's own count": """
        select o.window_date, o.total_conversations, count(d.conversation_id)
        from conversations_overall_daily as o
        left join conversations_drilldown_daily as d using (account, window_start)
        group by all having o.total_conversations <> count(d.conversation_id)""",
    "a day's channels add up to its new conversations": """
        select v.window_date, v.chat_count, v.email_count, v.phone_count, o.new_conversations
        from conversations_volume_by_channel_daily as v
        join conversations_overall_daily as o using (account, window_start)
        where v.chat_count + v.email_count + v.phone_count <> o.new_conversations""",
    "a user's ratings of a week are as many as user_happiness counts": """
        select h.slice, h.window_date, h.ratings_count, count(r.thread_id)
        from user_happiness_weekly as h
        left join user_ratings_weekly as r using (account, slice, window_start)
        group by all having h.ratings_count <> count(r.thread_id)""",
    "a week's great, okay and not good ratings are those of the list": """
        select h.window_date
        from happiness_overall_weekly as h
        left join happiness_ratings_weekly as r using (account, window_start)
        group by h.window_date, h.great_count, h.okay_count, h.not_good_count
        having h.great_count <> count(*) filter (r.rating_id = 1)
            or h.okay_count <> count(*) filter (r.rating_id = 2)
            or h.not_good_count <> count(*) filter (r.rating_id = 3)""",
    "inboxes add up to the total, for what can be added up": """
        select o.grain, o.window_date, o.conversations_created, sum(i.conversations_created)
        from conversations_overall as o
        join conversations_overall as i using (account, grain, window_start)
        where o.slice = 'all' and i.slice_kind = 'mailbox'
        group by all having o.conversations_created <> sum(i.conversations_created)""",
    "a day of the series is the day of the overall report": """
        select n.window_date, n.conversation_count, o.conversations_created
        from conversations_new_daily as n
        join conversations_overall_daily as o using (account, window_start)
        where n.conversation_count <> o.conversations_created""",
    "new conversations are as many as their drilldown lists": """
        select n.window_date, n.conversation_count, count(d.conversation_id)
        from conversations_new_daily as n
        left join conversations_new_drilldown_daily as d using (account, window_start)
        group by all having n.conversation_count <> count(d.conversation_id)""",
    "conversations of a first response range are as many as the distribution counts": """
        select r.window_date, r.range_id, r.conversation_count, count(d.conversation_id)
        from productivity_overall_ranges_daily as r
        left join company_drilldown as d
            on d.account = r.account and d.grain = r.grain and d.window_start = r.window_start
            and d.slice = 'range=firstResponseTime,range_id=' || r.range_id
        where r.metric = 'firstResponseTime'
        group by all having r.conversation_count <> count(d.conversation_id)""",
    "replies of the users add up to the company's": """
        select c.window_date, c.total_replies, sum(u.replies)
        from company_overall_daily as c
        join company_overall_users_daily as u using (account, window_start)
        group by all having c.total_replies <> sum(u.replies)""",
    "a user's days of the series are what the company report says of them": """
        select u.window_date, u.user_id, u.replies, s.replies_sent
        from company_overall_users_daily as u
        join user_replies_daily as s
            on s.account = u.account and s.window_start = u.window_start
            and s.slice_user_id = u.user_id
        where u.replies <> s.replies_sent""",
    "every row of a drilldown is one that the API counted": """
        select report, slice, window_start, api_count, "rows"
        from window_reads
        where report like '%drilldown%' and api_count > "rows" """,
    "the ledger counts the rows that are there": """
        select w.window_start, w."rows", count(d.conversation_id)
        from window_reads as w
        left join happiness_ratings as d using (account, slice, grain, window_start)
        where w.report = 'happiness_ratings'
        group by all having w."rows" <> count(d.conversation_id)""",
}


@pytest.mark.parametrize("sql", DISAGREEMENTS.values(), ids=DISAGREEMENTS.keys())
def test_there_is_no_disagreement(loaded: Path, sql: str) -> None:
    assert query(loaded, sql) == []


@pytest.mark.parametrize(
    ("sql", "at_least"),
    [
        ("select count(*) from conversations_overall_daily", 16),
        ("select sum(total_conversations) from conversations_overall_daily", 150),
        ("select sum(ratings_count) from happiness_overall_weekly", 5),
        ("select count(*) from user_happiness_weekly where ratings_count > 0", 3),
        ("select count(distinct range_id) from productivity_overall_ranges_daily", 5),
    ],
)
def test_the_queries_above_have_something_to_compare(loaded: Path, sql: str, at_least: int) -> None:
    assert query(loaded, sql)[0][0] >= at_least
