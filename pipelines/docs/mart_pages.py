"""The dictionary of the marts: what each answers, one row of what it has, every column.

Their types are what DuckDB says of them over empty tables, made from the catalog.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from functools import cache

import duckdb

from sources.help_scout.catalog.model import Column
from sources.help_scout.catalog.reports import REPORTS
from sources.help_scout.planning.windows import Grain

from ..models.base_views import view_statements
from ..models.mart_columns import mart_column
from ..models.mart_runner import SCHEMA, Mart, Place, all_marts, plan_marts
from ..models.own_tables import OWN_VIEWS, TARGETS_VIEW
from ..models.sla_targets import METRICS, TARGETS, Targets
from ..models.table_docs import everything
from ..settings.constants import DATASET
from ..warehouse.sql import identifier
from .examples import Examples
from .table_pages import column_rows

EXAMPLES: Mapping[str, str] = {
    "refused_items": "inbox Sales (123)",
    "channel": "email",
    "target_seconds": "21600",
    "inbox_name": "Support",
    "metric": "first response time",
    "previous_handle_time_seconds": "85.2",
    "delta_handle_time_pct": "-7.32",
    "topic_kind": "tag",
    "topic_name": "refund",
    "trend": "rising",
    "tags": "refund, vip",
}
"""Of columns that no table has, or that tables have in other words or with a 0 for nothing."""


def mart_dictionary(examples: Examples) -> Iterator[str]:
    """The marts by name, each with its columns."""
    marts = sorted(all_marts(), key=lambda mart: mart.name)
    yield ", ".join(f"[{name}](#{name})" for name in (*(m.name for m in marts), TARGETS))
    for mart in marts:
        types = mart_types()[mart.name]
        columns = [mart_column(mart, name, kind) for name, kind in types.items()]
        yield from ("", f"## {mart.name}", "")
        yield f"{mart.sentence} {_sentence(mart.grain)} [SQL]({mart.name}.sql)"
        yield ""
        yield f"Made of {_sources(mart)}."
        yield ""
        yield from column_rows((column, mart_example(column, examples)) for column in columns)
    yield from ("", f"## {TARGETS}", "", f"{TARGETS_VIEW.description}.", "")
    yield from column_rows((c, examples.of(TARGETS, c)) for c in TARGETS_VIEW.columns)


def mart_example(column: Column, examples: Examples) -> str:
    """What a value of a mart's column looks like: that of a table's column of the name, else of
    the unit."""
    own = EXAMPLES.get(column.name)
    if own is not None:
        return own
    for table in everything():
        for known in table.columns:
            if known.name == column.name and known.unit == column.unit:
                return examples.of(table.name, known)
    return column.unit.example


def _sentence(words: str) -> str:
    return f"{words[:1].upper()}{words[1:]}."


def _sources(mart: Mart) -> str:
    names = [name.removeprefix(f"{DATASET}.") for name in (*mart.sources, *mart.optional)]
    return ", ".join(f"`{name}`" for name in names)


@cache
def mart_types() -> Mapping[str, Mapping[str, str]]:
    """The columns of each mart with their DuckDB types."""
    tables = [table for table in everything() if table not in OWN_VIEWS]
    grains = {name: set(Grain) for name in REPORTS}
    with duckdb.connect() as connection:
        connection.execute(f"create schema {DATASET}; create schema {SCHEMA}; use {DATASET}")
        for table in tables:
            connection.execute(f"create table {identifier(table.name)} ({table.sql_columns})")
        named = {table.name: [column.name for column in table.columns] for table in tables}
        for statement in view_statements(named, grains):
            connection.execute(statement)
        place = Place(
            dataset=DATASET,
            there=_names_in(connection, DATASET),
            loaded=set(REPORTS),
        )
        for statement in (
            place.make_view(TARGETS, Targets.of(dict.fromkeys(METRICS, 6)).sql()),
            *plan_marts(all_marts(), place)[0],
        ):
            connection.execute(statement)
        return {name: _types(connection, name) for name in _names_in(connection, SCHEMA)}


def _names_in(connection: duckdb.DuckDBPyConnection, schema: str) -> set[str]:
    found = connection.execute(
        "select table_name from information_schema.tables where table_schema = ?", [schema]
    )
    return {str(name) for (name,) in found.fetchall()}


def _types(connection: duckdb.DuckDBPyConnection, mart: str) -> dict[str, str]:
    found = connection.execute(f"describe {SCHEMA}.{identifier(mart)}").fetchall()
    return {str(row[0]): str(row[1]) for row in found}
