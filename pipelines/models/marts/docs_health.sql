-- Do visitors of the Docs sites find their answers there?
-- grain: one row a window
-- from: docs_overall
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
    case when visitor_count <> 0 then found_an_answer_result_pct end as found_an_answer_pct,
    case when previous_visitor_count <> 0 then previous_found_an_answer_result_pct end
        as previous_found_an_answer_pct,
    case when visitor_count <> 0 and previous_visitor_count <> 0
        then delta_found_an_answer_result_points end as delta_found_an_answer_points,
    case when visitor_count <> 0 then sent_an_email_result_pct end as sent_an_email_pct,
    case when previous_visitor_count <> 0 then previous_sent_an_email_result_pct end
        as previous_sent_an_email_pct,
    case when visitor_count <> 0 then failed_result_pct end as failed_pct,
    case when previous_visitor_count <> 0 then previous_failed_result_pct end
        as previous_failed_pct,
    case when visitor_count <> 0 then browse_action_pct end as browse_pct,
    case when visitor_count <> 0 then search_action_pct end as search_pct,
    case when visitor_count <> 0 then docs_viewed_per_visit end as docs_viewed_per_visit,
    case when previous_visitor_count <> 0 then previous_docs_viewed_per_visit end
        as previous_docs_viewed_per_visit,
    covered_until < window_end as is_open,
    not is_final as is_provisional
from reports.docs_overall
where slice = 'all'
