-- How much came in and went out each day, week and month, by inbox, against the window before?
-- grain: one row a window and inbox
-- from: conversations_overall_by_inbox, company_overall_by_inbox
-- total_conversations: Conversations touched, spam left out
-- new_conversations: Conversations created by customers or users
-- conversations_created: Conversations created
-- customer_count: Distinct customers involved
select
    c.account,
    c.grain,
    c.window_date,
    c.window_start,
    c.window_end,
    c.inbox_id,
    c.inbox_name,
    c.total_conversations,
    c.previous_total_conversations,
    c.delta_total_conversations_pct,
    c.new_conversations,
    c.previous_new_conversations,
    c.delta_new_conversations_pct,
    c.conversations_created,
    c.previous_conversations_created,
    c.delta_conversations_created_pct,
    c.customer_count,
    c.previous_customer_count,
    c.delta_customer_count_pct,
    o.customers_helped,
    o.previous_customers_helped,
    o.delta_customers_helped_pct,
    o.total_replies,
    o.previous_total_replies,
    o.delta_total_replies_pct,
    o.closed,
    o.previous_closed,
    o.delta_closed_pct,
    c.is_open,
    c.is_provisional
from reports.conversations_overall_by_inbox as c
left join reports.company_overall_by_inbox as o
    on o.account = c.account and o.slice = c.slice
    and o.grain = c.grain and o.window_start = c.window_start
