-- A day's drilldown of new conversations lists as many as the series of new conversations counts.
-- kind: agreement
-- needs: conversations_new, conversations_new_drilldown, report_windows
select n.account, n.grain, n.window_date, n.slice,
       n.conversation_count as expected, count(d.occurrence) as found
from conversations_new as n
inner join {read_together} as together
    on together.report = 'conversations_new' and together.other = 'conversations_new_drilldown'
    and together.account = n.account and together.slice = n.slice
    and together.grain = n.grain and together.window_start = n.window_start
left join conversations_new_drilldown as d
    on d.account = n.account and d.slice = n.slice
    and d.grain = n.grain and d.window_start = n.window_start
group by n.account, n.grain, n.window_date, n.slice, n.conversation_count
having n.conversation_count is distinct from count(d.occurrence)
