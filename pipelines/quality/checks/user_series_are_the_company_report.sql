-- A user's day in the series of replies is what the company report says of that user's day.
-- kind: agreement
-- needs: user_replies, company_overall_users, report_windows
select s.account, s.grain, s.window_date, s.slice, c.replies as expected, s.replies_sent as found
from user_replies as s
inner join company_overall_users as c
    on c.account = s.account and c.slice = 'all' and c.user_id = s.slice_user_id
    and c.grain = s.grain and c.window_start = s.window_start
inner join {read_well} as own
    on own.report = 'user_replies' and own.account = s.account and own.slice = s.slice
    and own.grain = s.grain and own.window_start = s.window_start
inner join {read_well} as read
    on read.report = 'company_overall' and read.account = c.account and read.slice = c.slice
    and read.grain = c.grain and read.window_start = c.window_start and read.run_id = own.run_id
where s.slice_kind = 'user' and c.replies is distinct from s.replies_sent
