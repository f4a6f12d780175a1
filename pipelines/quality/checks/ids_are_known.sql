-- Every inbox, user, team, tag, saved reply and workflow that a number is about is known: listed, or
-- named by the report itself.
-- kind: agreement
-- needs: people, inboxes, tags, conversations_overall, conversations_overall_replies, conversations_overall_workflows, saved_replies, workflows, conversations_drilldown, conversations_drilldown_tags, user_overall, company_overall_users
with facts as (
    select distinct 'conversations_drilldown' as table_name, 'inbox' as what, account,
           mailbox_id as id
    from conversations_drilldown
    union all
    select distinct 'conversations_overall', 'inbox', account, slice_mailbox_id
    from conversations_overall
    union all
    select distinct 'conversations_overall', 'tag', account, slice_tag_id
    from conversations_overall
    union all
    select distinct 'conversations_drilldown', 'person', account, assigned_user_id
    from conversations_drilldown where assigned_user_id <> 0 and assigned_user_name is null
    union all
    select distinct 'company_overall_users', 'person', account, user_id
    from company_overall_users where user_name is null
    union all
    select distinct 'user_overall', 'person', account, coalesce(slice_user_id, slice_team_id)
    from user_overall
    union all
    select distinct 'conversations_drilldown_tags', 'tag', account, tag_id
    from conversations_drilldown_tags
    union all
    select distinct 'conversations_overall_replies', 'saved reply', account, saved_reply_id
    from conversations_overall_replies where saved_reply_name is null
    union all
    select distinct 'conversations_overall_workflows', 'workflow', account, workflow_id
    from conversations_overall_workflows where workflow_name is null
),

known as (
    select 'inbox' as what, account, mailbox_id as id from inboxes
    union all
    select 'person', account, user_id from people
    union all
    select 'tag', account, tag_id from tags
    union all
    select 'saved reply', account, saved_reply_id from saved_replies
    union all
    select 'workflow', account, workflow_id from workflows
)

select facts.account, facts.table_name, facts.what, facts.id
from facts
left join known
    on known.what = facts.what and known.account = facts.account and known.id = facts.id
where facts.id is not null and known.id is null
