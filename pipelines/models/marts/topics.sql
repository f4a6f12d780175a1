-- What are conversations about, what is rising and what is falling?
-- grain: one row a window, inbox and topic among those that Help Scout lists, which are the most used
-- from: conversations_overall_tags_by_inbox, conversations_overall_replies_by_inbox, conversations_overall_workflows_by_inbox, conversations_overall_customers_by_inbox
-- topic_kind: tag, saved reply, workflow or customer
-- topic_id: Id of the tag, saved reply, workflow or customer
-- topic_name: Its name; (untagged) for conversations without a tag
-- conversation_count: Conversations with it
-- conversation_pct: Their share of all conversations
-- change_count: Conversations more than in the window before
-- change_pct: The same in percent; null where there were none before
-- topic_rank: Place among the window's topics of its kind, 1 the most frequent
-- trend: rising or falling by at least 10 % and 3 conversations, new, or steady
with listed as (
    select account, slice, grain, window_date, window_start, window_end, inbox_id, inbox_name,
           'tag' as topic_kind, tag_id as topic_id,
           case when tag_id = 1 then '(untagged)' else tag_name end as topic_name,
           conversation_count, previous_conversation_count, conversation_pct,
           previous_conversation_pct, is_open, is_provisional
    from reports.conversations_overall_tags_by_inbox as tags
    union all
    select account, slice, grain, window_date, window_start, window_end, inbox_id, inbox_name,
           'saved reply', saved_reply_id, saved_reply_name,
           conversation_count, previous_conversation_count, conversation_pct,
           previous_conversation_pct, is_open, is_provisional
    from reports.conversations_overall_replies_by_inbox as replies
    union all
    select account, slice, grain, window_date, window_start, window_end, inbox_id, inbox_name,
           'workflow', workflow_id, workflow_name,
           conversation_count, previous_conversation_count, conversation_pct,
           previous_conversation_pct, is_open, is_provisional
    from reports.conversations_overall_workflows_by_inbox as workflows
    union all
    select account, slice, grain, window_date, window_start, window_end, inbox_id, inbox_name,
           'customer', customer_id, customer_name,
           conversation_count, previous_conversation_count, conversation_pct,
           previous_conversation_pct, is_open, is_provisional
    from reports.conversations_overall_customers_by_inbox as customers
),

changed as (
    select
        *,
        conversation_count - previous_conversation_count as change_count,
        100.0 * (conversation_count - previous_conversation_count)
        / nullif(previous_conversation_count, 0) as change_pct
    from listed
)

select
    account,
    grain,
    window_date,
    window_start,
    window_end,
    inbox_id,
    inbox_name,
    topic_kind,
    topic_id,
    topic_name,
    conversation_count,
    previous_conversation_count,
    change_count,
    change_pct,
    conversation_pct,
    previous_conversation_pct,
    rank() over (
        partition by account, slice, grain, window_start, topic_kind
        order by conversation_count desc
    ) as topic_rank,
    case
        when previous_conversation_count = 0 and conversation_count > 0 then 'new'
        when change_count >= 3 and change_pct >= 10 then 'rising'
        when change_count <= -3 and change_pct <= -10 then 'falling'
        else 'steady'
    end as trend,
    is_open,
    is_provisional
from changed
