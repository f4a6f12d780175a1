"""Tables as dlt is told of them: with the first rows, or when there turned out to be none.

dlt looks at a table's hints again with every item that has them, 20 ms each time, and so does a
table's first item of all: none is given more often than it takes.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from typing import Any

import dlt

from .migration import data_type_of
from .tables import TOMBSTONE, UNKNOWN_KINDS, StoredTable, to_arrow


class Items:
    """Rows as the items that a dlt resource yields."""

    def __init__(self) -> None:
        self._unknown: dict[str, dict[str, str]] = {}

    def of(self, table: StoredTable, rows: Iterable[Mapping[str, Any]]) -> Any:
        """The item that gives dlt the rows of the table."""
        unknown = self._unknown.setdefault(table.name, _unknown_types(table))
        arrow = to_arrow(table, rows, unknown)
        if _is_declared(table):
            return dlt.mark.with_table_name(arrow, table.name)
        return dlt.mark.with_hints(arrow, hints_of(table), create_table_variant=True)

    def missing(self, tables: Iterable[StoredTable]) -> Iterator[Any]:
        """Items that make dlt create those of the tables that have had no rows so far.

        dlt's own marker for empty tables would add id columns, which later Arrow rows then lack. A
        resource's last items: its cursor cannot take rows after an empty Arrow table.
        """
        for table in tables:
            if not _is_declared(table):
                yield self.of(table, [])


def hints_of(table: StoredTable) -> Any:
    """The table as dlt hints. Each column gets a dict of its own: dlt renames shared ones."""
    columns: dict[str, Any] = {}
    for column in table.columns:
        columns[column.name] = {
            "name": column.name,
            "data_type": data_type_of(column.unit.type),
            "nullable": column.name not in table.primary_key,
            "description": column.comment,
        }
        if column.personal:
            columns[column.name]["x-personal"] = True
    if TOMBSTONE in columns:
        columns[TOMBSTONE]["hard_delete"] = True
    return dlt.mark.make_hints(
        table_name=table.name,
        write_disposition="merge",
        primary_key=list(table.primary_key),
        merge_key=list(table.merge_key) or None,
        columns=columns,
        additional_table_hints={"description": table.description},
    )


def _is_declared(table: StoredTable) -> bool:
    """Whether dlt's schema has the table, just as it is here."""
    known = dlt.current.source_schema().tables.get(table.name)
    if known is None:
        return False
    return all(
        known["columns"].get(name, {}).get(hint) == value
        for name, column in hints_of(table)["columns"].items()
        for hint, value in column.items()
        if hint in ("description", "data_type")
    ) and all(
        bool(known["columns"][column.name].get(hint)) == (column.name in key)
        for hint, key in (("primary_key", table.primary_key), ("merge_key", table.merge_key))
        for column in table.columns
    )


def _unknown_types(table: StoredTable) -> dict[str, str]:
    """The types of the columns that earlier loads added for fields the catalog does not know."""
    known = dlt.current.source_schema().tables.get(table.name)
    declared = {column.name for column in table.columns}
    return {
        name: UNKNOWN_KINDS[str(column["data_type"])]
        for name, column in (known["columns"] if known else {}).items()
        if name not in declared and column.get("data_type") in UNKNOWN_KINDS
    }
