"""A report's catalog entry as a tree over its body: where each column's values stand."""

from __future__ import annotations

from dataclasses import dataclass, field
from functools import cache

from ..catalog.model import Column, Rows, Table
from ..catalog.reports import REPORTS


@dataclass(slots=True)
class Node:
    """One place in a body: a group of children, a column's leaf, or a list of rows.

    Of a leaf that the wire spells in several ways `spelling` is the place of this one among its
    column's paths: the first is the documented one.
    """

    children: dict[str, Node] = field(default_factory=dict)
    column: Column | None = None
    spelling: int = 0
    ignored: bool = False
    item: Node | None = None
    table: Table | None = None
    rows: Rows | None = None


@cache
def tree_of(report_name: str) -> Node:
    """The tree of a report's body."""
    report = REPORTS[report_name]
    root = Node()
    for table in report.tables:
        for rows in table.rows:
            node = _node_at(root, rows.path)
            if rows.path:
                node.table, node.rows = table, rows
                assert node.item is not None
                node = node.item
            for column in table.columns:
                for spelling, path in enumerate(column.paths):
                    leaf = _node_at(node, path)
                    leaf.column, leaf.spelling = column, spelling
    for path in report.ignored:
        _node_at(root, path).ignored = True
    return root


def _node_at(node: Node, path: str) -> Node:
    """The node at the path, made on the way; a trailing `[]` names the list, not its items."""
    segments = path.split(".") if path else []
    for position, segment in enumerate(segments):
        name = segment.removesuffix("[]")
        if name:
            node = node.children.setdefault(name, Node())
        if segment.endswith("[]"):
            node.item = node.item or Node()
            if position < len(segments) - 1:
                node = node.item
    return node
