"""A year loaded through kill -9 at random moments is the year loaded in peace."""

from __future__ import annotations

import random
import signal
from dataclasses import replace
from multiprocessing.process import BaseProcess
from pathlib import Path
from typing import Any

import pytest

from pipelines.planning import load_plan
from sources.help_scout.catalog.model import Shape
from sources.help_scout.catalog.reports import REPORTS
from sources.help_scout.planning.settings import Settings
from sources.help_scout_sandbox import Sandbox
from tests.helpers.forks import FORKS
from tests.helpers.loads import SMALL, differing, load_into, numbers, query, serving, status_of

KILLS = 20
LONGEST_LIFE_SECONDS = 7.0
REPORTS_EACH = 6
CHUNK_DAYS, LARGE_CHUNK_DAYS = 2, 400
"""A killed life loads few reports in small chunks, which take two seconds, so that every phase of a
load is met; what is left of the year is no matter of kills."""
YEAR = replace(SMALL, days=440)
YEAR_START = "2025-11-10"
TOTALS = {
    name: ["all"]
    for name, report in REPORTS.items()
    if "all" in {breakdown.text for breakdown in Settings().breakdowns_of(report)}
}
ONE_OF_MANY = {
    "company_drilldown": ["range=firstResponseTime,range_id=1"],
    "conversations_fields_drilldown": ["field=tagid,field_id=1201"],
    "user_conversation_history": ["user=4001"],
    "user_drilldown": ["user=4001"],
    "user_happiness": ["user=4001"],
    "user_overall": ["user=4001"],
    "user_ratings": ["user=4001"],
    "user_chat": ["user=4001"],
}
"""Of these reports' slices the other thousands a year are read just as the first is."""
LONG_GRAINS = {
    name: ["week", "month"]
    for name, report in REPORTS.items()
    if report.shape in (Shape.OVERALL, Shape.HEATMAP) and name != "company_overall"
}
"""Days of one overall report are as good as those of nine."""
OPTIONS: dict[str, Any] = {
    "start_date": YEAR_START,
    "breakdowns": TOTALS | ONE_OF_MANY,
    "grains": LONG_GRAINS,
}


def load_year(warehouse: Path, base_url: str, chunk_days: int, reports: tuple[str, ...]) -> None:
    load_plan.CHUNK_DAYS = chunk_days
    load_into(warehouse, base_url, reports=reports, **OPTIONS)


def start_load(
    warehouse: Path, base_url: str, chunk_days: int, reports: tuple[str, ...] = ()
) -> BaseProcess:
    process = FORKS.Process(target=load_year, args=(warehouse, base_url, chunk_days, reports))
    process.start()
    return process


@pytest.mark.slow(minutes=3)
@pytest.mark.xdist_group("killed")
def test_a_year_through_twenty_kills_equals_the_uninterrupted_load(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    # Both loads ask the same: what was answered once need not be counted again.
    monkeypatch.setattr("sources.help_scout_sandbox.http.account_api.MOST_REMEMBERED", 50_000)
    peaceful, killed = tmp_path / "peaceful.duckdb", tmp_path / "killed.duckdb"
    dice = random.Random(20)
    with serving(Sandbox(YEAR)) as base_url:
        for _ in range(KILLS):
            reports = tuple(dice.sample(sorted(REPORTS), REPORTS_EACH))
            process = start_load(killed, base_url, CHUNK_DAYS, reports)
            process.join(dice.uniform(0.5, LONGEST_LIFE_SECONDS))
            process.kill()
            process.join()
            assert process.exitcode == -signal.SIGKILL
        assert query(killed, "select count(*) > 5 from _dlt_loads") == [(True,)]
        for warehouse in (killed, peaceful):
            process = start_load(warehouse, base_url, LARGE_CHUNK_DAYS)
            process.join()
            assert process.exitcode == 0

    assert differing(numbers(killed), numbers(peaceful)) == {}
    key = "report, slice, grain, window_start"
    loaded = f"select {key}, status from report_windows order by all"
    assert query(killed, loaded) == query(peaceful, loaded)
    doubles = f"select {key}, run_id from window_reads group by all having count(*) > 1"
    assert query(killed, doubles) == []
    status = status_of(killed, **OPTIONS)
    assert status.exit_code == 0
    assert all(one.coverage_pct == 100 for one in status.slices)
    assert query(killed, "select count(*) from restatements") == [(0,)]
