"""In every time zone there is: windows tile the nights, and series stay within their limits."""

from __future__ import annotations

from datetime import UTC, date, datetime, timedelta
from itertools import pairwise
from zoneinfo import ZoneInfo, available_timezones

import pytest
from hypothesis import given
from hypothesis import strategies as st

from sources.help_scout.catalog.reports import REPORTS
from sources.help_scout.planning.request_plan import plan_spans
from sources.help_scout.planning.windows import Grain, window_of, windows_ending_in
from tests.helpers.builders import examples
from tests.helpers.nights import windows_since

BY_NIGHT = [
    "America/Havana",
    "America/Santiago",
    "Africa/Cairo",
    "Asia/Beirut",
    "America/Scoresbysund",
]
BY_HALVES = ["Asia/Kathmandu", "Australia/Lord_Howe", "Asia/Pyongyang", "Pacific/Chatham"]
SKIPPED = {"Pacific/Apia": date(2011, 12, 30), "Pacific/Fakaofo": date(2011, 12, 30)}
LIMITS = {Grain.DAY: timedelta(days=60), Grain.WEEK: timedelta(days=365)}
LENGTHS = {Grain.DAY: timedelta(days=1), Grain.WEEK: timedelta(days=7)}

zones = st.sampled_from([*BY_NIGHT, *BY_HALVES, *SKIPPED]) | st.sampled_from(
    sorted(available_timezones())
)
grains = st.sampled_from(list(Grain))
instants = st.datetimes(
    datetime(2011, 2, 1),  # noqa: DTZ001
    datetime(2037, 12, 30),  # noqa: DTZ001
    timezones=st.just(UTC),
)
waits = st.timedeltas(timedelta(minutes=1), timedelta(hours=30)) | st.timedeltas(
    timedelta(hours=1), timedelta(days=45)
)


@st.composite
def nights(draw: st.DrawFn) -> tuple[ZoneInfo, list[datetime]]:
    """A zone, and nights that are anywhere: in between, or just when a local day begins."""
    zone, row = ZoneInfo(draw(zones)), [draw(instants)]
    for wait in draw(st.lists(waits, min_size=1, max_size=12)):
        row.append(row[-1] + wait)
        midnight = window_of(Grain.DAY, row[-1].astimezone(zone).date(), zone).start
        if draw(st.booleans()) and midnight > row[-2]:
            row[-1] = midnight
    return zone, row


@examples
@given(grains, nights())
def test_night_after_night_each_window_closes_once_and_is_open_every_night_before(
    grain: Grain, where_and_when: tuple[ZoneInfo, list[datetime]]
) -> None:
    zone, row = where_and_when
    long_before = row[0].date() - timedelta(days=40)
    history = list(windows_since(long_before, grain, zone, row[-1]))
    for last_night, night in pairwise(row):
        assert list(windows_ending_in(grain, zone, last_night, night, now=night)) == [
            window for window in history if window.start < night and window.end > last_night
        ]
    closed = [
        window
        for last_night, night in pairwise(row)
        for window in windows_ending_in(grain, zone, last_night, night, now=night)
        if window.end <= night
    ]
    assert closed == [window for window in history if row[0] < window.end <= row[-1]]
    assert all(before.end == after.start for before, after in pairwise(closed))


@examples
@given(zones, st.dates(date(2011, 2, 1), date(2037, 12, 30)))
def test_a_local_day_is_all_that_its_clocks_call_so(name: str, day: date) -> None:
    zone = ZoneInfo(name)
    found = window_of(Grain.DAY, day, zone)
    if SKIPPED.get(name) == day:
        assert found.start == found.end
        return
    edges = (found.start - timedelta(seconds=1), found.start, found.last_second, found.end)
    before, first, last, after = (edge.astimezone(zone).date() for edge in edges)
    assert before < first == last == day < after


@examples
@given(
    zones,
    st.lists(st.sampled_from(list(LIMITS)), min_size=1, unique=True),
    instants,
    st.integers(1, 900),
    st.timedeltas(timedelta(0), timedelta(days=40)),
)
def test_series_spans_hold_all_their_windows_within_what_one_request_may_ask_for(
    name: str, series_grains: list[Grain], after: datetime, days: int, later: timedelta
) -> None:
    zone, until = ZoneInfo(name), after + timedelta(days=days)
    now = until + later
    spans = plan_spans(REPORTS["conversations_new"], series_grains, zone, after, until, now=now)
    for grain in series_grains:
        row = [window for span in spans for window in span if window.grain is grain]
        assert row == list(windows_ending_in(grain, zone, after, until, now=now))
    for span in spans:
        grain, length = span[0].grain, span[-1].end - span[0].start
        lengths = [window.end - window.start for window in span]
        assert {window.grain for window in span} == {grain}
        assert sum(lengths, timedelta(0)) == length
        assert length <= LIMITS[grain]
        assert set(lengths[:-1]) <= {LENGTHS[grain]}
        assert lengths[-1] <= LENGTHS[grain] or len(span) == 1


@pytest.mark.parametrize(
    ("name", "expected"),
    [
        (
            "America/New_York",
            {
                "2025-01-01": 60,
                "2025-03-02": 8,  # the last one has 23 hours
                "2025-03-10": 60,
                "2025-05-09": 60,
                "2025-07-08": 60,
                "2025-09-06": 57,
                "2025-11-02": 1,  # 25 hours
                "2025-11-03": 59,
            },
        ),
        (
            "Australia/Lord_Howe",
            {
                "2025-01-01": 60,
                "2025-03-02": 35,
                "2025-04-06": 1,  # 24 and a half
                "2025-04-07": 60,
                "2025-06-06": 60,
                "2025-08-05": 60,
                "2025-10-04": 2,  # the last one has 23 and a half
                "2025-10-06": 60,
                "2025-12-05": 27,
            },
        ),
        (
            "Asia/Kathmandu",
            {
                "2025-01-01": 60,
                "2025-03-02": 60,
                "2025-05-01": 60,
                "2025-06-30": 60,
                "2025-08-29": 60,
                "2025-10-28": 60,
                "2025-12-27": 5,
            },
        ),
    ],
)
def test_a_year_of_days_takes_as_few_requests_as_the_clocks_allow(
    name: str, expected: dict[str, int]
) -> None:
    zone = ZoneInfo(name)
    start, end = (window_of(Grain.DAY, date(year, 1, 1), zone).start for year in (2025, 2026))
    spans = plan_spans(REPORTS["conversations_new"], [Grain.DAY], zone, start, end, now=end)
    assert {str(span[0].local_date): len(span) for span in spans} == expected
