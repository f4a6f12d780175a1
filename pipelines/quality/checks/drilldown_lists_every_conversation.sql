-- A day's drilldown lists as many conversations as the day's conversations report counts.
-- kind: agreement
-- needs: conversations_overall, conversations_drilldown, report_windows
select o.account, o.grain, o.window_date, o.slice,
       o.total_conversations as expected, count(d.occurrence) as found
from conversations_overall as o
inner join {read_together} as together
    on together.report = 'conversations_overall' and together.other = 'conversations_drilldown'
    and together.account = o.account and together.slice = o.slice
    and together.grain = o.grain and together.window_start = o.window_start
left join conversations_drilldown as d
    on d.account = o.account and d.slice = o.slice
    and d.grain = o.grain and d.window_start = o.window_start
group by o.account, o.grain, o.window_date, o.slice, o.total_conversations
having o.total_conversations is distinct from count(d.occurrence)
