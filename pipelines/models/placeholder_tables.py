"""Empty tables in place of those that are not made yet: typed queries without a row.

dlt makes a table with its first row, so the list of a report that was always empty has none.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from functools import cache

from sources.help_scout.catalog.dimensions import DIMENSIONS
from sources.help_scout.catalog.model import Column
from sources.help_scout.catalog.reports import REPORTS
from sources.help_scout.catalog.stored_tables import stored_table

from ..warehouse.sql import identifier
from .item_views import ITEM_VIEWS


@dataclass(frozen=True, slots=True, kw_only=True)
class EmptyTable:
    """A query with the columns of a table and no row, and the report that the table is of; None
    for a list of the account."""

    sql: str
    report: str | None


def empty_table(name: str) -> EmptyTable | None:
    """The empty table of the catalog, or of a view by inbox, user or team; None for others."""
    return _empty_tables().get(name)


@cache
def _empty_tables() -> dict[str, EmptyTable]:
    found: dict[str, EmptyTable] = {}
    for report in REPORTS.values():
        for table in report.tables:
            columns = _types(stored_table(report, table).columns)
            found[table.name] = EmptyTable(sql=_select(columns), report=report.name)
            for ending, view in ITEM_VIEWS.items():
                found[f"{table.name}_{ending}"] = EmptyTable(
                    sql=_select({**columns, **_types(view.columns)}), report=report.name
                )
    for dimension in DIMENSIONS.values():
        columns = _types(dimension.stored_table.columns)
        found[dimension.name] = EmptyTable(sql=_select(columns), report=None)
    return found


def _types(columns: tuple[Column, ...]) -> dict[str, str]:
    return {column.name: column.unit.type.sql for column in columns}


def _select(columns: dict[str, str]) -> str:
    return f"select {', '.join(_nulls(columns))} where 1 = 0"


def _nulls(columns: dict[str, str]) -> Iterator[str]:
    for name, kind in columns.items():
        yield f"cast(null as {kind}) as {identifier(name)}"
