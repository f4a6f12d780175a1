-- The tables of conversations_drilldown from the bodies in the variable `bodies`, by DuckDB alone.
set timezone = 'UTC';
create schema reports;
create temp table raw as
select
    'main' as account, 'all' as "slice", 'all' as slice_kind, 'day' as grain,
    '2026-01-01'::timestamptz + to_days(((r.id - 7000000000) // 1000)::int) as window_start,
    window_start + interval 1 day as window_end, window_start::date as window_date,
    null::bigint as slice_mailbox_id, null::bigint as slice_tag_id, null::varchar as slice_type,
    null::bigint as slice_folder_id, null::varchar as slice_group,
    '2026-11-10 15:00'::timestamptz as fetched_at, window_end as covered_until, true as is_final,
    null::boolean as tombstone, r.id as conversation_id, r
from (select unnest(conversations.results) as r from read_json(getvariable('bodies')));

create table reports.conversations_drilldown as
select * exclude (r),
    r.number as conversation_number, r.type as conversation_type, r.mailboxid as mailbox_id,
    r.attachments as has_attachments, r.subject, r.status as conversation_status,
    r.threadCount as thread_count, r.preview, r.customerName as customer_name,
    r.customerEmail as customer_email, r.modifiedAt::timestamptz as modified_at,
    r.assignedid as assigned_user_id, r.assignedName as assigned_user_name,
    null::timestamptz as waiting_since_at, null::bigint as waiting_since_type,
    1::bigint as occurrence
from raw;

create table reports.conversations_drilldown_tags as
select * exclude (r, tag), tag.id as tag_id, tag.name as tag_name, tag.color as tag_color,
    1::bigint as occurrence
from (select *, unnest(r.tags) as tag from raw);

create table reports.conversations_drilldown_customers as
select * exclude (r), unnest(r.customerIds) as customer_id, 1::bigint as occurrence from raw;
