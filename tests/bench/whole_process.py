"""What a quiet night, and a command for which nothing is due, cost as whole processes."""

from __future__ import annotations

import os
import subprocess
import sys
import time
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path
from tempfile import TemporaryDirectory
from urllib.parse import parse_qsl

import duckdb

from sources.help_scout.client import Client
from sources.help_scout.plan import API_ROOT, Request
from sources.help_scout.rate_limit import LEAST_CONNECTIONS
from sources.help_scout.reports import REPORTS
from tests.cli.support import environment, served

HISTORY_DAYS = 45
RUNS = 3
# The peak since this program began: what getrusage says begins with the bench's own.
TOLD_PEAK = """
import re, runpy, sys
sys.argv = ["pipelines", *sys.argv[1:]]
try:
    if len(sys.argv) == 1:
        import dlt, duckdb, pyarrow.parquet
    else:
        runpy.run_module("pipelines", run_name="__main__")
finally:
    status = open("/proc/self/status").read()
    print("peak", int(re.search(r"VmHWM:\\s+(\\d+) kB", status)[1]) / 1024)
"""
SMALL_ACCOUNT = ("--users", "3", "--inboxes", "3", "--conversations", "10", "--days", "80")


@dataclass(frozen=True, slots=True)
class Process:
    """A process from its start to its end: wall and processor seconds, peak memory."""

    seconds: float
    processor_seconds: float
    peak_megabytes: float


@dataclass(frozen=True, slots=True, kw_only=True)
class Nights:
    """A quiet night over `windows`, for which `requests` were sent, and what compares with it:
    those requests alone, a backfill for which nothing is due, and the libraries' imports."""

    windows: int
    requests: int
    requests_alone_seconds: float
    night: Process
    nothing_due: Process
    imports: Process


def nights() -> Nights:
    """Loads an account's history, then the same night again and again; the middle ones."""
    with TemporaryDirectory() as folder, served(*SMALL_ACCOUNT) as exported:
        start = datetime.now(UTC).date() - timedelta(days=HISTORY_DAYS)
        env = environment() | exported | {"SOURCES__HELP_SCOUT__START_DATE": str(start)}
        warehouse = Path(folder) / "night.duckdb"
        load = ("load", "--warehouse", str(warehouse))
        backfill = ("backfill", "--warehouse", str(warehouse))
        run_process(load, env)
        night = middle([run_process(load, env) for _ in range(RUNS)])
        nothing = middle([run_process(backfill, env) for _ in range(RUNS)])
        imports = middle([run_process((), env) for _ in range(RUNS)])
        windows, asked = last_night(warehouse)
        alone = seconds_of(asked, exported["SOURCES__HELP_SCOUT__BASE_URL"], exported)
    return Nights(
        windows=windows,
        requests=len(asked),
        requests_alone_seconds=alone,
        night=night,
        nothing_due=nothing,
        imports=imports,
    )


def run_process(arguments: tuple[str, ...], env: dict[str, str]) -> Process:
    """One run of a command, or of the imports alone; RuntimeError with what it said when it
    fails."""
    began = time.perf_counter()
    with subprocess.Popen(
        [sys.executable, "-c", TOLD_PEAK, *arguments],
        env=env,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
    ) as process:
        assert process.stdout is not None
        said = process.stdout.read()
        _, status, used = os.wait4(process.pid, 0)
        process.returncode = os.waitstatus_to_exitcode(status)
    if process.returncode:
        raise RuntimeError(said[-2000:])
    seconds = time.perf_counter() - began
    peak_megabytes = float(said.rpartition("peak ")[2].split()[0])
    return Process(seconds, used.ru_utime + used.ru_stime, peak_megabytes)


def middle(runs: list[Process]) -> Process:
    """The run whose time is the median."""
    return sorted(runs, key=lambda run: run.seconds)[len(runs) // 2]


def last_night(warehouse: Path) -> tuple[int, list[Request]]:
    """The windows that the last run read, and what it asked for (of several pages the first)."""
    with duckdb.connect(str(warehouse), read_only=True) as connection:
        read = connection.execute(
            "select report, query, requests from reports.window_reads where run_id = "
            "(select arg_max(run_id, fetched_at) from reports.window_reads)"
        ).fetchall()
    asked = [
        Request.of(API_ROOT + REPORTS[report].path, dict(parse_qsl(query)))
        for report, query, requests in read
        for _ in range(requests)
    ]
    return len(read), asked


def seconds_of(asked: list[Request], base_url: str, exported: dict[str, str]) -> float:
    """How long the requests take with nothing else being done."""
    secret = exported["SOURCES__HELP_SCOUT__CLIENT_SECRET"]
    with (
        Client(base_url, exported["SOURCES__HELP_SCOUT__CLIENT_ID"], secret) as client,
        ThreadPoolExecutor(LEAST_CONNECTIONS) as pool,
    ):
        began = time.perf_counter()
        for _ in pool.map(client.get, asked):
            pass
        return time.perf_counter() - began
