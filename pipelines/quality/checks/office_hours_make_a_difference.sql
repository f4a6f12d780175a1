-- Durations counted in office hours differ somewhere from those around the clock. Where they never
-- do, office hours are probably not set up in Help Scout, which then ignores the question.
-- kind: agreement
-- level: notice
-- needs: productivity_overall
select calendar.account, count(*) as windows,
       min(calendar.window_date) as first_date, max(calendar.window_date) as last_date
from productivity_overall as calendar
inner join productivity_overall as office
    on office.account = calendar.account and office.grain = calendar.grain
    and office.window_start = calendar.window_start
    and office.slice = case calendar.slice when 'all' then 'office_hours=true'
        else calendar.slice || ',office_hours=true' end
where calendar.resolution_time_seconds > 0
group by calendar.account
having count(
    case when calendar.resolution_time_seconds <> office.resolution_time_seconds
        or calendar.response_time_seconds <> office.response_time_seconds
        or calendar.first_response_time_seconds <> office.first_response_time_seconds
        then 1 end
) = 0
