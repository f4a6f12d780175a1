"""Nights that are missed, fail, are killed or run out of budget: what lacks is made up for."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta
from zoneinfo import ZoneInfo, available_timezones

import pytest
from hypothesis import given
from hypothesis import strategies as st

from sources.help_scout.outcome import Status
from sources.help_scout.settings import Settings
from sources.help_scout.windows import Grain

from .builders import examples
from .nights import Api, Asked, Nights, key_of, windows_since, without_dlt

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
LONGEST = timedelta(days=31)


@dataclass(frozen=True, kw_only=True)
class Night:
    """A night, so many hours after the one before, and what goes wrong in it: windows by the
    order in which they are asked for, a budget, the chunk in which the load is killed."""

    hours: float
    troubles: dict[int, Status]
    max_requests: int | None
    killed_in: int | None


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
        now = self.first_night
        for night in self.nights:
            now += timedelta(hours=night.hours)
            yield night, now

    @property
    def healed_at(self) -> datetime:
        """So long after the last night that all that it could ask for can be final."""
        *_, (_, last) = self.instants()
        return last + LONGEST + self.settings.lookback


zones = st.sampled_from(ODD_ZONES) | st.sampled_from(sorted(available_timezones()))
troubles = st.dictionaries(
    st.integers(0, 60),
    st.sampled_from([Status.FAILED, Status.UNAVAILABLE, Status.INCOMPLETE]),
    max_size=5,
)
nights = st.builds(
    Night,
    hours=st.integers(1, 40) | st.floats(0.1, 72) | st.integers(1, 45 * 24),
    troubles=troubles,
    max_requests=st.none() | st.integers(0, 20),
    killed_in=st.none() | st.integers(0, 2),
)


@st.composite
def stories(draw: st.DrawFn) -> Story:
    first_night = draw(
        st.datetimes(datetime(2011, 6, 1), datetime(2030, 12, 30), timezones=st.just(UTC))  # noqa: DTZ001
    )
    start = first_night.date() - timedelta(days=draw(st.integers(2, 70)))
    grains = st.lists(st.sampled_from(list(Grain)), min_size=1, unique=True)
    series_grains = st.lists(st.sampled_from([Grain.DAY, Grain.WEEK]), min_size=1, unique=True)
    settings = Settings(
        timezone=draw(zones),
        start_date=start,
        lookback_days=draw(st.integers(1, 30)),
        grains={OVERALL: draw(grains), SERIES: draw(series_grains)},
        breakdowns={
            OVERALL: ["all"],
            SERIES: draw(st.sampled_from([["all"], ["all", "type=chat"]])),
        },
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


def history(story: Story, until: datetime) -> list[Asked]:
    """All that is to be asked for of the time up to there."""
    first_day = story.settings.start_date
    assert first_day is not None
    return [
        (report, slice_text, window)
        for report, grains in story.settings.grains.items()
        for slice_text in story.settings.breakdowns[report]
        for grain in grains
        for window in windows_since(first_day, Grain(grain), story.zone, until)
        if story.settings.include_open_windows or window.end <= until
    ]


def live_through(story: Story) -> Nights:
    """The warehouse after the story's nights."""
    warehouse = Nights(story.settings, OVERALL, SERIES)
    for night, now in story.instants():
        warehouse.load(
            now,
            Api(night.troubles),
            max_requests=night.max_requests,
            killed_in=night.killed_in,
        )
    return warehouse


@examples
@given(stories())
def test_two_good_nights_make_up_for_all_that_lacks(story: Story) -> None:
    warehouse = live_through(story)
    good_night = story.healed_at
    with warehouse.run_at(good_night) as (_, agenda):
        given_up = {
            one
            for one in history(story, good_night)
            if (worth := warehouse.ledger.get(key_of(one))) is not None
            and worth.status is Status.UNAVAILABLE
            and one[2].end <= agenda.after[one[0]]
        }
    for now in (good_night, good_night + timedelta(days=1)):
        warehouse.load(now, Api())
    lookback = story.settings.lookback
    assert {key: worth.is_final for key, worth in warehouse.ledger.items()} == {
        key_of(one): one[2].end + lookback <= now and one not in given_up
        for one in history(story, now)
    }


@examples
@given(stories())
def test_what_is_final_is_never_asked_for_again(story: Story) -> None:
    warehouse = Nights(story.settings, OVERALL, SERIES)
    for night, now in story.instants():
        final = {key for key, worth in warehouse.ledger.items() if worth.is_final}
        api = Api(night.troubles)
        warehouse.load(now, api, max_requests=night.max_requests, killed_in=night.killed_in)
        assert [one for one in api.asked if key_of(one) in final] == []
        assert final <= {key for key, worth in warehouse.ledger.items() if worth.is_final}


@examples
@given(stories())
def test_a_night_asks_for_no_window_twice(story: Story) -> None:
    warehouse = live_through(story)
    api = Api()
    warehouse.load(story.healed_at, api)
    assert len(api.asked) == len(set(api.asked))


@examples
@given(stories(), st.integers(0, 1000))
def test_what_is_planned_is_what_is_asked_for_whatever_the_ledgers_order(
    story: Story, seed: int
) -> None:
    warehouse = live_through(story)
    planned = warehouse.plan(story.healed_at)
    assert warehouse.plan(story.healed_at) == planned
    warehouse.shuffle(seed)
    assert warehouse.plan(story.healed_at) == planned
    api = Api()
    warehouse.load(story.healed_at, api)
    assert api.reads == planned
