-- The previous block of an overall report is the window loaded for that period, when one run read
-- both.
-- kind: agreement
-- needs: company_overall, report_windows
select both_say.account, both_say.report, both_say.measure, both_say.slice, both_say.grain,
       both_say.window_date, both_say.previous_window_date, both_say.expected, both_say.found
from {previous_blocks} as both_say
where both_say.expected <> both_say.found
    and both_say.run_id = both_say.earlier_run_id
