-- Do visitors of the Docs sites find their answers there?
-- grain: one row a window
-- from: docs_overall_totals
-- visitor_count: Unique browsers
-- found_an_answer_pct: Visits that saw an article and did not write in; null without visits
-- sent_an_email_pct: Visits that then wrote in; null without visits
-- failed_pct: Visits that left without an article; null without visits
-- browse_pct: Visits that browsed; null without visits
-- search_pct: Visits that searched; null without visits
-- docs_viewed_per_visit: Articles a visit; null without visits
select
    account,
    grain,
    window_date,
    window_start,
    window_end,
    visitor_count,
    previous_visitor_count,
    delta_visitor_count_pct,
    found_an_answer_result_pct as found_an_answer_pct,
    previous_found_an_answer_result_pct as previous_found_an_answer_pct,
    delta_found_an_answer_result_points as delta_found_an_answer_points,
    sent_an_email_result_pct as sent_an_email_pct,
    previous_sent_an_email_result_pct as previous_sent_an_email_pct,
    failed_result_pct as failed_pct,
    previous_failed_result_pct as previous_failed_pct,
    browse_action_pct as browse_pct,
    search_action_pct as search_pct,
    docs_viewed_per_visit,
    previous_docs_viewed_per_visit,
    is_open,
    is_provisional
from reports.docs_overall_totals
