"""What the warehouse holds already: the ledger, the lists, the items that reports named, numbers.

SQL only; neither dlt nor a run is known here.
"""

from __future__ import annotations

import re
from collections import defaultdict
from collections.abc import Callable, Collection, Iterable, Mapping, Sequence
from datetime import UTC, datetime
from functools import cached_property
from typing import Any, TypeAlias

from ..catalog.dimensions import DIMENSIONS
from ..catalog.model import ParentReport, Report
from ..extract.list_guard import KnownList, ListItem, ListStatus
from ..extract.parent_reports import parent_column
from ..extract.result import Status
from ..parsing.redaction import Forgotten
from ..planning.windows import Grain, Window
from .coverage import Coverage, Key, WindowState
from .ledger import REPORT_WINDOWS, WINDOW_READS

Query: TypeAlias = Callable[..., Iterable[tuple[Any, ...]]]
"""Runs SQL, its `%s` parameters given after it, and gives the rows."""

Stamp: TypeAlias = tuple[str, Grain, datetime]
"""Slice, grain and window start: a report's window key within an account."""


KNOWN = frozenset({"created_at", "ticket_count", "user_type", "timezone"})
"""Columns of lists that planning asks for, besides the id."""

WELL_READ = (ListStatus.LOADED, ListStatus.PARTIAL)
READ_STATUSES = "('loaded', 'partial', 'incomplete', 'shrunk')"
BEFORE_ALL_READS = datetime(2000, 1, 1, tzinfo=UTC)

FORGOTTEN = "forgotten_customers"
_USER = re.compile(r"(?:^|,)user=(\d+)")


class WarehouseSnapshot:
    """What the warehouse holds of one account.

    `query` runs SQL over the dataset, `tables` are those that it has: a report that was never
    loaded has none. `ledger_columns` are those of the ledger.
    """

    def __init__(
        self,
        query: Query,
        account: str,
        tables: Collection[str],
        ledger_columns: Collection[str] = (),
    ) -> None:
        self._query = query
        self._account = account
        self._tables = frozenset(tables)
        self._ledger_columns = frozenset(ledger_columns)
        self._items: dict[ParentReport, Mapping[tuple[Grain, datetime], set[int]]] = {}

    @cached_property
    def coverage(self) -> Coverage:
        """The ledger as it was when first looked at."""
        rows = self._query(
            'select report, slice, grain, window_start, status, is_final, fetched_at, "rows", '
            "covered_until, pages, last_attempt_status, last_attempt_at, failing_since "
            f"from ({REPORT_WINDOWS}) as worths where account = %s",
            self._account,
        )
        states: dict[Key, WindowState] = {}
        for report, slice_text, grain, start, status, final, *rest in rows:
            fetched_at, row_count, until, pages, last, last_at, failing_since = rest
            states[report, slice_text, Grain(grain), utc(start)] = WindowState(
                status=Status(status),
                last_attempt=Status(last),
                last_attempt_at=utc(last_at),
                failing_since=failing_since and utc(failing_since),
                is_final=bool(final),
                fetched_at=fetched_at and utc(fetched_at),
                covered_until=until and utc(until),
                rows=row_count or 0,
                pages=pages or 0,
            )
        return Coverage(states, self._refusals(), self._unresolved())

    def _refusals(self) -> dict[tuple[str, str], datetime]:
        """The slices whose latest request was refused, and when."""
        if "http_status" not in self._ledger_columns:  # no load of this version yet
            return {}
        rows = self._query(
            "select report, slice, fetched_at from (select *, row_number() over ("
            "partition by report, slice order by fetched_at desc) as latest from window_reads "
            "where account = %s and requests > 0) as asked "
            "where latest = 1 and status = 'unavailable' and http_status is not null",
            self._account,
        )
        return {(report, slice_text): utc(at) for report, slice_text, at in rows}

    def _unresolved(self) -> dict[Key, WindowState]:
        """Windows whose slices could not be named when they were last read, since when and when."""
        rows = self._query(
            "select report, slice, grain, window_start, status, fetched_at, since from ("
            "select *, row_number() over (partition by report, slice, grain, window_start "
            "order by fetched_at desc) as latest, min(fetched_at) over ("
            "partition by report, slice, grain, window_start) as since "
            "from window_reads where account = %s and left(slice, 1) = '?') as reads "
            "where latest = 1 and status in ('failed', 'unavailable')",
            self._account,
        )
        return {
            (report, text, Grain(grain), utc(start)): WindowState(
                status=Status(status),
                last_attempt=Status(status),
                last_attempt_at=utc(at),
                failing_since=utc(since),
            )
            for report, text, grain, start, status, at, since in rows
        }

    def known_list(self, name: str) -> KnownList | None:
        """What is known of a list, its items by the API's field names: those that its last good
        reading still found. None when it was never read."""
        if name not in self._tables:
            return None
        reads = list(
            self._query(
                f"select fetched_at, rows, status from list_reads where account = %s and list = %s "
                f"and status in {READ_STATUSES} order by fetched_at",
                self._account,
                name,
            )
        )
        if not reads:
            return None
        good = [utc(at) for at, _, status in reads if status in WELL_READ]
        read_at = max(good, default=None)
        doubted = [
            (utc(at), int(rows))
            for at, rows, status in reads
            if status == ListStatus.SHRUNK and (read_at is None or utc(at) > read_at)
        ]
        return KnownList(items=self._items_of(name, read_at), read_at=read_at, doubted=doubted)

    def _items_of(self, name: str, since: datetime | None) -> list[ListItem]:
        """The items of a list that were listed since then, each with its parent's id."""
        dimension = DIMENSIONS[name]
        wire = {c.name: c.paths[0] for c in dimension.columns if c.paths[:1] and c.name in KNOWN}
        wire[dimension.id_column.name] = "id"
        parent = dimension.parent_column.name if dimension.parent_column else "null"
        rows = self._query(
            f"select {parent}, {', '.join(wire)} from {name} where account = %s "
            "and last_seen_at >= %s order by 1, 2",
            self._account,
            since or BEFORE_ALL_READS,
        )
        return [(row[0], dict(zip(wire.values(), row[1:], strict=True))) for row in rows]

    def list_items(self, name: str) -> list[dict[str, Any]] | None:
        """A list's items by the API's field names, of those that its last good reading still
        found; None when it was never read."""
        known = self.known_list(name)
        return None if known is None else [dict(item) for _, item in known.items]

    def is_refused(self, name: str) -> bool:
        """Whether the API refused the list when it was last asked for."""
        if "list_reads" not in self._tables:
            return False
        rows = self._query(
            "select status from list_reads where account = %s and list = %s "
            "order by fetched_at desc limit 1",
            self._account,
            name,
        )
        return [status for (status,) in rows] == [ListStatus.UNAVAILABLE]

    def items(self, parent: ParentReport, window: Window) -> set[int]:
        """The items that the parent's stored rows name for the window."""
        return set(self._named(parent).get((window.grain, window.start), ()))

    def all_items(self, parent: ParentReport) -> set[int]:
        """The items that the parent's stored rows name for any window."""
        return set().union(*self._named(parent).values())

    def _named(self, parent: ParentReport) -> Mapping[tuple[Grain, datetime], set[int]]:
        table, column = parent_column(parent)
        if table not in self._tables:
            return {}
        if parent not in self._items:
            named: dict[tuple[Grain, datetime], set[int]] = defaultdict(set)
            for grain, start, item in self._query(
                f"select grain, window_start, {column} from {table} "
                f"where account = %s and slice = 'all' and {column} is not null",
                self._account,
            ):
                named[Grain(grain), utc(start)].add(int(item))
            self._items[parent] = named
        return self._items[parent]

    def users_read(self, report: str, window: Window) -> set[int]:
        """The users whose own window of the report was asked for, well or not."""
        return set(self._users_read.get((report, window.grain, window.start), ()))

    @cached_property
    def _users_read(self) -> Mapping[tuple[str, Grain, datetime], set[int]]:
        users: dict[tuple[str, Grain, datetime], set[int]] = defaultdict(set)
        for report, slice_text, grain, start in self.coverage.items():
            user = _USER.search(slice_text)
            if user is not None:
                users[report, grain, start].add(int(user[1]))
        return users

    def numbers(
        self, table: str, columns: Sequence[str], after: datetime, until: datetime
    ) -> dict[Stamp, dict[str, Any]]:
        """The stored values of the windows that end in (after, until], by column."""
        listed = "".join(f', "{name}"' for name in columns)
        rows = self._query(
            f"select slice, grain, window_start{listed} from {table} "
            "where account = %s and window_end > %s and window_end <= %s",
            self._account,
            after,
            until,
        )
        return {
            (slice_text, Grain(grain), utc(start)): dict(zip(columns, values, strict=True))
            for slice_text, grain, start, *values in rows
        }

    def last_failures(self) -> dict[tuple[str, str], tuple[datetime, str]]:
        """When and why each report and slice last failed, by what the API answered where it was
        asked; those that never did are missing."""
        rows = self._query(
            "select report, slice, fetched_at, error from (select *, row_number() over ("
            "partition by report, slice order by case when requests > 0 then 0 else 1 end, "
            "fetched_at desc) as latest from window_reads "
            "where account = %s and status in ('failed', 'unavailable')) as failures "
            "where latest = 1",
            self._account,
        )
        return {(row[0], row[1]): (utc(row[2]), row[3]) for row in rows}

    def forgotten(self) -> set[Forgotten]:
        """The customers who are to stay forgotten."""
        if FORGOTTEN not in self._tables:
            return set()
        rows = self._query(
            f"select customer_hash, key_print from {FORGOTTEN} where account = %s", self._account
        )
        return {Forgotten(*row) for row in rows}

    def restated(self) -> list[tuple[str, int, int]]:
        """How many windows and measures of each report re-reads found changed so far."""
        return list(
            self._query(
                "select report, count(distinct (slice, grain, window_start)), count(*) "
                "from restatements where account = %s group by 1 order by 1",
                self._account,
            )
        )

    def moved_after_final(self, report: Report, pairs: Mapping[str, str]) -> tuple[int, int, int]:
        """Windows called final that a later window's comparison shows changed since: how many
        could be compared, how many moved, and the `lookback_days` that would have caught all.

        `pairs` are the measures and the columns that hold them of the previous window.
        """
        moved = " or ".join(
            f'(final."{now}" is null) <> (later."{then}" is null) or '
            f'abs(final."{now}" - later."{then}") > 1e-6 * greatest(1, abs(final."{now}"))'
            for now, then in pairs.items()
        )
        has_block = ", ".join(f'later."{then}"' for then in pairs.values())
        days = "ceil(extract(epoch from (later.fetched_at - final.window_end)) / 86400)"
        ((compared, changed, lookback),) = self._query(
            f"select count(*), count(*) filter (where {moved}), max({days}) filter (where {moved}) "
            f"from {report.name} as final inner join {report.name} as later on "
            "later.account = final.account and later.slice = final.slice "
            "and later.grain = final.grain and later.previous_window_start = final.window_start "
            "and later.previous_window_end = final.window_end "
            "where final.account = %s and final.is_final and later.fetched_at > final.fetched_at "
            f"and coalesce({has_block}) is not null",
            self._account,
        )
        return int(compared), int(changed), int(lookback or 0)


def utc(instant: datetime) -> datetime:
    """The instant in UTC; databases give it in the session's zone."""
    return instant.astimezone(UTC)


def stored_in(dataset: str, query: Query, account: str) -> WarehouseSnapshot | None:
    """What the dataset that `query` asks holds of the account; None before the first load."""
    # Not by dlt's schema: that knows the tables of a load that is still pending too.
    rows = query(
        "select table_name from information_schema.tables where table_schema = %s", dataset
    )
    tables = {str(row[0]) for row in rows}
    if WINDOW_READS.name not in tables:
        return None
    columns = query(
        "select column_name from information_schema.columns "
        "where table_schema = %s and table_name = %s",
        dataset,
        WINDOW_READS.name,
    )
    return WarehouseSnapshot(query, account, tables, {str(row[0]) for row in columns})
