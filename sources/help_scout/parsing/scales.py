"""Shares whose scale the API does not keep to, decided by the counts that they are made of.

`percentResolvedOnFirstReply` has been seen as 0.357 for 5 of 14 and as 40.769 for a capture of
another account. The catalog says of such a column which two counts make it (`ratio_of`); here
they decide, and what is stored is always on the scale of the column's unit. Pure.
"""

from __future__ import annotations

from collections.abc import Iterable

from ..catalog.model import RATIO, Column, Table
from .coerce import Row


def scale_shares(table: Table, rows: Iterable[Row]) -> None:
    """Puts the shares of the rows on the scale of their columns' units.

    Each block of a body (current, previous) is decided by its own counts. Where they are missing or
    zero, a share above 1 is a percentage. One that stays open is on the scale that another block of
    the same body was found on, else on that of its column.
    """
    shares = [column for column in table.columns if column.ratio_of is not None]
    if not shares:
        return
    for row in rows:
        found = {column.name: _is_percentage(column, row) for column in shares}
        known = {is_percentage for is_percentage in found.values() if is_percentage is not None}
        for column in shares:
            is_percentage = found[column.name]
            if is_percentage is None and len(known) == 1:
                (is_percentage,) = known
            _rescale(column, row, is_percentage)


def _is_percentage(column: Column, row: Row) -> bool | None:
    """Whether the share came as 0 to 100; None when nothing tells."""
    assert column.ratio_of is not None
    share = row.get(column.name)
    part, total = (row.get(name) for name in column.ratio_of)
    if not share:
        return None
    if part and total and part > 0 and total > 0:
        # Ten times the ratio lies between the two scales, as far from the one as from the other.
        return bool(abs(share) > 10 * part / total)
    return True if abs(share) > 1 else None


def _rescale(column: Column, row: Row, is_percentage: bool | None) -> None:
    share = row.get(column.name)
    if share is None or is_percentage is None:
        return
    if column.unit is RATIO and is_percentage:
        row[column.name] = share / 100
    elif column.unit is not RATIO and not is_percentage:
        row[column.name] = share * 100
