"""What the probe says of agreement checks, and what follows from what it finds."""

from __future__ import annotations

from datetime import date

import pytest

from pipelines.probes.assumptions import ASSUMPTIONS
from pipelines.probes.consequences import CONSEQUENCES
from pipelines.probes.probe import Certainty
from pipelines.quality.check_runner import CheckKind, CheckVerdict, Result, all_checks
from pipelines.quality.probe_checks import fact_of

FIRST = date(2026, 11, 3)
CHECK = next(check for check in all_checks() if check.kind is CheckKind.AGREEMENT)
OLD, NEW = ("day", date(2026, 10, 1)), ("day", FIRST)


@pytest.mark.parametrize(
    ("result", "standing", "detail"),
    [
        (Result(check=CHECK, verdict=CheckVerdict.HOLDS), Certainty.CONFIRMED, "in what is loaded"),
        (
            Result(check=CHECK, verdict=CheckVerdict.SKIPPED, lacking=("a", "b", "c", "d")),
            Certainty.UNKNOWN,
            "not loaded: a, b, c, …",
        ),
        (
            Result(check=CHECK, verdict=CheckVerdict.DISAGREES, windows=frozenset({OLD, NEW})),
            Certainty.CONTRADICTED,
            "in 1 window of the last four weeks",
        ),
        (
            Result(check=CHECK, verdict=CheckVerdict.DISAGREES, windows=frozenset({OLD})),
            Certainty.CONFIRMED,
            "in the last four weeks; earlier differences: 1 window",
        ),
        (
            Result(check=CHECK, verdict=CheckVerdict.DISAGREES, rows=2),
            Certainty.CONTRADICTED,
            "2 rows in what is loaded",
        ),
    ],
)
def test_a_check_is_told_of_the_last_four_weeks(
    result: Result, standing: Certainty, detail: str
) -> None:
    fact = fact_of(result, FIRST)
    assert (fact.name, fact.verdict, fact.detail) == (f"check_{CHECK.name}", standing, detail)


def test_each_assumption_says_what_follows_where_an_account_contradicts_it() -> None:
    names = [assumption.name for assumption in ASSUMPTIONS]
    assert sorted(CONSEQUENCES) == sorted(names)
