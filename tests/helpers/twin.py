"""A warehouse's tables in PostgreSQL: made there by dlt, filled by COPY."""

from __future__ import annotations

import json
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime
from decimal import Decimal
from pathlib import Path
from typing import Any

import dlt
import duckdb
import psycopg2
from dlt.pipeline.pipeline import Pipeline

from pipelines.quality.check_results import RESULTS
from pipelines.settings.constants import DATASET
from pipelines.warehouse.base import register_destination
from pipelines.warehouse.postgres import Postgres
from tests.helpers.loads import Rows, tables_of

NOTHING = "\\N"


def postgres_pipeline(address: str, folder: Path, dataset: str = DATASET) -> Pipeline:
    """A dlt pipeline of its own into the server, with its working state in the folder."""
    pipeline = dlt.pipeline(
        f"into_{dataset}",
        pipelines_dir=str(folder),
        destination=dlt.destinations.postgres(address, create_indexes=False),
        dataset_name=dataset,
    )
    register_destination(pipeline, Postgres("main", folder))
    return pipeline


def copy_into_postgres(warehouse: Path, address: str, folder: Path) -> Pipeline:
    """The pipeline of a dataset in PostgreSQL that holds what the warehouse holds.

    dlt makes the tables, by the schema that it keeps in the warehouse: a load of the same would
    ask the sandbox for everything once more.
    """
    pipeline = postgres_pipeline(address, folder)
    with (
        duckdb.connect(str(warehouse), read_only=True) as source,
        connected(address) as target,
        target.cursor() as cursor,
    ):
        source.execute(f"use {DATASET}")
        ((stored,),) = source.execute(
            "select schema from _dlt_version where schema_name = 'help_scout' "
            "order by inserted_at desc limit 1"
        ).fetchall()
        schema = dlt.Schema.from_stored_schema(json.loads(stored))
        pipeline._inject_schema(schema)
        pipeline.sync_schema()
        rows = folder / "rows.csv"
        for table in set(tables_of(warehouse)) - {RESULTS}:  # which create_marts makes
            columns = ", ".join(f'"{name}"' for name in schema.get_table_columns(table))
            source.execute(
                f"copy (select {columns} from \"{table}\") to '{rows}' "
                f"(format csv, header false, nullstr '{NOTHING}')"
            )
            with rows.open() as file:
                cursor.copy_expert(
                    f'copy {DATASET}."{table}" ({columns}) from stdin '
                    f"(format csv, null '{NOTHING}')",
                    file,
                )
    return pipeline


@contextmanager
def connected(address: str) -> Iterator[Any]:
    """A connection to the server; what was done is kept when nothing went wrong."""
    connection = psycopg2.connect(address)
    try:
        with connection:
            yield connection
    finally:
        connection.close()


def rows_on_both(
    warehouse: Path, address: str, names: dict[str, str]
) -> tuple[dict[str, Rows], dict[str, Rows]]:
    """The rows of the tables or views in DuckDB and in PostgreSQL, in one order.

    `names` are their names in the results, to how SQL names them. The columns are DuckDB's, by
    name: a view that had others in PostgreSQL would fail.
    """
    ours, theirs = {}, {}
    with (
        duckdb.connect(str(warehouse), read_only=True) as source,
        connected(address) as target,
        target.cursor() as cursor,
    ):
        for name, called in names.items():
            found = source.execute(f"from {called}")
            listed = [column[0] for column in found.description or []]
            ours[name] = comparable(found.fetchall())
            cursor.execute(f"select * from {called}")
            assert [column[0] for column in cursor.description] == listed, name
            theirs[name] = comparable(cursor.fetchall())
    return ours, theirs


def comparable(rows: Rows) -> Rows:
    """The rows in one order, numbers as floats, instants in UTC."""
    return sorted((tuple(_plain(value) for value in row) for row in rows), key=repr)


def _plain(value: Any) -> Any:
    if isinstance(value, Decimal):
        value = float(value)
    if isinstance(value, float):
        return float(f"{value:.10g}")  # sums of floats differ in the last digits by their order
    if isinstance(value, int) and not isinstance(value, bool):
        return float(value)
    return value.astimezone(UTC) if isinstance(value, datetime) else value
