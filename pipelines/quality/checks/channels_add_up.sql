-- The day's new chat, e-mail and phone conversations add up to its new conversations.
-- kind: agreement
-- needs: conversations_volume_by_channel, conversations_overall, report_windows
select v.account, v.grain, v.window_date, v.slice, o.new_conversations as expected,
       v.chat_count + v.email_count + v.phone_count as found
from conversations_volume_by_channel as v
inner join {read_together} as together
    on together.report = 'conversations_volume_by_channel'
    and together.other = 'conversations_overall'
    and together.account = v.account and together.slice = v.slice
    and together.grain = v.grain and together.window_start = v.window_start
inner join conversations_overall as o
    on o.account = v.account and o.slice = v.slice
    and o.grain = v.grain and o.window_start = v.window_start
where v.chat_count + v.email_count + v.phone_count is distinct from o.new_conversations
