"""JSON bodies to rows, by the catalog: pure, one walk over the body, no leaf lost in silence.

Each report's columns are compiled into a tree that mirrors its body. The walk puts every leaf
into its column, leaves out what the catalog ignores with a reason, and keeps what it does not
know: as a new column of the row it stands in, or, where no row holds it, in `extra`.
A value that does not fit its column fails the whole body (ValueMisfit).
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from functools import cache
from typing import Any

from .catalog import ENVELOPES, Column, Report, Rows, Table
from .errors import ValueMisfit, WrongEnvelope
from .reports import REPORTS
from .tables import RESERVED_NAMES
from .values import Row, fit, kind_of, unknown_field

POSITION = "position"
OCCURRENCE = "occurrence"


@dataclass(slots=True)
class Flattened:
    """The rows of one or more bodies, table by table.

    `extra` holds unknown values that stand outside any row, `unknown` the wire paths of all that
    the catalog does not know, list items written `[]`.
    """

    rows: dict[str, list[Row]]
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


def flatten_report(report: Report, bodies: Iterable[tuple[Any, Mapping[str, int]]]) -> Flattened:
    """The rows of the bodies, each given with the columns to stamp on its rows.

    Several bodies are the pages (or parts) of one read: positions count on through them.
    Raises WrongEnvelope or ValueMisfit.
    """
    walk = _Walk(report, Flattened({table.name: [] for table in report.tables}))
    for body, stamps in bodies:
        walk.add(unwrap(report, body), stamps)
    for table in report.tables:
        walk.result.rows[table.name] = _number_and_check_keys(table, walk.result.rows[table.name])
    return walk.result


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


class _Walk:
    """One walk over the bodies of a read."""

    def __init__(self, report: Report, result: Flattened) -> None:
        self._report = report
        self._tree = _tree_of(report.name)
        self._stamps: Mapping[str, int] = {}
        self.result = result

    def add(self, body: Any, stamps: Mapping[str, int]) -> None:
        """Puts the body's leaves into rows."""
        self._stamps = stamps
        main = self._report.tables[0]
        if self._tree.item is not None:
            self._walk_list(self._tree, body, None, "")
            return
        row: Row | None = None
        if main.rows[0].path == "":
            row = self._new_row(main, main.rows[0], None)
        self._walk(self._tree, body, row, "")

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
        siblings = self.result.rows[table.name]
        row: Row = {}
        if parent is not None:
            row.update({name: parent.get(name) for name in table.inherits})
        for name, value in self._stamps.items():
            row[name] = value
        if POSITION in table.key and POSITION not in table.inherits:
            row[POSITION] = len(siblings) + 1
        if rows.metric is not None:
            row["metric"] = rows.metric
        siblings.append(row)
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
        self.result.unknown.add(path)
        if row is None:
            seen = self.result.extra.setdefault(path, [])
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


def _number_and_check_keys(table: Table, rows: list[Row]) -> list[Row]:
    """The rows, each with a key of its own.

    Rows that repeat are numbered where the table wants it. Elsewhere a row that says exactly what
    another one says is that row; two that share a key and differ fail, one would be lost.
    """
    if not table.key:
        return rows
    seen: dict[tuple[Any, ...], int] = {}
    first: dict[tuple[Any, ...], Row] = {}
    natural = [name for name in table.key if name != OCCURRENCE]
    for row in rows:
        key = tuple(row.get(name) for name in natural)
        if None in key:
            lacking = natural[key.index(None)]
            raise ValueMisfit(f"{table.name}: a row lacks {lacking}, which is part of its key")
        seen[key] = seen.get(key, 0) + 1
        if OCCURRENCE in table.key:
            row[OCCURRENCE] = seen[key]
        elif first.setdefault(key, row) != row:
            raise ValueMisfit(
                f"{table.name}: two rows have the same {', '.join(natural)}; one would be lost"
            )
    return rows if OCCURRENCE in table.key else list(first.values())


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
