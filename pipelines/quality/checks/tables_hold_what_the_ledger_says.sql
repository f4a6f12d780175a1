-- Every window holds as many rows as the ledger says it was loaded with, no more and no fewer.
-- kind: integrity
-- needs: report_windows
select coalesce(ledger.account, stored.account) as account,
       coalesce(ledger.report, stored.report) as report,
       coalesce(ledger.slice, stored.slice) as slice,
       coalesce(ledger.grain, stored.grain) as grain,
       coalesce(ledger.window_start, stored.window_start) as window_start,
       coalesce(ledger."rows", 0) as expected, coalesce(stored.found, 0) as found
from (
    select * from {windows} where status in ('loaded', 'empty', 'incomplete')
) as ledger
full join (
    select account, report, slice, grain, window_start, sum(found) as found
    from {rows_of_reports} as counted
    group by account, report, slice, grain, window_start
) as stored
    on stored.account = ledger.account and stored.report = ledger.report
    and stored.slice = ledger.slice and stored.grain = ledger.grain
    and stored.window_start = ledger.window_start
where coalesce(ledger."rows", 0) is distinct from coalesce(stored.found, 0)
