-- The users' replies add up to the company's.
-- kind: agreement
-- needs: company_overall, company_overall_users, report_windows
select c.account, c.grain, c.window_date, c.slice, c.total_replies as expected,
       coalesce(sum(u.replies), 0) as found
from company_overall as c
inner join {read_well} as read
    on read.report = 'company_overall' and read.account = c.account and read.slice = c.slice
    and read.grain = c.grain and read.window_start = c.window_start
left join company_overall_users as u
    on u.account = c.account and u.slice = c.slice
    and u.grain = c.grain and u.window_start = c.window_start
group by c.account, c.grain, c.window_date, c.slice, c.total_replies
having c.total_replies is distinct from coalesce(sum(u.replies), 0)
