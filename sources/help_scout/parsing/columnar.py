"""Long lists of a body as columns, in a tenth of the time that a walk over their rows takes.

Only lists about which there is nothing to decide: the catalog knows all of their fields and each
value is of its column's own type. All others are walked, which fits values, keeps what is unknown
and says what is wrong; the rows are the same either way.
"""

from __future__ import annotations

from collections.abc import Mapping
from itertools import chain
from operator import itemgetter
from typing import Any, TypeAlias

import pyarrow as pa
import pyarrow.compute as pc

from ..catalog.model import Column, Table, Type
from .arrow import ARROW_TYPES
from .coerce import Stamps
from .path_tree import Node
from .row_batches import ColumnarRows

_OWN_TYPES: Mapping[Type, frozenset[type]] = {
    Type.BIGINT: frozenset({int}),
    Type.DOUBLE: frozenset({int, float}),
    Type.TEXT: frozenset({str}),
    Type.BOOL: frozenset({bool}),
    Type.TIMESTAMP: frozenset({str}),
}
_WIRE_INSTANT = r"^[12]\d{3}-\d\d-\d\dT\d\d:\d\d:\d\dZ$"
_NOTHING = type(None)

Columns: TypeAlias = dict[str, pa.Array]


def columnar_rows(
    node: Node, items: list[Any], stamps: Mapping[str, Stamps], positions: Mapping[str, int]
) -> dict[str, ColumnarRows] | None:
    """The rows of a list and of the lists inside it, by table; None when they need to be walked.

    `stamps` are each table's, `positions` how many rows of a table came before.
    """
    found: dict[str, ColumnarRows] = {}
    is_plain = _add_list(found, node, items, {}, stamps, positions)
    return found if is_plain else None


def _add_list(
    found: dict[str, ColumnarRows],
    node: Node,
    items: list[Any],
    inherited: Columns,
    stamps: Mapping[str, Stamps],
    positions: Mapping[str, int],
) -> bool:
    """Adds the rows of a list, which inherit columns from those that it stands in; whether that
    could be done."""
    table, item = node.table, node.item
    assert table is not None
    assert item is not None
    if not _is_plain(node, table):
        return False
    columns = {
        **inherited,
        **{
            name: pa.repeat(pa.scalar(value, _type_of(table.column(name))), len(items))
            for name, value in stamps[table.name].items()
        },
    }
    if table.counts_positions:
        before = positions.get(table.name, 0)
        columns["position"] = pa.array(range(before + 1, before + 1 + len(items)), pa.int64())
    inner = _add_values(columns, item, items)
    if inner is None:
        return False
    arrays = [
        columns.get(column.name, pa.nulls(len(items), _type_of(column))) for column in table.columns
    ]
    rows = pa.Table.from_arrays(arrays, names=[column.name for column in table.columns])
    found[table.name] = ColumnarRows(rows)
    for child, lists in inner:
        assert child.table is not None
        if not set(map(type, lists)) <= {list, _NOTHING}:
            return False
        parents = [number for number, one in enumerate(lists) if one for _ in one]
        handed_down = rows.select(list(child.table.inherits)).take(pa.array(parents, pa.int64()))
        down = {name: handed_down[name].combine_chunks() for name in handed_down.column_names}
        values = list(chain.from_iterable(filter(None, lists)))
        if not _add_list(found, child, values, down, stamps, positions):
            return False
    return True


def _is_plain(node: Node, table: Table) -> bool:
    """Whether the rows of the list have nothing but what they say themselves."""
    assert node.rows is not None
    has_labels = any(column.label_of for column in table.columns)
    return not has_labels and not table.keeps_equal_rows and node.rows.metric is None


def _add_values(
    columns: Columns, item: Node, items: list[Any]
) -> list[tuple[Node, list[Any]]] | None:
    """Adds the columns of the items' own values; the lists inside them, or None when not plain."""
    if item.column is not None:  # the items are values themselves
        if None in items:
            return None
        values = [(item, items)]
    else:
        if not set(map(type, items)) <= {dict}:
            return None
        names = set[str]().union(*items)
        if not names <= item.children.keys():
            return None
        values = [(item.children[name], _values_of(name, items)) for name in names]
    inner = []
    for node, found in values:
        if node.ignored:
            continue
        if node.item is not None:
            inner.append((node, found))
        elif node.column is None or node.column.name in columns:
            return None
        else:
            array = _fitted(node.column, found)
            if array is None:
                return None
            columns[node.column.name] = array
    return inner


def _values_of(name: str, items: list[dict[str, Any]]) -> list[Any]:
    try:
        return list(map(itemgetter(name), items))
    except KeyError:
        return [one.get(name) for one in items]


def _fitted(column: Column, values: list[Any]) -> pa.Array | None:
    """The values as the column's type; None when any of them needs fitting."""
    kind = column.unit.type
    if not set(map(type, values)) - {_NOTHING} <= _OWN_TYPES.get(kind, frozenset()):
        return None
    try:
        if kind is not Type.TIMESTAMP:
            array = pa.array(values, type=_type_of(column))
            is_double = kind is Type.DOUBLE
            return None if is_double and not pc.all(pc.is_finite(array)).as_py() else array
        texts = pa.array(values, type=pa.string())
        is_wire = pc.all(pc.match_substring_regex(texts, _WIRE_INSTANT)).as_py()
        return None if is_wire is False else texts.cast(_type_of(column))
    except (pa.ArrowInvalid, OverflowError):
        return None


def _type_of(column: Column) -> pa.DataType:
    return ARROW_TYPES[column.unit.type]
