"""What is wanted later than the first load: `status` shows the gap, `backfill` fills it."""

from __future__ import annotations

from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest

from pipelines.planning.load_plan import LoadRequest
from sources.help_scout.state.coverage import Freshness
from sources.help_scout_sandbox import Sandbox
from sources.help_scout_sandbox.http.faults import Fault
from tests.helpers.loads import (
    NOW,
    SMALL,
    carry_out,
    differing,
    load_into,
    numbers,
    query,
    serving,
    status_of,
)
from tests.helpers.loads import ticking as ticking_from

REPORTS = ("happiness_overall", "conversations_new", "user_happiness", "company_drilldown")
BEFORE: dict[str, Any] = {
    "start_date": "2026-10-28",
    "grains": {"happiness_overall": ["day"]},
    "breakdowns": {"conversations_new": ["all"]},
}
AFTER: dict[str, Any] = {
    "start_date": "2026-10-20",
    "grains": {"happiness_overall": ["day", "week"]},
    "breakdowns": {"conversations_new": ["all", "mailbox", "type"]},
}
KEYS = "report, slice, grain, window_start"
FILL = LoadRequest(reports=REPORTS, backfill=True)


@pytest.mark.slow
def test_a_breakdown_a_grain_and_an_earlier_start_are_a_gap_that_backfill_closes_and_only_it(
    tmp_path: Path,
) -> None:
    warehouse, fresh = tmp_path / "filled.duckdb", tmp_path / "fresh.duckdb"
    with serving(Sandbox(SMALL)) as base_url:
        load_into(warehouse, base_url, reports=REPORTS, **BEFORE)
        whole = status_of(warehouse, REPORTS, **BEFORE)
        gap = status_of(warehouse, REPORTS, **AFTER)
        before = query(warehouse, f"select {KEYS} from report_windows")
        runs = query(warehouse, "select distinct run_id from window_reads")
        fill = LoadRequest(reports=REPORTS, backfill=True, newest_first=True)
        summary = carry_out(fill, warehouse, base_url, **AFTER)
        filled = status_of(warehouse, REPORTS, **AFTER)
        read = query(warehouse, f"select {KEYS} from window_reads where run_id <> '{runs[0][0]}'")
        load_into(warehouse, base_url, reports=REPORTS, **AFTER)
        load_into(fresh, base_url, reports=REPORTS, **AFTER)

    assert (whole.exit_code, gap.exit_code, filled.exit_code) == (0, 3, 0)
    lacking = {
        (one.report, one.slice.text, str(window.grain), window.start)
        for one in gap.slices
        for window in one.gaps
    }
    assert summary.exit_code() == 0
    assert len(read) == len(set(read))
    assert set(read) >= lacking
    assert not set(read) & set(before)
    # All else that was read is a user whom only the new windows name.
    assert {slice_ for _, slice_, *_ in set(read) - lacking} <= {"user=3999", "user=900001"}
    assert {(report, slice_) for report, slice_, *_ in lacking} >= {
        ("conversations_new", "mailbox=85001"),
        ("conversations_new", "type=chat"),
        ("happiness_overall", "all"),
        ("company_drilldown", "range=firstResponseTime,range_id=1"),
    }
    assert differing(numbers(warehouse), numbers(fresh)) == {}


def test_a_backfill_leaves_the_cursors_and_the_windows_of_the_next_night_alone(
    tmp_path: Path,
) -> None:
    warehouse = tmp_path / "filled.duckdb"
    tomorrow = NOW + timedelta(days=1)
    with serving(Sandbox(SMALL)) as base_url:
        load_into(warehouse, base_url, reports=REPORTS, **BEFORE)
        # A day later, before the night's load.
        carry_out(FILL, warehouse, base_url, clock=ticking_from(tomorrow), **AFTER)
        status = status_of(warehouse, REPORTS, clock=ticking_from(tomorrow), **AFTER)
        load_into(warehouse, base_url, reports=REPORTS, clock=ticking_from(tomorrow), **AFTER)

    due = {(one.report, one.slice.text): one.counts[Freshness.DUE] for one in status.slices}
    assert status.exit_code == 0
    # The new day; of what is newly wanted also the day that was open at the last load.
    assert due["conversations_new", "all"] == 1
    assert due["conversations_new", "type=chat"] == 2
    newest = "select max(window_date) from conversations_new_daily where covered_until = window_end"
    assert query(warehouse, newest) == [(NOW.date(),)]


def test_a_window_that_failed_before_the_lookback_is_read_again_by_the_next_night(
    tmp_path: Path,
) -> None:
    warehouse = tmp_path / "failed.duckdb"
    reports = ("happiness_overall",)
    sandbox = Sandbox(SMALL)
    with serving(sandbox) as base_url:
        load_into(warehouse, base_url, reports=reports)
        sandbox.faults.add(Fault(path="/v2/reports/happiness", kind="status", times=5))
        failed = load_into(
            warehouse, base_url, reports=reports, since="2026-10-10", until="2026-10-11"
        )
        asked = len(sandbox.requests)
        repaired = load_into(warehouse, base_url, reports=reports)
    days = "select status from report_windows where window_date = '2026-10-10' and slice = 'all'"

    assert (failed.exit_code(), repaired.exit_code()) == (3, 0)
    assert query(warehouse, days) == [("loaded",)]
    assert len(sandbox.requests) > asked


def test_a_window_that_always_fails_keeps_neither_the_night_nor_other_gaps_from_being_read(
    tmp_path: Path,
) -> None:
    warehouse = tmp_path / "stubborn.duckdb"
    reports = ("happiness_overall",)
    total: dict[str, Any] = {
        "breakdowns": {"happiness_overall": ["all"]},
        "grains": {"happiness_overall": ["day"]},
    }
    sandbox = Sandbox(SMALL)
    tomorrow = NOW + timedelta(days=1)
    with serving(sandbox) as base_url:
        load_into(warehouse, base_url, reports=reports, **total)
        always = (("start", "2026-10-10T04:00:00Z"),)
        path = "/v2/reports/happiness"
        sandbox.faults.add(Fault(path=path, kind="status", times=None, status=400, params=always))
        interval: dict[str, Any] = {"since": "2026-10-09", "until": "2026-10-13"}
        failed = load_into(warehouse, base_url, reports=reports, **interval, **total)
        night = load_into(
            warehouse, base_url, reports=reports, clock=ticking_from(tomorrow), **total
        )
    days = (
        "select window_date, status from report_windows where window_date < '2026-10-26' order by 1"
    )
    newest = "select max(window_date) from happiness_overall"

    assert (failed.exit_code(), night.exit_code()) == (3, 3)
    assert [status for _, status in query(warehouse, days)] == ["loaded", "failed"] + ["loaded"] * 2
    assert query(warehouse, newest) == [(tomorrow.date(),)]


def test_a_report_whose_slices_no_list_tells_is_no_complete_one(tmp_path: Path) -> None:
    warehouse = tmp_path / "untold.duckdb"
    wanted: dict[str, Any] = {"breakdowns": {"conversations_new": ["mailbox"]}}
    sandbox = Sandbox(SMALL)
    sandbox.faults.add(Fault(path="/v2/mailboxes", kind="status", times=None, status=403))
    with serving(sandbox) as base_url:
        load_into(warehouse, base_url, reports=("conversations_new",), **wanted)
    status = status_of(warehouse, ("conversations_new",), **wanted)

    assert status.exit_code == 3
    assert [one.slice.text for one in status.slices] == ["?mailbox"]
    assert "conversations_new" in status.failures


def test_a_month_that_was_only_read_while_it_was_open_is_behind(tmp_path: Path) -> None:
    warehouse = tmp_path / "open.duckdb"
    wanted: dict[str, Any] = {"grains": {"happiness_overall": ["month"]}}
    reports = ("happiness_overall",)
    with serving(Sandbox(SMALL)) as base_url:
        load_into(warehouse, base_url, reports=reports, **wanted)
    codes = [
        status_of(
            warehouse, reports, clock=ticking_from(NOW + timedelta(days=days)), **wanted
        ).exit_code
        for days in (0, 1, 3, 25)
    ]
    assert codes == [0, 0, 3, 3]
