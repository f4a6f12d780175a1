-- Distinct customers and users do not add up over inboxes, or channels: the total is at least
-- the greatest of them, and at most their sum.
-- kind: agreement
-- needs: inboxes, report_windows, distinct_counts_of_slices
select whole.account, whole.report, whole.measure, whole.grain, whole.window_date, whole.by_what,
       whole.total as expected, whole.greatest_part as at_least, whole.parts_sum as at_most
from {distinct_counts_of_slices} as whole
where whole.total < whole.greatest_part or whole.total > whole.parts_sum
    or (whole.total is null and whole.parts_sum > 0)
