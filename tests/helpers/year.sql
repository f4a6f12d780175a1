-- A year of marts as plain tables, shaped like the views: 365 days, 4 inboxes, 12 agents, a few
-- ratings a day, comments that try to be markup. `{today}` is the day after the last one.
create schema marts;
create schema reports;
create macro chance(seed) as (hash(seed) % 100000) / 100000.0;
create macro change_pct(now, before) as 100.0 * (now - before) / nullif(before, 0);

create temp table windows as
with days as (
    select d::date as day
    from generate_series(date '{today}' - 365, date '{today}' - 1, interval 1 day) as s (d)
), cut as (
    select 'day' as grain, day as window_date, day + 1 as after_date from days
    union all
    select distinct 'week', date_trunc('week', day)::date, date_trunc('week', day)::date + 7
    from days where date_trunc('week', day)::date >= date '{today}' - 365
    union all
    select distinct 'month', date_trunc('month', day)::date,
           (date_trunc('month', day) + interval 1 month)::date
    from days where date_trunc('month', day)::date >= date '{today}' - 365
)
select 'year' as account, grain, window_date,
       window_date::timestamp at time zone 'America/New_York' as window_start,
       after_date::timestamp at time zone 'America/New_York' as window_end,
       after_date > date '{today}' as is_open,
       after_date > date '{today}' - 7 as is_provisional,
       -- how much of a week's work falls into the window
       case grain when 'day' then case when isodow(window_date) > 5 then 0.05 else 0.18 end
            when 'week' then 1.0 else 4.3 end as share,
       1 + 0.2 * sin(dayofyear(window_date) / 29.0) as season
from cut;

create temp table inboxes (inbox_id bigint, inbox_name text, size double, slow double);
insert into inboxes values (null, 'All inboxes', 1, 1), (101, 'Support', 0.5, 0.9),
    (102, 'Sales', 0.2, 0.7), (103, 'Billing', 0.2, 1.4), (104, 'Success <b>EU</b>', 0.1, 1.2);

create temp table cells as
select w.*, i.*, chance(grain || window_date || inbox_name) as luck,
       chance(grain || (window_date - 7) || inbox_name) as luck_before,
       -- in the last whole week Billing is slow
       slow * case when inbox_id = 103 and grain = 'week'
                        and window_date = date '{slow_week}' then 1.7 else 1 end as slowness
from windows as w cross join inboxes as i;

create table marts.volume as
with v as (
    select *, round(420 * share * season * size * (0.8 + 0.4 * luck)) as new_conversations,
           round(420 * share * season * size * (0.8 + 0.4 * luck_before)) as previous_new_conversations
    from cells
)
select account, grain, window_date, window_start, window_end, is_open, is_provisional, inbox_id,
       inbox_name, round(new_conversations * 1.3) as total_conversations, new_conversations,
       new_conversations as conversations_created, round(new_conversations * 0.9) as customer_count,
       round(new_conversations * 0.8) as customers_helped,
       round(new_conversations * 1.9) as total_replies, round(new_conversations * 0.85) as closed,
       previous_new_conversations,
       round(previous_new_conversations * 1.9) as previous_total_replies,
       change_pct(new_conversations, previous_new_conversations) as delta_new_conversations_pct,
       change_pct(round(new_conversations * 1.9), round(previous_new_conversations * 1.9))
           as delta_total_replies_pct
from v;

create table marts.volume_daily as
select account, window_date, inbox_id, inbox_name, channel,
       round(420 * c.share * season * size * part * (0.8 + 0.4 * luck)) as new_conversations,
       is_open, is_provisional
from cells as c cross join (values ('all', 1.0), ('email', 0.72), ('chat', 0.2), ('phone', 0.08))
     as channels (channel, part)
where grain = 'day';

create table marts.responsiveness as
select account, grain, window_date, window_start, window_end, is_open, is_provisional, inbox_id,
       inbox_name, 23400 * slowness * (0.85 + 0.3 * luck) as first_response_time_seconds,
       11520 * slowness * (0.85 + 0.3 * luck) as response_time_seconds,
       99000 * slowness * (0.85 + 0.3 * luck) as resolution_time_seconds,
       412 * (0.85 + 0.3 * luck) as handle_time_seconds, 2.1 + luck as replies_to_resolve,
       round(340 * share * size * season) as resolved,
       23400 * slow * (0.85 + 0.3 * luck_before) as previous_first_response_time_seconds,
       11520 * slow * (0.85 + 0.3 * luck_before) as previous_response_time_seconds,
       99000 * slow * (0.85 + 0.3 * luck_before) as previous_resolution_time_seconds,
       round(330 * share * size * season) as previous_resolved,
       change_pct(slowness * (0.85 + 0.3 * luck), slow * (0.85 + 0.3 * luck_before))
           as delta_first_response_time_pct,
       change_pct(slowness * (0.85 + 0.3 * luck), slow * (0.85 + 0.3 * luck_before))
           as delta_response_time_pct,
       change_pct(slowness * (0.85 + 0.3 * luck), slow * (0.85 + 0.3 * luck_before))
           as delta_resolution_time_pct,
       change_pct(round(340 * share * size * season), round(330 * share * size * season))
           as delta_resolved_pct
from cells;

create table marts.response_distribution as
select account, grain, window_date, window_start, window_end, is_open, is_provisional, inbox_id,
       inbox_name, metric, range_id, range_label,
       round(340 * share * size * season * part * (0.8 + 0.4 * luck)) as conversation_count,
       100 * part as conversation_pct, 100 * part * (0.8 + 0.4 * luck) as previous_conversation_pct,
       100 * upto as cumulative_pct
from cells cross join (values ('first response time'), ('response time'), ('handle time'),
                              ('replies to resolve')) as metrics (metric)
     cross join (values (1, '< 15 min', 0.1, 0.1), (2, '15-30 min', 0.1, 0.2),
                        (3, '30-60 min', 0.15, 0.35), (4, '1-2 hours', 0.15, 0.5),
                        (5, '2-3 hours', 0.15, 0.65), (6, '3-6 hours', 0.15, 0.8),
                        (7, '6-12 hours', 0.12, 0.92), (8, '1-2 days', 0.08, 1.0))
     as ranges (range_id, range_label, part, upto);

create table marts.service_targets as
select account, grain, window_date, window_start, window_end, is_open, is_provisional, inbox_id,
       inbox_name, metric, seconds as target_seconds,
       round(340 * share * size) as conversation_count,
       round(340 * share * size * (0.6 + 0.3 * luck)) as within_target_count,
       60 + 30 * luck as within_target_pct, 60 + 30 * luck_before as previous_within_target_pct
from cells cross join (values ('first response time', 14400.0), ('response time', 28800.0))
     as metrics (metric, seconds);

create table marts.happiness as
select account, grain, window_date, window_start, window_end, is_open, is_provisional, inbox_id,
       inbox_name, round(30 * share * size * 0.7) as great_count,
       round(30 * share * size * 0.2) as okay_count, round(30 * share * size * 0.1) as not_good_count,
       round(30 * share * size * 0.7) + round(30 * share * size * 0.2)
           + round(30 * share * size * 0.1) as ratings_count, ratings_count as previous_ratings_count,
       70.0 as great_pct, 20.0 as okay_pct, 10.0 as not_good_pct,
       45 + 30 * luck as happiness_score, 45 + 30 * luck_before as previous_happiness_score,
       30 * luck - 30 * luck_before as delta_happiness_score_points
from cells;

create temp table agents as
select id as user_id, 'Agent ' || chr((64 + id)::int) || '. Example' as user_name
from range(1, 13) as r (id);

create table marts.agents as
with a as (
    select w.*, a.*, chance(grain || window_date || user_id) as luck,
           chance(grain || window_date || user_id || 'before') as luck_before
    from windows as w cross join agents as a
)
select account, grain, window_date, window_start, window_end, is_open, is_provisional, user_id,
       user_name, user_id < 12 as is_listed, round(66 * share * (0.5 + luck)) as total_replies,
       round(50 * share * (0.5 + luck)) as customers_helped,
       round(28 * share * (0.5 + luck)) as resolved,
       case when grain <> 'day' then round(30 * share * (0.5 + luck)) end as closed,
       case when grain <> 'day' then 9000 + 9000 * luck end as response_time_seconds,
       case when grain <> 'day' then 80000 + 30000 * luck end as resolution_time_seconds,
       300 + 300 * luck as handle_time_seconds, 40 + 50 * luck as happiness_score,
       round(3 * share * (1 + luck)) as ratings_count, round(8 * share * luck) as chat_count,
       case when grain <> 'day' then change_pct(0.5 + luck, 0.5 + luck_before) end
           as delta_total_replies_pct,
       case when grain <> 'day' then change_pct(1 + luck, 1 + luck_before) end
           as delta_response_time_pct
from a;

create table marts.agent_teams as
select 'year' as account, 1 + user_id % 3 as team_id,
       ['First line', 'Second line', 'Nights'][1 + (user_id % 3)::int] as team_name,
       user_id, user_name
from agents;

create table marts.ratings as
with r as (
    select day::date as rated_date, n,
           chance(day || '/' || n) as luck, (hash(day || n) % 12 + 1)::bigint as user_id,
           [101, 102, 103, 104][(hash(n || day) % 4 + 1)::int] as inbox_id
    from generate_series(date '{today}' - 365, date '{today}' - 1, interval 1 day) as s (day)
         cross join range(6) as k (n)
)
select 'year' as account, rated_date::timestamptz + interval 15 hour as rated_at, rated_date,
       case when luck < 0.7 then 1 when luck < 0.9 then 2 else 3 end as rating_id,
       case when luck < 0.7 then 'great' when luck < 0.9 then 'okay' else 'not good' end
           as rating_label,
       case when n % 3 = 0 then 'Thank you, that was quick and it works again, number ' || (hash(n || rated_date) % 997)
            when n = 1 then 'Still waiting. <img src=x onerror="document.title=1"></script><script>document.title=2</script>'
       end as rating_comments,
       1000 + n as customer_id, case when n = 1 then null else 'Customer ' || n end as customer_name,
       user_id, 'Agent ' || chr((64 + user_id)::int) || '. Example' as user_name,
       hash(rated_date || n) % 1000000 as conversation_id,
       hash(rated_date || n) % 10000 as conversation_number, inbox_id,
       'Where is my order' as subject
from r;

create table marts.topics as
with t as (
    select c.*, topic_kind, k as topic_id,
           case when topic_kind = 'tag' and k = 3 then '<i>refund</i>'
                when topic_kind = 'customer' and k = 2 then null
                else topic_kind || ' ' || k end as topic_name,
           round(200 * share * size * (0.7 + 0.6 * chance(topic_kind || k || grain || window_date)) / (k + 1)
                 + case when topic_kind = 'tag' and k = 3 then 30 * share * size else 0 end)
               as conversation_count,
           round(200 * share * size * (0.7 + 0.6 * chance(topic_kind || k || grain || (window_date - 7)))
                 / (k + 1)) as previous_conversation_count
    from cells as c
         cross join (values ('tag', 20), ('saved reply', 12), ('workflow', 6), ('customer', 10))
             as kinds (topic_kind, many)
         cross join range(20) as n (k)
    where k < many
)
select account, grain, window_date, window_start, window_end, is_open, is_provisional, inbox_id,
       inbox_name, topic_kind, topic_id, topic_name, conversation_count,
       100.0 * conversation_count / (546 * share * size) as conversation_pct,
       previous_conversation_count,
       conversation_count - previous_conversation_count as change_count,
       change_pct(conversation_count, previous_conversation_count) as change_pct,
       row_number() over (partition by grain, window_date, inbox_name, topic_kind
                          order by conversation_count desc, topic_id) as topic_rank,
       case when previous_conversation_count = 0 then 'new'
            when change_count >= 3 and change_pct >= 10 then 'rising'
            when change_count <= -3 and change_pct <= -10 then 'falling'
            else 'steady' end as trend
from t where conversation_count > 0 or previous_conversation_count > 0;

create table marts.busy_hours as
select account, grain, window_date, window_start, window_end, is_open, is_provisional, inbox_id,
       inbox_name, weekday,
       ['Monday', 'Tuesday', 'Wednesday', 'Thursday', 'Friday', 'Saturday', 'Sunday'][weekday::int]
           as weekday_name, hour,
       round(9 * share * size * season * (0.7 + 0.6 * chance(inbox_name || window_date || weekday || '.' || hour))
             * exp(-(((hour - 12) / 4.0) ** 2)) * case when weekday > 5 then 0.2 else 1 end)
           as conversation_count
from cells cross join range(1, 8) as d (weekday) cross join range(24) as h (hour)
where grain <> 'day';

create table marts.chat_health as
select account, grain, window_date, window_start, window_end, is_open, is_provisional, inbox_id,
       inbox_name, round(84 * share * size) as chat_count, round(80 * share * size) as completed_count,
       round(4 * share * size) as missed_count, 5.0 * luck as missed_pct,
       40 + 20 * luck as wait_time_seconds, 600 + 300 * luck as duration_seconds,
       round(80 * share * size) as previous_chat_count
from cells;
create table marts.email_health as
select account, grain, window_date, window_start, window_end, is_open, is_provisional, inbox_id,
       inbox_name, round(300 * share * size) as conversation_count,
       round(280 * share * size) as created_count
from cells;
create table marts.phone_health as
select account, grain, window_date, window_start, window_end, is_open, is_provisional, inbox_id,
       inbox_name, round(30 * share * size) as conversation_count,
       round(30 * share * size) as calls_created
from cells;

create table marts.docs_health as
select account, grain, window_date, window_start, window_end, is_open, is_provisional,
       round(900 * share * (0.8 + 0.4 * luck)) as visitor_count,
       60 + 20 * luck as found_an_answer_pct, 12 - 6 * luck as failed_pct,
       12 - 6 * luck_before as previous_failed_pct,
       change_pct(round(900 * share * (0.8 + 0.4 * luck)), round(900 * share * (0.8 + 0.4 * luck_before)))
           as delta_visitor_count_pct, round(900 * share * (0.8 + 0.4 * luck_before))
           as previous_visitor_count,
       60 + 20 * luck_before as previous_found_an_answer_pct,
       20 * luck - 20 * luck_before as delta_found_an_answer_points
from cells where inbox_id is null;

create table marts.docs_gaps as
select account, grain, window_date, window_start, window_end, is_open, is_provisional,
       case when k = 0 then '<u>refund policy</u>' else 'missing article ' || k end as search_term,
       round((30.0 - k) * share) + 1 as search_count, round(20 * share) as previous_search_count,
       k + 1 as search_rank
from windows cross join range(10) as n (k);

create table marts.coverage as
select 'year' as account, report, slice_kind, grain, date '{today}' - 365 as first_date,
       date '{today}' - 1 as last_date, 365 as window_count, 364 as loaded_count, 0 as open_count,
       7 as provisional_count, 0 as incomplete_count,
       case when report = 'happiness_overall' and slice_kind = 'inbox' then 1 else 0 end
           as unavailable_count,
       case when report = 'happiness_overall' and slice_kind = 'inbox'
           then 'inbox <i>Sales</i> (103)' end as refused_items,
       case when report = 'chat' and grain = 'day' then 1 else 0 end as failed_count,
       timestamptz '{today} 08:00:00+00' as last_fetched_at,
       timestamptz '{today} 05:00:00+00' as covered_until,
       case when report = 'chat' and grain = 'day' then 'HTTP 500 after 5 tries' end as last_error,
       case when report in ('company_overall', 'conversations_overall')
           then 'slices_add_up, <b>users</b>_add_up' end as disagreeing_checks,
       case when report in ('company_overall', 'conversations_overall')
           then timestamptz '{today} 08:00:00+00' - interval 3 day end as disagrees_since,
       case when report in ('company_overall', 'conversations_overall') then 11.29 end
           as largest_difference_pct
from (values ('company_overall'), ('conversations_overall'), ('productivity_overall'), ('chat'),
             ('happiness_overall'), ('docs_overall')) as r (report)
     cross join (values ('all'), ('inbox')) as s (slice_kind)
     cross join (values ('day'), ('week'), ('month')) as g (grain);

create table reports.publication as
select timestamptz '{today} 08:05:00+00' as published_at, 'run-1' as run_id, 'year' as account,
       'America/New_York' as timezone, 0 as missing_windows, 2 as failed_windows,
       24 as checks_held, 0 as checks_failed, 3 as checks_skipped, 1 as checks_drifted,
       2 as checks_disagreeing, 'slices_add_up, <b>users</b>_add_up' as disagreeing_checks;
