-- Do visitors of the Docs sites find their answers there?
-- grain: one row a window
-- from: docs_overall
-- visitor_count: Unique browsers
-- found_an_answer_pct: Visits that saw an article and did not write in
-- sent_an_email_pct: Visits that then wrote in
-- failed_pct: Visits that left without an article
-- browse_pct: Visits that browsed
-- search_pct: Visits that searched
-- docs_viewed_per_visit: Articles a visit
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
    covered_until < window_end as is_open,
    not is_final as is_provisional
from reports.docs_overall
where slice = 'all'
