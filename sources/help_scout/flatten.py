"""JSON bodies to rows, by the catalog: pure, one walk over the body, no leaf lost in silence.

Each report's columns are compiled into a tree that mirrors its body. The walk puts every leaf
into its column, leaves out what the catalog ignores with a reason, and keeps what it does not
know: as a new column of the row it stands in, or, where no row holds it, in `extra`.
A value that does not fit its column fails the whole body (ValueMisfit).
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from functools import cache
from typing import Any, TypeAlias

from .catalog import ENVELOPES, Column, Report, Rows, Table
from .errors import ValueMisfit, WrongEnvelope
from .reports import REPORTS
from .tables import RESERVED_NAMES
from .values import Row, TableRows, fit, kind_of, unknown_field

Stamps: TypeAlias = Mapping[str, int | str]
"""Columns that the request gives to all rows of a body, where their table has them."""

POSITION = "position"
OCCURRENCE = "occurrence"


@dataclass(slots=True)
class Flattened:
    """The rows of one or more bodies, table by table.

    `extra` holds unknown values that stand outside any row, `unknown` the wire paths of all that
    the catalog does not know, list items written `[]`.
    """

    rows: TableRows
    extra: dict[str, list[Any]] = field(default_factory=dict)
    unknown: set[str] = field(default_factory=set)


@dataclass(slots=True)
class _Node:
    """One place in a body: a group of children, a column's leaf, or a list of rows."""

    children: dict[str, _Node] = field(default_factory=dict)
    column: Column | None = None
    ignored: bool = False
    item: _Node | None = None
    table: Table | None = None
    rows: Rows | None = None


def flatten_report(report: Report, bodies: Iterable[tuple[Any, Stamps]]) -> Flattened:
    """The rows of the bodies, each given with the columns to stamp on its rows.

    Several bodies are the pages (or parts) of one read: positions count on through them.
    Raises WrongEnvelope or ValueMisfit.
    """
    flattener = Flattener(report)
    for body, stamps in bodies:
        flattener.add(unwrap(report, body), stamps)
    return Flattened(flattener.take(), flattener.extra, flattener.unknown)


def unwrap(report: Report, body: Any) -> Any:
    """The report's body; WrongEnvelope when it is not this report at all.

    One client saw bodies wrapped in {"report": …}; such a wrapper is taken off.
    """
    if isinstance(body, dict) and set(body) == {"report"}:
        body = body["report"]
    path, kind = ENVELOPES[report.shape]
    found = body
    for name in path.split(".") if path else []:
        found = found.get(name) if isinstance(found, dict) else None
    if not isinstance(found, kind):
        raise WrongEnvelope(
            f"{report.name}: the answer is not this report: expected "
            f"{'a list' if kind is list else 'an object'} at {path or 'the top'!r}, "
            f"found {kind_of(found)}. Nothing was stored for the window; if it lasts, the API "
            "has changed"
        )
    return body


class Flattener:
    """Turns the bodies of one read into rows, a block at a time.

    `extra` and `unknown` are of all bodies so far, as in `Flattened`.
    """

    def __init__(self, report: Report) -> None:
        self._report = report
        self._tree = _tree_of(report.name)
        self._stamps: dict[str, Stamps] = {}
        self._rows: dict[str, list[Row]] = {table.name: [] for table in report.tables}
        self._positions: Counter[str] = Counter()
        self._occurrences: Counter[tuple[Any, ...]] = Counter()
        self.extra: dict[str, list[Any]] = {}
        self.unknown: set[str] = set()

    def add(self, body: Any, stamps: Stamps) -> None:
        """Puts the leaves of an unwrapped body into rows. Raises ValueMisfit."""
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
        """The rows gathered since the last time, their keys checked. Raises ValueMisfit.

        Keys are checked within the block: what is taken together must hold all rows that could
        share one, but for rows that are told apart by their number.
        """
        taken = {
            table.name: self._with_labels(table, self._with_keys(table, self._rows[table.name]))
            for table in self._report.tables
        }
        self._rows = {table.name: [] for table in self._report.tables}
        return taken

    def _with_keys(self, table: Table, rows: list[Row]) -> list[Row]:
        """The rows, each with a key of its own.

        Rows that repeat are numbered where the table wants it. Elsewhere a row that says exactly
        what another one says is that row; two that share a key and differ fail, one would be lost.
        """
        if not table.key:
            return rows
        first: dict[tuple[Any, ...], Row] = {}
        natural = [name for name in table.key if name != OCCURRENCE]
        for row in rows:
            key = tuple(row.get(name) for name in natural)
            if None in key:
                lacking = natural[key.index(None)]
                raise ValueMisfit(f"{table.name}: a row lacks {lacking}, which is part of its key")
            if OCCURRENCE in table.key:
                self._occurrences[key] += 1
                row[OCCURRENCE] = self._occurrences[key]
            elif first.setdefault(key, row) != row:
                raise ValueMisfit(
                    f"{table.name}: two rows have the same {', '.join(natural)}; one would be lost"
                )
        return rows if OCCURRENCE in table.key else list(first.values())

    def _with_labels(self, table: Table, rows: list[Row]) -> list[Row]:
        """The rows with their codes in words."""
        for column in table.columns:
            if column.label_of:
                for row in rows:
                    if column.label_of in row:
                        row[column.name] = column.labels.get(row[column.label_of])
        return rows

    def _walk(self, node: _Node, value: Any, row: Row | None, path: str) -> None:
        if node.ignored or value is None:
            return
        if node.column is not None:
            self._put(node.column, value, row, path)
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

    def _walk_list(self, node: _Node, value: Any, parent: Row | None, path: str) -> None:
        assert node.item is not None
        assert node.table is not None
        assert node.rows is not None
        if value is None or value == {}:  # PHP writes an empty list so
            return
        if not isinstance(value, list):
            raise ValueMisfit(
                f"{self._report.name}: {path}: expected a list, found {kind_of(value)}"
            )
        for item in value:
            if item is None:
                continue
            row = self._new_row(node.table, node.rows, parent)
            self._walk(node.item, item, row, f"{path}[]")
            if node.rows.metric is not None:
                row["range_label"] = node.rows.labels.get(row.get("range_id", 0))

    def _new_row(self, table: Table, rows: Rows, parent: Row | None) -> Row:
        row: Row = {}
        if parent is not None:
            row.update({name: parent.get(name) for name in table.inherits})
        row.update(self._stamps[table.name])
        if POSITION in table.key and POSITION not in table.inherits:
            self._positions[table.name] += 1
            row[POSITION] = self._positions[table.name]
        if rows.metric is not None:
            row["metric"] = rows.metric
        self._rows[table.name].append(row)
        return row

    def _put(self, column: Column, value: Any, row: Row | None, path: str) -> None:
        assert row is not None
        fitted = fit(column, value, f"{self._report.name}: {path}")
        if fitted is None:
            row.setdefault(column.name, None)
            return
        if row.get(column.name) not in (None, fitted):
            raise ValueMisfit(
                f"{self._report.name}: {path}: two spellings of {column.name} disagree"
            )
        row[column.name] = fitted

    def _keep_unknown(self, row: Row | None, path: str, value: Any) -> None:
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


@cache
def _tree_of(report_name: str) -> _Node:
    """The report's catalog entry as a tree over its body."""
    report = REPORTS[report_name]
    root = _Node()
    for table in report.tables:
        for rows in table.rows:
            node = _node_at(root, rows.path)
            if rows.path:
                node.table, node.rows = table, rows
                assert node.item is not None
                node = node.item
            for column in table.columns:
                for path in column.paths:
                    _node_at(node, path).column = column
    for path in report.ignored:
        _node_at(root, path).ignored = True
    return root


def _node_at(node: _Node, path: str) -> _Node:
    """The node at the path, made on the way; a trailing `[]` names the list, not its items."""
    segments = path.split(".") if path else []
    for position, segment in enumerate(segments):
        name = segment.removesuffix("[]")
        if name:
            node = node.children.setdefault(name, _Node())
        if segment.endswith("[]"):
            node.item = node.item or _Node()
            if position < len(segments) - 1:
                node = node.item
    return node


def leaves(value: Any, path: str = "") -> Iterator[str]:
    """The wire paths of all leaves of a body, list items written `[]`."""
    if isinstance(value, dict):
        for name, child in value.items():
            yield from leaves(child, f"{path}.{name}" if path else name)
    elif isinstance(value, list):
        for child in value:
            yield from leaves(child, f"{path}[]")
    else:
        yield path
