"""Nights in a row, and nights that were missed, over an account that goes on living."""

from __future__ import annotations

from dataclasses import replace
from datetime import date, datetime, time, timedelta
from pathlib import Path
from zoneinfo import ZoneInfo

import pytest

from sources.help_scout.catalog.reports import REPORTS
from sources.help_scout.planning.settings import Settings
from sources.help_scout_sandbox import Sandbox
from sources.help_scout_sandbox.answers.series import Anchor
from sources.help_scout_sandbox.history.surprises import Surprises
from tests.helpers.loads import (
    SMALL,
    differing,
    load_into,
    numbers,
    query,
    serving,
    status_of,
    ticking,
)

NEW_YORK = ZoneInfo("America/New_York")
FIRST_NIGHT = date(2026, 10, 27)  # the fifth night after it follows a day of 25 hours
START = "2026-10-18"
LOOKBACK, A_DAY = timedelta(days=7), timedelta(days=1)
WAYS = {
    (report.shape, *Settings().grains_of(report), *Settings().breakdowns_of(report)): name
    for name, report in sorted(REPORTS.items(), key=lambda item: -len(item[1].tables))
}
"""A report of each way in which reports are planned, by shape, grains and breakdowns: that with the
fewest tables."""
NIGHTLY = ("company_overall", *WAYS.values())  # it names the users that others are read for


def night(number: int) -> datetime:
    """A quarter past three in New York."""
    return datetime.combine(FIRST_NIGHT + timedelta(days=number), time(3, 15), NEW_YORK)


@pytest.mark.slow(minutes=5)
@pytest.mark.xdist_group("nights")
def test_fourteen_nights_leave_every_window_as_a_fresh_load_and_read_none_too_often(
    tmp_path: Path,
) -> None:
    nightly, fresh = tmp_path / "nightly.duckdb", tmp_path / "fresh.duckdb"
    # One inbox more than elsewhere, since one is refused.
    spec = replace(SMALL, inboxes=SMALL.inboxes + 1)
    sandbox = Sandbox(spec, surprises=Surprises.like_live())
    nights = [night(number) for number in range(14)]
    with serving(sandbox) as base_url:
        for now in nights:
            summary = load_into(
                nightly, base_url, reports=NIGHTLY, start_date=START, clock=ticking(now)
            )
            assert summary.exit_code() == 0
        load_into(fresh, base_url, reports=NIGHTLY, start_date=START, clock=ticking(nights[-1]))

    assert differing(numbers(nightly), numbers(fresh)) == {}
    status = status_of(nightly, NIGHTLY, start_date=START, clock=ticking(nights[-1]))
    assert status.exit_code == 0
    *_, refused = (f"mailbox={inbox.id}" for inbox in sandbox.account.roster.inboxes)
    assert query(
        nightly,
        "select count(distinct run_id), bool_and(status = 'unavailable') from window_reads "
        f"where slice = '{refused}' and requests > 0",
    ) == [(2, True)]  # the inbox that is refused is asked for once a week
    reads = query(
        nightly,
        "select window_start, window_end, count(*), max(is_final::int) from window_reads "
        f"where slice = 'all' or (starts_with(slice, 'mailbox=') and slice <> '{refused}') "
        "group by report, slice, grain, 1, 2",
    )
    assert len(reads) > 300
    for start, end, times, is_final in reads:
        demanded = [
            now for now in nights if start < now and now - timedelta(days=1) < end + LOOKBACK
        ]
        # The first night reads the history once, however long ago it ended.
        assert times == max(len(demanded), 1), (start, end)
        assert bool(is_final) == (nights[-1] >= end + LOOKBACK)


def test_seven_nights_missed_are_caught_up_with_by_the_next(tmp_path: Path) -> None:
    warehouse, fresh = tmp_path / "missed.duckdb", tmp_path / "fresh.duckdb"
    reports = ("company_overall", "conversations_new", "user_replies", "happiness_ratings")
    with serving(Sandbox(SMALL)) as base_url:
        load_into(warehouse, base_url, reports=reports, start_date=START, clock=ticking(night(0)))
        asleep = status_of(warehouse, reports, start_date=START, clock=ticking(night(8)))
        load_into(warehouse, base_url, reports=reports, start_date=START, clock=ticking(night(8)))
        load_into(fresh, base_url, reports=reports, start_date=START, clock=ticking(night(8)))
    awake = status_of(warehouse, reports, start_date=START, clock=ticking(night(8)))

    assert (asleep.exit_code, awake.exit_code) == (3, 0)
    assert differing(numbers(warehouse), numbers(fresh)) == {}


@pytest.mark.slow
@pytest.mark.parametrize(
    ("anchor", "omit_empty_buckets"), [("company", True), ("utc", False), ("utc", True)]
)
def test_wherever_buckets_are_anchored_series_come_to_the_same(
    tmp_path: Path, anchor: Anchor, omit_empty_buckets: bool
) -> None:
    reports = ("conversations_new", "productivity_replies_sent", "user_resolutions")
    grains = {name: ["day", "week"] for name in reports}
    found = {}
    anchors: tuple[Anchor, ...] = ("request", anchor)
    for how in anchors:
        sandbox = Sandbox(SMALL, anchor=how, omit_empty_buckets=omit_empty_buckets)
        warehouse = tmp_path / f"{how}.duckdb"
        with serving(sandbox) as base_url:
            load_into(warehouse, base_url, reports=reports, grains=grains, start_date=START)
        tables = numbers(warehouse)
        found[how] = {name: tables[name] for name in reports}

    windows = (24 + 5) * 3
    lacking = windows - len(found["request"]["conversations_new"])
    assert (lacking > 0) == omit_empty_buckets  # an inbox has days without a conversation
    assert differing(found["request"], found[anchor]) == {}
