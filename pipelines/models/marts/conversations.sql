-- What is known of each conversation: its latest state over all drilldowns?
-- grain: one row a conversation
-- from: conversations_drilldown, inboxes
-- optional: conversations_new_drilldown, conversations_fields_drilldown, company_drilldown,
--   user_drilldown, conversations_drilldown_tags, conversations_new_drilldown_tags,
--   conversations_fields_drilldown_tags, company_drilldown_tags, user_drilldown_tags,
--   conversations_drilldown_customers, conversations_new_drilldown_customers,
--   conversations_fields_drilldown_customers, company_drilldown_customers,
--   user_drilldown_customers, people
-- subject: Subject line
-- preview: Start of the latest thread
-- assigned_user_id: Assigned user; 0 is unassigned
-- assigned_user_name: Name of the assigned user
-- customer_id: Customer; the lowest id where there are several
-- customer_email: E-mail address of the customer
-- tags: Tags, comma-separated
-- thread_count: Threads in the conversation
-- has_attachments: Whether it has attachments
-- modified_at: Last change
-- waiting_since_at: Since when the customer waits; known where a user replied or closed
-- first_seen_date: First local day of the earliest window that lists it
-- last_seen_date: First local day of the latest window that lists it
-- fetched_at: When the API gave this state
with listed as (
    select account, conversation_id, conversation_number, conversation_type, conversation_status,
           subject, preview, mailbox_id, assigned_user_id, assigned_user_name, customer_name,
           customer_email, thread_count, has_attachments, modified_at, waiting_since_at,
           window_date, fetched_at
    from reports.conversations_drilldown as drilldown
    union all
    select account, conversation_id, conversation_number, conversation_type, conversation_status,
           subject, preview, mailbox_id, assigned_user_id, assigned_user_name, customer_name,
           customer_email, thread_count, has_attachments, modified_at, waiting_since_at,
           window_date, fetched_at
    from reports.conversations_new_drilldown as new_drilldown
    union all
    select account, conversation_id, conversation_number, conversation_type, conversation_status,
           subject, preview, mailbox_id, assigned_user_id, assigned_user_name, customer_name,
           customer_email, thread_count, has_attachments, modified_at, waiting_since_at,
           window_date, fetched_at
    from reports.conversations_fields_drilldown as fields_drilldown
    union all
    select account, conversation_id, conversation_number, conversation_type, conversation_status,
           subject, preview, mailbox_id, assigned_user_id, assigned_user_name, customer_name,
           customer_email, thread_count, has_attachments, modified_at, waiting_since_at,
           window_date, fetched_at
    from reports.company_drilldown as company_drilldown
    union all
    select account, conversation_id, conversation_number, conversation_type, conversation_status,
           subject, preview, mailbox_id, assigned_user_id, assigned_user_name, customer_name,
           customer_email, thread_count, has_attachments, modified_at, waiting_since_at,
           window_date, fetched_at
    from reports.user_drilldown as user_drilldown
),

ranked as (
    select
        *,
        min(window_date) over (partition by account, conversation_id) as first_seen_date,
        max(window_date) over (partition by account, conversation_id) as last_seen_date,
        max(customer_email) over (partition by account, conversation_id) as known_email,
        -- one drilldown alone tells it, and another may have been read after it
        first_value(waiting_since_at) over (
            partition by account, conversation_id
            order by case when waiting_since_at is null then 1 else 0 end, fetched_at desc
        ) as known_waiting_since_at,
        row_number() over (
            partition by account, conversation_id order by fetched_at desc, window_date desc
        ) as by_age
    from listed
    where conversation_id is not null  -- rows without an id are of nobody knows which conversation
),

tagged as (
    select account, conversation_id, fetched_at, tag_name
    from reports.conversations_drilldown_tags as drilldown_tags
    union all
    select account, conversation_id, fetched_at, tag_name
    from reports.conversations_new_drilldown_tags as new_drilldown_tags
    union all
    select account, conversation_id, fetched_at, tag_name
    from reports.conversations_fields_drilldown_tags as fields_drilldown_tags
    union all
    select account, conversation_id, fetched_at, tag_name
    from reports.company_drilldown_tags as company_drilldown_tags
    union all
    select account, conversation_id, fetched_at, tag_name
    from reports.user_drilldown_tags as user_drilldown_tags
),

tags as (
    select account, conversation_id, fetched_at,
           string_agg(distinct tag_name, ', ' order by tag_name) as tags
    from tagged
    group by account, conversation_id, fetched_at
),

written as (
    select account, conversation_id, fetched_at, customer_id
    from reports.conversations_drilldown_customers as drilldown_customers
    union all
    select account, conversation_id, fetched_at, customer_id
    from reports.conversations_new_drilldown_customers as new_drilldown_customers
    union all
    select account, conversation_id, fetched_at, customer_id
    from reports.conversations_fields_drilldown_customers as fields_drilldown_customers
    union all
    select account, conversation_id, fetched_at, customer_id
    from reports.company_drilldown_customers as company_drilldown_customers
    union all
    select account, conversation_id, fetched_at, customer_id
    from reports.user_drilldown_customers as user_drilldown_customers
),

customers as (
    select account, conversation_id, min(customer_id) as customer_id
    from (
        select *, max(fetched_at) over (partition by account, conversation_id) as last_fetched_at
        from written
    ) as dated
    where fetched_at = last_fetched_at
    group by account, conversation_id
)

select
    r.account,
    r.conversation_id,
    r.conversation_number,
    r.conversation_type,
    r.conversation_status,
    r.subject,
    r.preview,
    r.mailbox_id as inbox_id,
    i.mailbox_name as inbox_name,
    r.assigned_user_id,
    coalesce(r.assigned_user_name, p.user_name) as assigned_user_name,
    c.customer_id,
    r.customer_name,
    r.known_email as customer_email,
    t.tags,
    r.thread_count,
    r.has_attachments,
    r.modified_at,
    r.known_waiting_since_at as waiting_since_at,
    r.first_seen_date,
    r.last_seen_date,
    r.fetched_at
from ranked as r
left join tags as t
    on t.account = r.account and t.conversation_id = r.conversation_id
    and t.fetched_at = r.fetched_at
left join customers as c
    on c.account = r.account and c.conversation_id = r.conversation_id
left join reports.inboxes as i on i.account = r.account and i.mailbox_id = r.mailbox_id
left join reports.people as p on p.account = r.account and p.user_id = r.assigned_user_id
where r.by_age = 1
