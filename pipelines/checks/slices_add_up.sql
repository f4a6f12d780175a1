-- What is counted once in one inbox, or channel, adds up to the total over all of them.
-- Customers, users and averages do not: see the two checks of their own.
-- needs: company_overall, conversations_overall, productivity_overall, happiness_overall, inboxes, report_windows
with figures as (
    select 'company_overall' as report, 'total_replies' as measure, account, slice, slice_kind, grain,
           window_start, window_date, total_replies as figure
    from company_overall
    union all
    select 'company_overall', 'closed', account, slice, slice_kind, grain, window_start, window_date, closed
    from company_overall
    union all
    select 'conversations_overall', 'total_conversations', account, slice, slice_kind, grain, window_start, window_date, total_conversations
    from conversations_overall
    union all
    select 'conversations_overall', 'conversations_created', account, slice, slice_kind, grain, window_start, window_date, conversations_created
    from conversations_overall
    union all
    select 'productivity_overall', 'resolved', account, slice, slice_kind, grain, window_start, window_date, resolved
    from productivity_overall
    union all
    select 'productivity_overall', 'replies_sent', account, slice, slice_kind, grain, window_start, window_date, replies_sent
    from productivity_overall
    union all
    select 'happiness_overall', 'great_count', account, slice, slice_kind, grain, window_start, window_date, great_count
    from happiness_overall
    union all
    select 'happiness_overall', 'okay_count', account, slice, slice_kind, grain, window_start, window_date, okay_count
    from happiness_overall
    union all
    select 'happiness_overall', 'not_good_count', account, slice, slice_kind, grain, window_start, window_date, not_good_count
    from happiness_overall
),

inbox_counts as (
    select account, count(*) as items from inboxes
    where last_seen_at = (select max(last_seen_at) from inboxes) group by account
)

select total.account, total.report, total.measure, total.grain, total.window_date,
       part.slice_kind as by_what, total.figure as expected, sum(part.figure) as found
from figures as total
inner join figures as part
    on part.account = total.account and part.report = total.report
    and part.measure = total.measure and part.grain = total.grain
    and part.window_start = total.window_start and part.slice_kind in ('mailbox', 'type')
inner join {read_well} as read
    on read.report = total.report and read.account = total.account and read.slice = total.slice
    and read.grain = total.grain and read.window_start = total.window_start
inner join {read_well} as own
    on own.report = part.report and own.account = part.account and own.slice = part.slice
    and own.grain = part.grain and own.window_start = part.window_start
    and own.run_id = read.run_id
left join inbox_counts on inbox_counts.account = total.account
where total.slice = 'all'
group by total.account, total.report, total.measure, total.grain, total.window_date,
         part.slice_kind, total.figure, inbox_counts.items
-- only where every inbox, or every channel, was read
having count(*) = case part.slice_kind when 'type' then 3 else inbox_counts.items end
    and sum(part.figure) <> total.figure
