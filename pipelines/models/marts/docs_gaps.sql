-- What did visitors of the Docs sites search for and not find: what should be written next?
-- grain: one row a window and search term
-- from: docs_overall_failed_searches
-- search_term: What visitors searched for
-- search_count: Searches that found nothing
-- previous_search_count: The same in the window before; null when it was not among the listed ones,
--   or when privacy has removed the terms
-- search_rank: Place among the window's terms, 1 the most searched for
with terms as (  -- a term that the API lists twice is one
    select
        account, slice, grain, window_date, window_start, window_end, search_term,
        cast(sum(search_count) as bigint) as search_count, covered_until, is_final
    from reports.docs_overall_failed_searches as searches
    group by
        account, slice, grain, window_date, window_start, window_end, search_term, covered_until,
        is_final
)

select
    s.account,
    s.grain,
    s.window_date,
    s.window_start,
    s.window_end,
    s.search_term,
    s.search_count,
    b.search_count as previous_search_count,
    rank() over (
        partition by s.account, s.grain, s.window_start order by s.search_count desc
    ) as search_rank,
    s.covered_until < s.window_end as is_open,
    not s.is_final as is_provisional
from terms as s
left join terms as b
    on b.account = s.account and b.slice = s.slice and b.grain = s.grain
    and b.window_end = s.window_start and b.search_term = s.search_term
    -- what privacy puts in a term's place counts a window's terms: it is another one each time
    and not regexp_matches(s.search_term, '^removed [0-9]+$')
where s.slice = 'all'
