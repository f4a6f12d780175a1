"""Values of a body as the types of columns; what does not fit is refused, never bent."""

from __future__ import annotations

import json
import math
from collections.abc import Callable, Container, Mapping, Sequence
from datetime import UTC, datetime
from typing import Any, TypeAlias

import orjson

from ..catalog.model import Column, Type
from ..catalog.naming import snake_case
from ..errors import CoercionError

Row: TypeAlias = dict[str, Any]
TableRows: TypeAlias = Mapping[str, Sequence[Row]]
"""Rows by their table's name."""

Stamps: TypeAlias = Mapping[str, int | str]
"""Columns that the request gives to all rows of a body, where their table has them."""

_BLOCK_PREFIXES = {"current": "", "previous": "previous_", "deltas": "delta_"}
_BIGINT_BOUND = 2**63
_DOUBLE_EXACT_BOUND = 2**53


def coerce(column: Column, value: Any, where: str) -> Any:
    """The value as its column's type; CoercionError, which says `where`, when it does not fit."""
    try:
        return _FIT[column.unit.type](value)
    except (TypeError, ValueError, OverflowError):
        raise CoercionError(
            f"{where}: {kind_of(value)} does not fit the column {column.name} ({column.unit.type})"
        ) from None


def unknown_field(path: str, value: Any, taken: Container[str], row: Container[str]) -> Row:
    """A field that the catalog does not know, as a column of its row; null gives none.

    Numbers become doubles (a whole number today may be a fraction tomorrow), nested values JSON.
    Names that are `taken` get a prefix; of two fields of one `row` that come to the same name
    the second gets a number.
    """
    if value is None:
        return {}
    stem = _unknown_column_name(path)
    while stem in taken:
        stem = f"wire_{stem}"
    name, number = stem, 1
    while name in row or name in taken:
        number += 1
        name = f"{stem}_{number}"
    if isinstance(value, int) and abs(value) > _DOUBLE_EXACT_BOUND:
        return {name: str(value)}
    if isinstance(value, bool | str):
        return {name: value}
    if isinstance(value, int | float):
        return {name: float(value)}
    return {name: as_json(value)}


def as_json(value: Any) -> str:
    """The value as JSON, whole numbers of any length included."""
    try:
        return orjson.dumps(value).decode()
    except TypeError:  # more than 64 bits
        return json.dumps(value, ensure_ascii=False, separators=(",", ":"))


def _unknown_column_name(path: str) -> str:
    """The column for a field that the catalog does not know: the block as a prefix, no unit."""
    block, _, rest = path.partition(".")
    if rest and block in _BLOCK_PREFIXES:
        return _BLOCK_PREFIXES[block] + snake_case(rest)
    return snake_case(path)


def whole_number(value: Any) -> int | None:
    """The value as a whole number, None when it is none: 3, 3.0 and "3" are."""
    try:
        return _fit_bigint(value)
    except (TypeError, ValueError, OverflowError):
        return None


def instant(value: Any) -> datetime | None:
    """The value as an instant, None when it is none."""
    if isinstance(value, datetime):
        return value
    try:
        return _fit_instant(value)
    except (TypeError, ValueError, OverflowError):  # the first and last day of all time overflow
        return None


def _fit_bigint(value: Any) -> int:
    if isinstance(value, bool):
        raise TypeError
    if isinstance(value, str):
        value = int(value) if value.lstrip("-").isdecimal() else float(value)
    if not isinstance(value, int | float) or value != int(value):
        raise TypeError
    if not -_BIGINT_BOUND <= value < _BIGINT_BOUND:
        raise OverflowError
    return int(value)


def _fit_double(value: Any) -> float:
    if isinstance(value, bool) or not isinstance(value, int | float | str):
        raise TypeError
    number = float(value)
    if not math.isfinite(number):
        raise ValueError
    return number


def _fit_text(value: Any) -> str:
    if isinstance(value, str):
        return value
    if isinstance(value, bool) or not isinstance(value, int | float):
        raise TypeError
    return str(value)


def _fit_bool(value: Any) -> bool:
    if isinstance(value, bool | int) and value in (0, 1):
        return bool(value)
    raise TypeError


def _fit_instant(value: Any) -> datetime | None:
    if not isinstance(value, str):
        raise TypeError
    if not value:
        return None
    instant = datetime.fromisoformat(value)
    return instant.replace(tzinfo=instant.tzinfo or UTC).astimezone(UTC)


_FIT: Mapping[Type, Callable[[Any], Any]] = {
    Type.BIGINT: _fit_bigint,
    Type.DOUBLE: _fit_double,
    Type.TEXT: _fit_text,
    Type.BOOL: _fit_bool,
    Type.TIMESTAMP: _fit_instant,
    Type.JSON: as_json,
}


def kind_of(value: Any) -> str:
    """What a value is, in words that give none of it away."""
    if value is None:
        return "nothing"
    names = {dict: "an object", list: "a list", str: "a text", bool: "true or false"}
    return names.get(type(value), "a number")
