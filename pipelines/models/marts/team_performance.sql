-- What did each team do? Counts are those of its members; what cannot be added up needs team slices.
-- grain: one row a window and team
-- from: marts.agent_teams, user_overall_by_user
-- optional: user_happiness_by_user, user_overall_by_team
-- member_count: Members whose numbers are in the row
-- happiness_score: Great share minus Not Good share, of the ratings of all members; null without
--   ratings
-- customers_helped: Distinct customers who got a reply; null unless user_overall is loaded by team
-- response_time_seconds: Average wait for any reply; null where there was none, and
--   unless user_overall is loaded by team
-- resolution_time_seconds: Average time to resolution; null where there was none, and
--   unless user_overall is loaded by team
-- handle_time_seconds: Average time composing a reply; null where there was none, and
--   unless user_overall is loaded by team
with members as (
    select
        m.account, m.team_id, m.team_name, u.grain, u.window_date, u.window_start, u.window_end,
        u.total_replies, u.previous_total_replies, u.resolved, u.previous_resolved,
        u.closed, u.previous_closed,
        h.great_count, h.okay_count, h.not_good_count, h.ratings_count,
        u.is_open, u.is_provisional
    from marts.agent_teams as m
    inner join reports.user_overall_by_user as u
        on u.account = m.account and u.user_id = m.user_id
    left join reports.user_happiness_by_user as h
        on h.account = u.account and h.user_id = u.user_id
        and h.grain = u.grain and h.window_start = u.window_start
),

added as (
    select
        account, team_id, team_name, grain, window_date, window_start, window_end,
        count(*) as member_count,
        cast(sum(total_replies) as bigint) as total_replies,
        cast(sum(previous_total_replies) as bigint) as previous_total_replies,
        cast(sum(resolved) as bigint) as resolved,
        cast(sum(previous_resolved) as bigint) as previous_resolved,
        cast(sum(closed) as bigint) as closed,
        cast(sum(previous_closed) as bigint) as previous_closed,
        cast(sum(great_count) as bigint) as great_count,
        cast(sum(okay_count) as bigint) as okay_count,
        cast(sum(not_good_count) as bigint) as not_good_count,
        cast(sum(ratings_count) as bigint) as ratings_count,
        max(case when is_open then 1 else 0 end) = 1 as is_open,
        max(case when is_provisional then 1 else 0 end) = 1 as is_provisional
    from members
    group by account, team_id, team_name, grain, window_date, window_start, window_end
)

select
    a.account,
    a.grain,
    a.window_date,
    a.window_start,
    a.window_end,
    a.team_id,
    a.team_name,
    a.member_count,
    a.total_replies,
    a.previous_total_replies,
    a.resolved,
    a.previous_resolved,
    a.closed,
    a.previous_closed,
    a.great_count,
    a.okay_count,
    a.not_good_count,
    a.ratings_count,
    100.0 * (a.great_count - a.not_good_count) / nullif(a.ratings_count, 0) as happiness_score,
    t.customers_helped,
    t.response_time_seconds,
    t.resolution_time_seconds,
    t.handle_time_seconds,
    a.is_open,
    a.is_provisional
from added as a
left join reports.user_overall_by_team as t
    on t.account = a.account and t.team_id = a.team_id
    and t.grain = a.grain and t.window_start = a.window_start
