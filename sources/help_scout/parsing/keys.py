"""Keys of rows: an id where the body has one, and a number that tells apart what it does not.

The API leaves an id out now and then (a rating without its thread), or says one twice (a search
term). The row is kept: its id stays null, and `occurrence` belongs to its key.
"""

from __future__ import annotations

from collections import Counter
from typing import Any

from ..catalog.model import OCCURRENCE, Column, Table
from .coerce import Row
from .repairs import RepairKind, Repairs


class RowKeys:
    """Numbers the rows of one read, a block at a time, and counts what their keys lack."""

    def __init__(self, repairs: Repairs) -> None:
        self._repairs = repairs
        self._occurrences: Counter[tuple[Any, ...]] = Counter()

    def number(self, table: Table, rows: list[Row]) -> list[Row]:
        """The rows, each with a key of its own: those that share one are numbered.

        A row that says exactly what another one of its key says is that row, and is dropped; not
        where the table keeps equal rows, nor without an id of its own or of the row that it stands
        in: then nothing tells that it is.
        """
        if not table.counts_occurrences:
            return rows
        ids = [column for column in map(table.column, table.key) if column.paths]
        kept: list[Row] = []
        said: dict[tuple[Any, ...], list[Row]] = {}
        for row in rows:
            lacks_id = self._lacks_id(table, ids, row)
            key = (table.name, *(row.get(name) for name in table.key))
            if lacks_id or table.keeps_equal_rows or None in key:
                # Such rows may go on in the next block.
                self._occurrences[key] += 1
                row[OCCURRENCE] = self._occurrences[key]
            else:
                says, earlier = _said(row), said.setdefault(key, [])
                if says in earlier:
                    continue
                if earlier:
                    self._repairs.add(
                        RepairKind.KEY_REPEATED, _wire_path(table, row, ids[-1].paths[0]), row
                    )
                earlier.append(says)
                row[OCCURRENCE] = len(earlier)
            kept.append(row)
        return kept

    def _lacks_id(self, table: Table, ids: list[Column], row: Row) -> bool:
        """Whether the row says no id of its own; an empty text is none, and becomes null."""
        lacks = False
        for column in ids:
            if row.get(column.name) in (None, ""):
                row[column.name] = None
                self._repairs.add(
                    RepairKind.ID_MISSING, _wire_path(table, row, column.paths[0]), row
                )
                lacks = True
        return lacks


def _wire_path(table: Table, row: Row, path: str) -> str:
    """Where a value of the row stands in the body."""
    mine = (one for one in table.rows if one.metric is not None and one.metric == row.get("metric"))
    rows = next(mine, table.rows[0])
    return ".".join(filter(None, (rows.path, path)))


def _said(row: Row) -> Row:
    """What a row says: a value may be missing or null."""
    return {name: value for name, value in row.items() if value is not None}
