-- How happy are customers, by inbox, against the window before?
-- grain: one row a window and inbox
-- from: happiness_overall_by_inbox
-- great_pct: Share of Great among the ratings; null without ratings
-- okay_pct: Share of Okay among the ratings; null without ratings
-- not_good_pct: Share of Not Good among the ratings; null without ratings
-- ratings_pct: Share of customers who rated
select
    account,
    grain,
    window_date,
    window_start,
    window_end,
    inbox_id,
    inbox_name,
    happiness_score,
    previous_happiness_score,
    delta_happiness_score_points,
    ratings_count,
    previous_ratings_count,
    ratings_pct,
    great_count,
    okay_count,
    not_good_count,
    great_pct,
    okay_pct,
    not_good_pct,
    is_open,
    is_provisional
from reports.happiness_overall_by_inbox
