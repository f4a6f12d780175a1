"""Night after night: every window becomes final, and none is asked for more often than it must."""

from __future__ import annotations

from bisect import bisect_left, bisect_right
from collections import defaultdict
from dataclasses import dataclass
from datetime import datetime, timedelta
from itertools import pairwise
from zoneinfo import ZoneInfo

import pytest
from freezegun import freeze_time

from sources.help_scout.api.client import utc_now
from sources.help_scout.planning.settings import Settings
from sources.help_scout.planning.windows import Grain, local_midnight
from tests.helpers.nights import Api, Asked, Nights, key_of, windows_since, without_dlt

OVERALL, SERIES = "happiness_overall", "conversations_new"
GRAINS = {OVERALL: list(Grain), SERIES: [Grain.DAY]}
ZONES = [
    "America/New_York",
    "Australia/Adelaide",
    "Australia/Lord_Howe",
    "America/Santiago",
    "UTC",
]
FIRST_NIGHT = datetime(2025, 3, 1, 3, 15)  # noqa: DTZ001  local time
COUNT = 400
LOOKBACK = timedelta(days=7)
CLOCKLESS = "sources.help_scout.planning.windows"
"""Reads no clock, and would be half as slow again with frozen datetimes."""


@dataclass(frozen=True, kw_only=True)
class Past:
    """What all the nights asked for and left. `history` are the windows that there are."""

    start: datetime
    nights: list[datetime]
    warehouse: Nights
    asked: dict[Asked, list[datetime]]
    history: list[Asked]


@pytest.fixture(scope="module", params=ZONES)
def past(request: pytest.FixtureRequest) -> Past:
    """400 nights, each at a quarter past three, with a history of 90 days before the first."""
    zone = ZoneInfo(request.param)
    total = dict.fromkeys(GRAINS, ("all",))
    settings = Settings(timezone=zone.key, grains=GRAINS, breakdowns=total)
    nights: list[datetime] = []
    asked: dict[Asked, list[datetime]] = defaultdict(list)
    warehouse = Nights(settings, *GRAINS)
    with without_dlt(), freeze_time(ignore=[CLOCKLESS], real_asyncio=True) as clock:
        for number in range(COUNT):
            clock.move_to((FIRST_NIGHT + timedelta(days=number)).replace(tzinfo=zone))
            nights.append(utc_now())
            api = Api()
            warehouse.load(nights[-1], api)
            for one in api.asked:
                asked[one].append(nights[-1])
    first_day = FIRST_NIGHT.date() - timedelta(days=90)
    history = [
        (report, "all", window)
        for report, grains in GRAINS.items()
        for grain in grains
        for window in windows_since(first_day, grain, zone, nights[-1])
    ]
    return Past(
        start=local_midnight(first_day, zone),
        nights=nights,
        warehouse=warehouse,
        asked=asked,
        history=history,
    )


def test_the_nights_are_a_day_apart_by_the_companys_clocks(past: Past) -> None:
    lengths = {after - before for before, after in pairwise(past.nights)}
    day, change = timedelta(days=1), timedelta(hours=1)
    assert len(past.nights) == COUNT
    assert lengths in ({day}, {day - change, day, day + change},
                       {day - change / 2, day, day + change / 2})  # fmt: skip


def test_each_window_of_the_history_is_in_the_ledger_and_no_other(past: Past) -> None:
    assert set(past.warehouse.ledger) == {key_of(one) for one in past.history}


@pytest.mark.parametrize("report", GRAINS)
def test_the_windows_asked_for_tile_the_history(past: Past, report: str) -> None:
    for grain in GRAINS[report]:
        row = sorted(w for name, _, w in past.asked if (name, w.grain) == (report, grain))
        assert [window.end for window in row[:-1]] == [window.start for window in row[1:]]
        assert row[0].start <= past.start < row[0].end
        assert row[-1].start < past.nights[-1] < row[-1].end


def test_every_window_is_final_when_its_lookback_is_over(past: Past) -> None:
    finals = {one: past.warehouse.ledger[key_of(one)].is_final for one in past.history}
    assert finals == {one: one[2].end + LOOKBACK <= past.nights[-1] for one in past.history}


def test_a_window_is_asked_for_from_its_first_night_to_the_one_that_makes_it_final(
    past: Past,
) -> None:
    def demanded(one: Asked) -> list[datetime]:
        first = bisect_right(past.nights, one[2].start)
        last = bisect_left(past.nights, one[2].end + LOOKBACK)
        return past.nights[first : last + 1]

    assert past.asked == {one: demanded(one) for one in past.history}


def test_a_window_takes_a_read_a_night_of_its_own_and_of_the_lookback_and_one_more(
    past: Past,
) -> None:
    found = defaultdict(set)
    for (_, _, window), nights in past.asked.items():
        is_followed = window.start >= past.nights[0] and window.end + LOOKBACK <= past.nights[-1]
        if is_followed:
            found[window.grain].add(len(nights))
    assert found == {Grain.DAY: {9}, Grain.WEEK: {15}, Grain.MONTH: {28 + 8, 30 + 8, 31 + 8}}
