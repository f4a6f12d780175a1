"""What the warehouse says of its tables, views and columns: `COMMENT ON`, from the catalog.

DBeaver, Metabase, harlequin and the like show it beside the data. Only what lacks or differs is
written: a thousand comments cost DuckDB a third of a second. DuckDB and Postgres keep comments,
DuckLake those of tables, not of the columns of views.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from functools import cache
from typing import Any

from dlt.destinations.sql_client import SqlClientBase
from dlt.pipeline.pipeline import Pipeline

from sources.help_scout.catalog.model import Column
from sources.help_scout.catalog.stored_tables import StoredTable

from ..warehouse.base import destination_of, exclusively
from ..warehouse.sql import identifier, literal, sql_client
from .mart_columns import mart_column
from .mart_runner import SCHEMA, Mart, all_marts
from .own_tables import TARGETS_VIEW
from .table_docs import described
from .view_sync import made_by, marked

UNKNOWN = "Not in the catalog: kept as Help Scout sends it"


@dataclass(frozen=True, slots=True)
class DatabaseObject:
    """A table, a view or a column that stands in the warehouse, with the comment that it has."""

    schema: str
    table: str
    column: str | None
    kind: str
    data_type: str
    comment: str | None

    def statement(self, comment: str) -> str:
        """The statement that gives it the comment."""
        names = [self.schema, self.table, *([self.column] if self.column is not None else [])]
        quoted = ".".join(map(identifier, names))
        return f"comment on {self.kind} {quoted} is {literal(comment)}"


def write_comments(pipeline: Pipeline) -> int:
    """Gives the tables, views and columns of the dataset and the marts their comments, in one
    transaction; returns how many were written."""
    with exclusively(pipeline), sql_client(pipeline) as client:
        destination = destination_of(pipeline)
        things = things_in(client, destination.objects_query, (pipeline.dataset_name, SCHEMA))
        if not destination.comments_on_view_columns:
            views = {(thing.schema, thing.table) for thing in things if thing.kind == "view"}
            things = [t for t in things if t.column is None or (t.schema, t.table) not in views]
        statements = list(lacking_comments(things))
        if statements:
            with client.begin_transaction():
                client.execute_many(statements)
    return len(statements)


def describing(table: StoredTable, schema: str) -> Iterator[str]:
    """The statements that give a table just made, and its columns, their comments."""
    yield DatabaseObject(schema, table.name, None, "table", "", None).statement(table.description)
    for column in table.columns:
        thing = DatabaseObject(schema, table.name, column.name, "column", "", None)
        yield thing.statement(column.comment)


def things_in(
    client: SqlClientBase[Any], query: str, schemas: tuple[str, ...]
) -> list[DatabaseObject]:
    """What stands in the schemas."""
    listed = ", ".join(map(literal, schemas))
    return [DatabaseObject(*row) for row in client.execute_sql(query.format(schemas=listed)) or []]


def lacking_comments(things: list[DatabaseObject]) -> Iterator[str]:
    """The statements for what lacks its comment or has another one."""
    for thing in things:
        comment = comment_of(thing)
        if comment is not None and comment != thing.comment:
            yield thing.statement(comment)


def comment_of(thing: DatabaseObject) -> str | None:
    """What is to be said of it; None of what is not ours to describe."""
    if thing.schema == SCHEMA and thing.table != TARGETS_VIEW.name:
        said = _of_mart(thing)
    else:
        table = described(thing.table)
        said = None if table is None else _of_table(table, thing.column)
    if said is None or thing.column is not None:
        return said
    return marked(said, made_by(thing.comment))


def _of_table(table: StoredTable, column: str | None) -> str | None:
    if column is None:
        return table.description
    known = _columns(table.name).get(column)
    return known.comment if known is not None else UNKNOWN


@cache
def _columns(table: str) -> Mapping[str, Column]:
    found = described(table)
    return {} if found is None else {column.name: column for column in found.columns}


def _of_mart(thing: DatabaseObject) -> str | None:
    mart = _marts().get(thing.table)
    if mart is None:
        return None
    if thing.column is None:
        return f"{mart.sentence} {mart.grain[:1].upper()}{mart.grain[1:]}."
    try:
        return mart_column(mart, thing.column, thing.data_type).comment
    except KeyError:  # a view of somebody's own in the place of a mart that cannot be made
        return None


@cache
def _marts() -> Mapping[str, Mart]:
    return {mart.name: mart for mart in all_marts()}
