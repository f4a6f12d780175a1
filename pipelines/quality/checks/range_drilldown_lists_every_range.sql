-- A range's drilldown lists as many conversations as the distribution counts in that range.
-- kind: agreement
-- needs: productivity_overall_ranges, company_drilldown, report_windows
select r.account, r.grain, r.window_date, d.slice, r.conversation_count as expected,
       coalesce(d.found, 0) as found
from productivity_overall_ranges as r
inner join {read_well} as read
    on read.report = 'productivity_overall' and read.account = r.account and read.slice = r.slice
    and read.grain = r.grain and read.window_start = r.window_start
inner join {read_well} as listed
    on listed.report = 'company_drilldown' and listed.account = r.account
    and listed.run_id = read.run_id
    and listed.slice = 'range=' || case r.metric when 'repliesToResolve' then 'replies'
        else r.metric end || ',range_id=' || cast(r.range_id as varchar)
    and listed.grain = r.grain and listed.window_start = r.window_start
left join (
    select account, slice, grain, window_start, count(*) as found
    from company_drilldown group by account, slice, grain, window_start
) as d
    on d.account = listed.account and d.slice = listed.slice
    and d.grain = listed.grain and d.window_start = listed.window_start
where r.slice = 'all' and r.conversation_count is distinct from coalesce(d.found, 0)
