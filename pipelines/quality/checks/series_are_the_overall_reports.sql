-- A bucket of a series says what the overall report says of the same window.
-- kind: agreement
-- tolerance: one second for durations, which the API rounds in one of the two
-- needs: company_overall, company_customers_helped, conversations_overall, conversations_new, productivity_overall, productivity_replies_sent, productivity_resolved, productivity_first_response_time, productivity_response_time, productivity_resolution_time, report_windows
with both_say as (
    select 'company_customers_helped' as series, 'company_overall' as overall, s.account, s.slice,
           s.grain, s.window_start, s.window_date, o.customers_helped as expected,
           s.customers_helped as found, 0 as tolerance
    from company_customers_helped as s
    inner join company_overall as o on o.account = s.account and o.slice = s.slice
        and o.grain = s.grain and o.window_start = s.window_start
    union all
    select 'conversations_new', 'conversations_overall', s.account, s.slice, s.grain,
           s.window_start, s.window_date, o.conversations_created, s.conversation_count, 0
    from conversations_new as s
    inner join conversations_overall as o on o.account = s.account and o.slice = s.slice
        and o.grain = s.grain and o.window_start = s.window_start
    union all
    select 'productivity_replies_sent', 'productivity_overall', s.account, s.slice, s.grain,
           s.window_start, s.window_date, o.replies_sent, s.replies_sent, 0
    from productivity_replies_sent as s
    inner join productivity_overall as o on o.account = s.account and o.slice = s.slice
        and o.grain = s.grain and o.window_start = s.window_start
    union all
    select 'productivity_resolved', 'productivity_overall', s.account, s.slice, s.grain,
           s.window_start, s.window_date, o.resolved, s.resolved, 0
    from productivity_resolved as s
    inner join productivity_overall as o on o.account = s.account and o.slice = s.slice
        and o.grain = s.grain and o.window_start = s.window_start
    union all
    select 'productivity_first_response_time', 'productivity_overall', s.account, s.slice, s.grain,
           s.window_start, s.window_date, o.first_response_time_seconds,
           s.first_response_time_seconds, 1
    from productivity_first_response_time as s
    inner join productivity_overall as o on o.account = s.account and o.slice = s.slice
        and o.grain = s.grain and o.window_start = s.window_start
    union all
    select 'productivity_response_time', 'productivity_overall', s.account, s.slice, s.grain,
           s.window_start, s.window_date, o.response_time_seconds, s.response_time_seconds, 1
    from productivity_response_time as s
    inner join productivity_overall as o on o.account = s.account and o.slice = s.slice
        and o.grain = s.grain and o.window_start = s.window_start
    union all
    select 'productivity_resolution_time', 'productivity_overall', s.account, s.slice, s.grain,
           s.window_start, s.window_date, o.resolution_time_seconds, s.resolution_time_seconds, 1
    from productivity_resolution_time as s
    inner join productivity_overall as o on o.account = s.account and o.slice = s.slice
        and o.grain = s.grain and o.window_start = s.window_start
)
select both_say.series, both_say.overall, both_say.account, both_say.grain, both_say.window_date,
       both_say.slice, both_say.expected, both_say.found
from both_say
inner join {read_together} as together
    on together.report = both_say.series and together.other = both_say.overall
    and together.account = both_say.account and together.slice = both_say.slice
    and together.grain = both_say.grain and together.window_start = both_say.window_start
where abs(coalesce(both_say.expected, 0) - coalesce(both_say.found, 0)) > both_say.tolerance
