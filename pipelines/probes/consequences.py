"""What follows for loads where an account contradicts an assumption, by the assumption's name."""

from __future__ import annotations

from collections.abc import Mapping

_NOTHING = "Loads do not depend on it."
_BOTH = "Loads read both."
_ITEM = "Its windows are marked unavailable. All others are loaded."
AGREEMENT = "help-scout check reports it. The numbers are loaded and published."
"""Of every agreement of reports."""

CONSEQUENCES: Mapping[str, str] = {
    "rate_limit_headers": "Loads send at most 200 requests a minute.",
    "rate_limit_wait": "Loads look into the body of a 429, then wait 10 seconds.",
    "history": "Set start_date to a later day.",
    "company_zone": "Set timezone in the configuration, then run help-scout rebuild.",
    "every_inbox": _ITEM,
    "every_user": _ITEM,
    "team_as_user": "Loads never ask for teams.",
    "ai_agent_as_user": "Loads never ask for AI agents.",
    "list_paging": "Loads follow the links to the next page.",
    "list_page_size": "Loads read lists to their last page.",
    "list_size_parameter": _NOTHING,
    "teams_among_users": _NOTHING,
    "ai_agents_among_users": _NOTHING,
    "saved_reply_list": _BOTH,
    "chat_replies": _NOTHING,
    "untagged_tag": _NOTHING,
    "bucket_anchor": (
        "Buckets of UTC days do not fit the days of most time zones. Loads then ask for each day, "
        "or week, by itself, without a request in vain."
    ),
    "bucket_clock_change": "Loads never ask for buckets beyond a clock change.",
    "zero_buckets": "Loads take a day that is left out for a day without anything.",
    "default_view": "Loads send more requests for days that no bucket fits.",
    "received_messages_keys": _BOTH,
    "channel_counts": "New conversations by channel count too much. help-scout check reports it.",
    "percent_scale": "Loads decide it by the two counts, and store a share from 0 to 1.",
    "previous_unasked": "Loads leave that block out.",
    "current_ratings": "The list is kept in the table unknown_values.",
    "ratings_thread": "Such a rating is loaded with a null thread.",
    "ratings_page_size": "Loads read as many pages as there are.",
    "ratings_sort": "A rating that comes while pages are read may be missed until the next night.",
    "ratings_sort_created_at": _NOTHING,
    "ratings_sort_lower_case": _NOTHING,
    "drilldown_rows": "Loads read as many pages as there are.",
    "deep_pages": "Windows with more conversations are marked failed or incomplete.",
    "empty_page": _BOTH,
    "empty_heat_map": _BOTH,
    "empty_averages": "A null stays null.",
    "change_against_zero": "Such a change is loaded as null.",
    "top_list_ids": "Such a row is loaded with its position as key.",
    "search_terms": "Both rows are loaded.",
    "users_add_up": AGREEMENT,
    "drilldown_counts_total": AGREEMENT,
    "series_add_up": AGREEMENT,
    "ranges_add_up": AGREEMENT,
    "ratings_are_counted": AGREEMENT,
    "previous_is_the_window_before": AGREEMENT,
}
