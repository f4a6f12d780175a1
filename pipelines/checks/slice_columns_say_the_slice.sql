-- The slice's columns say what its text says.
-- needs: report_windows
select wrong.table_name, wrong.account, wrong.slice, wrong.columns_say
from {slices_of_reports} as wrong
where wrong.columns_say <> wrong.slice
