-- How are waits, handle times and numbers of replies spread: how many were quick, how many were not?
-- grain: one row a window, inbox, metric and range
-- from: productivity_overall_ranges_by_inbox
-- metric: first response time, response time, handle time or replies to resolve
-- range_id: Range of the metric; order by it
-- range_label: The range in words
-- conversation_count: Conversations in the range
-- conversation_pct: Their share of the metric's conversations
-- cumulative_pct: Share of this range and those before it
select
    account,
    grain,
    window_date,
    window_start,
    window_end,
    inbox_id,
    inbox_name,
    case metric
        when 'firstResponseTime' then 'first response time'
        when 'responseTime' then 'response time'
        when 'handleTime' then 'handle time'
        when 'repliesToResolve' then 'replies to resolve'
        else metric
    end as metric,
    range_id,
    range_label,
    conversation_count,
    previous_conversation_count,
    conversation_pct,
    previous_conversation_pct,
    100.0 * sum(conversation_count) over (
        partition by account, slice, grain, window_start, metric order by range_id
    ) / nullif(
        sum(conversation_count) over (partition by account, slice, grain, window_start, metric), 0
    ) as cumulative_pct,
    is_open,
    is_provisional
from reports.productivity_overall_ranges_by_inbox
