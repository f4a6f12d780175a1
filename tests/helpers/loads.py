"""A small sandbox account, loads of it into files, and whole tables to compare."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta
from itertools import count
from pathlib import Path
from typing import Any

import duckdb
from dlt.pipeline.pipeline import Pipeline

from pipelines.jobs.load_loop import load, source_of
from pipelines.jobs.run_summary import Summary, summarize
from pipelines.planning.coverage_status import StatusReport, look_at
from pipelines.planning.load_plan import LoadRequest, count_missing, source_state
from pipelines.planning.plan_preview import Plan, plan_load
from pipelines.quality.check_results import RESULTS
from pipelines.warehouse.base import Destination
from pipelines.warehouse.load_packages import load_package
from pipelines.warehouse.open import destination_at, destination_class, open_pipeline
from sources.help_scout import open_run
from sources.help_scout.catalog.reports import REPORTS
from sources.help_scout.planning.budget import Budget
from sources.help_scout.state.coverage import Freshness
from sources.help_scout.state.restatements import RESTATEMENTS
from sources.help_scout.state.run import Run
from sources.help_scout_sandbox import AccountSpec, Sandbox

Rows = list[tuple[Any, ...]]

UNTIL = datetime(2026, 11, 10, 5, tzinfo=UTC)  # midnight in New York, nine days after a change
NOW = datetime(2026, 11, 10, 15, tzinfo=UTC)
SMALL = AccountSpec(until=UNTIL, users=3, inboxes=2, conversations_per_day=10, days=80, tags=5)
READ_TIMES = ("fetched_at", "run_id", "first_seen_at", "last_seen_at", "correlation_id")
"""Columns that differ between two reads of the same numbers."""


def remote(name: str, account: str = "main") -> Destination:
    """An account's tables at the destination."""
    return destination_class(name).at(account, None, str)


@contextmanager
def serving(sandbox: Sandbox) -> Iterator[str]:
    with sandbox, sandbox.serve() as server:
        yield server.base_url


def ticking(start: datetime) -> Callable[[], datetime]:
    """A clock that begins at `start` and goes on a second each time it is read."""
    seconds = count()
    return lambda: start + timedelta(seconds=next(seconds))


def load_into(
    warehouse: Path | Destination,
    base_url: str,
    *,
    reports: tuple[str, ...] = (),
    since: str | None = None,
    until: str | None = None,
    clock: Callable[[], datetime] | None = None,
    **options: Any,
) -> Summary:
    """One load, as the command line does it, at a clock of the test's own."""
    request = LoadRequest(reports=reports, since=since, until=until)
    return carry_out(request, warehouse, base_url, clock=clock, **options)


def carry_out(
    request: LoadRequest,
    warehouse: Path | Destination,
    base_url: str,
    *,
    budget: Budget | None = None,
    **options: Any,
) -> Summary:
    """One load or backfill."""
    with running(base_url, **options) as run, open_pipeline(warehouse) as pipeline:
        run.budget = budget or run.budget
        load(pipeline, run, request)
        return summarize(pipeline, run.run_id)


def load_days(
    pipeline: Pipeline, run: Run, reports: tuple[str, ...], since: str, until: str
) -> None:
    """Loads reports without the account's lists: a third of what a whole load costs."""
    source = source_of(run, *run.time.interval(since, until), reports)
    load_package(pipeline, run, source)


@contextmanager
def running(
    base_url: str, *, clock: Callable[[], datetime] | None = None, **options: Any
) -> Iterator[Run]:
    """A run over the sandbox with these options, at a clock of the test's own."""
    options.setdefault("start_date", "2026-10-26")
    options.setdefault("docs_base_url", base_url)
    options.setdefault("docs_api_key", "sandbox-docs-key")
    run = open_run(
        client_id="sandbox-id",
        client_secret="sandbox-secret",
        base_url=base_url,
        clock=clock or ticking(NOW),
        **options,
    )
    try:
        yield run
    finally:
        run.close()


def planned(warehouse: Path, request: LoadRequest | None = None, **options: Any) -> Plan:
    """What a load would request. There is nobody to ask at that address."""
    with running("http://127.0.0.1:9", **options) as run:
        return plan_load(run, destination_at(warehouse), request or LoadRequest())


def status_of(warehouse: Path, reports: Iterable[str] = REPORTS, **options: Any) -> StatusReport:
    """How the warehouse stands; nobody is asked."""
    with running("http://127.0.0.1:9", **options) as run:
        return look_at(run, destination_at(warehouse), reports)


def missing_counts(warehouse: Path, reports: tuple[str, ...], **options: Any) -> set[int]:
    """How many windows are missing: by what a load prints, which is the publication's too, by a
    backfill's plan, by the status and by its slices. One number, when all agree."""
    status = status_of(warehouse, reports, **options)
    plan = planned(warehouse, LoadRequest(reports=reports, backfill=True), **options)
    with running("http://127.0.0.1:9", **options) as run, open_pipeline(warehouse) as pipeline:
        run.reconcile_state(source_state(pipeline))
        counted = count_missing(pipeline, run, reports)
    by_slice = sum(one.counts[Freshness.MISSING] for one in status.slices)
    return {status.missing, by_slice, plan.missing, counted}


def query(warehouse: Path, sql: str) -> Rows:
    with duckdb.connect(str(warehouse), read_only=True) as connection:
        connection.execute("use reports")
        return connection.execute(sql).fetchall()


def query_each(warehouse: Path, sql: dict[str, str]) -> dict[str, Rows]:
    """The rows of several queries, by one opening of the file."""
    with duckdb.connect(str(warehouse), read_only=True) as connection:
        connection.execute("use reports")
        return {name: connection.execute(one).fetchall() for name, one in sql.items()}


def tables_of(warehouse: Path) -> list[str]:
    """The data tables: neither dlt's own nor views."""
    return [
        name
        for (name,) in query(
            warehouse,
            "select table_name from information_schema.tables "
            "where table_schema = 'reports' and table_type = 'BASE TABLE' "
            "and not starts_with(table_name, '_dlt') order by 1",
        )
    ]


def views_of(warehouse: Path) -> list[str]:
    """The views, `report_windows` included."""
    return [
        name
        for (name,) in query(
            warehouse,
            "select table_name from information_schema.tables "
            "where table_schema = 'reports' and table_type = 'VIEW' order by 1",
        )
    ]


def whole_tables(warehouse: Path, *, leave_out: tuple[str, ...] = READ_TIMES) -> dict[str, Rows]:
    """Every table's rows in a fixed order, less the columns that tell when they were read.

    Instants come as texts: to make Python's of them takes longer than all else.
    """
    with duckdb.connect(str(warehouse), read_only=True) as connection:
        connection.execute("use reports")
        columns = connection.execute(
            "select c.table_name, list(case c.data_type when 'TIMESTAMP WITH TIME ZONE' "
            "then format('\"{}\"::varchar', c.column_name) "
            "else format('\"{}\"', c.column_name) end order by c.column_name) "
            "from information_schema.columns as c "
            "inner join information_schema.tables as t using (table_schema, table_name) "
            "where table_schema = 'reports' and t.table_type = 'BASE TABLE' "
            "and not starts_with(c.table_name, '_dlt') and not list_contains(?, c.column_name) "
            "group by 1 order by 1",
            [list(leave_out)],
        ).fetchall()
        return {
            table: connection.execute(
                f'select {", ".join(listed)} from "{table}" order by all'
            ).fetchall()
            for table, listed in columns
        }


def numbers(warehouse: Path) -> dict[str, Rows]:
    """Every table but the ledgers, the change log and what checks found: they tell of runs."""
    tables = whole_tables(warehouse, leave_out=(*READ_TIMES, "is_final", "covered_until"))
    return {
        name: rows
        for name, rows in tables.items()
        if not name.endswith("_reads") and name not in (RESTATEMENTS.name, RESULTS)
    }


def differing(left: dict[str, Rows], right: dict[str, Rows]) -> dict[str, tuple[Rows, Rows]]:
    """The tables that differ, with the rows that only one side has."""
    return {
        name: (
            [row for row in left.get(name, []) if row not in right.get(name, [])][:3],
            [row for row in right.get(name, []) if row not in left.get(name, [])][:3],
        )
        for name in sorted({*left, *right})
        if left.get(name) != right.get(name)
    }
