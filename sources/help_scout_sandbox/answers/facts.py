"""What the reports count, each defined once: a metric is one SQL expression over one fact table.

Overall reports, series, distributions and drilldowns all read through `Facts`, for one interval
or for many at once, so that they cannot disagree.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from ..history.account import Account
from .request import Interval, ReportRequest

UNTAGGED = 1
Measured = dict[str, Any]


@dataclass(frozen=True, slots=True)
class Source:
    """A fact table, the instant that decides its window, and whose doing a row is."""

    table: str
    instant: str
    by_users: str = "f.user_id IN ({users})"


EVENTS = Source("event", "ts")
RESOLUTIONS = Source(
    "conversation",
    "resolved_at",
    "EXISTS (SELECT 1 FROM event r WHERE r.conversation_id = f.conversation_id AND r.kind = 2"
    " AND r.user_id IN ({users}) AND r.ts <= f.resolved_at)",
)
RATINGS = Source("rating", "ts")
CHATS = Source("chat", "ts")

METRICS: dict[Source, dict[str, str]] = {
    EVENTS: {
        "touched": "COUNT(DISTINCT f.conversation_id)",
        "customers": "COUNT(DISTINCT f.customer_id)",
        "created": "TOTAL(f.opening)",
        "received": "TOTAL(f.kind = 1)",
        "replies": "TOTAL(f.kind = 2)",
        "closed": "TOTAL(f.kind = 4)",
        "worked_on": "COUNT(DISTINCT CASE WHEN f.kind IN (2, 4) THEN f.conversation_id END)",
        "customers_helped": "COUNT(DISTINCT CASE WHEN f.kind = 2 THEN f.customer_id END)",
        "active_users": "COUNT(DISTINCT CASE WHEN f.kind = 2 THEN f.user_id END)",
        "response_time": "AVG(CASE WHEN f.kind = 2 THEN {seconds} END)",
        "first_response_time": "AVG(CASE WHEN f.first_reply THEN {seconds} END)",
        "handle_time": "AVG(f.handle_seconds)",
        "email": "COUNT(DISTINCT CASE WHEN f.channel = 'email' THEN f.conversation_id END)",
        "chat": "COUNT(DISTINCT CASE WHEN f.channel = 'chat' THEN f.conversation_id END)",
        "phone": "COUNT(DISTINCT CASE WHEN f.channel = 'phone' THEN f.conversation_id END)",
        "new_email": "TOTAL(f.opening AND f.channel = 'email')",
        "new_chat": "TOTAL(f.opening AND f.channel = 'chat')",
        "new_phone": "TOTAL(f.opening AND f.channel = 'phone')",
    },
    RESOLUTIONS: {
        "resolved": "COUNT(f.conversation_id)",
        "resolved_on_first_reply": "TOTAL(f.replies_to_resolve = 1)",
        "resolution_time": "AVG({seconds})",
        "replies_to_resolve": "AVG(f.replies_to_resolve)",
    },
    RATINGS: {
        "great": "TOTAL(f.rating = 1)",
        "okay": "TOTAL(f.rating = 2)",
        "not_good": "TOTAL(f.rating = 3)",
        "ratings": "COUNT(f.rating)",
        "customers_with_ratings": "COUNT(DISTINCT f.customer_id)",
    },
    CHATS: {
        "chats": "COUNT(f.conversation_id)",
        "missed": "TOTAL(f.missed)",
        "completed": "TOTAL(f.missed = 0)",
        "messages": "AVG(CASE WHEN f.missed = 0 THEN f.messages END)",
        "wait_time": "AVG(f.wait{office})",
        "chat_response_time": "AVG(f.response{office})",
        "duration": "AVG(f.duration{office})",
    },
}
SOURCE_OF = {name: source for source, names in METRICS.items() for name in names}
COUNTS = {name for name, source in SOURCE_OF.items() if "AVG(" not in METRICS[source][name]}


class Facts:
    """Reads metrics for the filters, the users and the clock (office hours or not) of a request."""

    def __init__(self, account: Account, request: ReportRequest) -> None:
        self.account = account
        self.roster = account.roster
        self.request = request
        office = request.office_hours and account.spec.has_office_hours
        self._columns = {
            "seconds": "f.office_seconds" if office else "f.seconds",
            "office": "_office" if office else "",
        }
        self.first_response_column = "first_response_office" if office else "first_response"
        self._filters = _filter_clause(request)

    def measure(
        self, names: Sequence[str], intervals: Sequence[Interval], where: str = ""
    ) -> list[Measured]:
        """The metrics of each interval: counts are ints, averages floats or None when empty."""
        measured: list[Measured] = [{} for _ in intervals]
        for source in {SOURCE_OF[name]: None for name in names}:
            mine = [name for name in names if SOURCE_OF[name] == source]
            columns = ", ".join(self.fill(METRICS[source][name]) for name in mine)
            sql = (
                f"{buckets(len(intervals))} SELECT bucket.i, {columns} FROM bucket"
                f" LEFT JOIN {self.joined(source, where)} GROUP BY bucket.i"
            )
            for row in self.rows(sql, intervals):
                measured[row[0]].update(zip(mine, row[1:], strict=True))
        for block in measured:
            for name in COUNTS & block.keys():
                block[name] = int(block[name])
        return measured

    def grouped(
        self, key: str, columns: str, source: Source, intervals: Sequence[Interval], where: str = ""
    ) -> list[tuple[Any, ...]]:
        """Rows (interval number, key, *columns) for each value that `key` takes."""
        sql = (
            f"{buckets(len(intervals))} SELECT bucket.i, {key}, {self.fill(columns)} FROM bucket"
            f" JOIN {self.joined(source, where)} GROUP BY bucket.i, {key}"
        )
        return self.rows(sql, intervals)

    def joined(self, source: Source, where: str = "") -> str:
        """A fact table as `f`, joined to `bucket` under all filters of the request."""
        clause = (
            f"{source.table} f ON f.{source.instant} BETWEEN bucket.a AND bucket.b"
            f" AND f.hidden = 0{self._filters}"
        )
        if self.request.members:
            users = ", ".join(map(str, self.request.members))
            clause += f" AND {source.by_users.format(users=users)}"
        return f"{clause} AND {where}" if where else clause

    def fill(self, expression: str) -> str:
        """An expression with the column for calendar or office time filled in."""
        return expression.format(**self._columns)

    def rows(self, sql: str, intervals: Sequence[Interval], *more: Any) -> list[tuple[Any, ...]]:
        """Rows of a statement whose first parameters are the intervals.

        An interval ends at the latest at the instant up to which the account has lived.
        """
        until = self.account.until
        bounds = [bound for start, end in intervals for bound in (start, min(end, until))]
        return self.account.query(sql, [*bounds, *more])


def buckets(count: int) -> str:
    """The head of a statement that reads `count` intervals at once as the table `bucket`."""
    values = ", ".join(f"({number}, ?, ?)" for number in range(count))
    return f"WITH bucket(i, a, b) AS (VALUES {values})"


def _filter_clause(request: ReportRequest) -> str:
    """The request's filters over the columns of a fact table, acting on the current state."""
    clause = ""
    if request.inboxes:
        clause += f" AND f.inbox_id IN ({', '.join(map(str, request.inboxes))})"
    if request.channels:
        channels = ", ".join(f"'{channel}'" for channel in request.channels)
        clause += f" AND f.channel IN ({channels})"
    if request.folders:
        folders = ", ".join(map(str, request.folders))
        clause += (
            " AND EXISTS (SELECT 1 FROM conversation c WHERE c.conversation_id ="
            f" f.conversation_id AND c.folder_id IN ({folders}))"
        )
    if request.tags:
        tags = ", ".join(map(str, request.tags))
        tagged = (
            "EXISTS (SELECT 1 FROM tagged t WHERE t.conversation_id = f.conversation_id"
            f" AND t.tag_id IN ({tags}))"
        )
        if UNTAGGED in request.tags:
            tagged += (
                " OR EXISTS (SELECT 1 FROM conversation c WHERE c.conversation_id ="
                " f.conversation_id AND c.tag_count = 0)"
            )
        clause += f" AND ({tagged})"
    return clause
