"""Whether a list is believed that came with fewer items than the warehouse knows.

An empty or shortened list would silently drop the windows of every item that is missing. So it is
believed only when several nights in a row saw it so. Until then the known items stay in use.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from enum import StrEnum
from typing import Any, TypeAlias

from ..errors import ApiError

LARGEST_LOSS = 0.1
"""The part of its items that a list may lose from one night to the next and be believed."""
NIGHTS_UNTIL_BELIEVED = 3
ONE_NIGHT = timedelta(hours=20)

ListItem: TypeAlias = tuple[int | None, Mapping[str, Any]]
"""An item with its parent's id, None where the list has no parent."""


class ListStatus(StrEnum):
    """What reading a list came to."""

    LOADED = "loaded"
    PARTIAL = "partial"  # refused for some parents, read well for the others
    INCOMPLETE = "incomplete"  # the API counts more items than it gave
    SHRUNK = "shrunk"  # too many known items are missing to believe it yet
    UNAVAILABLE = "unavailable"  # the API refuses the list: 403 or 404
    FAILED = "failed"

    @property
    def is_problem(self) -> bool:
        """Whether the run is not complete because of it."""
        return self in (ListStatus.INCOMPLETE, ListStatus.SHRUNK, ListStatus.FAILED)


@dataclass(frozen=True, slots=True, kw_only=True)
class GivenList:
    """What the API gave of a list: `refusal` when it gave nothing at all, `problem` when it said
    itself that there is more. Of a list that is asked for item by item of another one (`above`),
    `answered` are the parents whose items should all be here, `refused` those that were refused."""

    items: Sequence[ListItem] = ()
    left_out: int = 0
    problem: str = ""
    refusal: ApiError | None = None
    above: str = ""
    answered: frozenset[int] = frozenset()
    refused: frozenset[int] = frozenset()


@dataclass(frozen=True, slots=True, kw_only=True)
class KnownList:
    """What the warehouse knows of a list: the items that its last good reading found, at
    `read_at`, and the later readings that were not believed, each with its number of items."""

    items: Sequence[ListItem] = ()
    read_at: datetime | None = None
    doubted: Sequence[tuple[datetime, int]] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class ListRead:
    """What reading a list came to: `items` are those that the API gave, `kept` those that only the
    warehouse knows and that this run uses too."""

    status: ListStatus
    seen_at: datetime
    items: Sequence[ListItem] = ()
    kept: Sequence[ListItem] = ()
    left_out: int = 0
    error: str | None = None
    refusal: ApiError | None = field(default=None, compare=False)

    @property
    def used(self) -> list[ListItem]:
        """The items that this run goes by."""
        return [*self.items, *self.kept]


def is_refusal(error: Exception) -> bool:
    """Whether the API answered that it will not give this list."""
    return isinstance(error, ApiError) and error.status in (403, 404)


def weigh(given: GivenList, known: KnownList | None, now: datetime) -> ListRead:
    """What the run takes the list to be, given what the warehouse knows of it, None where it never
    read the list."""
    if given.refusal is not None:
        return _refused(given.refusal, known, now)
    missing = [] if known is None else _missing(given, known)
    notes = [given.problem] if given.problem else []
    status = ListStatus.PARTIAL if given.refused else ListStatus.LOADED
    kept: list[ListItem] = []
    if given.problem:
        status, kept = ListStatus.INCOMPLETE, missing
    elif known is not None and _is_doubtful(len(missing), known, len(given.items), now):
        status, kept = ListStatus.SHRUNK, missing
        notes.append(
            f"{len(missing):,} of {len(known.items):,} known items are missing: they stay in use, "
            f"and are taken as gone after {NIGHTS_UNTIL_BELIEVED} nights"
        )
    if given.refused:
        notes.append(f"refused for some {given.above}: {_some(given.refused)}")
    if given.left_out:
        notes.append(f"left out, since they have no id: {given.left_out:,}")
    is_whole = status in (ListStatus.LOADED, ListStatus.PARTIAL)
    last_good = None if known is None else known.read_at
    return ListRead(
        status=status,
        # The items of the last good reading stay the listed ones: nothing else is known to be.
        seen_at=now if is_whole or last_good is None else last_good,
        items=given.items,
        kept=kept,
        left_out=given.left_out,
        error="; ".join(notes) or None,
    )


def _refused(refusal: ApiError, known: KnownList | None, now: datetime) -> ListRead:
    kept = () if known is None else known.items
    words = f"refused ({refusal.status}): the app's user may not see it, or the account has none"
    return ListRead(
        status=ListStatus.UNAVAILABLE,
        seen_at=now,
        kept=kept,
        error=f"{words}. Known items are used" if kept else words,
        refusal=None if known is not None else refusal,
    )


def _missing(given: GivenList, known: KnownList) -> list[ListItem]:
    """The known items that were not given, but for those of parents that are refused or gone."""
    present = {(parent, item["id"]) for parent, item in given.items}
    return [
        (parent, item)
        for parent, item in known.items
        if (not given.above or parent in given.answered) and (parent, item["id"]) not in present
    ]


def _is_doubtful(missing: int, known: KnownList, given: int, now: datetime) -> bool:
    """Whether too many items are missing, and too few nights saw so few of them."""
    if missing <= LARGEST_LOSS * len(known.items):
        return False
    alike = [at for at, count in known.doubted if given >= (1 - LARGEST_LOSS) * count]
    return _nights([*alike, now]) <= NIGHTS_UNTIL_BELIEVED


def _nights(instants: Iterable[datetime]) -> int:
    """How many nights the readings are of: those within 20 hours are of one."""
    count, last = 0, None
    for instant in sorted(instants):
        if last is None or instant - last >= ONE_NIGHT:
            count, last = count + 1, instant
    return count


def _some(parents: Iterable[int]) -> str:
    ids = sorted(parents)
    more = f" and {len(ids) - 3} more" if len(ids) > 3 else ""
    return ", ".join(map(str, ids[:3])) + more
