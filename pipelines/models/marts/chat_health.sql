-- How do chats go: how many are missed, how long do customers wait?
-- grain: one row a window and inbox
-- from: chat_by_inbox
-- chat_count: Beacon chats
-- completed_count: Chats that were answered
-- missed_count: Chats that were missed
-- missed_pct: Share of the chats that were missed
-- chats_per_day: Chats a day
-- wait_time_seconds: Average wait until a chat is picked up; null where there was none
-- response_time_seconds: Average response time; null where there was none
-- messages_per_chat: Average messages a chat; null where none was answered
-- duration_seconds: Average length of a chat; null where there was none
select
    account,
    grain,
    window_date,
    window_start,
    window_end,
    inbox_id,
    inbox_name,
    volume_chat_conversations as chat_count,
    previous_volume_chat_conversations as previous_chat_count,
    volume_completed_chats as completed_count,
    previous_volume_completed_chats as previous_completed_count,
    volume_missed_chats as missed_count,
    previous_volume_missed_chats as previous_missed_count,
    100.0 * volume_missed_chats / nullif(volume_chat_conversations, 0) as missed_pct,
    volume_chats_per_day as chats_per_day,
    responses_wait_time_seconds as wait_time_seconds,
    previous_responses_wait_time_seconds as previous_wait_time_seconds,
    responses_response_time_seconds as response_time_seconds,
    previous_responses_response_time_seconds as previous_response_time_seconds,
    resolutions_messages_per_chat as messages_per_chat,
    resolutions_duration_seconds as duration_seconds,
    previous_resolutions_duration_seconds as previous_duration_seconds,
    is_open,
    is_provisional
from reports.chat_by_inbox
