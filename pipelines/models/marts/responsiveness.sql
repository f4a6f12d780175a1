-- How fast are customers answered and helped, by inbox, against the window before?
-- grain: one row a window and inbox
-- from: productivity_overall_by_inbox
-- resolved_on_first_reply: Conversations resolved with one reply
-- resolved_on_first_reply_pct: Share of the resolved ones that took one reply; null
--   where none was
-- replies_sent: Replies by users
select
    account,
    grain,
    window_date,
    window_start,
    window_end,
    inbox_id,
    inbox_name,
    nullif(first_response_time_seconds, 0) as first_response_time_seconds,
    nullif(previous_first_response_time_seconds, 0) as previous_first_response_time_seconds,
    case when first_response_time_seconds <> 0 and previous_first_response_time_seconds <> 0
        then delta_first_response_time_pct end as delta_first_response_time_pct,
    nullif(response_time_seconds, 0) as response_time_seconds,
    nullif(previous_response_time_seconds, 0) as previous_response_time_seconds,
    case when response_time_seconds <> 0 and previous_response_time_seconds <> 0
        then delta_response_time_pct end as delta_response_time_pct,
    nullif(resolution_time_seconds, 0) as resolution_time_seconds,
    nullif(previous_resolution_time_seconds, 0) as previous_resolution_time_seconds,
    case when resolution_time_seconds <> 0 and previous_resolution_time_seconds <> 0
        then delta_resolution_time_pct end as delta_resolution_time_pct,
    nullif(handle_time_seconds, 0) as handle_time_seconds,
    nullif(previous_handle_time_seconds, 0) as previous_handle_time_seconds,
    case when handle_time_seconds <> 0 and previous_handle_time_seconds <> 0
        then delta_handle_time_pct end as delta_handle_time_pct,
    nullif(replies_to_resolve, 0) as replies_to_resolve,
    nullif(previous_replies_to_resolve, 0) as previous_replies_to_resolve,
    case when replies_to_resolve <> 0 and previous_replies_to_resolve <> 0
        then delta_replies_to_resolve_pct end as delta_replies_to_resolve_pct,
    resolved,
    previous_resolved,
    delta_resolved_pct,
    resolved_on_first_reply,
    case when resolved <> 0 then 100 * resolved_on_first_reply_ratio end
        as resolved_on_first_reply_pct,
    case when previous_resolved <> 0 then 100 * previous_resolved_on_first_reply_ratio end
        as previous_resolved_on_first_reply_pct,
    replies_sent,
    previous_replies_sent,
    delta_replies_sent_pct,
    closed,
    previous_closed,
    delta_closed_pct,
    is_open,
    is_provisional
from reports.productivity_overall_by_inbox
