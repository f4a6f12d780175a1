"""Tables as dlt is told of them: before the first rows, or when there turned out to be none.

They go straight into the schema that dlt extracts into, which is also what `dlt.mark.make_hints`
comes to in the end: on that way each column of each table is checked, 15 ms a table.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from typing import Any, cast

import dlt
from dlt.common.schema.typing import TColumnSchema, TTableSchema

from ..catalog.stored_tables import DEDUPLICATED, TOMBSTONE, Storage, StoredTable
from ..parsing.arrow import UNKNOWN_KINDS, to_arrow
from ..parsing.coerce import Row


class ItemBuilder:
    """Rows as the items that a dlt resource yields."""

    def __init__(self, storage: Storage) -> None:
        self._storage = storage
        self._unknown: dict[str, dict[str, str]] = {}

    def of(self, table: StoredTable, rows: Sequence[Row]) -> Any:
        """The item that gives dlt the rows of the table."""
        unknown = self._unknown.setdefault(table.name, _unknown_types(table))
        if not _is_declared(table):
            dlt.current.source_schema().update_table(
                declaration_of(table, self._storage), merge_compound_props=False
            )
        return dlt.mark.with_table_name(to_arrow(table, rows, unknown), table.name)

    def missing(self, tables: Iterable[StoredTable]) -> Iterator[Any]:
        """Items that make dlt create those of the tables that have had no rows so far.

        dlt's own marker for empty tables would add id columns, which later Arrow rows then lack. A
        resource's last items: its cursor cannot take rows after an empty Arrow table.
        """
        for table in tables:
            if not _is_declared(table):
                yield self.of(table, [])


def declaration_of(table: StoredTable, storage: Storage = Storage()) -> TTableSchema:  # noqa: B008
    """The table as dlt's schema has it; each column a dict of its own: dlt renames shared ones."""
    columns: dict[str, TColumnSchema] = {}
    for column in table.columns:
        declared: dict[str, Any] = {
            "name": column.name,
            "data_type": column.unit.type.stored,
            "nullable": table.is_nullable(column.name),
            "description": column.comment,
        }
        if column.personal:
            declared["x-personal"] = True
        if column.name == TOMBSTONE and storage.replaces:
            declared["hard_delete"] = True
        for hint, key in (("primary_key", table.primary_key), ("merge_key", table.merge_key)):
            if column.name in key:
                declared[hint] = True
        columns[column.name] = cast(TColumnSchema, declared)
    declaration: dict[str, Any] = {
        "name": table.name,
        "description": table.description,
        "write_disposition": "merge" if storage.replaces else "append",
        "columns": columns,
    }
    if storage.table_format is not None:
        declaration["table_format"] = storage.table_format
    if table.merge_key:  # windows, of which a package holds each once: see Batch
        declaration[DEDUPLICATED] = True
    return cast(TTableSchema, declaration)


def _is_declared(table: StoredTable) -> bool:
    """Whether dlt's schema has the table, just as it is here."""
    known = dlt.current.source_schema().tables.get(table.name)
    if known is None or known.get(DEDUPLICATED) != (bool(table.merge_key) or None):
        return False
    return all(
        known["columns"].get(name, {}).get(hint) == value
        for name, column in declaration_of(table)["columns"].items()
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
