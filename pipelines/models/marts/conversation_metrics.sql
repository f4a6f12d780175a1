-- How did each conversation that got a reply go: waits, resolution, replies, handle time, rating?
-- grain: one row a conversation
-- from: user_conversation_history_by_user, marts.conversations
-- optional: happiness_ratings
-- first_response_time_seconds: Wait for the first reply; null where there was none
-- resolution_time_seconds: Time from creation to resolution; null while it is not resolved
-- reply_count: Replies in the windows that are loaded, of the shortest grain
-- handle_time_seconds: Average time composing one of these replies; null where unknown
-- rating_id: Latest rating: 1 great, 2 okay, 3 not good
-- rating_label: The rating in words
-- rated_at: When it was rated
-- first_reply_date: First local day of the window of the first reply
-- last_reply_date: First local day of the window of the last reply
with grains as (
    select
        *,
        case grain when 'day' then 1 when 'week' then 2 else 3 end as grain_length
    from reports.user_conversation_history_by_user as loaded
),

shortest as (
    select *, min(grain_length) over (partition by account) as shortest_length
    from grains
),

history as (  -- each reply is in a window of every grain that is loaded
    select * from shortest where grain_length = shortest_length
),

latest as (
    select
        *,
        row_number() over (
            partition by account, conversation_id
            order by fetched_at desc, window_start desc, position desc, user_id
        ) as by_age
    from history
),

counted as (
    select
        account,
        conversation_id,
        cast(sum(replies_sent) as bigint) as reply_count,
        sum(avg_handle_time_seconds * replies_sent)
        / nullif(sum(case when avg_handle_time_seconds is not null then replies_sent end), 0)
            as handle_time_seconds,
        min(window_date) as first_reply_date,
        max(window_date) as last_reply_date
    from history
    group by account, conversation_id
),

ratings as (
    select
        account, conversation_id, rating_id, rating_label, rated_at,
        row_number() over (
            partition by account, conversation_id
            order by rated_at desc, thread_id desc, fetched_at desc
        ) as by_age
    from reports.happiness_ratings as rated
    where slice = 'all'
)

select
    h.account,
    h.conversation_id,
    h.conversation_number,
    c.conversation_type,
    c.conversation_status,
    c.inbox_id,
    c.inbox_name,
    h.first_response_time_seconds,
    h.resolution_time_seconds,
    n.reply_count,
    n.handle_time_seconds,
    r.rating_id,
    r.rating_label,
    r.rated_at,
    n.first_reply_date,
    n.last_reply_date
from latest as h
inner join counted as n on n.account = h.account and n.conversation_id = h.conversation_id
left join ratings as r
    on r.account = h.account and r.conversation_id = h.conversation_id and r.by_age = 1
left join marts.conversations as c
    on c.account = h.account and c.conversation_id = h.conversation_id
where h.by_age = 1
