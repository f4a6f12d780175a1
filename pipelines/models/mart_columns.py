"""What a mart's columns measure, by their names: the catalog's words, and endings.

Marts say in words what a column means; its unit ends its name, or the catalog has a column of that
name.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from functools import cache

from sources.help_scout.catalog.model import (
    CHANGE,
    COUNT,
    FLAG,
    ID,
    INSTANT,
    LOCAL_DATE,
    ORDINAL,
    PCT,
    POINTS,
    RATE,
    RATIO,
    SECONDS,
    TEXT,
    Column,
    Type,
    Unit,
)

from .mart_runner import Mart
from .table_docs import everything

ENDINGS = {
    "_seconds": SECONDS,
    "_points": POINTS,
    "_ratio": RATIO,
    "_pct": PCT,
    "_count": COUNT,
    "_rank": ORDINAL,
    "_id": ID,
    "_at": INSTANT,
    "_date": LOCAL_DATE,
    "_name": TEXT,
}
BY_TYPE: Mapping[Type, Unit] = {
    Type.BIGINT: COUNT,
    Type.DOUBLE: RATE,
    Type.TEXT: TEXT,
    Type.BOOL: FLAG,
    Type.TIMESTAMP: INSTANT,
    Type.DATE: LOCAL_DATE,
}
_TYPES = {
    "bigint": Type.BIGINT,
    "integer": Type.BIGINT,
    "double": Type.DOUBLE,
    "numeric": Type.DOUBLE,
    "boolean": Type.BOOL,
    "timestamp": Type.TIMESTAMP,
    "date": Type.DATE,
}


def type_of(data_type: str) -> Type:
    """The type that DuckDB or Postgres calls so."""
    return _TYPES.get(data_type.lower().split()[0], Type.TEXT)


def unit_of(name: str, kind: Type) -> Unit:
    """What a column of that name and type measures."""
    known = _catalog().get(name)
    if known is not None and known.unit.type is kind:
        return known.unit
    for ending, unit in ENDINGS.items():
        if name.endswith(ending):
            is_change = unit is PCT and name.startswith(("delta_", "change_"))
            return replace(CHANGE if is_change else unit, type=kind)
    return BY_TYPE[kind]


def mart_column(mart: Mart, name: str, data_type: str) -> Column:
    """The mart's column, described; KeyError when the mart does not say what it means."""
    known = _catalog().get(name)
    return Column(
        name=name,
        unit=unit_of(name, type_of(data_type)),
        description=mart.meaning(name),
        personal=known is not None and known.personal,
    )


@cache
def _catalog() -> dict[str, Column]:
    """The columns of tables whose name means one thing everywhere."""
    found: dict[str, list[Column]] = {}
    for table in everything():
        for column in table.columns:
            found.setdefault(column.name, []).append(column)
    return {
        name: columns[0]
        for name, columns in found.items()
        if len({column.unit for column in columns}) == 1
    }
