"""Rows of a table: mostly dicts, in long lists columns.

A dict a row and a look at each of its values would cost ten times as much as the columns of an
Arrow table. Arrow itself is imported when there are such: a command that reads nothing needs none.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from itertools import chain
from typing import TYPE_CHECKING, Any, TypeAlias, overload

from ..catalog.model import OCCURRENCE, Table
from .coerce import Row

if TYPE_CHECKING:
    import pyarrow as pa


class _Rows(Sequence[Row]):
    """Rows that are made as they are read: one after the other is the way to do that."""

    __slots__ = ()

    @overload
    def __getitem__(self, index: int) -> Row: ...
    @overload
    def __getitem__(self, index: slice) -> Sequence[Row]: ...
    def __getitem__(self, index: int | slice) -> Row | Sequence[Row]:
        return list(self)[index]


class ColumnarRows(_Rows):
    """Rows kept as the columns of an Arrow table; read as rows they are dicts like all others."""

    __slots__ = ("table",)

    def __init__(self, table: pa.Table) -> None:
        self.table = table

    def __len__(self) -> int:
        return int(self.table.num_rows)

    def __iter__(self) -> Iterator[Row]:
        for row in self.table.to_pylist():
            yield {name: value for name, value in row.items() if value is not None}


def join_rows(parts: Iterable[Sequence[Row]]) -> Sequence[Row]:
    """The rows of all parts: as columns where all are."""
    parts = [part for part in parts if part]
    tables = [part.table for part in parts if isinstance(part, ColumnarRows)]
    if tables and len(tables) == len(parts):
        import pyarrow as pa  # noqa: PLC0415

        return ColumnarRows(pa.concat_tables(tables))
    return list(chain.from_iterable(parts))


def have_keys(table: Table, rows: ColumnarRows) -> bool:
    """Whether every row has a key of its own."""
    if not table.key:
        return True
    columns = [rows.table[name] for name in table.key]
    if any(column.null_count for column in columns):
        return False
    values = [column.to_pylist() for column in columns]
    return len(set(values[0] if len(values) == 1 else zip(*values, strict=True))) == len(rows)


def with_occurrence(table: Table, rows: ColumnarRows) -> ColumnarRows:
    """The rows, of which each has a key of its own, numbered where the table numbers rows."""
    if not table.counts_occurrences:
        return rows
    import pyarrow as pa  # noqa: PLC0415

    first = pa.repeat(pa.scalar(1, pa.int64()), len(rows))
    return ColumnarRows(rows.table.append_column(OCCURRENCE, first))


BatchPart: TypeAlias = tuple[Mapping[str, Any], Sequence[Row]]
"""Rows, and the columns that all of them have alike: those of their window."""


class RowBatch(_Rows):
    """The rows of several windows; a window's own columns are kept once for all of its rows."""

    __slots__ = ("_length", "parts")

    def __init__(self) -> None:
        self.parts: list[BatchPart] = []
        self._length = 0

    def add(self, shared: Mapping[str, Any], rows: Sequence[Row]) -> None:
        """Adds rows with the columns that they share."""
        if rows:
            self.parts.append((shared, rows))
            self._length += len(rows)

    def __len__(self) -> int:
        return self._length

    def __iter__(self) -> Iterator[Row]:
        for shared, rows in self.parts:
            for row in rows:
                yield {**shared, **row}
