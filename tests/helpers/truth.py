"""What the marts must say, counted by SQL over the sandbox's event history.

None of the sandbox's report code is used: figures are counted anew from the tables in its
`schema`, over windows that are cut here from the calendar.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta
from typing import Any
from zoneinfo import ZoneInfo

from sources.help_scout_sandbox import Sandbox

DAY = timedelta(days=1)
LOOKBACK = 7 * DAY
Row = dict[str, Any]


@dataclass(frozen=True, slots=True)
class Key:
    """A window of a grain, for an item: an inbox or a user; None is everything."""

    grain: str
    day: date
    item: int | None = None

    @property
    def end(self) -> date:
        """The first day after the window."""
        if self.grain == "month":
            return (self.day + 31 * DAY).replace(day=1)
        return self.day + (7 if self.grain == "week" else 1) * DAY

    @property
    def before(self) -> Key:
        """The window before it, for the same item."""
        day = self.day - (7 if self.grain == "week" else 1) * DAY
        return Key(self.grain, day.replace(day=1) if self.grain == "month" else day, self.item)


@dataclass(frozen=True, slots=True)
class Truth:
    """The history of a sandbox, as it was read by a run at `now`."""

    sandbox: Sandbox
    now: datetime

    @property
    def zone(self) -> ZoneInfo:
        """The company's time zone."""
        return self.sandbox.account.zone

    @property
    def inboxes(self) -> dict[int | None, str]:
        """The inboxes' names, and the total's."""
        return {
            None: "All inboxes",
            **{inbox.id: inbox.name for inbox in self.sandbox.account.roster.inboxes},
        }

    def instant(self, day: date) -> datetime:
        """The first instant of a local day."""
        return datetime.combine(day, time(), self.zone).astimezone(UTC)

    def local(self, timestamp: int) -> datetime:
        """The company's wall clock at an instant of the history."""
        return datetime.fromtimestamp(timestamp, self.zone)

    def window(self, key: Key) -> Row:
        """The columns that say which window a row is about and what it is worth."""
        end = self.instant(key.end)
        return {
            "account": "main",
            "grain": key.grain,
            "window_date": key.day,
            "window_start": self.instant(key.day),
            "window_end": end,
            "is_open": end > self.now,
            "is_provisional": end + LOOKBACK > self.now,
        }

    def of_inboxes(self, windows: Iterable[Key]) -> list[Key]:
        """The windows for each inbox and for all."""
        return [Key(w.grain, w.day, inbox) for w in windows for inbox in self.inboxes]

    def of_inbox(self, key: Key) -> Row:
        """The same for a row of an inbox, or of all."""
        return {
            **self.window(key),
            "inbox_id": key.item,
            "inbox_name": self.inboxes[key.item],
        }

    def count(
        self,
        keys: Iterable[Key],
        source: str,
        columns: Mapping[str, str],
        *,
        item: str = "f.inbox_id = span.item",
        group: str = "0",
    ) -> dict[Key, dict[Any, Row]]:
        """For each window and each value of `group` in it, the columns counted over the rows of
        `source` as `f` that fall into the window, by `f.at`, and belong to its item."""
        keys = list(keys)
        spans = ", ".join(
            f"({number}, {self.instant(key.day).timestamp():.0f}, "
            f"{self.instant(key.end).timestamp():.0f}, "
            f"{'NULL' if key.item is None else key.item})"
            for number, key in enumerate(keys)
        )
        rows = self.sandbox.account.query(
            f"WITH span(number, a, b, item) AS (VALUES {spans}) "
            f"SELECT span.number, {group} AS grouping, {', '.join(columns.values())} "
            f"FROM span JOIN ({source}) f ON f.at >= span.a AND f.at < span.b "
            f"AND f.at <= {self.sandbox.account.until} AND (span.item IS NULL OR {item}) "
            "GROUP BY span.number, grouping"
        )
        counted: dict[Key, dict[Any, Row]] = {key: {} for key in keys}
        for number, found, *values in rows:
            counted[keys[number]][found] = dict(zip(columns, values, strict=True))
        return counted

    def figures(
        self, keys: Iterable[Key], source: str, columns: Mapping[str, str], **how: str
    ) -> dict[Key, Row]:
        """The columns counted for each window; sums of nothing are None as averages are."""
        nothing = {name: 0 if sql.startswith("count(") else None for name, sql in columns.items()}
        return {
            key: found.get(0, nothing)
            for key, found in self.count(keys, source, columns, **how).items()
        }


WINDOWS = (
    *(Key("day", date(2026, 10, 26) + n * DAY) for n in range(16)),
    *(Key("week", date(2026, 10, 26) + 7 * n * DAY) for n in range(3)),
    Key("month", date(2026, 10, 1)),
    Key("month", date(2026, 11, 1)),
)
"""What `loaded` holds, up to the windows that were open."""
DAYS = [window for window in WINDOWS if window.grain == "day"]
DAYS_OF_YEAR_BEFORE = [Key("day", date(2025, 10, 27) + n * DAY) for n in range(5)]
WINDOWS_OF_YEAR_BEFORE = [*DAYS_OF_YEAR_BEFORE, Key("month", date(2025, 10, 1))]
"""What `marts` holds besides, of the volume only."""


def both(keys: Iterable[Key]) -> set[Key]:
    """The windows and those before them."""
    return {window for key in keys for window in (key, key.before)}


EVENTS = "SELECT *, ts AS at FROM event WHERE hidden = 0"
RESOLUTIONS = "SELECT *, resolved_at AS at FROM conversation WHERE hidden = 0"
RATINGS = "SELECT *, ts AS at FROM rating WHERE hidden = 0"
CHATS = "SELECT *, ts AS at FROM chat WHERE hidden = 0"
VISITS = "SELECT *, ts AS at FROM visit"
SEARCHES = "SELECT *, ts AS at FROM search"
CONVERSATIONS = "count(DISTINCT f.conversation_id)"
