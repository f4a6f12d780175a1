-- How much is phoned?
-- grain: one row a window and inbox
-- from: phone_by_inbox
-- conversation_count: Phone conversations
-- calls_created: Phone conversations that were created
-- customer_count: Distinct customers who phoned
select
    account,
    grain,
    window_date,
    window_start,
    window_end,
    inbox_id,
    inbox_name,
    phone_conversations as conversation_count,
    previous_phone_conversations as previous_conversation_count,
    phone_calls_created as calls_created,
    previous_phone_calls_created as previous_calls_created,
    customer_count,
    previous_customer_count,
    is_open,
    is_provisional
from reports.phone_by_inbox
