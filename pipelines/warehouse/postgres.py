"""PostgreSQL: its SQL, locks that hold for other machines, and indexes.

Many accounts share its tables: with indexes, one account's night is found without reading the rows
of all others. DuckDB, and lakes by their files' statistics, skip most of those without. A load does
not fail for a missing index: it only takes longer.
"""

from __future__ import annotations

import logging
from collections import defaultdict
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from functools import cache
from typing import Any

import dlt
from dlt.common.destination import Destination as DltDestination
from dlt.destinations.exceptions import DatabaseException
from dlt.destinations.sql_client import SqlClientBase
from dlt.pipeline.pipeline import Pipeline

from sources.help_scout.catalog.stored_tables import Storage
from sources.help_scout.state.ledger import WINDOW_READS

from ..settings.constants import DATASET
from ..settings.errors import DestinationDown
from .remote import RemoteDestination
from .sql import sql_client

log = logging.getLogger(__name__)

LEDGER_INDEXES = ("run_id",), ("report", "grain")
"""By what else the ledger is asked: what a run came to, and what any account has loaded."""
LOCK_SECONDS = 5
"""So long an index waits for those who write to its table, and everybody else for the index."""
OWN_INDEXES = """
select t.tablename, i.indexname from pg_tables as t
left join pg_indexes as i on i.schemaname = t.schemaname and i.tablename = t.tablename
where t.schemaname = %s and pg_has_role(t.tableowner, 'usage')
"""
"""The tables that this role may give an index, with those that they have."""
OBJECTS = """
    select n.nspname, c.relname, a.attname,
        case when a.attname is not null then 'column'
            when c.relkind = 'v' then 'view' else 'table' end,
        coalesce(format_type(a.atttypid, null), ''), d.description
    from pg_class as c
    inner join pg_namespace as n on n.oid = c.relnamespace
    inner join lateral (
        select null as attname, null::oid as atttypid, 0 as attnum
        union all
        select attname, atttypid, attnum from pg_attribute
        where attrelid = c.oid and attnum > 0 and not attisdropped
    ) as a on true
    left join pg_description as d
        on d.classoid = 'pg_class'::regclass and d.objoid = c.oid and d.objsubid = a.attnum
    where c.relkind in ('r', 'v') and n.nspname in ({schemas})"""


class Postgres(RemoteDestination):
    """An account's rows in a PostgreSQL database."""

    name = "postgres"
    file_format = "insert_values"  # dlt's default, CSV, loads empty texts as nulls
    storage = Storage(ledgers="after")
    forgets_comments = False
    objects_query = OBJECTS
    extra = "postgres"
    needs = ("psycopg2",)

    _holder: SqlClientBase[Any] | None = None
    """The client whose connection holds the account's lock."""

    def dlt_destination(self) -> DltDestination[Any, Any]:
        """dlt's, without unique indexes: those of the staging tables would refuse what a load that
        was killed left there."""
        return dlt.destinations.postgres(create_indexes=False, **self.with_staging())

    @contextmanager
    def using(self, pipeline: Pipeline) -> Iterator[None]:
        """Keeps other machines from the account, until the connection ends."""
        with pipeline.sql_client() as holder:
            name = f"{DATASET}/{self.account}"
            got = holder.execute_sql("select pg_try_advisory_lock(hashtextextended(%s, 0))", name)
            if got != [(True,)]:
                raise self.in_use()
            self._holder = holder
            try:
                yield
            finally:
                self._holder = None

    @contextmanager
    def lock_schema(self, pipeline: Pipeline) -> Iterator[None]:
        """Keeps other machines, too, from making tables and views meanwhile."""
        with super().lock_schema(pipeline), pipeline.sql_client() as holder:
            holder.execute_sql("select pg_advisory_lock(hashtextextended(%s, 0))", DATASET)
            yield

    def make_tables(self, pipeline: Pipeline) -> None:
        """Makes tables and columns that are new, and indexes, while the account is locked."""
        self._check_lock()
        with self.lock_schema(pipeline):
            pipeline.sync_schema()
            create_indexes(pipeline)
        self._check_lock()  # which may have taken minutes

    def _check_lock(self) -> None:
        """Returns while the account is still this process's alone; raises when its lock ended with
        the connection."""
        try:
            if self._holder is not None:
                self._holder.execute_sql("select 1")
        except DatabaseException as error:
            raise DestinationDown(
                "the connection that kept other machines from this account has ended: load again, "
                "what was read so far is loaded"
            ) from error

    def translate(self, sql: str) -> str:
        """DuckDB's SQL in PostgreSQL's."""
        return _translated(sql)

    def temporary(self, *, stands_before_view: bool) -> tuple[str, str]:
        """A table before a view: if another account's load replaces the view, what stands on it
        would go with it."""
        return "table" if stands_before_view else "view", "pg_temp"

    def make_views(self, client: SqlClientBase[Any], statements: Sequence[str]) -> None:
        """PostgreSQL replaces a view as long as it keeps its columns and gets new ones at the end
        only. Where it refuses, the views are dropped first, with whatever was built on them; not
        always, since analysts build views of their own on these."""
        try:
            super().make_views(client, statements)
        except DatabaseException:
            dropping = [sql for one in statements for sql in (_drop_statement(one), one)]
            super().make_views(client, dropping)


def _drop_statement(statement: str) -> str:
    """The statement that drops the view that this one makes."""
    name = statement.removeprefix("create or replace view ").split(" as ", 1)[0]
    return f"drop view if exists {name} cascade"


@cache
def _translated(sql: str) -> str:
    import sqlglot  # noqa: PLC0415  half a second that DuckDB need not wait for

    return sqlglot.transpile(sql, read="duckdb", write="postgres")[0]


def create_indexes(pipeline: Pipeline) -> None:
    """Makes the missing indexes of the tables that the pipeline knows; to be called when it has
    made new tables, while no other account makes any. A table with rows takes seconds a GB."""
    with sql_client(pipeline) as client:
        there = defaultdict[str, set[str]](set)
        for table, index in client.execute_sql(OWN_INDEXES, pipeline.dataset_name) or []:
            there[str(table)].add(str(index))
        missing = [
            (table, f"{table}_by_{columns[0]}", columns)
            for table, columns in _wanted(pipeline)
            if table in there and f"{table}_by_{columns[0]}" not in there[table]
        ]
        if not missing:
            return
        client.execute_sql(f"set lock_timeout = '{LOCK_SECONDS}s'")
        for table, index, columns in missing:
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
    yield from ((WINDOW_READS.name, columns) for columns in LEDGER_INDEXES)
