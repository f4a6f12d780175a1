"""JSON bodies to rows, by the catalog: pure, one walk over the body, no leaf lost in silence.

Each report's columns are compiled into a tree that mirrors its body. The walk puts every leaf
into its column, leaves out what the catalog ignores with a reason, and keeps what it does not
know: as a new column of the row it stands in, or, where no row holds it, in `extra`.
A value that does not fit its column is null, a row without an id is kept: `repairs` counts them.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from functools import cache
from typing import Any

from ..catalog.model import PAGED, Report, Rows, Shape, Table
from ..catalog.reports import REPORTS
from ..catalog.stored_tables import RESERVED_NAMES
from ..errors import CoercionError
from .coerce import Row, Stamps, TableRows, coerce, kind_of, unknown_field
from .envelope import unwrap
from .keys import RowKeys
from .path_tree import Node, tree_of
from .repairs import RepairKind, Repairs, kind_of_misfit
from .row_batches import ColumnarRows, have_keys, join_rows, with_occurrence
from .scales import scale_shares

LEAST_COLUMNAR = 10
"""Items of a list below which a walk is no slower."""


@dataclass(slots=True)
class Flattened:
    """The rows of one or more bodies, table by table.

    `extra` holds unknown values that stand outside any row, `unknown` the wire paths of all that
    the catalog does not know, list items written `[]`, `repairs` what did not fit.
    """

    rows: TableRows
    extra: dict[str, list[Any]] = field(default_factory=dict)
    unknown: set[str] = field(default_factory=set)
    repairs: Repairs = field(default_factory=Repairs)


@dataclass(slots=True)
class _LongList:
    """Items of a list that may go on in the next body, and what all of their rows are stamped."""

    node: Node
    path: str
    stamps: Mapping[str, Stamps]
    items: list[Any] = field(default_factory=list)


def flatten_report(
    report: Report, bodies: Iterable[tuple[Any, Stamps]], *, compares: bool = True
) -> Flattened:
    """The rows of the bodies, each given with the columns to stamp on its rows.

    Several bodies are the pages (or parts) of one read: positions count on through them. Without
    `compares` no previous period was asked for, and what the bodies say of one is left out.
    Raises UnexpectedResponse or CoercionError.
    """
    flattener = Flattener(report, compares=compares)
    for body, stamps in bodies:
        flattener.add(unwrap(report, body), stamps)
    rows = flattener.take()
    return Flattened(rows, flattener.extra, flattener.unknown, flattener.repairs)


class Flattener:
    """Turns the bodies of one read into rows, a block at a time.

    `extra`, `unknown` and `repairs` are of all bodies so far, as in `Flattened`.
    """

    def __init__(self, report: Report, *, compares: bool = True) -> None:
        self._report = report
        self._compares = compares
        self._tree = tree_of(report.name)
        self._stamps: Mapping[str, Stamps] = {}
        self._rows: dict[str, list[Row]] = {table.name: [] for table in report.tables}
        self._columnar: dict[str, list[ColumnarRows]] = {t.name: [] for t in report.tables}
        self._waiting: list[_LongList] = []
        self._positions: Counter[str] = Counter()
        self.extra: dict[str, list[Any]] = {}
        self.unknown: set[str] = set()
        self.repairs = Repairs(by_row=report.shape is Shape.SERIES)
        self._keys = RowKeys(self.repairs)

    def add(self, body: Any, stamps: Stamps) -> None:
        """Puts the leaves of an unwrapped body into rows. Raises CoercionError."""
        self._stamps = {
            table.name: {name: value for name, value in stamps.items() if table.has_column(name)}
            for table in self._report.tables
        }
        main = self._report.tables[0]
        if self._tree.item is not None:
            self._walk_list(self._tree, body, None, "")
            return
        row: Row | None = None
        if main.rows[0].path == "":
            row = self._new_row(main, main.rows[0], None)
        self._walk(self._tree, body, row, "")

    def take(self) -> TableRows:
        """The rows gathered since the last time, their keys checked. Raises CoercionError.

        Keys are checked within the block: what is taken together must hold all rows that could
        share one, but for rows that are told apart by their number.
        """
        for waiting in self._waiting:
            self._add_long_list(waiting)
        self._waiting = []
        taken = {table.name: self._taken(table) for table in self._report.tables}
        self._rows = {table.name: [] for table in self._report.tables}
        self._columnar = {table.name: [] for table in self._report.tables}
        return taken

    def _taken(self, table: Table) -> Sequence[Row]:
        rows = join_rows([self._rows[table.name], *self._columnar[table.name]])
        if isinstance(rows, ColumnarRows) and have_keys(table, rows):
            return with_occurrence(table, rows)
        walked = list(rows)
        scale_shares(table, walked)
        return self._with_labels(table, self._keys.number(table, walked))

    def _with_labels(self, table: Table, rows: list[Row]) -> list[Row]:
        """The rows with their codes in words."""
        for column in table.columns:
            if column.label_of:
                for row in rows:
                    if column.label_of in row:
                        row[column.name] = column.labels.get(row[column.label_of])
        return rows

    def _walk(self, node: Node, value: Any, row: Row | None, path: str) -> None:
        if node.ignored or value is None:
            return
        if node.column is not None:
            self._put(node, value, row, path)
        elif not isinstance(value, dict):
            self._keep_unknown(row, path, value)
        else:
            lists = []
            for name, child_value in value.items():
                child = node.children.get(name)
                child_path = f"{path}.{name}" if path else name
                if child is None:
                    self._keep_unknown(row, child_path, child_value)
                elif child.item is not None:
                    lists.append((child, child_value, child_path))
                else:
                    self._walk(child, child_value, row, child_path)
            # Lists come last: their rows inherit from this one.
            for child, child_value, child_path in lists:
                self._walk_list(child, child_value, row, child_path)

    def _walk_list(self, node: Node, value: Any, parent: Row | None, path: str) -> None:
        if value is None or value == {}:  # PHP writes an empty list so
            return
        if not isinstance(value, list):
            if "[]." in path:  # a cell of the row that it stands in
                self.repairs.add(RepairKind.LIST_UNREADABLE, path, parent)
                self._keep_unknown(parent, path, value)
                return
            raise CoercionError(
                f"{self._report.name}: {path}: expected a list, found {kind_of(value)}"
            )
        if self._report.shape in PAGED and parent is None:
            self._wait(node, value, path)
        else:
            self._walk_rows(node, value, parent, path)

    def _wait(self, node: Node, items: list[Any], path: str) -> None:
        """Keeps the items of a page until those of more pages can be looked at together."""
        last = self._waiting[-1] if self._waiting else None
        if last is None or last.node is not node or last.stamps != self._stamps:
            last = _LongList(node, path, self._stamps)
            self._waiting.append(last)
        last.items += items

    def _add_long_list(self, waiting: _LongList) -> None:
        """Puts the items into rows: as columns, where nothing about them needs a closer look."""
        self._stamps = waiting.stamps
        found = None
        if len(waiting.items) >= LEAST_COLUMNAR:
            from .columnar import columnar_rows  # noqa: PLC0415  imports Arrow

            found = columnar_rows(waiting.node, waiting.items, self._stamps, self._positions)
        if found is None:
            self._walk_rows(waiting.node, waiting.items, None, waiting.path)
            return
        for name, rows in found.items():
            self._columnar[name].append(rows)
            self._positions[name] += len(rows)

    def _walk_rows(self, node: Node, items: list[Any], parent: Row | None, path: str) -> None:
        assert node.item is not None
        assert node.table is not None
        assert node.rows is not None
        for item in items:
            if item is None and (parent is not None or self._report.shape not in PAGED):
                continue
            # Of a page it is a row that the API has counted, without an id.
            row = self._new_row(node.table, node.rows, parent)
            self._walk(node.item, item, row, f"{path}[]")
            if node.rows.metric is not None:
                row["range_label"] = node.rows.labels.get(row.get("range_id", 0))

    def _new_row(self, table: Table, rows: Rows, parent: Row | None) -> Row:
        row: Row = {}
        if parent is not None:
            row.update({name: parent.get(name) for name in table.inherits})
        row.update(self._stamps[table.name])
        if table.counts_positions:
            self._positions[table.name] += 1
            row["position"] = self._positions[table.name]
        if rows.metric is not None:
            row["metric"] = rows.metric
        self._rows[table.name].append(row)
        return row

    def _put(self, node: Node, value: Any, row: Row | None, path: str) -> None:
        column = node.column
        assert row is not None
        assert column is not None
        if column.compares and not self._compares:
            return
        try:
            fitted = coerce(column, value, path)
        except CoercionError:
            self.repairs.add(kind_of_misfit(value), path, row)
            fitted = None
        if fitted is None:
            row.setdefault(column.name, None)
            return
        if row.get(column.name) not in (None, fitted):
            self.repairs.add(RepairKind.SPELLINGS_DISAGREE, path, row)
            if node.spelling > 0:
                return
        row[column.name] = fitted

    def _keep_unknown(self, row: Row | None, path: str, value: Any) -> None:
        if not self._compares and path.partition(".")[0] in ("previous", "deltas"):
            return
        self.unknown.add(path)
        if row is None:
            seen = self.extra.setdefault(path, [])
            if value not in seen:
                seen.append(value)
            return
        taken = _declared_names(self._report.name)
        row.update(unknown_field(path.rpartition("[].")[2], value, taken, row))


@cache
def _declared_names(report_name: str) -> frozenset[str]:
    tables = REPORTS[report_name].tables
    return RESERVED_NAMES.union(column.name for table in tables for column in table.columns)
