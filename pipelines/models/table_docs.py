"""Everything that is in the dataset, described: the catalog's tables, and tables and views of this
project's own. The dictionary and the comments in the warehouse are made of it.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import replace
from functools import cache

from sources.help_scout.catalog.dimensions import DIMENSIONS
from sources.help_scout.catalog.reports import REPORTS
from sources.help_scout.catalog.stored_tables import StoredTable, stored_table

from .base_views import SUFFIXES
from .item_views import ITEM_VIEWS
from .own_tables import OWN_TABLES, OWN_VIEWS, TARGETS_VIEW


@cache
def report_tables() -> Mapping[str, StoredTable]:
    """The tables of all reports, by name."""
    return {
        table.name: stored_table(report, table)
        for report in REPORTS.values()
        for table in report.tables
    }


def everything() -> Iterator[StoredTable]:
    """All tables, and the views that are not made of one table alone."""
    yield from report_tables().values()
    yield from (dimension.stored_table for dimension in DIMENSIONS.values())
    yield from OWN_TABLES
    yield from OWN_VIEWS


def table_views() -> Iterator[StoredTable]:
    """The views that each report table has: one a grain, and those in all grains."""
    for table in report_tables().values():
        for grain, suffix in SUFFIXES.items():
            yield replace(
                table,
                name=f"{table.name}_{suffix}",
                description=f"{table.description}. One grain ({grain}) and the plain numbers only",
            )
        for ending, view in ITEM_VIEWS.items():
            yield replace(
                table,
                name=f"{table.name}_{ending}",
                description=f"{table.description}. {view.description}",
                columns=(*(c for c in table.columns if c.name not in view.names), *view.columns),
            )


def described(name: str) -> StoredTable | None:
    """The table or view of that name; None when it is none of ours."""
    return _by_name().get(name)


@cache
def _by_name() -> Mapping[str, StoredTable]:
    return {table.name: table for table in (*everything(), TARGETS_VIEW, *table_views())}
