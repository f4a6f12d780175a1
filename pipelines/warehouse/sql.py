"""SQL over what a pipeline has loaded, through one client; quoting; and other DuckDB files.

dlt reads and checks its whole schema for each client that it makes: once a job is enough.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any
from weakref import WeakKeyDictionary

import duckdb
from dlt.destinations.sql_client import SqlClientBase
from dlt.pipeline.pipeline import Pipeline

from sources.help_scout.catalog.reports import REPORTS
from sources.help_scout.planning.windows import Grain
from sources.help_scout.state.ledger import WINDOW_READS
from sources.help_scout.state.snapshot import WarehouseSnapshot, stored_in

COPY = "the_copy"
"""The name under which a file is attached: by its own, a file called reports.duckdb could not be
told from the schema."""

_CLIENTS: WeakKeyDictionary[Pipeline, SqlClientBase[Any]] = WeakKeyDictionary()


def identifier(name: str) -> str:
    """The name of a table or column, quoted."""
    return '"' + name.replace('"', '""') + '"'


def literal(value: str | Path) -> str:
    """The text or path, quoted."""
    return "'" + str(value).replace("'", "''") + "'"


def attach(connection: duckdb.DuckDBPyConnection, path: Path, *, read_only: bool = False) -> None:
    """Attaches the DuckDB file as `the_copy`."""
    options = " (read_only)" if read_only else ""
    connection.execute(f"attach {literal(path)} as {COPY}{options}")


def register_client(pipeline: Pipeline, client: SqlClientBase[Any]) -> None:
    """Has `sql_client` give this client for the pipeline: where its destination knows no SQL."""
    _CLIENTS[pipeline] = client


@contextmanager
def sql_client(pipeline: Pipeline) -> Iterator[SqlClientBase[Any]]:
    """The pipeline's SQL client, open; asked for inside itself it stays so."""
    client = _CLIENTS.get(pipeline)
    if client is None:
        client = _CLIENTS[pipeline] = pipeline.sql_client()
    if client.native_connection is not None:
        yield client
        return
    with client:
        yield client


def tables_of(pipeline: Pipeline) -> set[str]:
    """The tables and views that the dataset has; not those of a load that is still pending, which
    dlt's schema knows too."""
    with sql_client(pipeline) as client:
        rows = client.execute_sql(
            "select table_name from information_schema.tables where table_schema = %s",
            pipeline.dataset_name,
        )
        return {str(row[0]) for row in rows or []}


def reads_in_ledger(client: SqlClientBase[Any], condition: str) -> set[tuple[str, Grain]]:
    """The reports and grains of which the ledger has a read that the condition holds for, of any
    account. Asked for one by one, so that an index tells them, however long the ledger is."""
    named = ", ".join(f"('{report}', '{grain}')" for report in REPORTS for grain in Grain)
    rows = client.execute_sql(
        f"select report, grain from (values {named}) as known (report, grain) where exists ("
        f"select 1 from {WINDOW_READS.name} as reads where reads.report = known.report "
        f"and reads.grain = known.grain and {condition})"
    )
    return {(str(report), Grain(grain)) for report, grain in rows or []}


def stored_of(pipeline: Pipeline, account: str) -> WarehouseSnapshot | None:
    """What the pipeline's warehouse holds of the account; None before anything was loaded."""

    def query(sql: str, *parameters: Any) -> list[tuple[Any, ...]]:
        with sql_client(pipeline) as client:
            return [tuple(row) for row in client.execute_sql(sql, *parameters) or []]

    return stored_in(pipeline.dataset_name, query, account)
