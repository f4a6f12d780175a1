"""Every destination comes to what DuckDB comes to: nights that change, emptied windows, a kill."""

from __future__ import annotations

import os
import shutil
import signal
import time
from collections.abc import Iterator
from datetime import date, timedelta
from multiprocessing.process import BaseProcess
from pathlib import Path

import pytest

from pipelines.models.mart_runner import SCHEMA, all_marts, create_marts
from pipelines.models.sla_targets import Targets
from pipelines.models.warehouse_comments import write_comments
from pipelines.quality.check_runner import CheckVerdict, all_checks, check_pipeline
from pipelines.settings.constants import DATASET
from pipelines.warehouse.base import Destination
from pipelines.warehouse.open import open_pipeline
from pipelines.warehouse.sql import sql_client
from sources.help_scout.state.restatements import RESTATEMENTS
from sources.help_scout_sandbox import Sandbox
from tests.helpers.forks import FORKS
from tests.helpers.loads import (
    NOW,
    READ_TIMES,
    SMALL,
    Rows,
    differing,
    load_into,
    numbers,
    query,
    remote,
    serving,
    ticking,
)
from tests.helpers.odd_cells import TRUE_TO_OTHERS, add_odd_cells
from tests.helpers.postgres import postgres_server
from tests.helpers.twin import comparable

pytestmark = [pytest.mark.slow(minutes=4), pytest.mark.xdist_group("destinations")]

START, EMPTIED = "2026-10-30", date(2026, 11, 7)
TOMORROW = NOW + timedelta(days=1)
DESTINATIONS = ("postgres", "ducklake", "parquet", "iceberg")
LOST = ("parquet", "ducklake")
"""Where the machine goes with the load that is killed; elsewhere the next load goes on with it."""
WINDOWS = "report, slice, grain, window_start, window_end, status, rows"
LIVES_SECONDS = 60.0
"""Within so long a load has begun to write."""
IS_WRITING = {
    "postgres": "completed_jobs/*.insert_values*",
    "ducklake": "new_jobs/*.parquet",
    "parquet": "completed_jobs/*.parquet",
    "iceberg": "completed_jobs/*.parquet",
}
"""Files of a package by which it shows that the first tables are written; a lake's package is
written as a whole, in the second after it is there."""


@pytest.fixture(scope="module")
def nights() -> Iterator[tuple[str, str]]:
    """The account as two nights find it, each behind a server of its own: in between a rating came
    late, conversations turned out to be spam, one day lost all of its conversations. Some ids are
    missing, some keys repeat."""
    second = Sandbox(SMALL)
    account = second.account
    replied = account.query(
        "select conversation_id from conversation where created_at > ? "
        "and first_response is not null order by 1 limit 2",
        (int((NOW - timedelta(days=6)).timestamp()),),
    )
    account.rate(replied[0][0], "great", NOW - timedelta(days=2))
    account.mark_spam(replied[1][0])
    account.empty_day(EMPTIED)
    account.advance(TOMORROW)
    first = add_odd_cells(Sandbox(SMALL), TRUE_TO_OTHERS)
    with serving(first) as before, serving(add_odd_cells(second, TRUE_TO_OTHERS)) as after:
        yield before, after


@pytest.fixture(scope="module")
def expected(nights: tuple[str, str], tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A DuckDB file with both nights and the marts."""
    warehouse = tmp_path_factory.mktemp("expected") / "w.duckdb"
    load_night(warehouse, nights[0])
    had = f"select count(*) from conversations_drilldown where window_date = '{EMPTIED}'"
    assert query(warehouse, had) != [(0,)]
    load_night(warehouse, nights[1], second=True)
    assert query(warehouse, had) == [(0,)]
    with open_pipeline(warehouse) as pipeline:
        create_marts(pipeline, Targets.configured())
    return warehouse


@pytest.fixture(scope="module")
def postgres() -> Iterator[str]:
    with postgres_server() as address:
        yield address


def load_night(warehouse: Path | Destination, base_url: str, *, second: bool = False) -> None:
    clock = ticking(TOMORROW if second else NOW)
    load_into(warehouse, base_url, clock=clock, start_date=START, lookback_days=30)


def loading(warehouse: Destination, base_url: str, env: dict[str, str]) -> BaseProcess:
    """The second night's load, in a process that can be killed."""
    process = FORKS.Process(target=_load_in, args=(warehouse, base_url, env, Path.cwd()))
    process.start()
    return process


def _load_in(warehouse: Destination, base_url: str, env: dict[str, str], folder: Path) -> None:
    os.environ.update(env)
    os.chdir(folder)
    load_night(warehouse, base_url, second=True)


def where(destination: str, postgres: str, folder: Path) -> dict[str, str]:
    """The configuration of the destination, as the README has it."""
    return {
        "postgres": {"DESTINATION__POSTGRES__CREDENTIALS": postgres},
        "ducklake": {
            "DESTINATION__DUCKLAKE__CREDENTIALS__CATALOG": postgres,
            "DESTINATION__DUCKLAKE__CREDENTIALS__STORAGE__BUCKET_URL": str(folder / "lake"),
        },
        "parquet": {"DESTINATION__PARQUET__BUCKET_URL": str(folder / "files")},
        "iceberg": {"DESTINATION__ICEBERG__BUCKET_URL": str(folder / "tables")},
    }[destination]


def rows_at(warehouse: Destination, names: dict[str, list[str]]) -> dict[str, Rows]:
    """The rows of tables or views, by how SQL names them, of these columns."""
    with open_pipeline(warehouse) as pipeline, sql_client(pipeline) as client:
        return {
            name: comparable(
                [tuple(row) for row in client.execute_sql(select(name, columns)) or []]
            )
            for name, columns in names.items()
        }


def select(name: str, columns: list[str]) -> str:
    return f"select {', '.join(columns)} from {name}"


def columns_in(warehouse: Path, schema: str) -> dict[str, list[str]]:
    """The columns of what stands in a schema, each table named with it."""
    found: dict[str, list[str]] = {}
    for table, column in query(
        warehouse,
        "select table_name, column_name from information_schema.columns "
        f"where table_schema = '{schema}' order by 1, ordinal_position",
    ):
        found.setdefault(f'{schema}."{table}"', []).append(f'"{column}"')
    return found


@pytest.mark.parametrize("destination", DESTINATIONS)
def test_two_nights_and_a_kill_come_to_what_duckdb_has(
    destination: str,
    nights: tuple[str, str],
    expected: Path,
    postgres: str,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    env = where(destination, postgres, tmp_path)
    for name, value in env.items():
        monkeypatch.setenv(name, value)
    there = remote(destination)

    load_night(there, nights[0])
    process = loading(there, nights[1], env)
    packages = f"data/.{destination}-*.pipelines/*/load/normalized/*"
    ends = time.monotonic() + LIVES_SECONDS
    while not any(Path().glob(f"{packages}/{IS_WRITING[destination]}")) and process.is_alive():
        assert time.monotonic() < ends, "it has not begun to write"
        time.sleep(0.002)
    process.join(1.0 if destination == "ducklake" else 0.0)
    process.kill()
    process.join()
    assert process.exitcode == -signal.SIGKILL, "it came to its end before it could be killed"
    if destination in LOST:
        shutil.rmtree("data")
        with open_pipeline(there) as pipeline, sql_client(pipeline) as client:
            read_since = f"select count(*) from window_reads where fetched_at >= '{TOMORROW}'"
            assert client.execute_sql(read_since) == [(0,)]  # no ledger tells of what is lost
    load_night(there, nights[1], second=True)
    with open_pipeline(there) as pipeline:
        create_marts(pipeline, Targets.configured())
        write_comments(pipeline)
        results = check_pipeline(pipeline, all_checks(), "main")

    bad = {r.check.name: r.examples for r in results if r.verdict is CheckVerdict.FAILS}
    assert bad == {}
    assert sum(r.verdict is CheckVerdict.HOLDS for r in results) > 15
    tables = [*numbers(expected), *([] if destination in LOST else [RESTATEMENTS.name])]
    listed = columns_in(expected, DATASET)
    names = {
        f'{DATASET}."{table}"': [
            column
            for column in sorted(listed[f'{DATASET}."{table}"'])
            if column.strip('"') not in (*READ_TIMES, "old_fetched_at")
        ]
        for table in tables
    }
    ours = {n: comparable(query(expected, select(n, columns))) for n, columns in names.items()}
    assert sum(map(len, ours.values())) > 5_000
    assert differing(ours, rows_at(there, names)) == {}
    windows = {f"{DATASET}.report_windows": WINDOWS.split(", ")}
    for name, columns in windows.items():
        assert comparable(query(expected, select(name, columns))) == rows_at(there, windows)[name]
    if destination == "ducklake":
        files = (tmp_path / "lake").rglob("*.parquet")
        assert {file.stat().st_mode & 0o777 for file in files} == {0o640}
        assert not list(Path().glob("*.files"))
    marts = {
        name: [column for column in columns if "fetched_at" not in column]
        for name, columns in columns_in(expected, SCHEMA).items()
    }
    assert len(marts) == len(all_marts()) + 1  # the targets
    ours = {n: comparable(query(expected, select(n, columns))) for n, columns in marts.items()}
    assert differing(ours, rows_at(there, marts)) == {}
