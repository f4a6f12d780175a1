"""Nights that take several runs, and windows that are repaired later."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from datetime import date, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from sources.help_scout.extract.result import Status, WindowResults
from sources.help_scout.planning import session
from sources.help_scout.planning.request_plan import Read
from sources.help_scout.planning.settings import Settings
from sources.help_scout.planning.windows import Grain
from tests.helpers.builders import NEW_YORK, at, examples
from tests.helpers.nights import (
    DOWN,
    SHIFTING,
    Api,
    Nights,
    Trouble,
    key_of,
    windows_since,
    without_dlt,
)

OVERALL, SERIES = "happiness_overall", "conversations_new"
START = date(2026, 3, 10)
NIGHT = at("2026-03-20T07:00")
HOUR, DAY = timedelta(hours=1), timedelta(days=1)


@pytest.fixture(autouse=True, scope="module")
def in_memory() -> Iterator[None]:
    with without_dlt():
        yield


def nights_of(*reports: str, grains: list[Grain] | None = None, lookback_days: int = 3) -> Nights:
    """An empty warehouse of these reports, whose history begins on 10 March."""
    settings = Settings(
        timezone=NEW_YORK.key,
        start_date=START,
        lookback_days=lookback_days,
        grains={OVERALL: grains or [Grain.DAY], SERIES: [Grain.DAY]},
        breakdowns={OVERALL: ["all"], SERIES: ["all"]},
    )
    return Nights(settings, *reports)


def days_asked(
    warehouse: Nights,
    now: datetime,
    troubles: Mapping[int, Trouble] | None = None,
    max_requests: int | None = None,
) -> list[tuple[str, list[int]]]:
    """The days of the month that a load asks for, read by read."""
    api = Api(troubles)
    warehouse.load(now, api, max_requests=max_requests)
    return [(r.report.name, [window.local_date.day for window in r.wanted]) for r in api.reads]


def each(first: int, last: int) -> list[tuple[str, list[int]]]:
    """Reads of one day each of the overall report."""
    return [(OVERALL, [day]) for day in range(first, last + 1)]


def test_a_run_within_twenty_hours_goes_on_with_the_night_a_later_one_begins_another() -> None:
    warehouse = nights_of(OVERALL, lookback_days=30)
    assert [
        days_asked(warehouse, NIGHT, max_requests=8),
        days_asked(warehouse, NIGHT + 19 * HOUR, max_requests=2),
        days_asked(warehouse, NIGHT + 20 * HOUR),
        days_asked(warehouse, NIGHT + 22 * HOUR),
    ] == [each(10, 17), each(18, 19), each(10, 20), each(10, 21)]


def test_a_window_that_failed_keeps_no_later_one_from_being_read() -> None:
    warehouse = nights_of(OVERALL, lookback_days=30)
    assert [
        days_asked(warehouse, NIGHT, {7: DOWN}),
        days_asked(warehouse, NIGHT + HOUR),
    ] == [each(10, 20), each(10, 20)]


def test_a_window_that_keeps_shifting_is_read_every_night_until_it_holds_still() -> None:
    warehouse = nights_of(OVERALL)
    assert [
        days_asked(warehouse, NIGHT, {0: SHIFTING}),
        days_asked(warehouse, NIGHT + DAY, {0: SHIFTING}),
        days_asked(warehouse, NIGHT + 2 * DAY),
        days_asked(warehouse, NIGHT + 3 * DAY),
    ] == [
        each(10, 20),
        each(10, 10) + each(17, 21),
        each(10, 10) + each(18, 22),
        each(19, 23),
    ]


def test_nights_that_were_missed_are_made_up_for_at_once() -> None:
    warehouse = nights_of(SERIES)
    assert [
        days_asked(warehouse, NIGHT),
        days_asked(warehouse, NIGHT + 10 * DAY),
        days_asked(warehouse, NIGHT + 11 * DAY),
    ] == [
        [(SERIES, list(range(10, 21)))],
        [(SERIES, list(range(17, 31)))],
        [(SERIES, list(range(27, 32)))],
    ]


@examples
@given(
    st.lists(st.sampled_from(list(Grain)), min_size=1, unique=True),
    st.integers(1, 30),
    st.integers(5, 40),
    st.integers(0, 47),
)
def test_small_budgets_get_through_a_night_and_read_each_window_once_and_once_more_when_final(
    grains: list[Grain], lookback_days: int, max_requests: int, hours: int
) -> None:
    warehouse = nights_of(OVERALL, SERIES, grains=grains, lookback_days=lookback_days)
    warehouse.load(NIGHT, Api())
    began, lookback, closed = NIGHT + 28 * DAY + hours * HOUR, lookback_days * DAY, []
    for number in range(20):
        now, api = began + number * HOUR, Api()
        warehouse.load(now, api, max_requests=max_requests)
        closed += [(one, one[2].end + lookback <= now) for one in api.asked if one[2].end <= now]
        if not warehouse.kept[session.STATE]:
            break
    assert warehouse.kept[session.STATE] == {}
    assert len(closed) == len(set(closed))
    for report, wanted in warehouse.settings.grains.items():
        for grain in wanted:
            for window in windows_since(START, Grain(grain), NEW_YORK, began):
                covered = warehouse.ledger[key_of((report, "all", window))].covered_until
                assert covered is not None
                assert window.covered_until(began) <= covered <= window.covered_until(now)


def test_a_repair_that_fails_keeps_the_report_from_no_night() -> None:
    warehouse = nights_of(OVERALL)
    days_asked(warehouse, NIGHT, {0: SHIFTING})  # 10 March is incomplete
    found = days_asked(warehouse, NIGHT + DAY, {0: DOWN})  # its repair fails
    assert found == each(10, 10) + each(17, 21)


class Limited(Api):
    """An API that refuses what is older than its account's history."""

    def results(self, read: Read, now: datetime) -> WindowResults:
        found = super().results(read, now)
        for result in found:
            if result.window.local_date < date(2026, 3, 15):
                result.status, result.http_status = Status.UNAVAILABLE, 403
        return found


def test_days_before_the_plans_history_keep_no_later_day_from_being_loaded() -> None:
    warehouse = nights_of(OVERALL, lookback_days=2)
    for number in range(4):
        warehouse.load(NIGHT + number * DAY, Limited())
    states = {key[3].astimezone(NEW_YORK).day: one for key, one in warehouse.ledger.items()}
    assert [day for day, state in states.items() if state.is_loaded] == list(range(15, 24))
    assert {states[day].status for day in range(10, 15)} == {Status.UNAVAILABLE}
