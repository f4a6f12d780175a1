-- When is something going on: at which weekday and hour is staff needed?
-- grain: one row a window, inbox, weekday and hour in which there was anything
-- from: conversations_busy_times_by_inbox
-- weekday: Monday 1 to Sunday 7, in the company's time zone
-- weekday_name: The weekday in words
-- hour: 0 to 23, in the company's time zone
-- conversation_count: Conversations in which something happened in that hour; one can count in several hours
select
    account,
    grain,
    window_date,
    window_start,
    window_end,
    inbox_id,
    inbox_name,
    weekday,
    weekday_name,
    hour,
    conversation_count,
    is_open,
    is_provisional
from reports.conversations_busy_times_by_inbox
