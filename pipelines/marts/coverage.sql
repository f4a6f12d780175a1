-- How far can the numbers be trusted: what is loaded, still open, provisional, or lacking?
-- grain: one row a report, kind of slice and grain
-- from: report_windows
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
select
    account,
    report,
    regexp_replace(slice, '=[^,]*', '', 'g') as slice_kind,
    grain,
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
    max(case when last_attempt_status in ('failed', 'unavailable') then last_error end) as last_error
from reports.report_windows as windows
group by account, report, regexp_replace(slice, '=[^,]*', '', 'g'), grain
