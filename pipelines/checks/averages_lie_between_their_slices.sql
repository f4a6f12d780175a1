-- Averages do not add up over inboxes, or channels: the total's is not above the greatest of them,
-- nor below the least.
-- tolerance: one second, or one of a unit, since the API rounds durations
-- needs: productivity_overall, inboxes, report_windows
with figures as (
    select 'productivity_overall' as report, 'response_time_seconds' as measure, account, slice, slice_kind, grain,
           window_start, window_date, response_time_seconds as figure
    from productivity_overall
    union all
    select 'productivity_overall', 'first_response_time_seconds', account, slice, slice_kind, grain, window_start, window_date, first_response_time_seconds
    from productivity_overall
    union all
    select 'productivity_overall', 'resolution_time_seconds', account, slice, slice_kind, grain, window_start, window_date, resolution_time_seconds
    from productivity_overall
    union all
    select 'productivity_overall', 'handle_time_seconds', account, slice, slice_kind, grain, window_start, window_date, handle_time_seconds
    from productivity_overall
    union all
    select 'productivity_overall', 'replies_to_resolve', account, slice, slice_kind, grain, window_start, window_date, replies_to_resolve
    from productivity_overall
),

inbox_counts as (
    select account, count(*) as items from inboxes
    where last_seen_at = (select max(last_seen_at) from inboxes) group by account
)

select total.account, total.report, total.measure, total.grain, total.window_date,
       part.slice_kind as by_what, total.figure as expected, min(part.figure) as at_least, max(part.figure) as at_most
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
    and (total.figure < min(part.figure) - 1 or total.figure > max(part.figure) + 1)
