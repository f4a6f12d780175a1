-- What did customers say of the help that they got?
-- grain: one row a rating
-- from: happiness_ratings, people, report_windows, marts.conversations
-- rated_at: When it was rated
-- rated_date: Local day on which it was rated
-- rating_id: 1 great, 2 okay, 3 not good
-- rating_label: The rating in words
-- rating_comments: What the customer wrote
-- subject: Subject line of the conversation
-- thread_id: Thread that was rated
-- occurrence: 1, or more where thread, customer and time repeat
-- user_id: User who was rated
with days as (
    select distinct account, window_start, window_end, window_date
    from reports.report_windows as windows
    where grain = 'day'
),

rated as (  -- those loaded in two grains once
    select
        *,
        row_number() over (
            partition by account, thread_id, customer_id, rated_at, occurrence
            order by fetched_at desc, window_start desc, grain
        ) as by_age
    from reports.happiness_ratings as ratings
    where slice = 'all'
)

select
    r.account,
    r.rated_at,
    -- before the first day that is loaded: counted from the start of the rating's week or month
    coalesce(
        d.window_date,
        r.window_date + cast(least(
            floor((extract(epoch from r.rated_at) - extract(epoch from r.window_start)) / 86400),
            round((extract(epoch from r.window_end) - extract(epoch from r.window_start)) / 86400)
            - 1
        ) as integer)
    ) as rated_date,
    r.rating_id,
    r.rating_label,
    r.rating_comments,
    r.customer_id,
    r.customer_name,
    r.user_id,
    coalesce(p.user_name, r.user_name) as user_name,
    r.conversation_id,
    r.conversation_number,
    r.conversation_type,
    c.inbox_id,
    c.inbox_name,
    c.subject,
    r.thread_id,
    r.occurrence
from rated as r
left join days as d
    on d.account = r.account and r.rated_at >= d.window_start and r.rated_at < d.window_end
left join marts.conversations as c
    on c.account = r.account and c.conversation_id = r.conversation_id
left join reports.people as p on p.account = r.account and p.user_id = r.user_id
where r.by_age = 1
