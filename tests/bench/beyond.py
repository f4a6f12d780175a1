"""`make bench-beyond`: a night at each destination, a night beside the rows of other accounts, and
accounts that share workers.

It is a run of its own beside `make bench`: accounts at their limit wait for minutes.
"""

# ruff: noqa: T201  printing is what it is for

from __future__ import annotations

import os
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta
from pathlib import Path
from tempfile import TemporaryDirectory

from pipelines.settings.constants import DATASET
from tests.bench.whole_process import SMALL_ACCOUNT, Process, middle, run_process
from tests.helpers.commands import environment, served
from tests.helpers.fleet import fleet
from tests.helpers.postgres import postgres_server
from tests.helpers.twin import connected

CREDENTIALS = "DESTINATION__POSTGRES__CREDENTIALS"
PLACES = {
    "duckdb": "help_scout.duckdb",
    "postgres": "",
    "ducklake": "lake",
    "parquet": "parquet",
    "iceberg": "iceberg",
}
"""The destinations, and the folder or file of each."""
DAYS, RUNS = 30, 3
NEIGHBOURS = (0, 99, 399)
ACCOUNTS, WORKERS, LIMIT_PER_MINUTE = 12, 4, 160
REPORTS = "company_overall,conversations_overall,happiness_overall,productivity_overall,chat,email"
SINCE, UNTIL = "2026-10-12", "2026-11-02"
SIZE_IN_POSTGRES = f"""
select sum(pg_total_relation_size(c.oid)) from pg_class as c
inner join pg_namespace as n on n.oid = c.relnamespace
where c.relkind = 'r' and n.nspname = '{DATASET}'
"""
TABLES_OF_ACCOUNTS = f"""
select table_name, array_agg(column_name::text) from information_schema.columns
inner join information_schema.tables using (table_schema, table_name)
where table_schema = '{DATASET}' and table_type = 'BASE TABLE'
group by table_name having bool_or(column_name = 'account')
"""


@contextmanager
def small_account() -> Iterator[dict[str, str]]:
    """The variables of a small account, a PostgreSQL server and the other destinations, in a new
    folder that becomes the current one."""
    with TemporaryDirectory() as name, served(*SMALL_ACCOUNT) as exported, postgres_server() as db:
        os.chdir(name)
        start = datetime.now(UTC).date() - timedelta(days=DAYS)
        yield (
            environment()
            | exported
            | {
                "SOURCES__HELP_SCOUT__START_DATE": str(start),
                "HELP_SCOUT_WAREHOUSE": f"{name}/help_scout.duckdb",
                CREDENTIALS: db,
                "DESTINATION__DUCKLAKE__CREDENTIALS__CATALOG": db,
                "DESTINATION__DUCKLAKE__CREDENTIALS__STORAGE__BUCKET_URL": f"{name}/lake",
                "DESTINATION__PARQUET__BUCKET_URL": f"{name}/parquet",
                "DESTINATION__ICEBERG__BUCKET_URL": f"{name}/iceberg",
            }
        )


def load(destination: str, env: dict[str, str]) -> Process:
    """One load into the destination."""
    return run_process(("tests.bench.peak", "load", "--destination", destination), env)


def megabytes_of(destination: str, env: dict[str, str]) -> float:
    """The size of what the destination holds: of a lake its files."""
    if destination == "postgres":
        with connected(env[CREDENTIALS]) as connection, connection.cursor() as cursor:
            cursor.execute(SIZE_IN_POSTGRES)
            return int(cursor.fetchone()[0]) / 1e6
    place = Path(PLACES[destination])
    files = [place] if place.is_file() else [path for path in place.rglob("*") if path.is_file()]
    return sum(file.stat().st_size for file in files) / 1e6


def print_destinations() -> None:
    """A first load of 30 days, then the night that reads a week again: seconds, memory, size."""
    print(f"\n{'destination':<14}{'first load s':>14}{'a night s':>12}{'peak MB':>10}{'MB':>10}")
    with small_account() as env:
        for destination in PLACES:
            first = load(destination, env)
            night = middle([load(destination, env) for _ in range(RUNS)])
            print(
                f"{destination:<14}{first.seconds:>14.1f}{night.seconds:>12.1f}"
                f"{night.peak_megabytes:>10.0f}{megabytes_of(destination, env):>10.1f}",
                flush=True,
            )


def print_neighbours() -> None:
    """A night of one account in PostgreSQL, alone and with the rows of others in its tables."""
    print(f"\n{'accounts in one PostgreSQL':<30}{'a night of one s':>18}{'MB':>10}")
    with small_account() as env:
        for _ in range(2):
            load("postgres", env)
        before = 0
        for others in NEIGHBOURS:
            add_neighbours(env[CREDENTIALS], before + 1, others)
            before = others
            night = middle([load("postgres", env) for _ in range(RUNS)])
            size = megabytes_of("postgres", env)
            print(f"{1 + others:<30}{night.seconds:>18.1f}{size:>10.1f}", flush=True)


def add_neighbours(address: str, first: int, last: int) -> None:
    """Gives every table the rows of the account once more, as those of others."""
    with connected(address) as connection, connection.cursor() as cursor:
        cursor.execute(TABLES_OF_ACCOUNTS)
        for table, columns in cursor.fetchall():
            named = ", ".join(f'"{column}"' for column in columns)
            values = named.replace('"account"', "'n' || n")
            cursor.execute(
                f"insert into {DATASET}.{table} ({named}) select {values} "
                f"from {DATASET}.{table}, generate_series({first}, {last}) as n "
                "where account !~ '^n[0-9]+$'"
            )
        cursor.execute("analyze")  # as the server does by itself, a minute later


def print_accounts() -> None:
    """Twelve accounts at their limits, by one worker and by four."""
    print(f"\n{ACCOUNTS} accounts at {LIMIT_PER_MINUTE} requests a minute into one PostgreSQL")
    words = ("load", "--all", "--destination", "postgres", "--since", SINCE, "--until", UNTIL)
    seconds: dict[int, float] = {}
    for workers in (WORKERS, 1):
        with (
            TemporaryDirectory() as name,
            postgres_server() as db,
            fleet(ACCOUNTS, rate_limit=LIMIT_PER_MINUTE) as accounts,
        ):
            os.chdir(name)
            options = ("--reports", REPORTS, "--workers", str(workers))
            begun = time.monotonic()
            code, printed = accounts.run(*words, *options, **{CREDENTIALS: db})
            seconds[workers] = time.monotonic() - begun
            assert code == 0, printed
            sent = [one for sandbox in accounts.sandboxes.values() for one in sandbox.requests]
            refused = sum(request.status == 429 for request in sent)
            print(
                f"{workers} workers: {seconds[workers]:.0f} s for {len(sent):,} requests, "
                f"{refused} refused",
                flush=True,
            )
    print(f"{WORKERS} workers take {seconds[WORKERS] / seconds[1]:.3f} of one worker's time")


def main() -> None:
    """Measures what is named, all by default."""
    parts = {
        "destinations": print_destinations,
        "neighbours": print_neighbours,
        "accounts": print_accounts,
    }
    for name in sys.argv[1:] or parts:
        parts[name]()


if __name__ == "__main__":
    main()
