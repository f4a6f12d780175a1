"""What a quiet night, and a command for which nothing is due, cost as whole processes."""

from __future__ import annotations

import os
import subprocess
import sys
import time
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path
from tempfile import TemporaryDirectory
from urllib.parse import parse_qsl

import duckdb

from sources.help_scout.api.client import Client
from sources.help_scout.api.rate_limit import LEAST_CONNECTIONS
from sources.help_scout.catalog.reports import REPORTS
from sources.help_scout.planning.request_plan import API_ROOT, Request
from tests.bench.dlt_alone import keep_night
from tests.helpers.commands import environment, served

HISTORY_DAYS = 45
RUNS = 5
COMMAND = "tests.bench.peak"
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
    those requests alone, dlt alone loading the same rows, the libraries' imports; and a backfill
    for which nothing is due."""

    windows: int
    requests: int
    requests_alone_seconds: float
    night: Process
    nothing_due: Process
    dlt_alone: Process
    imports: Process


def nights() -> Nights:
    """Loads an account's history, then the same night again and again; the middle ones."""
    with TemporaryDirectory() as folder, served(*SMALL_ACCOUNT) as exported:
        start = datetime.now(UTC).date() - timedelta(days=HISTORY_DAYS)
        env = environment() | exported | {"SOURCES__HELP_SCOUT__START_DATE": str(start)}
        warehouse = Path(folder) / "night.duckdb"
        load = ("load", "--warehouse", str(warehouse))
        backfill = ("backfill", "--warehouse", str(warehouse))
        alone_folder = Path(folder) / "alone"
        alone_folder.mkdir()
        run_process((COMMAND, *load), env)
        run_process((COMMAND, *load), env)
        keep_night(warehouse, alone_folder)
        dlt_alone = ("tests.bench.dlt_alone", str(alone_folder))
        run_process(dlt_alone, env)
        ways = ((COMMAND, *load), (COMMAND, *backfill), dlt_alone, (COMMAND,))
        turns = [[run_process(way, env) for way in ways] for _ in range(RUNS)]
        night, nothing, dlts, imports = map(middle, zip(*turns, strict=True))
        windows, asked = last_night(warehouse)
        alone = seconds_of(asked, exported["SOURCES__HELP_SCOUT__BASE_URL"], exported)
    return Nights(
        windows=windows,
        requests=len(asked),
        requests_alone_seconds=alone,
        night=night,
        nothing_due=nothing,
        dlt_alone=dlts,
        imports=imports,
    )


def run_process(arguments: tuple[str, ...], env: dict[str, str]) -> Process:
    """One run of a module that tells its peak; RuntimeError with what it said when it fails."""
    began = time.perf_counter()
    with subprocess.Popen(
        [sys.executable, "-m", *arguments],
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


def middle(runs: Sequence[Process]) -> Process:
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
