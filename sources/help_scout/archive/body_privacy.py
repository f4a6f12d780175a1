"""Bodies as they may be kept: personal leaves are hashed or dropped, as their columns are.

A load of what comes out gives the rows that a load of the body itself gives, with the same privacy
or a stricter one. One thing differs: values outside of any row that the catalog does not know are
hashed one by one here, and together in `unknown_values`.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any

from ..catalog.dimension_model import Dimension
from ..catalog.dimensions import DIMENSIONS
from ..catalog.model import Column, Report, Table
from ..parsing.coerce import as_json
from ..parsing.path_tree import Node, tree_of
from ..parsing.redaction import CUSTOMERS_OF, REMOVED, UNKNOWN, Privacy
from ..planning.endpoints import dimension_at, report_at
from ..planning.request_plan import Request

LARGEST_NUMBER = 2**53  # what is beyond it is stored as text
HYPERMEDIA = ("_links",)
PAGING = frozenset({"page", "pages", "count"})


def protect_body(privacy: Privacy, request: Request, body: Any) -> Any:
    """The body as it may be kept: the same object where nothing is to be changed."""
    if privacy.changes_nothing:
        return body
    report, dimension = report_at(request.path), dimension_at(request.path)
    if report is not None:
        return _ReportBody(report, privacy).protect(body)
    if dimension is not None:
        return _protect_list(dimension, privacy, body)
    return _unknown(privacy, body)


@dataclass(slots=True)
class _Place:
    """The row that a leaf stands in: its table, and whether it is a forgotten customer's."""

    table: Table
    is_forgotten: bool = False
    removed: dict[str, dict[Any, int]] = field(default_factory=dict)


class _ReportBody:
    """The body of one report."""

    def __init__(self, report: Report, privacy: Privacy) -> None:
        self._report = report
        self._privacy = privacy
        self._tree = tree_of(report.name)
        self._named: set[int] = set()
        self._theirs: set[int] = set()

    def protect(self, body: Any) -> Any:
        if isinstance(body, dict) and set(body) == {"report"}:
            return {"report": self.protect(body["report"])}
        if self._privacy.forgets:
            self._find_theirs(self._tree, body, {})
        if self._tree.item is not None:
            return self._list(self._tree, body, {})
        main = self._report.tables[0]
        place = _Place(main) if main.rows[0].path == "" else None
        return self._walk(self._tree, body, place, {})

    def _find_theirs(self, node: Node, value: Any, inherited: Mapping[str, Any]) -> None:
        """Notes the conversations that lists of customers name, and those of forgotten ones."""
        if node.ignored or node.column is not None:
            return
        if isinstance(value, list) and node.item is not None and node.table is not None:
            for item in value:
                row = {**inherited, **_values(node.item, item)}
                if node.table.name.endswith(CUSTOMERS_OF) and "conversation_id" in row:
                    self._named.add(row["conversation_id"])
                    if self._privacy.is_forgotten(row.get("customer_id")):
                        self._theirs.add(row["conversation_id"])
                self._find_theirs(node.item, item, row)
        elif isinstance(value, dict):
            for name, child in value.items():
                if name in node.children:
                    self._find_theirs(node.children[name], child, inherited)

    def _walk(self, node: Node, value: Any, place: _Place | None, row: Mapping[str, Any]) -> Any:
        if value is None:
            return None
        if node.column is not None:
            return value if place is None else self._leaf(node.column, value, place)
        if not isinstance(value, dict):
            return self._unknown(value, place)
        after = {}
        for name, child_value in value.items():
            child = node.children.get(name)
            if child is None:
                after[name] = self._unknown(child_value, place)
            elif child.ignored:
                after[name] = self._ignored(name, child_value)
            elif child.item is not None:
                after[name] = self._list(child, child_value, row)
            else:
                after[name] = self._walk(child, child_value, place, row)
        return after

    def _list(self, node: Node, value: Any, inherited: Mapping[str, Any]) -> Any:
        if not isinstance(value, list) or node.item is None or node.table is None:
            return self._unknown(value, None) if value not in (None, {}) else value
        removed: dict[str, dict[Any, int]] = {}
        after = []
        for item in value:
            row = {**inherited, **_values(node.item, item)} if self._privacy.forgets else {}
            place = _Place(node.table, self._is_forgotten(node.table, row), removed)
            after.append(self._walk(node.item, item, place, row))
        return after

    def _is_forgotten(self, table: Table, row: Mapping[str, Any]) -> bool:
        """As the load decides it for a row."""
        if not self._privacy.forgets:
            return False
        email = row.get("customer_email") if table.has_column("customer_email") else None
        customer = row.get("customer_id") if table.has_column("customer_id") else None
        if self._privacy.is_forgotten(customer, email):
            return True
        if not table.has_column("conversation_id"):
            return False
        conversation = row.get("conversation_id")
        is_nobodys = (
            table.has_column("customer_email") and email is None and conversation not in self._named
        )
        return is_nobodys or conversation in self._theirs

    def _leaf(self, column: Column, value: Any, place: _Place) -> Any:
        if not column.personal:
            return value
        mode = self._privacy.mode_of(place.table.name, column.name)
        is_key = column.name in place.table.key
        if place.is_forgotten and not is_key:
            return None
        if mode == "keep":
            return value
        if mode == "hash":
            text = value if isinstance(value, str) else as_json(value)
            return self._privacy.hash_in(column.name, text)
        if not is_key:
            return None
        # What tells rows apart stays apart, and equal where it was equal.
        seen = place.removed.setdefault(column.name, {})
        return f"{REMOVED} {seen.setdefault(as_json(value), len(seen) + 1)}"

    def _unknown(self, value: Any, place: _Place | None) -> Any:
        if place is not None and place.is_forgotten:
            return None
        return _unknown(self._privacy, value, numbers_too=place is None)

    def _ignored(self, name: str, value: Any) -> Any:
        if name == "filterTags" and isinstance(value, list):
            return [_protect_item(DIMENSIONS["tags"], self._privacy, item) for item in value]
        if name in HYPERMEDIA or (name in PAGING and isinstance(value, int)):
            return value
        return _each_text(self._privacy, value)


def _values(node: Node, item: Any) -> dict[str, Any]:
    """The values of an item by their columns, those of lists inside it left out."""
    if node.column is not None:
        return {node.column.name: item}
    found: dict[str, Any] = {}
    if isinstance(item, dict):
        for name, value in item.items():
            child = node.children.get(name)
            if child is not None and child.item is None and value is not None:
                found.update(_values(child, value))
    return found


def _unknown(privacy: Privacy, value: Any, *, numbers_too: bool = False) -> Any:
    """A value that the catalog does not know, as the load stores it."""
    is_text = isinstance(value, str | dict | list) or (
        isinstance(value, int) and abs(value) > LARGEST_NUMBER
    )
    mode = privacy.mode_of(UNKNOWN, UNKNOWN)
    if value is None or mode == "keep" or not (is_text or numbers_too):
        return value
    if mode == "drop":
        return REMOVED
    text = value if isinstance(value, str) else as_json(value)
    return privacy.hash_in(UNKNOWN, text)


def _each_text(privacy: Privacy, value: Any) -> Any:
    """A part of a body that no load reads: its shape stays, its texts do not."""
    if isinstance(value, dict):
        return {name: _each_text(privacy, child) for name, child in value.items()}
    if isinstance(value, list):
        return [_each_text(privacy, child) for child in value]
    return _unknown(privacy, value)


def _protect_list(dimension: Dimension, privacy: Privacy, body: Any) -> Any:
    """A page of a list: its items' personal fields are protected, its paging stays."""
    if isinstance(body, list):
        return [_protect_item(dimension, privacy, item) for item in body]
    places = [place.split(".") for place in dimension.items if place]
    return dict(_protect_page(dimension, privacy, body, places)) if isinstance(body, dict) else body


def _protect_page(
    dimension: Dimension, privacy: Privacy, body: Mapping[str, Any], places: list[list[str]]
) -> Iterator[tuple[str, Any]]:
    for name, value in body.items():
        inside = [place[1:] for place in places if place[0] == name]
        if isinstance(value, list) and [] in inside:
            yield name, [_protect_item(dimension, privacy, item) for item in value]
        elif isinstance(value, dict) and inside:
            yield name, dict(_protect_page(dimension, privacy, value, [p for p in inside if p]))
        elif name in HYPERMEDIA or name == "page":
            yield name, value
        else:
            yield name, _each_text(privacy, value)


def _protect_item(dimension: Dimension, privacy: Privacy, item: Any) -> Any:
    if not isinstance(item, dict):
        return _unknown(privacy, item)
    columns = {column.paths[0]: column for column in dimension.columns if column.paths}
    inside = {d.inside: d for d in DIMENSIONS.values() if d.parent == dimension.name and d.inside}
    after: dict[str, Any] = {}
    for name, value in item.items():
        column = columns.get(name)
        if value is None or name in HYPERMEDIA:
            after[name] = value
        elif name in inside and isinstance(value, list):
            after[name] = [_protect_item(inside[name], privacy, one) for one in value]
        elif column is None:
            after[name] = _unknown(privacy, value)
        elif not column.personal:
            after[name] = value
        else:
            after[name] = _personal(privacy, privacy.mode_of(dimension.name, column.name), column,
                                    value)  # fmt: skip
    return after


def _personal(privacy: Privacy, mode: str, column: Column, value: Any) -> Any:
    if mode == "keep":
        return value
    text = value if isinstance(value, str) else as_json(value)
    return privacy.hash_in(column.name, text) if mode == "hash" else None
