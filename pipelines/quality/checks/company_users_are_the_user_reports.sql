-- What the company report says of a user is what the user's own report says.
-- kind: agreement
-- needs: company_overall_users, user_overall, report_windows
select c.account, c.grain, c.window_date, u.slice, c.replies as expected, u.total_replies as found,
       c.customers_helped as expected_customers, u.customers_helped as found_customers
from company_overall_users as c
inner join user_overall as u
    on u.account = c.account and u.slice = 'user=' || cast(c.user_id as varchar)
    and u.grain = c.grain and u.window_start = c.window_start
inner join {read_well} as read
    on read.report = 'company_overall' and read.account = c.account and read.slice = c.slice
    and read.grain = c.grain and read.window_start = c.window_start
inner join {read_well} as own
    on own.report = 'user_overall' and own.account = u.account and own.slice = u.slice
    and own.grain = u.grain and own.window_start = u.window_start and own.run_id = read.run_id
where c.slice = 'all'
    and (c.replies is distinct from u.total_replies or c.customers_helped is distinct from u.customers_helped)
