"""Nights that take several runs, and reports that hold up no other."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import date, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from sources.help_scout import rounds
from sources.help_scout.coverage import Worth
from sources.help_scout.outcome import Status
from sources.help_scout.settings import Settings
from sources.help_scout.windows import Grain

from .builders import NEW_YORK, at, days, examples
from .nights import DOWN, SHIFTING, Api, Asked, Nights, key_of, windows_since, without_dlt

OVERALL, SERIES = "happiness_overall", "conversations_new"
TOTALS = {OVERALL: ["all"], SERIES: ["all"]}
START = date(2026, 2, 20)
HOUR = timedelta(hours=1)


@pytest.fixture(autouse=True, scope="module")
def in_memory() -> Iterator[None]:
    with without_dlt():
        yield


def warehouse_of(grains: dict[str, list[Grain]], lookback_days: int = 7) -> Nights:
    """An empty warehouse of both reports, whose history begins on 20 February."""
    settings = Settings(
        timezone=NEW_YORK.key,
        start_date=START,
        lookback_days=lookback_days,
        grains=grains,
        breakdowns=TOTALS,
    )
    return Nights(settings, OVERALL, SERIES)


def history(grains: dict[str, list[Grain]], until: datetime) -> list[Asked]:
    """All windows that there are up to there."""
    return [
        (report, "all", window)
        for report, wanted in grains.items()
        for grain in wanted
        for window in windows_since(START, grain, NEW_YORK, until)
    ]


@examples
@given(
    st.lists(st.sampled_from(list(Grain)), min_size=1, unique=True),
    st.integers(1, 30),
    st.integers(4, 40),
    st.integers(0, 47),
)
def test_small_budgets_get_through_a_night_and_ask_for_no_closed_window_twice(
    grains: list[Grain], lookback_days: int, max_requests: int, hours: int
) -> None:
    by_report = {OVERALL: grains, SERIES: [Grain.DAY]}
    warehouse = warehouse_of(by_report, lookback_days)
    warehouse.load(at("2026-03-20T07:00"), Api())
    night, closed = at("2026-04-18T00:00") + hours * HOUR, []
    for number in range(20):
        now, api = night + number * HOUR, Api()
        warehouse.load(now, api, max_requests=max_requests)
        closed += [one for one in api.asked if one[2].end <= now]
        if warehouse.kept[rounds.STATE]["is_over"]:
            break
    assert warehouse.kept[rounds.STATE] == {"started_at": night.isoformat(), "is_over": True}
    assert len(closed) == len(set(closed))
    assert {key: worth.covered_until for key, worth in warehouse.ledger.items()} == {
        key_of(one): one[2].covered_until(now) for one in history(by_report, now)
    }
