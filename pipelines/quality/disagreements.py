"""What earlier runs of the checks say about a disagreement: since when there is one, whether it is
news, and whether what disagrees was read again before.

Reports of Help Scout may disagree for good. So a disagreement is read again once, and not every
night: only a check that has held since may have its windows read again.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime, tzinfo

from dlt.pipeline.pipeline import Pipeline

from .check_results import Earlier, earlier_results
from .check_runner import CheckKind, CheckVerdict, Result

NIGHTS_UNTIL_NEWS = 14
"""Nights that an agreement must have held for, so that it is news when it breaks."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Past:
    """What earlier runs found by a check: since when it has found rows in each of them, on how many
    local days on end it held before now, and whether what it found was read again since it last
    held."""

    since: datetime | None = None
    nights_held: int = 0
    was_read_again: bool = False


def past_of(earlier: Sequence[Earlier], zone: tzinfo) -> Past:
    """The past of a check, of what earlier runs found, oldest first."""
    held = [one.verdict == CheckVerdict.HOLDS for one in earlier]
    last_held = max((n for n, has in enumerate(held) if has), default=-1)
    streak = earlier[last_held + 1 :]
    if streak:
        return Past(
            since=streak[0].checked_at, was_read_again=any(one.read_again for one in streak)
        )
    days = set()
    for one in reversed(earlier):
        if one.verdict != CheckVerdict.HOLDS:
            break
        days.add(one.checked_at.astimezone(zone).date())
    return Past(nights_held=len(days))


def pasts_of(
    pipeline: Pipeline, account: str, results: Sequence[Result], zone: tzinfo
) -> dict[str, Past]:
    """The past of each check that found rows, by its name."""
    names = [result.check.name for result in results if result.rows]
    found = earlier_results(pipeline, account, names)
    return {name: past_of(earlier, zone) for name, earlier in found.items()}


def with_pasts(
    results: Sequence[Result],
    pasts: Mapping[str, Past],
    now: datetime,
    read_again: Collection[str] = (),
) -> list[Result]:
    """The results with what their pasts say; those of the checks named `read_again` had what
    disagreed read again."""
    return [
        replace(
            result,
            since=(past.since or now) if (past := pasts.get(result.check.name)) else None,
            is_news=past is not None and _is_news(result, past),
            read_again=result.check.name in read_again,
        )
        for result in results
    ]


def _is_news(result: Result, past: Past) -> bool:
    is_agreement = result.check.kind is CheckKind.AGREEMENT and result.check.level is None
    return is_agreement and past.nights_held >= NIGHTS_UNTIL_NEWS


def news_of(result: Result) -> str:
    """That an agreement which held for long does not hold any more."""
    return (
        f"the check {result.check.name} held for {NIGHTS_UNTIL_NEWS} nights or more and now finds "
        f"that reports disagree: {result.check.sentence}"
    )
