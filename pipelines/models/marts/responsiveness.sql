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
    first_response_time_seconds,
    previous_first_response_time_seconds,
    delta_first_response_time_pct,
    response_time_seconds,
    previous_response_time_seconds,
    delta_response_time_pct,
    resolution_time_seconds,
    previous_resolution_time_seconds,
    delta_resolution_time_pct,
    handle_time_seconds,
    previous_handle_time_seconds,
    delta_handle_time_pct,
    replies_to_resolve,
    previous_replies_to_resolve,
    delta_replies_to_resolve_pct,
    resolved,
    previous_resolved,
    delta_resolved_pct,
    resolved_on_first_reply,
    100 * resolved_on_first_reply_ratio as resolved_on_first_reply_pct,
    100 * previous_resolved_on_first_reply_ratio as previous_resolved_on_first_reply_pct,
    replies_sent,
    previous_replies_sent,
    delta_replies_sent_pct,
    closed,
    previous_closed,
    delta_closed_pct,
    is_open,
    is_provisional
from reports.productivity_overall_by_inbox
