-- The slice's columns, and its kind, say what its text says.
-- kind: integrity
-- needs: report_windows
select wrong.table_name, wrong.account, wrong.slice, wrong.columns_say, wrong.slice_kind
from {slices_of_reports} as wrong
where wrong.columns_say is distinct from wrong.slice
    or wrong.kind_by_columns is distinct from wrong.slice_kind
