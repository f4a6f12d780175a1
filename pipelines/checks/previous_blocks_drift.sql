-- The previous block of an overall report is the window loaded for that period, though a later run
-- read it: where not, the past has moved since.
-- level: drift
-- needs: company_overall, conversations_overall, productivity_overall, happiness_overall, email, chat, phone, user_overall, report_windows
with differences as (
    select 'company_overall' as report, 'total_replies' as measure, later.account, later.slice, later.grain,
           later.window_date, later.window_start, earlier.window_start as earlier_start,
           earlier.total_replies as expected, later.previous_total_replies as found,
           later.fetched_at as later_at, earlier.fetched_at as earlier_at
    from company_overall as later
    inner join company_overall as earlier
        on earlier.account = later.account and earlier.slice = later.slice
        and earlier.grain = later.grain and earlier.window_start = later.previous_window_start
        and earlier.window_end = later.previous_window_end
    where later.previous_total_replies <> earlier.total_replies
    union all
    select 'company_overall', 'closed', later.account, later.slice, later.grain, later.window_date,
           later.window_start, earlier.window_start, earlier.closed, later.previous_closed,
           later.fetched_at, earlier.fetched_at
    from company_overall as later
    inner join company_overall as earlier
        on earlier.account = later.account and earlier.slice = later.slice
        and earlier.grain = later.grain and earlier.window_start = later.previous_window_start
        and earlier.window_end = later.previous_window_end
    where later.previous_closed <> earlier.closed
    union all
    select 'company_overall', 'customers_helped', later.account, later.slice, later.grain, later.window_date,
           later.window_start, earlier.window_start, earlier.customers_helped, later.previous_customers_helped,
           later.fetched_at, earlier.fetched_at
    from company_overall as later
    inner join company_overall as earlier
        on earlier.account = later.account and earlier.slice = later.slice
        and earlier.grain = later.grain and earlier.window_start = later.previous_window_start
        and earlier.window_end = later.previous_window_end
    where later.previous_customers_helped <> earlier.customers_helped
    union all
    select 'conversations_overall', 'total_conversations', later.account, later.slice, later.grain, later.window_date,
           later.window_start, earlier.window_start, earlier.total_conversations, later.previous_total_conversations,
           later.fetched_at, earlier.fetched_at
    from conversations_overall as later
    inner join conversations_overall as earlier
        on earlier.account = later.account and earlier.slice = later.slice
        and earlier.grain = later.grain and earlier.window_start = later.previous_window_start
        and earlier.window_end = later.previous_window_end
    where later.previous_total_conversations <> earlier.total_conversations
    union all
    select 'conversations_overall', 'conversations_created', later.account, later.slice, later.grain, later.window_date,
           later.window_start, earlier.window_start, earlier.conversations_created, later.previous_conversations_created,
           later.fetched_at, earlier.fetched_at
    from conversations_overall as later
    inner join conversations_overall as earlier
        on earlier.account = later.account and earlier.slice = later.slice
        and earlier.grain = later.grain and earlier.window_start = later.previous_window_start
        and earlier.window_end = later.previous_window_end
    where later.previous_conversations_created <> earlier.conversations_created
    union all
    select 'conversations_overall', 'customer_count', later.account, later.slice, later.grain, later.window_date,
           later.window_start, earlier.window_start, earlier.customer_count, later.previous_customer_count,
           later.fetched_at, earlier.fetched_at
    from conversations_overall as later
    inner join conversations_overall as earlier
        on earlier.account = later.account and earlier.slice = later.slice
        and earlier.grain = later.grain and earlier.window_start = later.previous_window_start
        and earlier.window_end = later.previous_window_end
    where later.previous_customer_count <> earlier.customer_count
    union all
    select 'productivity_overall', 'resolved', later.account, later.slice, later.grain, later.window_date,
           later.window_start, earlier.window_start, earlier.resolved, later.previous_resolved,
           later.fetched_at, earlier.fetched_at
    from productivity_overall as later
    inner join productivity_overall as earlier
        on earlier.account = later.account and earlier.slice = later.slice
        and earlier.grain = later.grain and earlier.window_start = later.previous_window_start
        and earlier.window_end = later.previous_window_end
    where later.previous_resolved <> earlier.resolved
    union all
    select 'productivity_overall', 'replies_sent', later.account, later.slice, later.grain, later.window_date,
           later.window_start, earlier.window_start, earlier.replies_sent, later.previous_replies_sent,
           later.fetched_at, earlier.fetched_at
    from productivity_overall as later
    inner join productivity_overall as earlier
        on earlier.account = later.account and earlier.slice = later.slice
        and earlier.grain = later.grain and earlier.window_start = later.previous_window_start
        and earlier.window_end = later.previous_window_end
    where later.previous_replies_sent <> earlier.replies_sent
    union all
    select 'happiness_overall', 'great_count', later.account, later.slice, later.grain, later.window_date,
           later.window_start, earlier.window_start, earlier.great_count, later.previous_great_count,
           later.fetched_at, earlier.fetched_at
    from happiness_overall as later
    inner join happiness_overall as earlier
        on earlier.account = later.account and earlier.slice = later.slice
        and earlier.grain = later.grain and earlier.window_start = later.previous_window_start
        and earlier.window_end = later.previous_window_end
    where later.previous_great_count <> earlier.great_count
    union all
    select 'happiness_overall', 'okay_count', later.account, later.slice, later.grain, later.window_date,
           later.window_start, earlier.window_start, earlier.okay_count, later.previous_okay_count,
           later.fetched_at, earlier.fetched_at
    from happiness_overall as later
    inner join happiness_overall as earlier
        on earlier.account = later.account and earlier.slice = later.slice
        and earlier.grain = later.grain and earlier.window_start = later.previous_window_start
        and earlier.window_end = later.previous_window_end
    where later.previous_okay_count <> earlier.okay_count
    union all
    select 'happiness_overall', 'not_good_count', later.account, later.slice, later.grain, later.window_date,
           later.window_start, earlier.window_start, earlier.not_good_count, later.previous_not_good_count,
           later.fetched_at, earlier.fetched_at
    from happiness_overall as later
    inner join happiness_overall as earlier
        on earlier.account = later.account and earlier.slice = later.slice
        and earlier.grain = later.grain and earlier.window_start = later.previous_window_start
        and earlier.window_end = later.previous_window_end
    where later.previous_not_good_count <> earlier.not_good_count
    union all
    select 'email', 'volume_email_conversations', later.account, later.slice, later.grain, later.window_date,
           later.window_start, earlier.window_start, earlier.volume_email_conversations, later.previous_volume_email_conversations,
           later.fetched_at, earlier.fetched_at
    from email as later
    inner join email as earlier
        on earlier.account = later.account and earlier.slice = later.slice
        and earlier.grain = later.grain and earlier.window_start = later.previous_window_start
        and earlier.window_end = later.previous_window_end
    where later.previous_volume_email_conversations <> earlier.volume_email_conversations
    union all
    select 'email', 'resolutions_resolved', later.account, later.slice, later.grain, later.window_date,
           later.window_start, earlier.window_start, earlier.resolutions_resolved, later.previous_resolutions_resolved,
           later.fetched_at, earlier.fetched_at
    from email as later
    inner join email as earlier
        on earlier.account = later.account and earlier.slice = later.slice
        and earlier.grain = later.grain and earlier.window_start = later.previous_window_start
        and earlier.window_end = later.previous_window_end
    where later.previous_resolutions_resolved <> earlier.resolutions_resolved
    union all
    select 'chat', 'volume_chat_conversations', later.account, later.slice, later.grain, later.window_date,
           later.window_start, earlier.window_start, earlier.volume_chat_conversations, later.previous_volume_chat_conversations,
           later.fetched_at, earlier.fetched_at
    from chat as later
    inner join chat as earlier
        on earlier.account = later.account and earlier.slice = later.slice
        and earlier.grain = later.grain and earlier.window_start = later.previous_window_start
        and earlier.window_end = later.previous_window_end
    where later.previous_volume_chat_conversations <> earlier.volume_chat_conversations
    union all
    select 'phone', 'phone_conversations', later.account, later.slice, later.grain, later.window_date,
           later.window_start, earlier.window_start, earlier.phone_conversations, later.previous_phone_conversations,
           later.fetched_at, earlier.fetched_at
    from phone as later
    inner join phone as earlier
        on earlier.account = later.account and earlier.slice = later.slice
        and earlier.grain = later.grain and earlier.window_start = later.previous_window_start
        and earlier.window_end = later.previous_window_end
    where later.previous_phone_conversations <> earlier.phone_conversations
    union all
    select 'user_overall', 'total_replies', later.account, later.slice, later.grain, later.window_date,
           later.window_start, earlier.window_start, earlier.total_replies, later.previous_total_replies,
           later.fetched_at, earlier.fetched_at
    from user_overall as later
    inner join user_overall as earlier
        on earlier.account = later.account and earlier.slice = later.slice
        and earlier.grain = later.grain and earlier.window_start = later.previous_window_start
        and earlier.window_end = later.previous_window_end
    where later.previous_total_replies <> earlier.total_replies
    union all
    select 'user_overall', 'resolved', later.account, later.slice, later.grain, later.window_date,
           later.window_start, earlier.window_start, earlier.resolved, later.previous_resolved,
           later.fetched_at, earlier.fetched_at
    from user_overall as later
    inner join user_overall as earlier
        on earlier.account = later.account and earlier.slice = later.slice
        and earlier.grain = later.grain and earlier.window_start = later.previous_window_start
        and earlier.window_end = later.previous_window_end
    where later.previous_resolved <> earlier.resolved
)

select differences.account, differences.report, differences.measure, differences.slice,
       differences.grain, differences.window_date, differences.expected, differences.found
from differences
inner join {read_well} as later
    on later.report = differences.report and later.account = differences.account
    and later.slice = differences.slice and later.grain = differences.grain
    and later.window_start = differences.window_start
inner join {read_well} as earlier
    on earlier.report = differences.report and earlier.account = differences.account
    and earlier.slice = differences.slice and earlier.grain = differences.grain
    and earlier.window_start = differences.earlier_start
where later.run_id <> earlier.run_id and differences.later_at > differences.earlier_at
