"""Which marts the page shows, which of their columns, and for how long back."""

from __future__ import annotations

from dataclasses import dataclass

DAYS_OF_HISTORY = 400  # a year and the month before it: more would not fit a page that is mailed
DAYS_OF_DETAIL = 92  # of lists by day; by week and month they go back as far as all else

INSTANTS = {"published_at", "covered_until", "disagrees_since"}
LISTED = ("grain", "window_date")  # of lists: whether a window is open, others say
WINDOW = (*LISTED, "is_open", "is_provisional")
INBOX = (*WINDOW, "inbox_id")
DETAIL = f"grain <> 'day' or window_date >= $last::date - {DAYS_OF_DETAIL}"


@dataclass(frozen=True, slots=True, kw_only=True)
class MartQuery:
    """The columns of a mart that the page takes, and in which order its rows come."""

    mart: str
    columns: tuple[str, ...]
    order: str
    where: str = "true"
    dated: str | None = "window_date"


def _names(text: str) -> tuple[str, ...]:
    return tuple(text.split())


READS = (
    MartQuery(
        mart="volume",
        columns=(
            *INBOX,
            *_names("""
            inbox_name total_conversations new_conversations total_replies customers_helped
            closed previous_new_conversations delta_new_conversations_pct previous_total_replies
            delta_total_replies_pct
            """),
        ),
        order="inbox_id nulls first, grain, window_date",
    ),
    MartQuery(
        mart="responsiveness",
        columns=(
            *INBOX,
            *_names("""
            inbox_name first_response_time_seconds previous_first_response_time_seconds
            delta_first_response_time_pct response_time_seconds previous_response_time_seconds
            delta_response_time_pct resolution_time_seconds previous_resolution_time_seconds
            delta_resolution_time_pct handle_time_seconds resolved previous_resolved
            delta_resolved_pct
            """),
        ),
        order="inbox_id nulls first, grain, window_date",
    ),
    MartQuery(
        mart="service_targets",
        columns=(
            *INBOX,
            *_names("""
            metric target_seconds conversation_count within_target_count within_target_pct
            previous_within_target_pct
            """),
        ),
        order="metric, inbox_id nulls first, grain, window_date",
    ),
    MartQuery(
        mart="response_distribution",
        columns=(
            *LISTED,
            *_names("""
            inbox_id metric range_id range_label conversation_count conversation_pct
            previous_conversation_pct cumulative_pct
            """),
        ),
        where=f"metric in ('first response time', 'response time') and ({DETAIL})",
        order="metric, inbox_id nulls first, grain, range_id, window_date",
    ),
    MartQuery(
        mart="happiness",
        columns=(
            *INBOX,
            *_names("""
            inbox_name great_count okay_count not_good_count ratings_count
            previous_ratings_count happiness_score previous_happiness_score
            delta_happiness_score_points
            """),
        ),
        order="inbox_id nulls first, grain, window_date",
    ),
    MartQuery(
        mart="ratings",
        columns=_names("""
            rated_date rating_label rating_comments customer_id customer_name user_id user_name
            conversation_number inbox_id
            """),
        where="trim(rating_comments) <> ''",
        order="rated_date desc, rated_at desc, conversation_id",
        dated="rated_date",
    ),
    MartQuery(
        mart="volume_daily",
        columns=_names("window_date is_open is_provisional inbox_id channel new_conversations"),
        where="channel <> 'all'",
        order="channel, inbox_id nulls first, window_date",
    ),
    MartQuery(
        mart="email_health",
        columns=(*INBOX, "created_count"),
        where="grain <> 'day'",
        order="inbox_id nulls first, grain, window_date",
    ),
    MartQuery(
        mart="chat_health",
        columns=(*INBOX, *_names("chat_count missed_pct wait_time_seconds duration_seconds")),
        order="inbox_id nulls first, grain, window_date",
    ),
    MartQuery(
        mart="phone_health",
        columns=(*INBOX, "calls_created"),
        where="grain <> 'day'",
        order="inbox_id nulls first, grain, window_date",
    ),
    MartQuery(
        mart="busy_hours",
        columns=(*LISTED, *_names("inbox_id weekday hour conversation_count")),
        where="grain <> 'day' and conversation_count <> 0",
        order="inbox_id nulls first, grain, weekday, hour, window_date",
    ),
    MartQuery(
        mart="agents",
        columns=(
            *WINDOW,
            *_names("""
            user_id user_name total_replies delta_total_replies_pct customers_helped resolved
            closed response_time_seconds delta_response_time_pct resolution_time_seconds
            handle_time_seconds happiness_score ratings_count chat_count
            """),
        ),
        order="user_id, grain, window_date",
    ),
    MartQuery(
        mart="agent_teams",
        columns=("team_id", "team_name", "user_id"),
        order="team_id, user_id",
        dated=None,
    ),
    MartQuery(
        mart="topics",
        columns=(
            *LISTED,
            *_names("""
            inbox_id topic_kind topic_id topic_name conversation_count conversation_pct
            previous_conversation_count change_count trend
            """),
        ),
        where=DETAIL,
        order="topic_kind, inbox_id nulls first, topic_id, grain, window_date",
    ),
    MartQuery(
        mart="docs_health",
        columns=(
            *WINDOW,
            *_names("""
            visitor_count previous_visitor_count delta_visitor_count_pct found_an_answer_pct
            previous_found_an_answer_pct delta_found_an_answer_points failed_pct
            previous_failed_pct
            """),
        ),
        order="grain, window_date",
    ),
    MartQuery(
        mart="docs_gaps",
        columns=(*LISTED, *_names("search_term search_count previous_search_count")),
        where=DETAIL,
        order="grain, search_term, window_date",
    ),
    MartQuery(
        mart="coverage",
        columns=_names("""
            report slice_kind grain first_date last_date window_count loaded_count open_count
            provisional_count incomplete_count unavailable_count failed_count refused_items
            covered_until last_error disagreeing_checks disagrees_since largest_difference_pct
            """),
        order="report, slice_kind, grain",
        dated=None,
    ),
)

PUBLICATION = _names("""
    account timezone published_at missing_windows failed_windows checks_held checks_failed
    checks_skipped checks_drifted
""")
LATER = ("compare_to", "checks_disagreeing")  # those that an older copy does not have
