"""Rows of several windows, gathered into batches; what belongs together is held together."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from datetime import datetime
from typing import Any, TypeAlias

from .catalog import Report
from .ledger import WINDOW_READS, ledger_row, not_stored, window_context
from .outcome import Outcome
from .restatements import RESTATEMENTS, measures_of, restatements
from .rows import Pieces
from .run import Run
from .stored import Stamp
from .tables import UNKNOWN_VALUES, StoredTable, stored_table, tombstone
from .values import as_json
from .windows import Window

ROWS_PER_BATCH = 30_000
TableBatch: TypeAlias = tuple[StoredTable, Pieces]
"""A table and rows of it."""


class Batch:
    """Rows of several windows, gathered until they are worth a load file.

    `before` are the values that the warehouse holds of the windows: what a re-read finds changed
    goes into the change log. Where no cursor moves, nothing that was read has to wait.
    """

    def __init__(
        self,
        report: Report,
        run: Run,
        before: Mapping[Stamp, dict[str, Any]] | None = None,
        *,
        moves_cursor: bool = True,
    ) -> None:
        self._report = report
        self._run = run
        self._before = before or {}
        self._moves_cursor = moves_cursor
        self._measures = measures_of(report)
        self._tables = {t.name: stored_table(report, t) for t in report.tables}
        self._tables[UNKNOWN_VALUES.name] = UNKNOWN_VALUES
        self._tables[WINDOW_READS.name] = WINDOW_READS
        if self._measures:
            self._tables[RESTATEMENTS.name] = RESTATEMENTS
        self._held: list[Outcome] = []
        self._stored: set[Stamp] = set()
        self._rows = {name: Pieces() for name in self._tables}

    @property
    def row_count(self) -> int:
        """Rows waiting, over all tables."""
        return sum(len(rows) for rows in self._rows.values())

    @property
    def tables(self) -> list[StoredTable]:
        """The report's tables and the ledger."""
        return list(self._tables.values())

    def add(self, outcomes: list[Outcome]) -> Iterator[TableBatch]:
        """Adds windows read, and gives what is worth a load file, as `flush`.

        Reads that overlap in time (slices and grains of the same days) are held until all of
        them are there: if one fails, the others must not carry the cursor past its windows.
        """
        if self._held and outcomes:
            begins = min(self._coverage(o.read.windows[0]) for o in outcomes)
            if begins > max(self._coverage(o.read.windows[-1]) for o in self._held):
                yield from self._release()
        self._held += outcomes

    def _coverage(self, window: Window) -> datetime:
        return window.covered_until(self._run.now)

    def _release(self) -> Iterator[TableBatch]:
        """Takes the held windows over, up to where a read that blocks the report begins.

        Where its span begins, not where it failed: reads of the same span that would have
        followed were never sent.
        """
        settings = self._run.settings
        lacking = [
            self._coverage(held.read.windows[0])
            for held in self._held
            if held.blocks_report and self._moves_cursor
        ]
        for held in self._held:
            outcome = held
            late = bool(lacking) and self._coverage(outcome.window) > min(lacking)
            if late and outcome.status.succeeded:
                outcome = not_stored(outcome)
            if outcome.status.succeeded:
                yield from self._add_rows(outcome)
                self._add_restatements(outcome)
            elif self._run.is_stopping:
                continue  # it failed because nothing is asked any more: that tells of no window
            read = ledger_row(
                outcome,
                account=settings.account,
                run_id=self._run.run_id,
                lookback=settings.lookback,
                now=self._run.now,
            )
            self._rows[WINDOW_READS.name].add({}, [read])
            if self.row_count >= ROWS_PER_BATCH:
                yield from self.flush()
        self._held = []

    def _add_rows(self, outcome: Outcome) -> Iterator[TableBatch]:
        settings, window = self._run.settings, outcome.window
        stamp = (outcome.read.slice.text, window.grain, window.start)
        if stamp in self._stored:
            raise AssertionError(f"{outcome.read}: planned twice, its rows would be doubled")
        self._stored.add(stamp)
        context = window_context(
            outcome, account=settings.account, lookback=settings.lookback, now=self._run.now
        )
        for table in self._report.tables:
            # Where a row of the window would have the tombstone's key, dlt might keep the
            # tombstone; such tables need none unless the window is empty.
            if table.key or not outcome.rows.get(table.name):
                self._rows[table.name].add(context, [tombstone(table, window.start)])
        for block in outcome.row_blocks():
            for name, rows in self._run.privacy.protect_report(self._report, block).items():
                self._rows[name].add(context, rows)
            if self.row_count >= ROWS_PER_BATCH:
                yield from self.flush()
        for path, values in outcome.extra.items():
            unknown: dict[str, str | None] = {"report": self._report.name, "wire_path": path}
            unknown["wire_values"] = self._run.privacy.protect_unknown(as_json(values))
            row = {**context, **unknown}
            declared = [column.name for column in UNKNOWN_VALUES.columns]
            self._rows[UNKNOWN_VALUES.name].add({}, [{k: row[k] for k in declared}])

    def _add_restatements(self, outcome: Outcome) -> None:
        stored = self._run.planner.stored
        if stored is None or not self._measures:
            return
        window, slice_text = outcome.window, outcome.read.slice.text
        found = restatements(
            outcome,
            self._before.get((slice_text, window.grain, window.start)),
            stored.coverage.worth(self._report.name, slice_text, window),
            self._measures,
            account=self._run.settings.account,
            run_id=self._run.run_id,
            now=self._run.now,
        )
        self._rows[RESTATEMENTS.name].add({}, list(found))

    def finish(self) -> Iterator[TableBatch]:
        """All that is left, as `flush`."""
        yield from self._release()
        yield from self.flush()

    def flush(self) -> Iterator[TableBatch]:
        """The rows taken over, table by table."""
        for name, rows in self._rows.items():
            if rows:
                self._rows[name] = Pieces()
                yield self._tables[name], rows
