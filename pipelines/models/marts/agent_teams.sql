-- Who is in which team, of the teams that are there now?
-- grain: one row a team and member
-- from: teams, team_members, people
with listed as (
    select
        account,
        team_id,
        team_name,
        last_seen_at,
        max(last_seen_at) over (partition by account) as last_listed_at
    from reports.teams as t
)

select
    m.account,
    m.team_id,
    t.team_name,
    m.user_id,
    p.user_name
from reports.team_members as m
inner join listed as t on t.account = m.account and t.team_id = m.team_id
left join reports.people as p on p.account = m.account and p.user_id = m.user_id
where m.last_seen_at = t.last_seen_at and t.last_seen_at = t.last_listed_at
