-- The drilldown of a saved reply, workflow, tag or customer lists as many conversations as the
-- top list says have it.
-- kind: agreement
-- needs: conversations_fields_drilldown, conversations_overall_replies, conversations_overall_workflows, conversations_overall_tags, conversations_overall_customers, report_windows
with top as (
    select account, grain, window_start, window_date, 'field=replyid' as field_slice,
           saved_reply_id as field_id, conversation_count
    from conversations_overall_replies where slice = 'all'
    union all
    select account, grain, window_start, window_date, 'field=workflowid',
           workflow_id, conversation_count
    from conversations_overall_workflows where slice = 'all'
    union all
    select account, grain, window_start, window_date, 'field=tagid', tag_id, conversation_count
    from conversations_overall_tags where slice = 'all'
    union all
    select account, grain, window_start, window_date, 'field=customerid',
           customer_id, conversation_count
    from conversations_overall_customers where slice = 'all'
)
select top.account, top.grain, top.window_date, top.field_slice as slice, top.field_id,
       top.conversation_count as expected, count(d.occurrence) as found
from top
inner join {read_well} as read
    on read.report = 'conversations_overall' and read.account = top.account and read.slice = 'all'
    and read.grain = top.grain and read.window_start = top.window_start
inner join {read_well} as listed
    on listed.report = 'conversations_fields_drilldown' and listed.account = top.account
    and listed.slice = top.field_slice and listed.run_id = read.run_id
    and listed.grain = top.grain and listed.window_start = top.window_start
left join conversations_fields_drilldown as d
    on d.account = top.account and d.slice = top.field_slice and d.field_id = top.field_id
    and d.grain = top.grain and d.window_start = top.window_start
group by top.account, top.grain, top.window_date, top.field_slice, top.field_id,
         top.conversation_count
having top.conversation_count is distinct from count(d.occurrence)
