"""Random faults of every kind, from dice: the same dice, the same weather."""

from __future__ import annotations

from dataclasses import replace
from random import Random

from sources.help_scout.api.auth import TOKEN_PATH
from sources.help_scout_sandbox import Fault
from sources.help_scout_sandbox.http.faults import FaultKind
from tests.chaos.life import TIMEOUT_SECONDS

KINDS: tuple[FaultKind, ...] = (
    "status",
    "latency",
    "stall",
    "stall_body",
    "truncate",
    "html",
    "drop",
    "reset",
    "short_length",
    "long_length",
    "expire_tokens",
)
"""All but those that change what the account holds: after these nothing could be equal."""
STATUSES = (401, 429, 429, 500, 502, 503, 504)
MOST_SECONDS = 2 * TIMEOUT_SECONDS


def storm(dice: Random, paths: list[str]) -> list[Fault]:
    """Two to six kinds of faults: each scattered over all requests, or in a row on one path."""
    return [_fault(dice, kind, paths) for kind in dice.sample(KINDS, dice.randint(2, 6))]


def _fault(dice: Random, kind: FaultKind, paths: list[str]) -> Fault:
    seconds = dice.uniform(0.01, MOST_SECONDS)
    fault = Fault(path="/*", kind=kind, seconds=seconds, times=None, chance=dice.uniform(0.01, 0.1))
    if kind == "status":
        retry_after = dice.choice((None, 0, 1))
        fault = replace(fault, status=dice.choice(STATUSES), retry_after=retry_after)
    if dice.random() < 0.5:
        path = dice.choice([*paths, TOKEN_PATH])
        times, skip = dice.randint(1, 12), dice.randint(0, 10)
        fault = replace(fault, path=path, times=times, skip=skip, chance=1.0)
    return fault
