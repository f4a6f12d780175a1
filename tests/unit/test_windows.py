"""Windows tile the time line, whatever a zone's clocks do."""

from __future__ import annotations

from datetime import UTC, date, datetime, timedelta
from itertools import pairwise
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as st

from sources.help_scout.planning.windows import (
    Grain,
    Window,
    first_day,
    local_midnight,
    next_first_day,
    previous_window,
    window_of,
    windows_ending_in,
)
from tests.helpers.builders import NEW_YORK, at, examples, window

ZONES = [
    "America/New_York",
    "Australia/Adelaide",
    "Australia/Lord_Howe",
    "America/Santiago",
    "America/Havana",
    "Atlantic/Azores",
    "Asia/Kathmandu",
    "Pacific/Apia",
    "UTC",
    "Africa/Casablanca",
]
zones = st.sampled_from(ZONES).map(ZoneInfo)
grains = st.sampled_from(list(Grain))
local_days = st.dates(date(2011, 1, 1), date(2030, 12, 31))
instants = st.datetimes(datetime(2011, 1, 2), datetime(2030, 12, 30), timezones=st.just(UTC))  # noqa: DTZ001


def windows_from(grain: Grain, day: date, zone: ZoneInfo, count: int) -> list[Window]:
    """That many windows in a row."""
    found = []
    for _ in range(count):
        found.append(window_of(grain, day, zone))
        day = next_first_day(grain, found[-1].local_date)
    return found


@examples
@given(grains, local_days, zones)
def test_each_window_starts_where_the_one_before_it_ends(
    grain: Grain, day: date, zone: ZoneInfo
) -> None:
    row = windows_from(grain, day, zone, 40)
    assert [before.end for before, _ in pairwise(row)] == [
        after.start for _, after in pairwise(row)
    ]
    assert all(window.start <= window.end for window in row)


@examples
@given(grains, local_days, zones)
def test_a_window_starts_at_the_first_instant_of_its_first_day(
    grain: Grain, day: date, zone: ZoneInfo
) -> None:
    found = window_of(grain, day, zone)
    if found.start == found.end:  # a day that the zone skipped
        assert (zone.key, found.local_date) == ("Pacific/Apia", date(2011, 12, 30))
        return
    assert found.start.astimezone(zone).date() == found.local_date
    last_before = found.start - timedelta(seconds=1)
    assert last_before.astimezone(zone).date() < found.local_date


@examples
@given(grains, local_days, zones)
def test_a_window_holds_the_day_it_was_asked_for(grain: Grain, day: date, zone: ZoneInfo) -> None:
    found = window_of(grain, day, zone)
    assert found.local_date <= day < next_first_day(grain, found.local_date)
    midnight = local_midnight(day, zone)
    assert found.start <= midnight <= found.end


@examples
@given(local_days)
def test_weeks_start_on_monday_and_months_on_the_first(day: date) -> None:
    week, month = first_day(Grain.WEEK, day), first_day(Grain.MONTH, day)
    assert (week.weekday(), month.day) == (0, 1)
    assert next_first_day(Grain.WEEK, week) - week == timedelta(days=7)
    assert next_first_day(Grain.MONTH, month).day == 1
    assert (next_first_day(Grain.MONTH, month) - timedelta(days=1)).month == month.month


@examples
@given(
    grains,
    zones,
    instants,
    st.lists(st.integers(60, 45 * 86400), min_size=1, max_size=6),
    st.integers(0, 40 * 86400),
)
def test_any_tiling_of_time_gives_each_window_exactly_once(
    grain: Grain, zone: ZoneInfo, start: datetime, lengths: list[int], now_after: int
) -> None:
    edges = [start]
    for seconds in lengths:
        edges.append(edges[-1] + timedelta(seconds=seconds))
    now = start + timedelta(seconds=now_after)
    whole = list(windows_ending_in(grain, zone, edges[0], edges[-1], now=now))
    pieces = [
        window
        for after, until in pairwise(edges)
        for window in windows_ending_in(grain, zone, after, until, now=now)
    ]
    expected = [
        window
        for window in windows_from(grain, edges[0].date() - timedelta(days=40), zone, 400)
        if window.start < min(window.end, now) and edges[0] < window.covered_until(now) <= edges[-1]
    ]
    assert (whole, pieces) == (expected, expected)


def test_an_open_window_belongs_to_the_interval_that_holds_now() -> None:
    now = at("2026-03-04T12:00")
    today = window("2026-03-04")
    before = windows_ending_in(Grain.DAY, NEW_YORK, at("2026-03-04T00:00"), at("2026-03-04T11:59"),
                               now=now)  # fmt: skip
    around = windows_ending_in(Grain.DAY, NEW_YORK, at("2026-03-04T11:59"), at("2026-03-09T00:00"),
                               now=now)  # fmt: skip
    assert list(before) == [window("2026-03-03")]
    assert list(around) == [today]
    assert today.covered_until(now) == now


def test_a_window_that_ends_at_the_end_of_the_interval_is_in_it_and_not_in_the_next() -> None:
    now, edge = at("2026-04-01T00:00"), at("2026-03-05T05:00")
    ending = windows_ending_in(Grain.DAY, NEW_YORK, edge - timedelta(hours=1), edge, now=now)
    after = windows_ending_in(Grain.DAY, NEW_YORK, edge, edge + timedelta(hours=1), now=now)
    assert (list(ending), list(after)) == ([window("2026-03-04")], [])


def test_no_window_begins_in_the_future() -> None:
    now = at("2026-03-04T05:00")  # midnight of the 4th to the second
    found = windows_ending_in(Grain.DAY, NEW_YORK, at("2026-03-03T06:00"), at("2026-03-20T00:00"),
                              now=now)  # fmt: skip
    assert list(found) == [window("2026-03-03")]


@pytest.mark.parametrize(
    ("day", "zone", "hours"),
    [
        ("2026-03-08", "America/New_York", 23),
        ("2026-11-01", "America/New_York", 25),
        ("2026-03-29", "Europe/Berlin", 23),
        ("2026-10-25", "Atlantic/Azores", 25),
        ("2026-10-04", "Australia/Lord_Howe", 23.5),
        ("2026-04-05", "Australia/Lord_Howe", 24.5),
        ("2026-03-08", "America/Havana", 23),  # the clocks skip midnight itself
        ("2026-11-01", "America/Havana", 25),  # midnight comes twice
        ("2026-03-08", "UTC", 24),
    ],
)
def test_a_day_is_as_long_as_its_clocks_say(day: str, zone: str, hours: float) -> None:
    found = window(day, zone=ZoneInfo(zone))
    assert found.end - found.start == timedelta(hours=hours)
    assert found.has_clock_change is (hours != 24)


def test_a_midnight_that_is_skipped_becomes_the_instant_of_the_change() -> None:
    assert local_midnight(date(2026, 3, 8), ZoneInfo("America/Havana")) == at("2026-03-08T05:00")


def test_of_a_midnight_that_comes_twice_the_first_starts_the_day() -> None:
    assert local_midnight(date(2026, 11, 1), ZoneInfo("America/Havana")) == at("2026-11-01T04:00")


@pytest.mark.parametrize(
    ("grain", "day", "start", "end"),
    [
        (Grain.DAY, "2024-02-29", "2024-02-29T05:00", "2024-03-01T05:00"),
        (Grain.MONTH, "2024-02-29", "2024-02-01T05:00", "2024-03-01T05:00"),
        (Grain.MONTH, "2025-02-28", "2025-02-01T05:00", "2025-03-01T05:00"),
        (Grain.DAY, "2025-12-31", "2025-12-31T05:00", "2026-01-01T05:00"),
        (Grain.MONTH, "2025-12-31", "2025-12-01T05:00", "2026-01-01T05:00"),
        (Grain.WEEK, "2026-01-01", "2025-12-29T05:00", "2026-01-05T05:00"),  # ISO week 1
        (Grain.WEEK, "2027-01-01", "2026-12-28T05:00", "2027-01-04T05:00"),  # ISO week 53
        (Grain.WEEK, "2026-03-08", "2026-03-02T05:00", "2026-03-09T04:00"),  # 167 hours
        (Grain.MONTH, "2026-03-08", "2026-03-01T05:00", "2026-04-01T04:00"),
    ],
)
def test_windows_at_the_edges_of_the_calendar(grain: Grain, day: str, start: str, end: str) -> None:
    found = window(day, grain)
    assert (found.start, found.end) == (at(start), at(end))


def test_a_window_ends_on_the_wire_one_second_before_the_next_begins() -> None:
    assert window("2026-03-04").last_second == at("2026-03-05T04:59:59")


@pytest.mark.parametrize(
    ("grain", "day", "compare_to", "expected"),
    [
        (Grain.DAY, "2026-03-09", "previous_period", "2026-03-08"),
        (Grain.WEEK, "2026-03-11", "previous_period", "2026-03-02"),
        (Grain.MONTH, "2026-01-15", "previous_period", "2025-12-01"),
        (Grain.DAY, "2026-03-09", "previous_year", "2025-03-09"),
        (Grain.DAY, "2024-02-29", "previous_year", "2023-02-28"),
        (Grain.DAY, "2025-02-28", "previous_year", "2024-02-28"),
        (Grain.MONTH, "2024-02-10", "previous_year", "2023-02-01"),
        (Grain.WEEK, "2026-03-11", "previous_year", "2025-03-10"),
        (Grain.DAY, "2026-03-09", "364d", "2025-03-10"),
        (Grain.WEEK, "2026-03-11", "364d", "2025-03-10"),
        (Grain.MONTH, "2026-03-11", "364d", "2025-03-01"),
        (Grain.MONTH, "2024-12-11", "364d", "2023-12-01"),
    ],
)
def test_the_window_to_compare_with(grain: Grain, day: str, compare_to: str, expected: str) -> None:
    found = previous_window(window(day, grain), compare_to, NEW_YORK)
    assert found == window(expected, grain)


@pytest.mark.parametrize("grain", list(Grain))
def test_no_comparison_gives_no_previous_window(grain: Grain) -> None:
    assert previous_window(window("2026-03-09", grain), "none", NEW_YORK) is None


@examples
@given(grains, st.dates(date(2011, 3, 1), date(2030, 12, 31)), zones)
def test_the_previous_period_ends_where_the_window_starts(
    grain: Grain, day: date, zone: ZoneInfo
) -> None:
    found = window_of(grain, day, zone)
    before = previous_window(found, "previous_period", zone)
    assert before is not None
    assert (before.grain, before.end) == (grain, found.start)
