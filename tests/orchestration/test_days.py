"""Which local days end within an interval of UTC."""

from __future__ import annotations

from datetime import UTC, date, datetime, timedelta
from itertools import pairwise
from zoneinfo import ZoneInfo

import pytest

from pipelines.orchestration.days import days_between

NEW_YORK = ZoneInfo("America/New_York")


@pytest.mark.parametrize(
    ("start", "end", "days"),
    [
        ("2026-10-05T03:15", "2026-10-06T03:15", ("2026-10-04", "2026-10-05")),
        ("2026-10-05T07:15", "2026-10-06T07:15", ("2026-10-05", "2026-10-06")),
        ("2026-10-05T04:00", "2026-10-06T04:00", ("2026-10-05", "2026-10-06")),
        ("2026-10-05T03:15", "2026-10-08T03:15", ("2026-10-04", "2026-10-07")),
        ("2026-10-05T05:00", "2026-10-05T17:00", None),
        ("2026-11-01T04:15", "2026-11-02T04:15", None),  # the day has 25 hours
    ],
)
def test_a_day_belongs_to_the_interval_in_which_it_ends(
    start: str, end: str, days: tuple[str, str] | None
) -> None:
    found = days_between(instant(start), instant(end), NEW_YORK)

    assert found == (None if days is None else tuple(date.fromisoformat(day) for day in days))


@pytest.mark.parametrize("hour", range(24))
@pytest.mark.parametrize("zone", ["America/New_York", "Pacific/Auckland", "Europe/Berlin", "UTC"])
def test_intervals_side_by_side_have_each_day_of_a_year_once(zone: str, hour: int) -> None:
    starts = [instant(f"2026-01-01T{hour:02}:15") + timedelta(days=n) for n in range(366)]
    found = [days_between(start, end, ZoneInfo(zone)) for start, end in pairwise(starts)]

    spans = [span for span in found if span is not None]
    assert [end for _, end in spans[:-1]] == [start for start, _ in spans[1:]]
    assert spans[-1][1] - spans[0][0] == timedelta(days=365)


def instant(text: str) -> datetime:
    return datetime.fromisoformat(text).replace(tzinfo=UTC)
