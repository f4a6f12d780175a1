-- The previous block of an overall report is the window loaded for that period, though a later run
-- read it: where not, the past has moved since.
-- kind: agreement
-- level: drift
-- needs: company_overall, report_windows
select both_say.account, both_say.report, both_say.measure, both_say.slice, both_say.grain,
       both_say.window_date, both_say.expected, both_say.found
from {previous_blocks} as both_say
where both_say.expected <> both_say.found
    and both_say.run_id <> both_say.earlier_run_id and both_say.fetched_at > both_say.earlier_at
