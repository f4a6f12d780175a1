"""Assumptions about which reports agree with which, in the last four weeks."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from datetime import timedelta
from typing import Any, TypeAlias

from sources.help_scout.planning.request_plan import Request

from .probe import MONTH_DAYS, Assumption, Known, Replies, Told, body_of, compared, report

Figures: TypeAlias = tuple[int, int]


def _agrees(figures: Callable[[Replies], Figures]) -> Callable[[Known, Replies], Told]:
    """Judges whether two figures of different reports are the same."""

    def judge(_: Known, replies: Replies) -> Told:
        one, other = figures(replies)
        if not one and not other:
            return Told(None, "both are 0")
        return Told("holds" if one == other else "differs", f"{one:,} and {other:,}")

    return judge


def _month(**paths: str) -> Callable[[Known], dict[str, Request]]:
    return lambda known: {name: report(path, known.month) for name, path in paths.items()}


def _series_month(known: Known) -> dict[str, Request]:
    return {
        "overall": report("conversations", known.month),
        "series": report("conversations/new", known.month, viewBy="day"),
    }


def _two_months(known: Known) -> dict[str, Request]:
    before = known.days(known.today - timedelta(days=2 * MONTH_DAYS), MONTH_DAYS)
    return {
        "both": report("conversations", compared(known.month, before)),
        "before": report("conversations", before),
    }


def _sum(rows: Iterable[Any], name: str) -> int:
    return sum(int(row[name]) for row in rows)


def _users_and_total(replies: Replies) -> Figures:
    body = body_of(replies, "company")
    return _sum(body["users"], "replies"), body["current"]["totalReplies"]


def _drilldown_and_total(replies: Replies) -> Figures:
    total = body_of(replies, "overall")["current"]["totalConversations"]
    return body_of(replies, "drilldown")["conversations"]["count"], total


def _series_and_overall(replies: Replies) -> Figures:
    series = _sum(body_of(replies, "series")["current"], "count")
    return series, body_of(replies, "overall")["current"]["newConversations"]


def _ranges_and_count(replies: Replies) -> Figures:
    distribution = body_of(replies, "productivity")["firstResponseTime"]
    return _sum(distribution["ranges"], "count"), distribution["count"]


def _list_and_happiness(replies: Replies) -> Figures:
    counted = body_of(replies, "happiness")["current"]["ratingsCount"]
    return body_of(replies, "ratings").get("count", 0), counted


def _previous_and_window(replies: Replies) -> Figures:
    previous = body_of(replies, "both")["previous"]["totalConversations"]
    return previous, body_of(replies, "before")["current"]["totalConversations"]


def _agreement(
    name: str,
    sentence: str,
    requests: Callable[[Known], dict[str, Request]],
    figures: Callable[[Replies], Figures],
) -> Assumption:
    return Assumption(name, sentence, "holds", _agrees(figures), requests)


AGREEMENTS = (
    _agreement(
        "users_add_up",
        "The users' replies add up to the company's",
        _month(company="company"),
        _users_and_total,
    ),
    _agreement(
        "drilldown_counts_total",
        "The drilldown counts what its report counts",
        _month(overall="conversations", drilldown="conversations/drilldown"),
        _drilldown_and_total,
    ),
    _agreement(
        "series_add_up",
        "The days of new conversations add up to their total",
        _series_month,
        _series_and_overall,
    ),
    _agreement(
        "ranges_add_up",
        "The ranges of the first response time add up to their count",
        _month(productivity="productivity"),
        _ranges_and_count,
    ),
    _agreement(
        "ratings_are_counted",
        "The list of ratings counts what happiness counts",
        _month(happiness="happiness", ratings="happiness/ratings"),
        _list_and_happiness,
    ),
    _agreement(
        "previous_is_the_window_before",
        "A previous block is what its own window says",
        _two_months,
        _previous_and_window,
    ),
)
