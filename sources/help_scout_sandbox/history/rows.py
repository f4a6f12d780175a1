"""Rows on their way into the event history, and when in a day things happen."""

from __future__ import annotations

from dataclasses import dataclass, field
from itertools import accumulate
from random import Random

Row = tuple[object, ...]
IDS_A_DAY = 10_000
HOUR_WEIGHTS = (1, 1, 1, 1, 1, 2, 4, 8, 14, 20, 24, 22, 18, 19, 20, 18, 16, 12, 8, 6, 5, 4, 3, 2)
HOURS = tuple(accumulate(HOUR_WEIGHTS))


@dataclass(slots=True)
class Rows:
    """Rows by table, in the column order in which the history inserts them."""

    events: list[Row] = field(default_factory=list)
    conversations: list[Row] = field(default_factory=list)
    tags: list[Row] = field(default_factory=list)
    ratings: list[Row] = field(default_factory=list)
    chats: list[Row] = field(default_factory=list)
    visits: list[Row] = field(default_factory=list)
    views: list[Row] = field(default_factory=list)
    searches: list[Row] = field(default_factory=list)


def moment(rng: Random, midnight: int, next_midnight: int) -> int:
    """An instant of a local day, by the weights of its hours; the day may have 23 or 25."""
    hour = rng.choices(range(24), cum_weights=HOURS)[0]
    return midnight + (hour * 3_600 + int(rng.random() * 3_600)) % (next_midnight - midnight)
