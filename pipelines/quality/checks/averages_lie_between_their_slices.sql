-- Averages do not add up over inboxes, or channels: the total's is not above the greatest of them,
-- nor below the least.
-- kind: agreement
-- tolerance: one second, or one of a unit, since the API rounds durations
-- needs: inboxes, report_windows, averages_of_slices
select whole.account, whole.report, whole.measure, whole.grain, whole.window_date, whole.by_what,
       whole.total as expected, whole.least_part as at_least, whole.greatest_part as at_most
from {averages_of_slices} as whole
where whole.total < whole.least_part - 1 or whole.total > whole.greatest_part + 1
    or (whole.total is null) <> (whole.greatest_part is null)
