"""The day that Samoa skipped, 2011-12-30: no window, and nothing to compare with."""

from __future__ import annotations

from datetime import timedelta
from zoneinfo import ZoneInfo

import pytest

from sources.help_scout.planning.windows import Grain, previous_window, windows_ending_in
from tests.helpers.builders import at, window

APIA = ZoneInfo("Pacific/Apia")


def test_the_day_that_samoa_skipped_gives_no_window() -> None:
    after, until = at("2011-12-29T11:00"), at("2012-01-01T11:00")
    found = list(windows_ending_in(Grain.DAY, APIA, after, until, now=at("2020-01-01T00:00")))
    assert [str(window) for window in found] == [
        "day 2011-12-29",
        "day 2011-12-31",
        "day 2012-01-01",
    ]
    assert found[0].end == found[1].start == at("2011-12-30T10:00")
    week = window("2011-12-30", Grain.WEEK, APIA)
    assert (week.end - week.start, week.has_clock_change) == (timedelta(days=6), True)


@pytest.mark.parametrize(
    ("grain", "day", "expected"),
    [
        (Grain.DAY, "2011-12-29", "2011-12-28"),
        (Grain.DAY, "2011-12-31", "2011-12-29"),
        (Grain.DAY, "2012-01-01", "2011-12-31"),
        (Grain.WEEK, "2012-01-02", "2011-12-26"),
        (Grain.MONTH, "2012-01-01", "2011-12-01"),
    ],
)
def test_the_day_that_samoa_skipped_is_compared_with_nothing(
    grain: Grain, day: str, expected: str
) -> None:
    found = previous_window(window(day, grain, APIA), "previous_period", APIA)
    assert found == window(expected, grain, APIA)


@pytest.mark.parametrize(
    ("day", "compare_to"), [("2012-12-30", "previous_year"), ("2012-12-28", "364d")]
)
def test_no_window_is_compared_with_one_of_no_length(day: str, compare_to: str) -> None:
    found = previous_window(window(day, zone=APIA), compare_to, APIA)
    assert found is None or found.start < found.end
