-- What is counted once in one inbox, or channel, adds up to the total over all of them.
-- Customers, users and averages do not: see the two checks of their own.
-- kind: agreement
-- needs: inboxes, report_windows, sums_of_slices
select whole.account, whole.report, whole.measure, whole.grain, whole.window_date, whole.by_what,
       whole.total as expected, whole.parts_sum as found
from {sums_of_slices} as whole
where whole.parts_sum is distinct from whole.total
