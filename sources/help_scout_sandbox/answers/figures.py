"""Arithmetic of the reports: percentages, changes, day counts, and which number types they use."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from ..history.company_time import DAY
from ..history.roster import Roster, iso
from .request import Interval, ReportRequest

Block = dict[str, Any]


def percent(part: float, total: float) -> float:
    """A share from 0.0 to 100.0; 0.0 of nothing."""
    return 100.0 * part / total if total else 0.0


def ratio(part: float, total: float) -> float:
    """A share from 0.0 to 1.0; 0.0 of nothing."""
    return part / total if total else 0.0


def relative(current: float | None, previous: float | None) -> float:
    """The change against the previous value in percent; 0.0 when that was 0 or nothing."""
    if not previous or current is None:
        return 0.0
    return (current - previous) / previous * 100.0


def whole(value: float | None) -> int:
    """A time as whole seconds; 0 when there is none."""
    return round(value or 0)


def number(value: float | None) -> float:
    """A time or rate as a float; 0.0 when there is none."""
    return float(value or 0.0)


def total_days(interval: Interval) -> int:
    """Full days between start and end: January with a 23:59:59 end has 30, as documented."""
    return (interval[1] - interval[0]) // DAY


def rate_days(interval: Interval) -> int:
    """The number of days to divide by: a single day has no full day between start and end."""
    return max(1, total_days(interval))


def dates(interval: Interval) -> Block:
    """The echo of an interval."""
    return {"startDate": iso(interval[0]), "endDate": iso(interval[1])}


def filter_tags(roster: Roster) -> list[Block]:
    """The tags that reports offer as filters, the pseudo-tag for untagged first."""
    tags = [{"id": tag.id, "name": tag.name} for tag in roster.tags]
    return [{"id": 1, "name": "(untagged)"}, *tags]


def compared(
    request: ReportRequest,
    blocks: Sequence[Block],
    changes: Sequence[str],
    points: Sequence[str] = (),
) -> Block:
    """`current` and, when a previous interval was given, `previous` and `deltas`.

    `changes` are the keys with a relative delta, `points` those with a difference.
    """
    if request.previous is None:
        return {"current": blocks[0]}
    current, previous = blocks
    deltas = {key: relative(current[key], previous[key]) for key in changes}
    deltas |= {key: current[key] - previous[key] for key in points}
    return {"current": current, "previous": previous, "deltas": deltas}


def top_rows(
    counts: Sequence[Mapping[int, int]], totals: Sequence[int], how_many: int
) -> list[Block]:
    """The most frequent ids with their shares, compared where a previous interval is given."""
    current = counts[0]
    ranked = sorted(current, key=lambda key: (-current[key], key))[:how_many]
    rows = []
    for key in ranked:
        row: Block = {
            "id": key,
            "count": current[key],
            "percent": percent(current[key], totals[0]),
        }
        if len(counts) == 2:
            before = counts[1].get(key, 0)
            row["previousCount"] = before
            row["previousPercent"] = percent(before, totals[1])
            row["deltaPercent"] = row["percent"] - row["previousPercent"]
        rows.append(row)
    return rows
