"""Answers without anything of the account in them: ids renumbered, texts replaced, sizes kept.

By the catalog: of known fields ids get new numbers; words of known lists (statuses, channels, time
zones), dates and measures stay; every other text is replaced. Of fields that the catalog does not
know texts are replaced, too. Equal texts stay equal.
"""

from __future__ import annotations

import re
from functools import cache
from typing import Any
from zoneinfo import available_timezones

from sources.help_scout.catalog.dimension_model import Dimension
from sources.help_scout.catalog.dimensions import DIMENSIONS
from sources.help_scout.catalog.model import ID, INSTANT, LOCAL_DATE, TEXT_ID, Column, Type
from sources.help_scout.parsing.path_tree import Node, tree_of
from sources.help_scout.planning.endpoints import dimension_at, report_at
from sources.help_scout.planning.request_plan import Request

from .replacements import PAGING, WORDS, Replacements

WORD_COLUMNS = frozenset(
    {
        *("conversation_status", "conversation_type", "role", "user_type", "timezone"),
        *("folder_type", "custom_field_type", "workflow_type", "workflow_status", "site_status"),
    }
)
PREVIOUS = "previous"
"""Where series have the buckets of an earlier period: values of the kinds that the report has."""
_DATE = re.compile(r"\d{4}-\d\d-\d\d([T ]\d\d:\d\d(:\d\d(\.\d+)?)?(Z|[+-]\d\d:?\d\d)?)?")


class Anonymizer(Replacements):
    """Replaces what is of the account in bodies of reports and lists."""

    def body(self, request: Request, body: Any) -> Any:
        """The body of the answer to the request."""
        report, dimension = report_at(request.path), dimension_at(request.path)
        if report is not None:
            if isinstance(body, dict) and set(body) == {"report"}:
                return {"report": self._walk(tree_of(report.name), body["report"])}
            return self._walk(tree_of(report.name), body)
        if dimension is not None:
            return self._list(dimension, body)
        return self.unknown(body)

    def _walk(self, node: Node, value: Any) -> Any:
        if value is None:
            return None
        if node.column is not None:
            return self._leaf(node.column, value)
        if isinstance(value, list) and node.item is not None:
            return [self._walk(node.item, item) for item in value]
        if not isinstance(value, dict):
            return self.unknown(value)
        after = {}
        for name, child_value in value.items():
            child = node.children.get(name)
            if child is None:
                after[self.key(name)] = self.unknown(child_value)
            elif child.ignored:
                after[name] = self._ignored(name, child_value)
            else:
                after[name] = self._walk(child, child_value)
        return after

    def _leaf(self, column: Column, value: Any) -> Any:
        if isinstance(value, dict | list):
            return self.unknown(value)
        if column.unit in (ID, TEXT_ID):
            return self.id(value)
        if not isinstance(value, str):
            return self.unknown(value) if column.unit.type is Type.TEXT else value
        if column.unit in (INSTANT, LOCAL_DATE):
            return value if _DATE.fullmatch(value) else self.text(value)
        if column.unit.type in (Type.TEXT, Type.JSON):
            is_word = value in WORDS or value in _zones()
            return value if column.name in WORD_COLUMNS and is_word else self.text(value)
        return value if _is_number(value) else self.text(value)

    def _ignored(self, name: str, value: Any) -> Any:
        """A part of a report that no table has: links, paging, tags to filter by, other periods."""
        if name == "_links":
            return self.links(value)
        if name == "filterTags" and isinstance(value, list):
            return [self._item(DIMENSIONS["tags"], item) for item in value]
        if name in PAGING and isinstance(value, int):
            return value
        return self._other_period(value) if name == PREVIOUS else self.unknown(value)

    def _other_period(self, value: Any) -> Any:
        if isinstance(value, dict):
            return {self.key(name): self._other_period(child) for name, child in value.items()}
        if isinstance(value, list):
            return [self._other_period(child) for child in value]
        if isinstance(value, str) and not _DATE.fullmatch(value):
            return self.text(value)
        return value

    def _list(self, dimension: Dimension, body: Any) -> Any:
        if isinstance(body, list):
            return [self._item(dimension, item) for item in body]
        if not isinstance(body, dict):
            return self.unknown(body)
        after = {}
        for name, value in body.items():
            if name == "_links":
                after[name] = self.links(value)
            elif name in ("_embedded", dimension.envelope) or isinstance(value, list):
                after[self.key(name)] = self._list(dimension, value)
            elif name in PAGING:
                after[name] = self._paging(value)
            else:
                after[self.key(name)] = self.unknown(value)
        return after

    def _paging(self, value: Any) -> Any:
        if isinstance(value, dict):
            return {
                self.key(name): child
                if isinstance(child, int) and name in PAGING
                else self.unknown(child)
                for name, child in value.items()
            }
        return value if isinstance(value, int) else self.unknown(value)

    def _item(self, dimension: Dimension, item: Any) -> Any:
        if not isinstance(item, dict):
            return self.unknown(item)
        columns = {column.paths[0]: column for column in dimension.columns if column.paths}
        inside = {d.inside: d for d in DIMENSIONS.values() if d.parent == dimension.name}
        after = {}
        for name, value in item.items():
            if name == "_links":
                after[name] = self.links(value)
            elif name in inside and isinstance(value, list):
                after[name] = [self._item(inside[name], one) for one in value]
            elif name in columns and value is not None:
                after[name] = self._leaf(columns[name], value)
            else:
                after[self.key(name)] = self.unknown(value)
        return after


@cache
def _zones() -> frozenset[str]:
    return frozenset(available_timezones())


def _is_number(text: str) -> bool:
    try:
        float(text)
    except ValueError:
        return False
    return True
