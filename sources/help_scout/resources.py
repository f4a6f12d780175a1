"""dlt resources: one a report, one a list. The only module that knows both dlt and the run.

A report's resource declares its tables once (which also creates empty ones, typed and
described), then yields Arrow batches over windows; the ledger's rows go with them. The cursor is
`covered_until`: with mixed grains, a window's start would filter out open months and its end
would jump into the future.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from datetime import UTC, datetime
from typing import Any

import dlt
import orjson
from dlt.extract import DltResource

from .catalog import Report, Type
from .dimensions import Dimension
from .errors import AnswerError, ApiError
from .ledger import (
    LIST_READS,
    WINDOW_READS,
    ledger_row,
    list_row,
    not_stored,
    window_context,
)
from .lists import dimension_row
from .outcome import Outcome
from .run import Run
from .tables import (
    CURSOR,
    TOMBSTONE,
    UNKNOWN_KINDS,
    UNKNOWN_VALUES,
    StoredTable,
    stored_table,
    to_arrow,
    tombstone,
)
from .windows import Window

BEFORE_ALL_REPORTS = datetime(2011, 1, 1, tzinfo=UTC)  # Help Scout's first year
ROWS_PER_BATCH = 20_000


def hints_of(table: StoredTable) -> Any:
    """The table as dlt hints. Each column gets a dict of its own: dlt renames shared ones."""
    columns: dict[str, Any] = {}
    for column in table.columns:
        columns[column.name] = {
            "name": column.name,
            "data_type": "text" if column.unit.type is Type.JSON else str(column.unit.type),
            "nullable": column.name not in table.primary_key,
            "description": f"{column.description} ({column.unit.words})",
        }
        if column.personal:
            columns[column.name]["x-personal"] = True
    if TOMBSTONE in columns:
        columns[TOMBSTONE]["hard_delete"] = True
    return dlt.mark.make_hints(
        table_name=table.name,
        write_disposition="merge",
        primary_key=list(table.primary_key),
        merge_key=list(table.merge_key) or None,
        columns=columns,
        additional_table_hints={"description": table.description},
    )


def declare(tables: Iterable[StoredTable]) -> Iterator[Any]:
    """Items that give dlt the tables' hints, before their rows.

    An empty list and not an empty Arrow table: dlt's cursor cannot take rows after one.
    """
    for table in tables:
        yield dlt.mark.with_hints([], hints_of(table), create_table_variant=True)


def create(tables: Iterable[StoredTable]) -> Iterator[Any]:
    """Items that make dlt create the tables though they have no rows.

    dlt's own marker for empty tables would add id columns, which later Arrow rows then lack.
    """
    for table in tables:
        yield dlt.mark.with_hints(
            to_arrow(table, [], {}), hints_of(table), create_table_variant=True
        )


def undeclared(tables: Iterable[StoredTable]) -> list[StoredTable]:
    """The tables that dlt's schema lacks, or has otherwise.

    dlt checks a table's hints again with every batch, 20 ms each time: only these are declared.
    """
    return [table for table in tables if not _is_declared(table)]


def _is_declared(table: StoredTable) -> bool:
    known = dlt.current.source_schema().tables.get(table.name)
    if known is None:
        return False
    return all(
        known["columns"].get(name, {}).get(hint) == value
        for name, column in hints_of(table)["columns"].items()
        for hint, value in column.items()
        if hint in ("description", "data_type")
    ) and all(
        bool(known["columns"][column.name].get(hint)) == (column.name in key)
        for hint, key in (("primary_key", table.primary_key), ("merge_key", table.merge_key))
        for column in table.columns
    )


def report_resource(
    report: Report, run: Run, since: datetime | None, until: datetime | None
) -> DltResource:
    """The resource of a report.

    `since` and `until` ask for an interval: it is loaded whatever the cursor says, and the
    cursor stays. Without them the windows from the cursor, less the lookback, to now are due.
    """
    cursor = dlt.sources.incremental[datetime](
        CURSOR,
        initial_value=since or BEFORE_ALL_REPORTS,
        end_value=until,
        lag=run.settings.lookback.total_seconds(),
        range_start="open",
        range_end="closed",
        on_cursor_value_missing="include",
        primary_key=(),
        allow_external_schedulers=None if until is None else False,
    )

    @dlt.resource(name=report.name, write_disposition="merge", max_table_nesting=0)
    def read_report(covered_until: dlt.sources.incremental[datetime] = cursor) -> Iterator[Any]:
        run.pin(dlt.current.source_state())
        batch = Batch(report, run)
        new = undeclared(batch.tables)
        yield from declare(new)
        after = covered_until.start_value or BEFORE_ALL_REPORTS
        if covered_until.end_value is None:
            after = max(after, run.start)
            wanted = dlt.current.source_state().setdefault("wanted", {})
            wanted[report.name] = run.wanted(report)
        spans = run.spans(report, after, covered_until.end_value)
        for outcomes in run.reader.outcomes(run.reads(report, spans)):
            batch.add(outcomes)
            run.note_blocked(outcomes)
            if batch.row_count >= ROWS_PER_BATCH:
                yield from batch.flush()
            else:
                yield None  # lets the other reports send their requests
        yield from batch.finish()
        yield from create(new)

    return read_report


def unknown_types(table: StoredTable) -> dict[str, str]:
    """The types of the columns that earlier loads added for fields the catalog does not know."""
    known = dlt.current.source_schema().tables.get(table.name)
    declared = {column.name for column in table.columns}
    return {
        name: UNKNOWN_KINDS[str(column["data_type"])]
        for name, column in (known["columns"] if known else {}).items()
        if name not in declared and column.get("data_type") in UNKNOWN_KINDS
    }


class Batch:
    """Rows of several windows, gathered until they are worth a load file."""

    def __init__(self, report: Report, run: Run) -> None:
        self._report = report
        self._run = run
        self._tables = {t.name: stored_table(report, t) for t in report.tables}
        self._tables[UNKNOWN_VALUES.name] = UNKNOWN_VALUES
        self._tables[WINDOW_READS.name] = WINDOW_READS
        self._held: list[Outcome] = []
        self._rows: dict[str, list[dict[str, Any]]] = {name: [] for name in self._tables}
        self._unknown_types = {t.name: unknown_types(t) for t in self._tables.values()}

    @property
    def row_count(self) -> int:
        """Rows waiting, over all tables."""
        return sum(len(rows) for rows in self._rows.values())

    @property
    def tables(self) -> list[StoredTable]:
        """The report's tables and the ledger."""
        return list(self._tables.values())

    def add(self, outcomes: list[Outcome]) -> None:
        """Adds windows read.

        Reads that overlap in time (slices and grains of the same days) are held until all of
        them are there: if one fails, the others must not carry the cursor past its windows.
        """
        if self._held and outcomes:
            begins = min(self._coverage(o.read.windows[0]) for o in outcomes)
            if begins > max(self._coverage(o.read.windows[-1]) for o in self._held):
                self._release()
        self._held += outcomes

    def _coverage(self, window: Window) -> datetime:
        return window.covered_until(self._run.now)

    def _release(self) -> None:
        """Takes the held windows over, up to where a read that blocks the report begins.

        Where its span begins, not where it failed: reads of the same span that would have
        followed were never sent.
        """
        settings = self._run.settings
        lacking = [self._coverage(o.read.windows[0]) for o in self._held if o.blocks_report]
        for held in self._held:
            outcome = held
            late = bool(lacking) and self._coverage(outcome.window) > min(lacking)
            if late and outcome.status.succeeded:
                outcome = not_stored(outcome)
            if outcome.status.succeeded:
                self._add_rows(outcome)
            self._rows[WINDOW_READS.name].append(
                ledger_row(
                    outcome,
                    account=settings.account,
                    run_id=self._run.run_id,
                    lookback=settings.lookback,
                    now=self._run.now,
                )
            )
        self._held = []

    def _add_rows(self, outcome: Outcome) -> None:
        settings = self._run.settings
        context = window_context(
            outcome, account=settings.account, lookback=settings.lookback, now=self._run.now
        )
        for table in self._report.tables:
            rows = outcome.rows.get(table.name, [])
            target = self._rows[table.name]
            target.extend({**context, **row} for row in rows)
            # Where a row of the window would have the tombstone's key, dlt might keep the
            # tombstone; such tables need none unless the window is empty.
            if table.key or not rows:
                target.append(tombstone(table, context))
        for path, values in outcome.extra.items():
            unknown = {"report": self._report.name, "wire_path": path}
            unknown["wire_values"] = orjson.dumps(values).decode()
            row = {**context, **unknown}
            declared = UNKNOWN_VALUES.arrow_schema.names
            self._rows[UNKNOWN_VALUES.name].append({k: row[k] for k in declared})

    def finish(self) -> Iterator[Any]:
        """All that is left, as `flush`."""
        self._release()
        yield from self.flush()

    def flush(self) -> Iterator[Any]:
        """The rows taken over, as Arrow tables marked with their table's name."""
        for name, rows in self._rows.items():
            if rows:
                arrow = to_arrow(self._tables[name], rows, self._unknown_types[name])
                yield dlt.mark.with_table_name(arrow, name)
                self._rows[name] = []


def dimension_resource(dimension: Dimension, run: Run) -> DltResource:
    """The resource of a list."""
    table = dimension.stored_table

    @dlt.resource(name=dimension.name, write_disposition="merge", max_table_nesting=0)
    def read_list() -> Iterator[Any]:
        state = dlt.current.source_state()
        run.pin(state)
        first_seen = state.setdefault("first_seen", {}).setdefault(dimension.name, {})
        new = undeclared([table, LIST_READS])
        yield from declare(new)
        rows, problem = [], None
        try:
            rows = [
                dimension_row(dimension, item, parent_id)
                for parent_id, item in run.lists.list_of(dimension.name)
            ]
        except (ApiError, AnswerError) as error:
            problem = str(error)
        for row in rows:
            row["account"] = run.settings.account
            key = "/".join(str(row[name]) for name in table.primary_key)
            since = first_seen.setdefault(key, run.now.isoformat())
            row["first_seen_at"] = datetime.fromisoformat(since)
            row["last_seen_at"] = run.now
        ledger = list_row(
            dimension.name, len(rows), problem, account=run.settings.account, run_id=run.run_id,
            fetched_at=run.now,
        )  # fmt: skip
        yield dlt.mark.with_table_name(to_arrow(LIST_READS, [ledger], {}), LIST_READS.name)
        if rows:
            arrow = to_arrow(table, rows, unknown_types(table))
            yield dlt.mark.with_table_name(arrow, table.name)
        yield from create(new)

    return read_list
