-- How does e-mail go: how much comes in, how fast is it answered and resolved?
-- grain: one row a window and inbox
-- from: email_by_inbox
-- conversation_count: E-mail conversations
-- created_count: Conversations started by e-mail
-- replies_sent: Replies sent
-- messages_received: Messages from customers
select
    account,
    grain,
    window_date,
    window_start,
    window_end,
    inbox_id,
    inbox_name,
    volume_email_conversations as conversation_count,
    previous_volume_email_conversations as previous_conversation_count,
    volume_emails_created as created_count,
    previous_volume_emails_created as previous_created_count,
    volume_replies_sent as replies_sent,
    previous_volume_replies_sent as previous_replies_sent,
    volume_messages_received as messages_received,
    previous_volume_messages_received as previous_messages_received,
    resolutions_resolved as resolved,
    previous_resolutions_resolved as previous_resolved,
    resolutions_closed as closed,
    previous_resolutions_closed as previous_closed,
    responses_first_response_time_seconds as first_response_time_seconds,
    previous_responses_first_response_time_seconds as previous_first_response_time_seconds,
    responses_response_time_seconds as response_time_seconds,
    previous_responses_response_time_seconds as previous_response_time_seconds,
    resolutions_resolution_time_seconds as resolution_time_seconds,
    previous_resolutions_resolution_time_seconds as previous_resolution_time_seconds,
    resolutions_handle_time_seconds as handle_time_seconds,
    previous_resolutions_handle_time_seconds as previous_handle_time_seconds,
    resolutions_replies_to_resolve as replies_to_resolve,
    is_open,
    is_provisional
from reports.email_by_inbox
