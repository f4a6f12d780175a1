"""Indexes in PostgreSQL, whose tables many accounts share: what one account's night replaces and
reads is found without reading the rows of all others. DuckDB, and lakes by their files' statistics,
skip most of those without.

A load does not fail for the lack of one: it only takes longer.
"""

from __future__ import annotations

import logging
from collections import defaultdict
from collections.abc import Iterator

from dlt.destinations.exceptions import DatabaseException
from dlt.pipeline.pipeline import Pipeline

from sources.help_scout.state.ledger import WINDOW_READS

from .base import kind_of
from .sql import sql_client

log = logging.getLogger(__name__)

OF_LEDGER = ("run_id",), ("report", "grain")
"""What else the ledger is asked by: what a run came to, and what any account has loaded."""
LOCK_SECONDS = 5
"""So long an index waits for those who write to its table, and everybody else for the index."""
OWN_INDEXES = """
select t.tablename, i.indexname from pg_tables as t
left join pg_indexes as i on i.schemaname = t.schemaname and i.tablename = t.tablename
where t.schemaname = %s and pg_has_role(t.tableowner, 'usage')
"""
"""The tables that this role may give an index, with those that they have."""


def create_indexes(pipeline: Pipeline) -> None:
    """Makes those that lack of the tables that the pipeline knows; to be called when it has made
    new ones, while no other account makes any. Of a table with rows it takes seconds a GB."""
    kind = kind_of(pipeline)
    if kind is None or kind.type != "postgres":
        return
    with sql_client(pipeline) as client:
        there = defaultdict[str, set[str]](set)
        for table, index in client.execute_sql(OWN_INDEXES, pipeline.dataset_name) or []:
            there[str(table)].add(str(index))
        lacking = [
            (table, f"{table}_by_{columns[0]}", columns)
            for table, columns in _wanted(pipeline)
            if table in there and f"{table}_by_{columns[0]}" not in there[table]
        ]
        if not lacking:
            return
        client.execute_sql(f"set lock_timeout = '{LOCK_SECONDS}s'")
        for table, index, columns in lacking:
            place, listed = client.make_qualified_table_name(table), ", ".join(columns)
            try:  # each by itself: two held at once could wait for a load that waits for them
                client.execute_sql(f"create index {index} on {place} ({listed})")
            except DatabaseException as error:
                log.warning(
                    "%s: no index %s yet, without which loads take longer beside many accounts; "
                    "the next load tries again. %s",
                    table, index, " ".join(str(error).split()),
                )  # fmt: skip
        client.execute_sql("reset lock_timeout")


def _wanted(pipeline: Pipeline) -> Iterator[tuple[str, tuple[str, ...]]]:
    """Tables, each with the columns of an index."""
    for table in pipeline.default_schema.data_tables():
        leading = tuple(name for name in ("account", "window_start") if name in table["columns"])
        if "account" in leading:
            yield str(table["name"]), leading
    yield from ((WINDOW_READS.name, columns) for columns in OF_LEDGER)
