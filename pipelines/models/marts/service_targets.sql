-- Which share was answered within the configured time?
-- grain: one row a window, inbox and target
-- from: productivity_overall_ranges_by_inbox, marts.targets
-- metric: first response time or response time
-- target_seconds: Within which time it shall happen, as configured
-- conversation_count: Conversations that were answered
-- within_target_count: Those that were answered in time
-- within_target_pct: Their share
select
    r.account,
    r.grain,
    r.window_date,
    r.window_start,
    r.window_end,
    r.inbox_id,
    r.inbox_name,
    t.metric_label as metric,
    t.target_seconds,
    cast(sum(r.conversation_count) as bigint) as conversation_count,
    cast(sum(case when r.range_id <= t.last_range_id then r.conversation_count else 0 end) as bigint)
        as within_target_count,
    100.0 * sum(case when r.range_id <= t.last_range_id then r.conversation_count else 0 end)
        / nullif(sum(r.conversation_count), 0) as within_target_pct,
    100.0 * sum(case when r.range_id <= t.last_range_id then r.previous_conversation_count else 0 end)
        / nullif(sum(r.previous_conversation_count), 0) as previous_within_target_pct,
    r.is_open,
    r.is_provisional
from reports.productivity_overall_ranges_by_inbox as r
inner join marts.targets as t on t.metric = r.metric
group by
    r.account, r.grain, r.window_date, r.window_start, r.window_end, r.inbox_id, r.inbox_name,
    t.metric_label, t.target_seconds, r.is_open, r.is_provisional
