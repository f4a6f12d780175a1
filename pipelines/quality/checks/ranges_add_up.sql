-- The ranges of a distribution add up to the conversations in it.
-- kind: agreement
-- needs: productivity_overall, productivity_overall_ranges
select o.account, o.grain, o.window_date, o.slice, o.metric, o.expected,
       coalesce(sum(r.conversation_count), 0) as found
from (
    select account, grain, window_start, window_date, slice, 'responseTime' as metric,
           response_time_conversation_count as expected
    from productivity_overall
    union all
    select account, grain, window_start, window_date, slice, 'firstResponseTime',
           first_response_time_conversation_count
    from productivity_overall
    union all
    select account, grain, window_start, window_date, slice, 'handleTime',
           handle_time_conversation_count
    from productivity_overall
    union all
    select account, grain, window_start, window_date, slice, 'repliesToResolve',
           replies_to_resolve_conversation_count
    from productivity_overall
) as o
left join productivity_overall_ranges as r
    on r.account = o.account and r.slice = o.slice and r.metric = o.metric
    and r.grain = o.grain and r.window_start = o.window_start
group by o.account, o.grain, o.window_date, o.slice, o.metric, o.expected
having o.expected is distinct from coalesce(sum(r.conversation_count), 0)
