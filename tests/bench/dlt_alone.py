"""What of a night is dlt's own: its tables, ready as Parquet, loaded by dlt and nothing else.

A resource for each report and list, the tables declared as ours are, merged by dlt's own DuckDB
destination with the options of a command into a warehouse that holds the night already.
"""

from __future__ import annotations

import os
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import dlt
import duckdb
import orjson

from tests.bench.peak import peak_megabytes

DECLARED = "declared.json"


def keep_night(warehouse: Path, folder: Path) -> None:
    """Writes the rows of a warehouse's last run as Parquet, a file a table, and how the tables of
    each resource are declared."""
    from sources.help_scout.catalog.dimensions import DIMENSIONS  # noqa: PLC0415  not what is measured
    from sources.help_scout.catalog.reports import REPORTS  # noqa: PLC0415
    from sources.help_scout.catalog.stored_tables import stored_table  # noqa: PLC0415
    from sources.help_scout.load.hints import declaration_of  # noqa: PLC0415
    from sources.help_scout.state.ledger import WINDOW_READS  # noqa: PLC0415

    owned = {one.name: [one.stored_table] for one in DIMENSIONS.values()}
    owned |= {r.name: [stored_table(r, table) for table in r.tables] for r in REPORTS.values()}
    owned["ledger"] = [WINDOW_READS]
    declared: dict[str, list[Any]] = {}
    with duckdb.connect(str(warehouse), read_only=True) as connection:
        connection.execute("use reports")
        last = "(select arg_max(run_id, fetched_at) from window_reads)"
        since = f"(select min(fetched_at) from window_reads where run_id = {last})"
        there = {str(name) for (name,) in connection.execute("show tables").fetchall()}
        for owner, tables in owned.items():
            for table in tables:
                if table.name not in there:
                    continue
                declared.setdefault(owner, []).append(declaration_of(table))
                where = "true"
                if "fetched_at" in {column.name for column in table.columns}:
                    where = f"fetched_at >= {since}"
                connection.execute(
                    f"copy (from {table.name} where {where}) to '{folder / table.name}.parquet'"
                )
    (folder / DECLARED).write_bytes(orjson.dumps(declared))


def load(folder: Path) -> None:
    """Loads what `keep_night` has kept."""
    import pyarrow.parquet as pq  # noqa: PLC0415

    from pipelines.settings.process import DLT_DEFAULTS  # noqa: PLC0415

    os.environ.update(DLT_DEFAULTS)
    declared = orjson.loads((folder / DECLARED).read_bytes())

    def resource_of(owner: str, tables: list[Any]) -> Any:
        @dlt.resource(name=owner, write_disposition="merge", max_table_nesting=0)
        def rows() -> Iterator[Any]:
            schema = dlt.current.source_schema()
            for table in tables:
                name = table["name"]
                if name not in schema.tables:
                    schema.update_table(table, merge_compound_props=False)
                yield dlt.mark.with_table_name(pq.read_table(folder / f"{name}.parquet"), name)

        return rows

    @dlt.source(name="alone", max_table_nesting=0)
    def alone() -> Iterator[Any]:
        for owner, tables in declared.items():
            yield resource_of(owner, tables)

    with duckdb.connect(
        str(folder / "alone.duckdb"), config={"default_block_size": "16384"}
    ) as connection:
        pipeline = dlt.pipeline(
            "alone",
            pipelines_dir=str(folder / "state"),
            destination=dlt.destinations.duckdb(connection),
            dataset_name="reports",
        )
        pipeline.run(alone(), loader_file_format="parquet")


if __name__ == "__main__":
    load(Path(sys.argv[1]))
    sys.stdout.write(f"\npeak {peak_megabytes()}\n")
