"""Indexes in PostgreSQL, whose tables many accounts share: what one account's night replaces and
reads is found without reading the rows of all others. DuckDB, and lakes by their files' statistics,
skip most of those without.
"""

from __future__ import annotations

from collections.abc import Iterator

from dlt.pipeline.pipeline import Pipeline

from sources.help_scout.ledger import WINDOW_READS

from .kinds import kind_of
from .sql import sql_client

OF_LEDGER = ("run_id",), ("report", "grain")
"""What else the ledger is asked by: what a run came to, and what any account has loaded."""


def create_indexes(pipeline: Pipeline) -> None:
    """Makes those that lack of the tables that the pipeline knows; to be called when it has made
    new ones, while no other account makes any. Of a table with rows it takes seconds a GB."""
    kind = kind_of(pipeline)
    if kind is None or kind.type != "postgres":
        return
    with sql_client(pipeline) as client:
        found = client.execute_sql(
            "select indexname from pg_indexes where schemaname = %s", pipeline.dataset_name
        )
        there = {str(name) for (name,) in found or []}
        for table, columns in _wanted(pipeline):
            name = f"{table}_by_{columns[0]}"
            if name not in there:
                # Each by itself: two held at once could wait for a load that waits for them.
                client.execute_sql(
                    f"create index if not exists {name} on "
                    f"{client.make_qualified_table_name(table)} ({', '.join(columns)})"
                )


def _wanted(pipeline: Pipeline) -> Iterator[tuple[str, tuple[str, ...]]]:
    """Tables, each with the columns of an index."""
    for table in pipeline.default_schema.data_tables():
        leading = tuple(name for name in ("account", "window_start") if name in table["columns"])
        if "account" in leading:
            yield str(table["name"]), leading
    yield from ((WINDOW_READS.name, columns) for columns in OF_LEDGER)
