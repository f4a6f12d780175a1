"""Nights that are missed, fail, are killed or run out of budget: later ones make up for them."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from zoneinfo import ZoneInfo, available_timezones

import pytest
from hypothesis import given
from hypothesis import strategies as st

from sources.help_scout.extract.result import Status
from sources.help_scout.planning.settings import Settings
from sources.help_scout.planning.windows import Grain, local_midnight
from tests.helpers.builders import examples
from tests.helpers.nights import (
    ABSENT,
    DOWN,
    FORBIDDEN,
    MISMATCHED,
    SHIFTING,
    Api,
    Asked,
    Nights,
    Trouble,
    key_of,
    windows_since,
    without_dlt,
)

OVERALL, SERIES = "happiness_overall", "conversations_new"
ODD_ZONES = [
    "America/Havana",  # clocks change at midnight
    "America/Santiago",
    "Asia/Kathmandu",
    "Australia/Lord_Howe",  # by half an hour
    "Africa/Casablanca",
    "Asia/Pyongyang",
    "Pacific/Apia",  # skipped a day
    "Pacific/Chatham",
]
BY_SERIES = [Grain.DAY, Grain.WEEK]
LONGEST, AN_HOUR = timedelta(days=31), timedelta(hours=1)


@dataclass(frozen=True, kw_only=True)
class Night:
    """A load, so many hours before the next; an interval or a backfill when one is asked for.

    `to_midnight` moves it near the local day's beginning. What goes wrong in it: windows by the
    order in which they are asked for, a budget that ends it, the chunk in which it is killed.
    """

    hours: float
    to_midnight: timedelta | None
    troubles: dict[int, Trouble]
    max_requests: int | None
    killed_in: int | None
    backfill: bool
    days_ago: tuple[int, int] | None

    def load(self, warehouse: Nights, now: datetime) -> Api:
        """Loads into the warehouse; the API that was asked."""
        interval = {}
        if self.days_ago is not None:
            since, until = (now.date() - timedelta(days=days) for days in self.days_ago)
            interval = {"since": str(since), "until": str(until)}
        api = Api(self.troubles, seconds=1)
        warehouse.load(
            now,
            api,
            max_requests=self.max_requests,
            killed_in=self.killed_in,
            backfill=self.backfill,
            **interval,
        )
        return api


@dataclass(frozen=True, kw_only=True)
class Story:
    """An account's settings, when its first night is, and its nights."""

    settings: Settings
    first_night: datetime
    nights: list[Night]

    @property
    def zone(self) -> ZoneInfo:
        return ZoneInfo(self.settings.timezone or "")

    def instants(self) -> Iterator[tuple[Night, datetime]]:
        """The nights, and when they are."""
        now, last = self.first_night, self.first_night - AN_HOUR
        for night in self.nights:
            if night.to_midnight is not None:
                midnight = local_midnight(now.astimezone(self.zone).date(), self.zone)
                now = max(midnight + night.to_midnight, last + AN_HOUR)
            yield night, now
            now, last = now + timedelta(hours=night.hours), now

    @property
    def healed_at(self) -> datetime:
        """So long after the last night that all that it could ask for can be final."""
        *_, (_, last) = self.instants()
        return last + LONGEST + self.settings.lookback

    def history(self, until: datetime) -> list[Asked]:
        """All that is to be asked for of the time from the history's start up to there."""
        first_day = self.settings.start_date
        assert first_day is not None
        return [
            (report, slice_text, window)
            for report, grains in self.settings.grains.items()
            for slice_text in self.settings.breakdowns[report]
            for grain in grains
            for window in windows_since(first_day, Grain(grain), self.zone, until)
            if self.settings.include_open_windows or window.end <= until
        ]


zones = st.sampled_from(ODD_ZONES) | st.sampled_from(sorted(available_timezones()))
bad = st.sampled_from([DOWN, FORBIDDEN, MISMATCHED, SHIFTING, ABSENT])
nights = st.builds(
    Night,
    hours=st.integers(1, 40) | st.floats(1, 72) | st.integers(1, 45 * 24),
    to_midnight=st.none() | st.sampled_from([timedelta(0), timedelta(seconds=-3), AN_HOUR]),
    troubles=st.dictionaries(st.integers(0, 60), bad, max_size=5),
    max_requests=st.none() | st.integers(0, 20),
    killed_in=st.none() | st.integers(0, 2),
    backfill=st.sampled_from([False, False, False, True]),
    days_ago=st.none()
    | st.none()
    | st.tuples(st.integers(2, 120), st.integers(-1, 60)).filter(lambda days: days[0] > days[1]),
)
instants = st.datetimes(
    datetime(2011, 6, 1),  # noqa: DTZ001
    datetime(2030, 12, 30),  # noqa: DTZ001
    timezones=st.just(UTC),
)


@st.composite
def stories(draw: st.DrawFn) -> Story:
    first_night = draw(instants | instants.map(lambda now: now.replace(hour=0, minute=0, second=0)))
    slices = st.sampled_from([["all"], ["all", "type=chat"]])
    settings = Settings(
        timezone=draw(zones),
        start_date=first_night.date() - timedelta(days=draw(st.integers(2, 70))),
        lookback_days=draw(st.integers(1, 30)),
        grains={
            OVERALL: draw(st.lists(st.sampled_from(list(Grain)), min_size=1, unique=True)),
            SERIES: draw(st.lists(st.sampled_from(BY_SERIES), min_size=1, unique=True)),
        },
        breakdowns={OVERALL: ["all"], SERIES: draw(slices)},
        include_open_windows=draw(st.booleans()),
    )
    return Story(
        settings=settings,
        first_night=first_night,
        nights=draw(st.lists(nights, min_size=1, max_size=8)),
    )


@pytest.fixture(autouse=True, scope="module")
def in_memory() -> Iterator[None]:
    with without_dlt():
        yield


@examples
@given(stories())
def test_two_good_nights_make_up_for_all_that_is_missing(story: Story) -> None:
    """Two, since what was refused is repaired the night after it was answered again."""
    warehouse = Nights(story.settings, OVERALL, SERIES)
    asked: set[Asked] = set()
    for night, now in story.instants():
        asked.update(night.load(warehouse, now).asked)
    now = story.healed_at
    stored = {one for one in asked if key_of(one) in warehouse.ledger}
    warehouse.load(now, Api())
    wanted = story.history(now)
    warehouse.load(now + timedelta(hours=30), Api())
    lookback = story.settings.lookback
    ledger = {key: (state.status, state.is_final) for key, state in warehouse.ledger.items()}
    for one in stored.union(wanted):
        status, is_final = ledger[key_of(one)]
        assert status is Status.LOADED
        assert is_final or one[2].end + lookback > now


@examples
@given(stories())
def test_no_night_asks_for_a_window_twice_or_for_one_that_is_final(story: Story) -> None:
    warehouse = Nights(story.settings, OVERALL, SERIES)
    for night, now in story.instants():
        final = {key for key, state in warehouse.ledger.items() if state.is_final}
        asked = night.load(warehouse, now).asked
        assert len(asked) == len(set(asked))
        if night.days_ago is None:
            assert final.isdisjoint(map(key_of, asked))


@examples
@given(stories(), st.integers(0, 1000))
def test_what_is_planned_is_what_is_asked_for_whatever_the_ledgers_order(
    story: Story, seed: int
) -> None:
    warehouse = Nights(story.settings, OVERALL, SERIES)
    for night, now in story.instants():
        night.load(warehouse, now)
    planned = warehouse.plan(now)
    assert warehouse.plan(now) == planned
    warehouse.shuffle(seed)
    assert warehouse.plan(now) == planned
    api = Api()
    warehouse.load(now, api)
    assert api.reads == planned
