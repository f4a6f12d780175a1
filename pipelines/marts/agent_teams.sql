-- Who is in which team?
-- grain: one row a team and member
-- from: teams, team_members, people
select
    m.account,
    m.team_id,
    t.team_name,
    m.user_id,
    p.user_name
from reports.team_members as m
inner join reports.teams as t on t.account = m.account and t.team_id = m.team_id
left join reports.people as p on p.account = m.account and p.user_id = m.user_id
where m.last_seen_at = t.last_seen_at
