-- How far can the numbers be trusted: what is loaded, still open, provisional, or lacking?
-- grain: one row a report, kind of slice and grain
-- from: report_windows, check_results
-- optional: inboxes, users, teams
-- report: Report
-- slice_kind: What the slices narrow by: all, mailbox (inbox), user, …
-- first_date: First local day of the earliest window
-- last_date: First local day of the latest window
-- window_count: Windows that were asked for
-- loaded_count: Windows that are loaded, the empty ones included
-- open_count: Windows that were not over yet when they were read
-- provisional_count: Windows that nights still read again
-- incomplete_count: Windows whose pages could not all be read
-- unavailable_count: Windows that the API says it does not have
-- failed_count: Windows that could not be read
-- refused_items: What Help Scout refuses while it answers for others, such as an inbox that the
--   app's user may not see; null for none
-- last_fetched_at: When the latest numbers were read
-- covered_until: Up to where the numbers reach
-- last_error: What went wrong with a window that was last tried in vain
-- disagreeing_checks: Checks by which the report disagrees with itself, another report or a list,
--   in any of its windows; null for none
-- disagrees_since: When the first of these checks found that, and has found it ever since
-- largest_difference_pct: Largest difference of two numbers that these checks found, in percent of
--   the greater one
with windows as (
    select *, regexp_replace(slice, '=[^,]*', '', 'g') as slice_kind
    from reports.report_windows as ledger
),

refusals as (
    select account, report, slice_kind, grain, string_agg(item, '; ' order by item) as refused_items
    from (
        select distinct
            windows.account, windows.report, windows.slice_kind, windows.grain,
            case
                when inboxes.mailbox_name <> ''
                    then concat('inbox ', inboxes.mailbox_name, ' (', inboxes.mailbox_id, ')')
                when users.user_id is not null
                    then concat('user ', users.first_name, ' ', users.last_name,
                                ' (', users.user_id, ')')
                when teams.team_name <> ''
                    then concat('team ', teams.team_name, ' (', teams.team_id, ')')
                else replace(replace(windows.slice, 'mailbox=', 'inbox '), '=', ' ')
            end as item
        from windows
        left join reports.inboxes as inboxes
            on inboxes.account = windows.account
            and windows.slice = concat('mailbox=', inboxes.mailbox_id)
        left join reports.users as users
            on users.account = windows.account
            and windows.slice = concat('user=', users.user_id)
        left join reports.teams as teams
            on teams.account = windows.account
            and windows.slice = concat('team=', teams.team_id)
        where windows.status = 'unavailable' and windows.slice <> 'all'
    ) as items
    group by account, report, slice_kind, grain
),

latest as (
    select * from (
        select account, check_name, verdict, kind, compared_reports, disagrees_since,
               largest_difference_ratio,
               row_number() over (
                   partition by account, check_name order by checked_at desc, check_run_id
               ) as place
        from reports.check_results as results
    ) as checked
    where place = 1 and (verdict = 'disagrees' or (verdict = 'fails' and kind = 'agreement'))
),

disagreements as (
    select named.account, named.report,
           string_agg(latest.check_name, ', ' order by latest.check_name) as disagreeing_checks,
           min(latest.disagrees_since) as disagrees_since,
           100 * max(latest.largest_difference_ratio) as largest_difference_pct
    from (select distinct account, report from windows) as named
    inner join latest
        on latest.account = named.account
        and strpos(',' || latest.compared_reports || ',', ',' || named.report || ',') > 0
    group by named.account, named.report
)

select
    windows.account,
    windows.report,
    windows.slice_kind,
    windows.grain,
    min(window_date) as first_date,
    max(window_date) as last_date,
    count(*) as window_count,
    count(*) filter (where status in ('loaded', 'empty')) as loaded_count,
    count(*) filter (where covered_until < window_end) as open_count,
    count(*) filter (where not is_final and status in ('loaded', 'empty')) as provisional_count,
    count(*) filter (where status = 'incomplete') as incomplete_count,
    count(*) filter (where status = 'unavailable') as unavailable_count,
    count(*) filter (where status = 'failed') as failed_count,
    refusals.refused_items,
    max(fetched_at) as last_fetched_at,
    max(covered_until) as covered_until,
    max(case when last_attempt_status in ('failed', 'unavailable') then last_error end)
        as last_error,
    disagreements.disagreeing_checks,
    disagreements.disagrees_since,
    disagreements.largest_difference_pct
from windows
left join disagreements
    on disagreements.account = windows.account and disagreements.report = windows.report
left join refusals
    on refusals.account = windows.account and refusals.report = windows.report
    and refusals.slice_kind = windows.slice_kind and refusals.grain = windows.grain
group by windows.account, windows.report, windows.slice_kind, windows.grain, refusals.refused_items,
         disagreements.disagreeing_checks, disagreements.disagrees_since,
         disagreements.largest_difference_pct
