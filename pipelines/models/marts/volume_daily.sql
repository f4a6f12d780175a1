-- How many new conversations come in each day, by inbox and channel, against the same weekday a week and a year ago?
-- grain: one row a day, inbox and channel
-- from: conversations_overall_by_inbox, conversations_volume_by_channel_by_inbox
-- channel: email, chat or phone; all is every channel
-- new_conversations: Conversations created on the day
-- week_ago_new_conversations: The same, seven days before
-- change_week_pct: Change since then; null while the day is open
-- year_ago_new_conversations: The same, 364 days before: the same weekday of the year before
-- change_year_pct: Change since then; null while the day is open
with counted as (
    select account, slice, window_date, inbox_id, inbox_name, 'all' as channel,
           new_conversations, is_open, is_provisional
    from reports.conversations_overall_by_inbox
    where grain = 'day'
    union all
    select account, slice, window_date, inbox_id, inbox_name, 'email', email_count,
           is_open, is_provisional
    from reports.conversations_volume_by_channel_by_inbox
    where grain = 'day'
    union all
    select account, slice, window_date, inbox_id, inbox_name, 'chat', chat_count,
           is_open, is_provisional
    from reports.conversations_volume_by_channel_by_inbox
    where grain = 'day'
    union all
    select account, slice, window_date, inbox_id, inbox_name, 'phone', phone_count,
           is_open, is_provisional
    from reports.conversations_volume_by_channel_by_inbox
    where grain = 'day'
)
select
    today.account,
    today.window_date,
    today.inbox_id,
    today.inbox_name,
    today.channel,
    today.new_conversations,
    week_ago.new_conversations as week_ago_new_conversations,
    case when not today.is_open then
        100.0 * (today.new_conversations - week_ago.new_conversations)
        / nullif(week_ago.new_conversations, 0)
    end as change_week_pct,
    year_ago.new_conversations as year_ago_new_conversations,
    case when not today.is_open then
        100.0 * (today.new_conversations - year_ago.new_conversations)
        / nullif(year_ago.new_conversations, 0)
    end as change_year_pct,
    today.is_open,
    today.is_provisional
from counted as today
left join counted as week_ago
    on week_ago.account = today.account and week_ago.slice = today.slice
    and week_ago.channel = today.channel and week_ago.window_date = today.window_date - 7
left join counted as year_ago
    on year_ago.account = today.account and year_ago.slice = today.slice
    and year_ago.channel = today.channel and year_ago.window_date = today.window_date - 364
