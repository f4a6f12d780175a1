"""`make bench-beyond`: what a night costs at each destination, what beside the rows of other
accounts, and how accounts share workers.

A run of its own beside `make bench`: accounts at their limit wait for minutes.
"""

# ruff: noqa: T201  printing is what it is for

from __future__ import annotations

import os
import sys
import time
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path
from tempfile import TemporaryDirectory

import psycopg2

from pipelines.settings.constants import DATASET
from tests.bench.whole_process import SMALL_ACCOUNT, middle, run_process
from tests.helpers.commands import environment, served
from tests.helpers.fleet import fleet
from tests.helpers.postgres import postgres_server

DESTINATIONS = ("duckdb", "postgres", "ducklake", "parquet", "iceberg")
DAYS, RUNS = 30, 3
NEIGHBOURS = (99, 399)
ACCOUNTS, WORKERS, LIMIT_PER_MINUTE = 12, 4, 160
REPORTS = "company_overall,conversations_overall,happiness_overall,productivity_overall,chat,email"
SINCE, UNTIL = "2026-10-12", "2026-11-02"


@contextmanager
def configured(folder: Path) -> Iterator[dict[str, str]]:
    """The variables that name a place at each destination."""
    with postgres_server() as address:
        yield {
            "DESTINATION__POSTGRES__CREDENTIALS": address,
            "DESTINATION__DUCKLAKE__CREDENTIALS__CATALOG": address,
            "DESTINATION__DUCKLAKE__CREDENTIALS__STORAGE__BUCKET_URL": str(folder / "lake"),
            "DESTINATION__PARQUET__BUCKET_URL": str(folder / "parquet"),
            "DESTINATION__ICEBERG__BUCKET_URL": str(folder / "iceberg"),
        }


def destinations_told() -> None:
    """A first load of 30 days, then the night that reads a week again: seconds, memory, size."""
    print(f"\n{'destination':<14}{'first load s':>14}{'a night s':>12}{'peak MB':>10}{'MB':>10}")
    with TemporaryDirectory() as name, ExitStack() as stack:
        folder = Path(name)
        env = environment() | stack.enter_context(served(*SMALL_ACCOUNT))
        env |= stack.enter_context(configured(folder))
        env["SOURCES__HELP_SCOUT__START_DATE"] = _days_ago(DAYS)
        env["HELP_SCOUT_WAREHOUSE"] = str(folder / "help_scout.duckdb")
        os.chdir(folder)
        for destination in DESTINATIONS:
            load = ("tests.bench.peak", "load", "--destination", destination)
            first = run_process(load, env)
            night = middle([run_process(load, env) for _ in range(RUNS)])
            size = _size_of(destination, folder, env) / 1e6
            print(
                f"{destination:<14}{first.seconds:>14.1f}{night.seconds:>12.1f}"
                f"{night.peak_megabytes:>10.0f}{size:>10.1f}",
                flush=True,
            )


def _days_ago(days: int) -> str:
    return time.strftime("%Y-%m-%d", time.gmtime(time.time() - days * 86_400))


def _size_of(destination: str, folder: Path, env: dict[str, str]) -> int:
    """Bytes that the destination holds: of a lake its files."""
    if destination == "duckdb":
        return (folder / "help_scout.duckdb").stat().st_size
    if destination == "postgres":
        connection = psycopg2.connect(env["DESTINATION__POSTGRES__CREDENTIALS"])
        with connection, connection.cursor() as cursor:
            cursor.execute(
                "select sum(pg_total_relation_size(c.oid)) from pg_class as c inner join "
                "pg_namespace as n on n.oid = c.relnamespace "
                f"where c.relkind = 'r' and n.nspname = '{DATASET}'"
            )
            found = int(cursor.fetchone()[0])
        connection.close()
        return found
    place = folder / {"ducklake": "lake"}.get(destination, destination)
    return sum(path.stat().st_size for path in place.rglob("*") if path.is_file())


def neighbours_told() -> None:
    """A night of one account in PostgreSQL, alone and with the rows of others in its tables."""
    print(f"\n{'accounts in one PostgreSQL':<30}{'a night of one s':>18}{'MB':>10}")
    with TemporaryDirectory() as name, ExitStack() as stack:
        env = environment() | stack.enter_context(served(*SMALL_ACCOUNT))
        address = stack.enter_context(postgres_server())
        env["DESTINATION__POSTGRES__CREDENTIALS"] = address
        env["SOURCES__HELP_SCOUT__START_DATE"] = _days_ago(DAYS)
        os.chdir(name)
        load = ("tests.bench.peak", "load", "--destination", "postgres")
        for _ in range(2):
            run_process(load, env)
        there = 0
        for others in (0, *NEIGHBOURS):
            _add_neighbours(address, there + 1, others)
            there = others
            night = middle([run_process(load, env) for _ in range(RUNS)])
            size = _size_of("postgres", Path(name), env) / 1e6
            print(f"{1 + others:<30}{night.seconds:>18.1f}{size:>10.1f}", flush=True)


def _add_neighbours(address: str, first: int, last: int) -> None:
    """Gives every table the rows of the account once more, as those of others."""
    connection = psycopg2.connect(address)
    connection.autocommit = True
    with connection.cursor() as cursor:
        cursor.execute(
            "select table_name, array_agg(column_name::text) from information_schema.columns "
            "inner join information_schema.tables using (table_schema, table_name) "
            f"where table_schema = '{DATASET}' and table_type = 'BASE TABLE' "
            "group by table_name having bool_or(column_name = 'account')"
        )
        for table, columns in cursor.fetchall():
            named = ", ".join(f'"{column}"' for column in columns)
            values = named.replace('"account"', "'n' || n")
            cursor.execute(
                f"insert into {DATASET}.{table} ({named}) select {values} "
                f"from {DATASET}.{table}, generate_series({first}, {last}) as n "
                "where account !~ '^n[0-9]+$'"
            )
        cursor.execute("analyze")  # as the server does by itself, a minute later
    connection.close()


def accounts_told() -> None:
    """Twelve accounts at their limits, by one worker and by four."""
    print(f"\n{ACCOUNTS} accounts at {LIMIT_PER_MINUTE} requests a minute into one PostgreSQL")
    load = ("load", "--all", "--destination", "postgres", "--since", SINCE, "--until", UNTIL)
    seconds: dict[int, float] = {}
    for workers in (WORKERS, 1):
        with (
            TemporaryDirectory() as name,
            postgres_server() as address,
            fleet(ACCOUNTS, rate_limit=LIMIT_PER_MINUTE) as accounts,
        ):
            os.chdir(name)
            begun = time.monotonic()
            code, printed = accounts.run(
                *load, "--reports", REPORTS, "--workers", str(workers),
                DESTINATION__POSTGRES__CREDENTIALS=address,
            )  # fmt: skip
            seconds[workers] = time.monotonic() - begun
            assert code == 0, printed
            asked = sum(len(sandbox.requests) for sandbox in accounts.sandboxes.values())
            refused = sum(
                request.status == 429
                for sandbox in accounts.sandboxes.values()
                for request in sandbox.requests
            )
            print(
                f"{workers} workers: {seconds[workers]:.0f} s for {asked:,} requests, "
                f"{refused} refused",
                flush=True,
            )
    print(f"{WORKERS} workers take {seconds[WORKERS] / seconds[1]:.3f} of one worker's time")


def main() -> None:
    """Measures what is named, all by default."""
    parts = {
        "destinations": destinations_told,
        "neighbours": neighbours_told,
        "accounts": accounts_told,
    }
    for name in sys.argv[1:] or parts:
        parts[name]()


if __name__ == "__main__":
    main()
