"""Which tables join by which ids, as Mermaid entity diagrams made of the catalog.

One picture a family: a picture of all seventy tables would show nothing. What every report table
has, its window key and slice columns, has a picture of its own and is in no other. Columns are
named where tables join by them; the dictionary below each picture lists the others.

dlt's own `to_mermaid` draws the tables of one schema with all their columns, and leaves out those
that have none to show; which id refers to what would still be worked out here.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from functools import cache

from sources.help_scout.catalog.dimensions import DIMENSIONS
from sources.help_scout.catalog.model import Column, Report
from sources.help_scout.catalog.slices import SLICE_PARAMS

from ..models.own_tables import OWN_VIEWS, PEOPLE_VIEW

ANY_REPORT = "any_report_table"
BEGIN = ("```mermaid", "erDiagram", "  direction LR")
"""From left to right: large families grow down the page, not beyond its edge."""


@cache
def _names_of() -> Mapping[str, str]:
    """The list or view that gives an id its name, by the id's column there."""
    by_id: dict[str, str] = {"user_id": PEOPLE_VIEW.name}
    for dimension in DIMENSIONS.values():
        by_id.setdefault(dimension.id_column.name, dimension.name)
    return by_id


def referred_to(column: Column) -> str | None:
    """The list or view that the column's id is looked up in; None when it is no such id.
    `assigned_user_id` and `slice_user_id` are user ids too."""
    if column.name == SLICE_PARAMS["field_id"].column.name:
        return None  # of what, the field says
    for name, table in _names_of().items():
        if column.name == name or column.name.endswith(f"_{name}"):
            return table
    return None


def family_diagram(reports: Iterable[Report]) -> Iterator[str]:
    """The tables of a family's reports: which list belongs to which table, and what gives their
    ids a name."""
    tables: list[str] = []
    relations: list[str] = []
    for report in reports:
        for table in report.tables:
            tables.append(table.name)
            relations.extend(_references(table.name, (*_fan_out(report), *table.columns)))
        relations.extend(_lists_of(report))
    yield from _diagram(tables, relations)


def lists_diagram() -> Iterator[str]:
    """The account's lists: which belongs to which."""
    stored = [dimension.stored_table for dimension in DIMENSIONS.values()]
    relations = (r for table in stored for r in _references(table.name, table.columns))
    yield from _diagram(DIMENSIONS, relations)


def window_diagram() -> Iterator[str]:
    """What all report tables share: the window that a row is of, and the slice that it is for."""
    windows = OWN_VIEWS[0].name
    ledger = (
        f'  {windows} ||--o{{ {ANY_REPORT} : "window key, report"',
        f'  window_reads }}o--|| {windows} : "window key, report"',
    )
    slices = _references(ANY_REPORT, [param.column for param in SLICE_PARAMS.values()])
    yield from _diagram((ANY_REPORT,), (*ledger, *slices))


def _fan_out(report: Report) -> Iterator[Column]:
    """The slice column without which the report's rows say nothing: whom they are about."""
    if "user" in report.requires:
        yield SLICE_PARAMS["user"].column


def _lists_of(report: Report) -> Iterator[str]:
    """Each list of a report beside the table whose row holds it."""
    first = report.tables[0]
    for table in report.tables[1:]:
        shared = [name for name in table.key if name in (*first.key, *table.inherits)]
        owner = next(
            (
                other.name
                for other in report.tables[1:]
                if table.inherits and other is not table and set(other.key) == set(table.inherits)
            ),
            first.name,
        )
        yield f'  {owner} ||--o{{ {table.name} : "{", ".join(("window key", *shared))}"'


def _references(table: str, columns: Iterable[Column]) -> Iterator[str]:
    names = {column.name for column in columns}
    for column in columns:
        target = referred_to(column)
        if target is None or target == table or _is_person(table, column):
            continue
        parent = DIMENSIONS[target].parent_column if target in DIMENSIONS else None
        by = [parent.name] if parent is not None and parent.name in names else []
        yield f'  {target} |o--o{{ {table} : "{", ".join((*by, column.name))}"'


def _is_person(table: str, column: Column) -> bool:
    """Whether the id is the row's own in one of the lists that `people` is made of."""
    return table in DIMENSIONS and column is DIMENSIONS[table].id_column


def _diagram(tables: Iterable[str], relations: Iterable[str]) -> Iterator[str]:
    """The tables, also those that join no other, and what joins them."""
    yield from BEGIN
    yield from (f"  {table}" for table in tables)
    yield from relations
    yield "```"
