-- A drilldown holds every conversation that the API counted when it was read.
-- kind: integrity
-- needs: report_windows
select ledger.account, ledger.report, ledger.slice, ledger.grain, ledger.window_date,
       ledger.api_count as expected, coalesce(stored.found, 0) as found
from {windows} as ledger
left join {rows_of_reports} as stored
    on stored.table_name = ledger.report and stored.account = ledger.account
    and stored.report = ledger.report and stored.slice = ledger.slice
    and stored.grain = ledger.grain and stored.window_start = ledger.window_start
where ledger.status in ('loaded', 'empty') and ledger.api_count is not null
    and ledger.api_count is distinct from coalesce(stored.found, 0)
