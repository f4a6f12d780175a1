-- Where a report was loaded, what it counts is there: a count that is missing is one that the API no
-- longer sends, or sends under another name.
-- kind: agreement
-- needs: counts_of_reports
select missing.report, missing.measure, missing.account, missing.slice, missing.grain,
       missing.window_date
from {counts_of_reports} as missing
where missing.found is null
