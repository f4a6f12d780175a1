"""Rows as Arrow tables: by the declared columns, and what the catalog does not know after them."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from itertools import chain
from typing import Any

import pyarrow as pa

from ..catalog.model import Type
from ..catalog.stored_tables import StoredTable
from .coerce import Row
from .row_batches import BatchPart, ColumnarRows, RowBatch

ARROW_TYPES: Mapping[Type, pa.DataType] = {
    Type.BIGINT: pa.int64(),
    Type.DOUBLE: pa.float64(),
    Type.TEXT: pa.string(),
    Type.BOOL: pa.bool_(),
    Type.TIMESTAMP: pa.timestamp("us", tz="UTC"),
    Type.DATE: pa.date32(),
    Type.JSON: pa.string(),
}

UNKNOWN_KINDS = {"bool": "flag", "double": "number", "text": "text"}
"""Kinds of unknown columns by dlt's type; a field that changes kind gets its name as ending."""
_UNKNOWN_TYPES = {"flag": pa.bool_(), "number": pa.float64(), "text": pa.string()}


def arrow_schema(table: StoredTable) -> pa.Schema:
    """The declared columns as an Arrow schema."""
    return pa.schema(
        [
            pa.field(c.name, ARROW_TYPES[c.unit.type], nullable=table.is_nullable(c.name))
            for c in table.columns
        ]
    )


def to_arrow(table: StoredTable, rows: Sequence[Row], known: dict[str, str]) -> pa.Table:
    """The rows as one Arrow table with the declared schema, unknown fields as columns after it.

    Rows that are columns come last. `known` remembers the type of each unknown column for as long
    as the caller keeps it, so that a field whose type changes gets a second column rather than a
    broken load.
    """
    parts = rows.parts if isinstance(rows, RowBatch) else [({}, rows)]
    single = [part for part in parts if not isinstance(part[1], ColumnarRows)]
    columnar = [part for part in parts if isinstance(part[1], ColumnarRows)]
    dicts = [row for _, part in single for row in part]
    tables = [part.table for _, part in columnar if isinstance(part, ColumnarRows)]
    joined = pa.concat_tables(tables).combine_chunks() if tables else None
    shared = _SharedColumns([*single, *columnar])
    schema = arrow_schema(table)
    arrays = []
    for field in schema:
        array = shared.array(field)
        if array is None:
            array = pa.array([row.get(field.name) for row in dicts], type=field.type)
            if joined is not None:
                array = pa.concat_arrays([array, _column_of(joined, field)])
        arrays.append(array)
    left = sum(map(len, tables))
    for name, values in _unknown_columns(dicts, set(schema.names), known).items():
        schema = schema.append(pa.field(name, values.type))
        arrays.append(pa.concat_arrays([values, pa.nulls(left, values.type)]))
    return pa.Table.from_arrays(arrays, schema=schema)


class _SharedColumns:
    """The columns that the rows of each piece share, as arrays as long as all rows."""

    def __init__(self, parts: Sequence[BatchPart]) -> None:
        self._shared = [shared for shared, _ in parts]
        self._names = frozenset(chain.from_iterable(self._shared))
        lengths = [len(rows) for _, rows in parts]
        self._numbers = None
        if self._names and any(length > 1 for length in lengths):
            numbers = [pa.scalar(number, pa.int32()) for number in range(len(lengths))]
            self._numbers = pa.concat_arrays(list(map(pa.repeat, numbers, lengths)))

    def array(self, field: pa.Field) -> pa.Array | None:
        """The column; None when it is not one of those that are shared."""
        if field.name not in self._names:
            return None
        each = pa.array([shared.get(field.name) for shared in self._shared], type=field.type)
        return each if self._numbers is None else each.take(self._numbers)


def _column_of(table: pa.Table, field: pa.Field) -> pa.Array:
    if field.name not in table.schema.names:
        return pa.nulls(table.num_rows, field.type)
    column = table.column(field.name)
    return column.chunk(0) if column.num_chunks else pa.nulls(0, field.type)


def _unknown_columns(
    rows: list[Row], declared: set[str], known: dict[str, str]
) -> dict[str, pa.Array]:
    found: dict[str, list[Any]] = {}
    for position, row in enumerate(rows):
        taken: set[str] = set()
        unknown = {name: _unknown_type(row[name]) for name in row.keys() - declared}
        # Those that can have their own name come first, so that no other takes it.
        for name in sorted(unknown, key=lambda n: (known.get(n, unknown[n]) != unknown[n], n)):
            kind = unknown[name]
            column = name
            while known.setdefault(column, kind) != kind or column in taken:
                column = f"{column}_{kind}"
            taken.add(column)
            found.setdefault(column, [None] * len(rows))[position] = row[name]
    return {
        name: pa.array(values, type=_UNKNOWN_TYPES[known[name]]) for name, values in found.items()
    }


def _unknown_type(value: Any) -> str:
    if isinstance(value, bool):
        return "flag"
    return "number" if isinstance(value, float) else "text"
