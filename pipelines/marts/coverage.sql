-- How far can the numbers be trusted: what is loaded, still open, provisional, or lacking?
-- grain: one row a report, kind of slice and grain
-- from: report_windows, check_results
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
group by windows.account, windows.report, windows.slice_kind, windows.grain,
         disagreements.disagreeing_checks, disagreements.disagrees_since,
         disagreements.largest_difference_pct
