-- No two rows of a table have the same key.
-- kind: integrity
-- needs: report_windows
select doubled.table_name, doubled.account, doubled.slice, doubled.grain, doubled.window_start,
       doubled.found
from {doubled_rows} as doubled
