"""Rows of marts, those found and those expected: arithmetic and comparison."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import duckdb

from tests.helpers.truth import Row


def change(current: float | None, previous: float | None) -> float | None:
    """A change in percent: None where either is; 0 against a count of 0, as in the API."""
    if current is None or previous is None:
        return None
    return 100 * (current - previous) / previous if previous else 0.0


def share(part: float, total: float) -> float:
    """A share in percent; 0 of nothing, as the API gives it."""
    return 100 * part / total if total else 0.0


def share_of_some(part: float, total: float) -> float | None:
    """A share in percent; None of nothing."""
    return 100 * part / total if total else None


def whole(seconds: float | None) -> int | None:
    """An average of time in the API's whole seconds; None where there was nothing."""
    return None if seconds is None else round(seconds)


def points_between(current: float | None, previous: float | None) -> float | None:
    """A change in points; None where either is none."""
    return None if current is None or previous is None else current - previous


def compared(
    current: Row,
    previous: Row,
    *,
    deltas: Iterable[str] = (),
    points: Iterable[str] = (),
    previous_of: Iterable[str] | None = None,
) -> Row:
    """The current figures, the previous ones, and how those in `deltas` and `points` changed."""
    stems = {name: name.removesuffix("_seconds") for name in deltas}
    return {
        **current,
        **{
            f"previous_{name}": previous[name]
            for name in (current if previous_of is None else previous_of)
        },
        **{f"delta_{stem}_pct": change(current[n], previous[n]) for n, stem in stems.items()},
        **{
            f"delta_{name}_points": points_between(current[name], previous[name]) for name in points
        },
    }


def rows_of(warehouse: Path, mart: str) -> list[Row]:
    """The rows of a mart, by the names of its columns."""
    with duckdb.connect(str(warehouse), read_only=True) as connection:
        found = connection.execute(f"from marts.{mart}")
        names = [column[0] for column in found.description or []]
        return [dict(zip(names, row, strict=True)) for row in found.fetchall()]


def difference(found: list[Row], expected: list[Row]) -> dict[str, Any]:
    """What two tables differ in; nothing when they have the same columns and the same rows."""
    assert expected, "nothing expected is nothing checked"
    if set(found[0]) != set(expected[0]):
        return {"found only": set(found[0]) - set(expected[0]),
                "expected only": set(expected[0]) - set(found[0])}  # fmt: skip
    names = sorted(expected[0])
    here, there = (Counter(tuple(_plain(row[n]) for n in names) for row in rows)
                   for rows in (found, expected))  # fmt: skip
    return {
        side: [dict(zip(names, row, strict=True)) for row in sorted(rows, key=repr)[:4]]
        for side, rows in (("found only", here - there), ("expected only", there - here))
        if rows
    }


def _plain(value: Any) -> Any:
    """Floats to nine digits: the last ones of a sum depend on its order."""
    if isinstance(value, float):
        return float(f"{value:.9g}")
    return value.astimezone(UTC) if isinstance(value, datetime) else value


def without(rows: list[Row], *names: str) -> list[Row]:
    return [{name: value for name, value in row.items() if name not in names} for row in rows]
