-- A user's ratings of a week are as many as the user's happiness report counts.
-- kind: agreement
-- needs: user_happiness, user_ratings, report_windows
select h.account, h.grain, h.window_date, h.slice, h.ratings_count as expected,
       count(r.occurrence) as found
from user_happiness as h
inner join {read_together} as together
    on together.report = 'user_happiness' and together.other = 'user_ratings'
    and together.account = h.account and together.slice = h.slice
    and together.grain = h.grain and together.window_start = h.window_start
left join user_ratings as r
    on r.account = h.account and r.slice = h.slice
    and r.grain = h.grain and r.window_start = h.window_start
group by h.account, h.grain, h.window_date, h.slice, h.ratings_count
having h.ratings_count is distinct from count(r.occurrence)
