"""Runs that are told to end, and runs that find another one at work."""

from __future__ import annotations

import re
import signal
import subprocess
import time
from collections.abc import Iterator
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from sources.help_scout_sandbox import Sandbox
from tests.helpers.commands import Finished, help_scout, help_scout_process, reaching, started
from tests.helpers.loads import SMALL, differing, numbers, query, serving

pytestmark = pytest.mark.xdist_group("cli_stopping")
LATENCY_MS = 40
SOON_SECONDS = 0.25  # after a signal: some fifty requests, if it changed nothing
REPORTS = (
    *("company_overall", "conversations_overall", "conversations_new", "happiness_ratings"),
    *("conversations_drilldown", "user_overall", "user_replies", "productivity_resolution_time"),
)
LOAD = ("load", "--reports", ",".join(REPORTS), "--warehouse")
Env = dict[str, str]


@pytest.fixture(scope="module")
def account() -> Iterator[tuple[Sandbox, Env]]:
    """An account whose day has ended, three weeks of it wanted."""
    until = datetime.now(UTC) - timedelta(hours=1)
    with Sandbox(replace(SMALL, until=until, days=60, timezone="UTC")) as sandbox:
        start = (until - timedelta(days=20)).date().isoformat()
        with serving(sandbox) as base_url:
            yield sandbox, reaching(sandbox, base_url, timezone="UTC", start_date=start)


def wait_for_requests(sandbox: Sandbox, count: int) -> None:
    goal = len(sandbox.requests) + count
    latest = time.monotonic() + 30
    while len(sandbox.requests) < goal and time.monotonic() < latest:
        time.sleep(0.02)


def stopped_by(process: subprocess.Popen[str], *signals: signal.Signals) -> Finished:
    for number in signals:
        process.send_signal(number)
        time.sleep(0.3)
    out, err = process.communicate(timeout=60)
    return Finished(process.returncode, out, err)


@pytest.mark.slow(minutes=1)
def test_a_stopped_load_keeps_what_was_read_and_the_next_one_goes_on(
    account: tuple[Sandbox, Env], tmp_path: Path
) -> None:
    sandbox, env = account
    ours, fresh = tmp_path / "ours.duckdb", tmp_path / "fresh.duckdb"
    sandbox.latency_ms = LATENCY_MS
    with started(*LOAD, str(ours), env=env) as process:
        wait_for_requests(sandbox, 120)
        began, sent = time.monotonic(), len(sandbox.requests)
        done = stopped_by(process, signal.SIGINT)  # SIGTERM: below
    assert done.code == 75, done.err
    assert "stopping: what was read whole is being loaded" in done.out
    assert re.search(r"stopped by a signal after [\d,]+ requests", done.out)
    assert time.monotonic() - began < 20
    late = [one for one in sandbox.requests[sent:] if one.at > began + SOON_SECONDS]
    assert late == []  # but those under way
    assert query(ours, "select count(*) > 0 from report_windows") == [(True,)]
    # Windows that were not reached any more are rows of the ledger, and say nothing of the API.
    reasons = query(ours, "select distinct error from window_reads where status = 'failed'")
    assert all(reason.endswith("the run was asked to stop") for (reason,) in reasons)
    sandbox.latency_ms = 0
    for warehouse in (ours, fresh):
        done = help_scout_process(*LOAD, str(warehouse), env=env)
        assert done.code == 0, done.err
    assert differing(numbers(ours), numbers(fresh)) == {}
    status = ("status", "--reports", ",".join(REPORTS), "--warehouse", str(ours))
    assert help_scout(*status, env=env).code == 0


def test_a_second_signal_ends_the_load_at_once(
    account: tuple[Sandbox, Env], tmp_path: Path
) -> None:
    sandbox, env = account
    sandbox.latency_ms = LATENCY_MS
    with started("load", "--warehouse", str(tmp_path / "w.duckdb"), env=env) as process:
        wait_for_requests(sandbox, 60)
        done = stopped_by(process, signal.SIGTERM, signal.SIGTERM)
    sandbox.latency_ms = 0
    assert done.code == -signal.SIGTERM


def test_a_second_run_is_told_who_is_at_work_and_since_when(
    account: tuple[Sandbox, Env], tmp_path: Path
) -> None:
    sandbox, env = account
    warehouse = tmp_path / "w.duckdb"
    sandbox.latency_ms = LATENCY_MS
    with started("load", "--warehouse", str(warehouse), env=env) as process:
        wait_for_requests(sandbox, 60)
        for command in ("load", "backfill", "status", "check"):
            done = help_scout(command, "--warehouse", str(warehouse), env=env)
            assert done.code == 2, command
            assert re.search(
                rf"w.duckdb is in use by help-scout load \(PID {process.pid}\) since "
                r"\d{4}-\d\d-\d\d \d\d:\d\d:\d\d UTC: DuckDB allows one writer. Wait for it to",
                done.err.replace("\n", " "),
            ), done.err
        assert stopped_by(process, signal.SIGTERM).code == 75
    sandbox.latency_ms = 0
