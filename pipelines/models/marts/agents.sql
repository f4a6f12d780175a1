-- What did each agent do, how fast, and how happy were their customers?
-- grain: one row a window and user, without teams and AI agents; days have replies, customers,
--   handle time and happiness only
-- user_id: User
-- from: user_overall_by_user, company_overall_users_by_inbox, people
-- optional: user_happiness_by_user, user_chat_by_user
-- is_listed: Whether the account still lists the user
-- chat_count: Chats
-- response_time_seconds: Average wait of customers for any reply of the user; null where there
--   was none
-- happiness_score: Great share minus Not Good share; null without ratings, save that days, which
--   have no ratings count, may say 0
select
    u.account,
    u.grain,
    u.window_date,
    u.window_start,
    u.window_end,
    u.user_id,
    coalesce(u.user_name, p.user_name) as user_name,
    coalesce(p.is_listed, false) as is_listed,
    u.total_replies,
    u.previous_total_replies,
    u.delta_total_replies_pct,
    u.customers_helped,
    u.resolved,
    u.closed,
    u.response_time_seconds,
    u.previous_response_time_seconds,
    u.delta_response_time_pct,
    u.resolution_time_seconds,
    u.handle_time_seconds,
    u.replies_to_resolve,
    -- where the ratings were not loaded, as Help Scout says it
    case when h.ratings_count = 0 then null else u.happiness_score end as happiness_score,
    case when h.previous_ratings_count = 0 then null else u.previous_happiness_score end
        as previous_happiness_score,
    h.ratings_count,
    c.new_conversations as chat_count,
    u.is_open,
    u.is_provisional
from reports.user_overall_by_user as u
left join reports.user_happiness_by_user as h
    on h.account = u.account and h.user_id = u.user_id
    and h.grain = u.grain and h.window_start = u.window_start
left join reports.user_chat_by_user as c
    on c.account = u.account and c.user_id = u.user_id
    and c.grain = u.grain and c.window_start = u.window_start
left join reports.people as p on p.account = u.account and p.user_id = u.user_id
where u.grain <> 'day' and coalesce(p.user_kind, '') not in ('team', 'ai_agent')
union all
select
    d.account, d.grain, d.window_date, d.window_start, d.window_end, d.user_id, p.user_name,
    coalesce(p.is_listed, false), d.replies, d.previous_replies,
    100.0 * (d.replies - d.previous_replies) / nullif(d.previous_replies, 0), d.customers_helped,
    null, null, null, null, null, null, d.handle_time_seconds, null,
    d.happiness_score, d.previous_happiness_score, null, null, d.is_open, d.is_provisional
from reports.company_overall_users_by_inbox as d
left join reports.people as p on p.account = d.account and p.user_id = d.user_id
where d.grain = 'day' and d.inbox_id is null
    and coalesce(p.user_kind, '') not in ('team', 'ai_agent')
