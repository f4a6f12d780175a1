"""A year loaded through kill -9 at random moments is the year loaded in peace."""

from __future__ import annotations

import random
import signal
import subprocess
import sys
from dataclasses import replace
from pathlib import Path

import pytest

from sources.help_scout_sandbox import Sandbox

from .load_process import YEAR_START
from .support import SMALL, differing, numbers, query, serving, status_of

KILLS = 20
LONGEST_LIFE_SECONDS = 9  # a start and more than a chunk: every phase is met
YEAR = replace(SMALL, days=440)


def start_load(warehouse: Path, base_url: str) -> subprocess.Popen[bytes]:
    command = [sys.executable, "-m", "tests.pipeline.load_process", str(warehouse), base_url]
    return subprocess.Popen(command, cwd=Path(__file__).parents[2])


@pytest.mark.slow(minutes=10)
@pytest.mark.xdist_group("killed")
def test_a_year_through_twenty_kills_equals_the_uninterrupted_load(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    # Both loads ask the same: what was answered once need not be counted again.
    monkeypatch.setattr("sources.help_scout_sandbox.server.MOST_REMEMBERED", 50_000)
    peaceful, killed = tmp_path / "peaceful.duckdb", tmp_path / "killed.duckdb"
    moments = random.Random(20)
    with serving(Sandbox(YEAR)) as base_url:
        deaths = 0
        while deaths < KILLS:
            with start_load(killed, base_url) as process:
                try:
                    process.wait(timeout=moments.uniform(1, LONGEST_LIFE_SECONDS))
                except subprocess.TimeoutExpired:
                    process.kill()
                    deaths += 1
                    continue
            # Through before its time: what is left of the kills goes at nightly runs.
            assert process.returncode == 0
        assert process.returncode == -signal.SIGKILL
        for warehouse in (killed, peaceful):
            with start_load(warehouse, base_url) as process:
                assert process.wait() == 0

    assert differing(numbers(killed), numbers(peaceful)) == {}
    key = "report, slice, grain, window_start"
    loaded = f"select {key}, status from report_windows order by all"
    assert query(killed, loaded) == query(peaceful, loaded)
    doubles = f"select {key}, run_id from window_reads group by all having count(*) > 1"
    assert query(killed, doubles) == []
    status = status_of(killed, start_date=YEAR_START)
    assert status.exit_code == 0
    assert all(one.coverage_pct == 100 for one in status.slices)
    assert query(killed, "select count(*) from restatements") == [(0,)]
