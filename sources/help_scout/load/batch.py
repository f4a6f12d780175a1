"""Rows of several windows, gathered into batches."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any, TypeAlias

from ..catalog.model import Report
from ..catalog.stored_tables import UNKNOWN_VALUES, StoredTable, stored_table, tombstone
from ..extract.result import WindowResult
from ..parsing.coerce import as_json
from ..parsing.row_batches import RowBatch
from ..state.ledger import WINDOW_READS
from ..state.ledger_rows import ledger_row, window_context
from ..state.restatements import RESTATEMENTS, measures_of, restatements
from ..state.run import Run
from ..state.snapshot import Stamp

ROWS_PER_BATCH = 30_000
TableBatch: TypeAlias = tuple[StoredTable, RowBatch]
"""A table and rows of it."""


class Batch:
    """Rows of several windows, gathered until they are worth a load file.

    `before` are the values that the warehouse holds of the windows: what a re-read finds changed
    goes into the change log. A window that failed is a row of the ledger and keeps no other window
    from being stored: later loads read it again, wherever the cursor is then.
    """

    def __init__(
        self,
        report: Report,
        run: Run,
        before: Mapping[Stamp, dict[str, Any]] | None = None,
    ) -> None:
        self._report = report
        self._run = run
        self._before = before or {}
        self._measures = measures_of(report)
        self._tables = {t.name: stored_table(report, t) for t in report.tables}
        self._tables[UNKNOWN_VALUES.name] = UNKNOWN_VALUES
        self._tables[WINDOW_READS.name] = WINDOW_READS
        if self._measures:
            self._tables[RESTATEMENTS.name] = RESTATEMENTS
        self._stored: set[Stamp] = set()
        self._rows = {name: RowBatch() for name in self._tables}

    @property
    def row_count(self) -> int:
        """Rows waiting, over all tables."""
        return sum(len(rows) for rows in self._rows.values())

    @property
    def tables(self) -> list[StoredTable]:
        """The report's tables and the ledger."""
        return list(self._tables.values())

    def add(self, results: list[WindowResult]) -> Iterator[TableBatch]:
        """Adds windows read, and gives what is worth a load file, as `flush`."""
        settings = self._run.settings
        for result in results:
            if result.replaces_rows:
                yield from self._add_rows(result)
                self._add_restatements(result)
            read = ledger_row(
                result,
                account=settings.account,
                run_id=self._run.run_id,
                lookback=settings.lookback,
                now=self._run.now,
            )
            self._rows[WINDOW_READS.name].add({}, [read])
            if self.row_count >= ROWS_PER_BATCH:
                yield from self.flush()

    def _add_rows(self, result: WindowResult) -> Iterator[TableBatch]:
        settings, window = self._run.settings, result.window
        stamp = (result.read.slice.text, window.grain, window.start)
        if stamp in self._stored:
            raise AssertionError(f"{result.read}: planned twice, its rows would be doubled")
        self._stored.add(stamp)
        context = window_context(
            result, account=settings.account, lookback=settings.lookback, now=self._run.now
        )
        for table in self._report.tables:
            # Where a row of the window would have the tombstone's key, dlt might keep the
            # tombstone; such tables need none unless the window is empty.
            if table.key or not result.rows.get(table.name):
                self._rows[table.name].add(context, [tombstone(table, window.start)])
        for block in result.row_blocks():
            for name, rows in self._run.privacy.protect_report(self._report, block).items():
                self._rows[name].add(context, rows)
            if self.row_count >= ROWS_PER_BATCH:
                yield from self.flush()
        for path, values in result.extra.items():
            unknown: dict[str, str | None] = {"report": self._report.name, "wire_path": path}
            unknown["wire_values"] = self._run.privacy.protect_unknown(as_json(values))
            row = {**context, **unknown}
            declared = [column.name for column in UNKNOWN_VALUES.columns]
            self._rows[UNKNOWN_VALUES.name].add({}, [{k: row[k] for k in declared}])

    def _add_restatements(self, result: WindowResult) -> None:
        stored = self._run.planner.stored
        if stored is None or not self._measures:
            return
        window, slice_text = result.window, result.read.slice.text
        found = restatements(
            result,
            self._before.get((slice_text, window.grain, window.start)),
            stored.coverage.window_state(self._report.name, slice_text, window),
            self._measures,
            account=self._run.settings.account,
            run_id=self._run.run_id,
            now=self._run.now,
        )
        self._rows[RESTATEMENTS.name].add({}, list(found))

    def flush(self) -> Iterator[TableBatch]:
        """The rows taken over, table by table."""
        for name, rows in self._rows.items():
            if rows:
                self._rows[name] = RowBatch()
                yield self._tables[name], rows
