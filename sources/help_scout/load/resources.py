"""dlt resources: one a report, one a list. The only module that knows both dlt and the run.

A report's resource declares its tables once (which also creates empty ones, typed and
described), then yields Arrow batches over windows; the ledger's rows go with them. The cursor is
`covered_until`: with mixed grains, a window's start would filter out open months and its end
would jump into the future.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from datetime import UTC, datetime, timedelta
from typing import Any

import dlt
from dlt.common.destination.exceptions import SqlClientNotAvailable
from dlt.extract import DltResource

from ..catalog.dimension_model import Dimension
from ..catalog.model import Report
from ..catalog.stored_tables import CURSOR, StoredTable
from ..errors import AnswerError, ApiError
from ..extract.dimension_lists import dimension_row
from ..extract.list_guard import ListStatus
from ..parsing.coerce import Row
from ..state.ledger import LIST_READS, WINDOW_READS
from ..state.ledger_rows import list_row
from ..state.read_planner import Span
from ..state.restatements import measures_of
from ..state.run import FACTS, Run
from ..state.snapshot import Stamp, WarehouseSnapshot, stored_in
from .batch import ROWS_PER_BATCH, Batch
from .hints import ItemBuilder
from .migration import check_stored

BEFORE_ALL_REPORTS = datetime(2011, 1, 1, tzinfo=UTC)  # Help Scout's first year


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

    disposition: Any = "merge" if run.storage.replaces else "append"

    # Not an argument's default: dlt would resolve the options of each report's cursor.
    @dlt.resource(
        name=report.name,
        write_disposition=disposition,
        max_table_nesting=0,
        incremental=cursor,
    )
    def read_report() -> Iterator[Any]:
        run.enter()
        _know_warehouse(run)
        state = dlt.current.source_state()
        run.reconcile_state(state)
        after = cursor.start_value or BEFORE_ALL_REPORTS
        if cursor.end_value is None:
            after = max(after, run.time.start)
        spans = run.spans(report, after, cursor.end_value)
        batch = Batch(report, run, stored_numbers(report, run, spans))
        check_stored(batch.tables)
        items = ItemBuilder(run.storage)
        for results in run.reader.results(run.reads(report, spans)):
            for table, rows in batch.add(results):
                yield from _given(run, items, table, rows)
            run.note(results)
            if not run.budget.is_limited:
                yield None  # lets the other reports send their requests
        for table, rows in batch.flush():
            yield from _given(run, items, table, rows)
        yield from items.missing(batch.tables)
        state[FACTS] = run.known_facts()
        state["requests_per_minute"] = run.client.limiter.limit_per_minute
        run.note_read(report)
        if run.round is not None:
            run.round.keep(state, run.now)
        run.leave()

    return read_report


def _given(run: Run, items: ItemBuilder, table: StoredTable, rows: Sequence[Row]) -> Iterator[Any]:
    """The item that gives dlt the rows; none for a ledger whose rows come later, unless too many
    wait already that may come now as well."""
    is_ledger, when = table in (WINDOW_READS, LIST_READS), run.storage.ledgers
    if is_ledger:
        run.note_ledger(rows)
    waiting = run.ledgers.setdefault(table.name, []) if is_ledger else []
    is_much = len(waiting) + len(rows) > ROWS_PER_BATCH
    if is_ledger and (when == "after" or (when == "last" and not is_much)):
        waiting.extend(rows)
    else:
        yield items.of(table, rows)


def ledgers_resource(run: Run) -> DltResource:
    """The resource of the ledgers' rows, where they come when all others have."""
    disposition: Any = "merge" if run.storage.replaces else "append"

    @dlt.resource(name="ledgers", write_disposition=disposition, max_table_nesting=0)
    def read_ledgers() -> Iterator[Any]:
        items = ItemBuilder(run.storage)
        for table in (WINDOW_READS, LIST_READS):
            if rows := run.ledgers.pop(table.name, []):
                yield items.of(table, rows)

    return read_ledgers


def _know_warehouse(run: Run) -> None:
    """In a bare pipeline: has the run know the warehouse, for the change log and the lists."""
    if not run.knows_warehouse:
        run.attach_snapshot(_stored(run.settings.account))


def _stored(account: str) -> WarehouseSnapshot | None:
    """What the pipeline's warehouse holds; None before anything was loaded, or without SQL."""
    pipeline = dlt.current.pipeline()
    try:
        client = pipeline.sql_client()  # made once: making one reads the whole schema
    except SqlClientNotAvailable:
        return None

    def query(sql: str, *parameters: Any) -> list[tuple[Any, ...]]:
        with client:
            return [tuple(row) for row in client.execute_sql(sql, *parameters) or []]

    return stored_in(pipeline.dataset_name, query, account)


def stored_numbers(
    report: Report, run: Run, spans: list[Span]
) -> dict[Stamp, dict[str, Any]] | None:
    """The measures that the warehouse holds of the spans' windows; None when it has none."""
    known = dlt.current.source_schema().tables.get(report.name)
    measures = [c.name for c in measures_of(report) if known and c.name in known["columns"]]
    if run.planner.stored is None or not measures or not spans:
        return None
    ends = [window.end for span in spans for window in span]
    before_all = min(ends) - timedelta(seconds=1)
    return run.planner.stored.numbers(report.name, measures, before_all, max(ends))


def dimension_resource(dimension: Dimension, run: Run) -> DltResource:
    """The resource of a list."""
    table = dimension.stored_table

    disposition: Any = "merge" if run.storage.replaces else "append"

    @dlt.resource(name=dimension.name, write_disposition=disposition, max_table_nesting=0)
    def read_list() -> Iterator[Any]:
        if not run.lists.has(dimension):
            return
        run.enter()
        _know_warehouse(run)
        state = dlt.current.source_state()
        run.reconcile_state(state)
        first_seen = state.setdefault("first_seen", {}).setdefault(dimension.name, {})
        check_stored([table, LIST_READS])
        rows, read, problem = [], None, None
        try:
            read = run.lists.read_of(dimension.name)
            rows = [dimension_row(dimension, item, parent_id) for parent_id, item in read.items]
        except (ApiError, AnswerError) as error:
            if run.is_stopping:
                return
            rows, read, problem = [], None, str(error)
        rows = run.privacy.protect_list(dimension.name, table.columns, rows)
        for row in rows:
            row["account"] = run.settings.account
            key = "/".join(str(row[name]) for name in table.primary_key)
            since = first_seen.setdefault(key, run.now.isoformat())
            row["first_seen_at"] = datetime.fromisoformat(since)
            row["last_seen_at"] = run.now if read is None else read.seen_at
        ledger = list_row(
            dimension.name,
            ListStatus.FAILED if read is None else read.status,
            len(rows),
            problem if read is None else read.error,
            repairs=0 if read is None else read.left_out,
            account=run.settings.account, run_id=run.run_id, fetched_at=run.now,
        )  # fmt: skip
        items = ItemBuilder(run.storage)
        yield from _given(run, items, LIST_READS, [ledger])
        if rows:
            yield items.of(table, rows)
        yield from items.missing([table])
        run.leave()

    return read_list
