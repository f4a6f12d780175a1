-- A week's ratings are as many great, okay and not good ones as the happiness report counts.
-- kind: agreement
-- needs: happiness_overall, happiness_ratings, report_windows
select h.account, h.grain, h.window_date, h.slice,
       h.great_count, count(case when r.rating_id = 1 then 1 end) as great_found,
       h.okay_count, count(case when r.rating_id = 2 then 1 end) as okay_found,
       h.not_good_count, count(case when r.rating_id = 3 then 1 end) as not_good_found
from happiness_overall as h
inner join {read_together} as together
    on together.report = 'happiness_overall' and together.other = 'happiness_ratings'
    and together.account = h.account and together.slice = h.slice
    and together.grain = h.grain and together.window_start = h.window_start
left join happiness_ratings as r
    on r.account = h.account and r.slice = h.slice
    and r.grain = h.grain and r.window_start = h.window_start
group by h.account, h.grain, h.window_date, h.slice,
         h.great_count, h.okay_count, h.not_good_count
having h.great_count is distinct from count(case when r.rating_id = 1 then 1 end)
    or h.okay_count is distinct from count(case when r.rating_id = 2 then 1 end)
    or h.not_good_count is distinct from count(case when r.rating_id = 3 then 1 end)
