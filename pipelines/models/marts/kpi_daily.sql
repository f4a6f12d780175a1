-- How did each day go, in one wide row?
-- grain: one row a day and inbox
-- from: conversations_overall_by_inbox
-- optional: conversations_volume_by_channel_by_inbox, conversations_received_messages_by_inbox,
--   company_overall_by_inbox, productivity_overall_by_inbox, happiness_overall_by_inbox, docs_overall
-- conversation_count: Conversations touched, spam left out
-- new_conversations: Conversations created by customers or users
-- new_email_conversations: E-mail conversations among the new ones
-- new_chat_conversations: Chat conversations among the new ones
-- new_phone_conversations: Phone conversations among the new ones
-- messages_received: Messages from customers
-- docs_visitor_count: Visitors of the Docs sites; null for a single inbox
select
    c.account,
    c.window_date,
    c.window_start,
    c.window_end,
    c.inbox_id,
    c.inbox_name,
    c.total_conversations as conversation_count,
    c.new_conversations,
    v.email_count as new_email_conversations,
    v.chat_count as new_chat_conversations,
    v.phone_count as new_phone_conversations,
    m.message_count as messages_received,
    o.customers_helped,
    o.total_replies,
    o.closed,
    p.resolved,
    p.first_response_time_seconds,
    p.response_time_seconds,
    p.resolution_time_seconds,
    p.handle_time_seconds,
    h.happiness_score,
    h.ratings_count,
    d.visitor_count as docs_visitor_count,
    c.is_open,
    c.is_provisional
from reports.conversations_overall_by_inbox as c
left join reports.conversations_volume_by_channel_by_inbox as v
    on v.account = c.account and v.slice = c.slice
    and v.grain = c.grain and v.window_start = c.window_start
left join reports.conversations_received_messages_by_inbox as m
    on m.account = c.account and m.slice = c.slice
    and m.grain = c.grain and m.window_start = c.window_start
left join reports.company_overall_by_inbox as o
    on o.account = c.account and o.slice = c.slice
    and o.grain = c.grain and o.window_start = c.window_start
left join reports.productivity_overall_by_inbox as p
    on p.account = c.account and coalesce(p.inbox_id, 0) = coalesce(c.inbox_id, 0)
    and p.grain = c.grain and p.window_start = c.window_start
left join reports.happiness_overall_by_inbox as h
    on h.account = c.account and h.slice = c.slice
    and h.grain = c.grain and h.window_start = c.window_start
left join reports.docs_overall as d
    on d.account = c.account and d.slice = c.slice
    and d.grain = c.grain and d.window_start = c.window_start
where c.grain = 'day'
