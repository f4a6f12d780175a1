-- Distinct customers and users do not add up over inboxes, or channels: the total is at least
-- the greatest of them, and at most their sum.
-- needs: company_overall, conversations_overall, inboxes, report_windows
with figures as (
    select 'company_overall' as report, 'customers_helped' as measure, account, slice, slice_kind, grain,
           window_start, window_date, customers_helped as figure
    from company_overall
    union all
    select 'company_overall', 'total_users', account, slice, slice_kind, grain, window_start, window_date, total_users
    from company_overall
    union all
    select 'conversations_overall', 'customer_count', account, slice, slice_kind, grain, window_start, window_date, customer_count
    from conversations_overall
),

inbox_counts as (
    select account, count(*) as items from inboxes
    where last_seen_at = (select max(last_seen_at) from inboxes) group by account
)

select total.account, total.report, total.measure, total.grain, total.window_date,
       part.slice_kind as by_what, total.figure as expected, max(part.figure) as at_least, sum(part.figure) as at_most
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
    and (total.figure < max(part.figure) or total.figure > sum(part.figure))
