"""A dozen accounts into one PostgreSQL, four at a time: as if they had been loaded one by one."""

from __future__ import annotations

import shutil
import subprocess
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import psycopg2
import pytest

from pipelines.quality.account_scope import own_rows
from pipelines.quality.check_results import RESULTS
from pipelines.settings.constants import DATASET
from pipelines.warehouse.open import open_pipeline
from pipelines.warehouse.postgres import Postgres
from pipelines.warehouse.sql import sql_client
from sources.help_scout_sandbox import Fault
from tests.helpers.fleet import Fleet, fleet, kill_worker
from tests.helpers.loads import READ_TIMES, Rows, differing
from tests.helpers.postgres import postgres_server
from tests.helpers.twin import comparable, connected

pytestmark = [pytest.mark.slow(minutes=3), pytest.mark.xdist_group("many_accounts")]

REPORTS = "company_overall,conversations_overall,conversations_drilldown,user_overall"
INTERVAL = ("--since", "2026-11-02", "--until", "2026-11-09", "--reports", REPORTS)
LOAD = ("load", "--all", "--destination", "postgres", *INTERVAL)
A_DAY = ("--since", "2026-11-05", "--until", "2026-11-06", "--reports")
CREDENTIALS = "DESTINATION__POSTGRES__CREDENTIALS"
WITHOUT_INDEX = f"""
select table_name from information_schema.columns
inner join information_schema.tables using (table_schema, table_name)
where table_schema = '{DATASET}' and table_type = 'BASE TABLE' and column_name = 'account'
and table_name <> '{RESULTS}'
except select tablename from pg_indexes
where schemaname = '{DATASET}' and indexdef like '%(account%'
"""
"""Tables of many accounts, but for the one that is only added to."""
SLOW = Fault(path="/v2/reports/*", kind="latency", seconds=0.5, times=None)


@pytest.fixture(scope="module")
def accounts() -> Iterator[Fleet]:
    with fleet(12) as found:
        yield found


@pytest.fixture(scope="module")
def server() -> Iterator[str]:
    with postgres_server() as address:
        yield address


def database(server: str, name: str) -> str:
    """A database of its own in the server."""
    connection = psycopg2.connect(server)
    connection.autocommit = True
    with connection.cursor() as cursor:
        cursor.execute(f"create database {name}")
    connection.close()
    return f"{server.rpartition('/')[0]}/{name}"


def ask(address: str, sql: str) -> Rows:
    with connected(address) as connection, connection.cursor() as cursor:
        cursor.execute(sql)
        return list(cursor.fetchall())


def tables_at(address: str) -> dict[str, Rows]:
    """Every table's rows, less the columns that tell when they were read, and the ledgers."""
    columns: dict[str, list[str]] = {}
    for table, column in ask(
        address,
        "select c.table_name, c.column_name from information_schema.columns as c "
        "inner join information_schema.tables as t using (table_schema, table_name) "
        f"where c.table_schema = '{DATASET}' and t.table_type = 'BASE TABLE' order by 1, 2",
    ):
        if column not in READ_TIMES and not table.startswith("_dlt"):
            columns.setdefault(table, []).append(f'"{column}"')
    runs = ("window_reads", "list_reads", "check_results", "restatements")
    return {
        table: comparable(ask(address, f"select {', '.join(listed)} from {DATASET}.{table}"))
        for table, listed in columns.items()
        if table not in runs
    }


def test_four_workers_one_of_them_killed_load_what_one_loads(
    accounts: Fleet, server: str, tmp_path: Path
) -> None:
    at_once, one_by_one = database(server, "at_once"), database(server, "one_by_one")

    process = accounts.start(*LOAD, "--workers", "4", **{CREDENTIALS: at_once})
    ends = time.monotonic() + 60
    while time.monotonic() < ends:
        if accounts.sandboxes["a03"].requests and kill_worker(process.pid, "a03"):
            break
        assert process.poll() is None, process.communicate()
        time.sleep(0.01)
    printed, _ = process.communicate(timeout=300)
    assert process.returncode == 1, printed
    assert "killed by signal 9" in printed
    assert "11 of 12 accounts are complete" in printed
    assert "a12 | " in printed

    with connected(at_once) as connection, connection.cursor() as cursor:
        cursor.execute(f"drop index {DATASET}.window_reads_by_run_id")  # as in an older warehouse
    code, printed = accounts.run(*LOAD, "--workers", "4", **{CREDENTIALS: at_once})
    assert (code, "12 of 12 accounts are complete" in printed) == (0, True), printed
    code, printed = accounts.run(*LOAD, "--workers", "1", **{CREDENTIALS: one_by_one})
    assert code == 0, printed

    ours, theirs = tables_at(at_once), tables_at(one_by_one)
    assert sum(map(len, ours.values())) > 2_000
    assert differing(ours, theirs) == {}
    counted = f"select account, count(*) from {DATASET}.report_windows group by 1 order by 1"
    assert ask(at_once, counted) == ask(one_by_one, counted)
    assert len(ask(at_once, counted)) == 12
    marts = "select count(distinct account) from marts.kpi_daily"
    assert ask(at_once, marts) == [(12,)]
    staging = (
        "select count(*) from information_schema.schemata where schema_name like '%_staging_%'"
    )
    assert ask(at_once, staging) == [(12,)]

    assert ask(at_once, WITHOUT_INDEX) == []
    assert ask(at_once, "select count(*) from pg_indexes where indexname ~ '^window_reads_by'") == [
        (3,)
    ]

    code, printed = accounts.run(
        "status", "--account", "a05", "--destination", "postgres", **{CREDENTIALS: at_once}
    )
    assert "company_overall" in printed
    code, printed = accounts.run(
        "check", "--account", "a05", "--destination", "postgres", **{CREDENTIALS: at_once}
    )
    assert (code, "0 fail" in printed) == (0, True), printed


def test_one_accounts_failure_is_its_own(accounts: Fleet, server: str, tmp_path: Path) -> None:
    there = {CREDENTIALS: database(server, "failing")}
    fault = Fault(path="/v2/reports/user*", kind="status", status=403, times=None)
    accounts.sandboxes["a02"].faults.add(fault)
    try:
        code, printed = accounts.first(4).run(*LOAD, "--workers", "4", **there)
    finally:
        accounts.sandboxes["a02"].faults.clear()

    assert code == 3, printed
    assert "3 of 4 accounts are complete" in printed


def test_what_one_accounts_api_adds_stays_in_the_views_when_another_is_loaded(
    accounts: Fleet, server: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    address = database(server, "unknown")
    load = ("load", "--destination", "postgres", *INTERVAL[:4], "--reports", "company_overall")
    path = "/v2/reports/company"

    def add_field(body: Any) -> Any:
        body["current"]["brandNew"] = 1.5
        return body

    fault = Fault(path=path, kind="change_body", change=add_field, times=None)
    accounts.sandboxes["a01"].faults.add(fault)
    code, printed = accounts.run(*load, "--account", "a01", **{CREDENTIALS: address})
    accounts.sandboxes["a01"].faults.clear()
    assert code == 0, printed
    shutil.rmtree("data")  # the other account is another machine's
    for account in ("a02", "a01"):
        code, printed = accounts.run(*load, "--account", account, **{CREDENTIALS: address})
        assert code == 0, printed
        shown = "select count(*) from information_schema.columns where column_name = 'brand_new'"
        assert ask(address, f"{shown} and table_name = 'company_overall_daily'") == [(1,)]
    monkeypatch.setenv(CREDENTIALS, address)
    with (
        open_pipeline(Postgres("a02")) as pipeline,
        sql_client(pipeline) as client,
        own_rows(pipeline, "a02", {"company_overall", "people", "report_windows"}),
    ):
        with connected(address) as other, other.cursor() as cursor:  # a load that makes views anew
            cursor.execute(f"drop view {DATASET}.people, {DATASET}.report_windows cascade")
        for name in ("company_overall", "people", "report_windows"):
            assert client.execute_sql(f"select distinct account from {name}") == [("a02",)]


def test_a_shared_staging_layout_is_refused(accounts: Fleet, server: str) -> None:
    code, printed = accounts.run(
        *("load", "--account", "a01", "--destination", "postgres", *INTERVAL),
        **{CREDENTIALS: server, "DESTINATION__POSTGRES__STAGING_DATASET_NAME_LAYOUT": "%s_staging"},
    )

    assert code == 2
    assert "gives all accounts one staging dataset" in printed
    assert "{account}" in printed
    assert ask(server, f"select 1 from pg_namespace where nspname = '{DATASET}'") == []


def wait_until_asked(accounts: Fleet, before: int, load: subprocess.Popen[str]) -> None:
    """Waits until the load of a01 has sent something: it has the account's lock by then."""
    while len(accounts.sandboxes["a01"].requests) < before + 3:
        assert load.poll() is None, load.communicate()
        time.sleep(0.01)


def test_an_account_that_is_being_loaded_is_not_loaded_twice(accounts: Fleet, server: str) -> None:
    there = {CREDENTIALS: database(server, "twice")}
    load = ("load", "--account", "a01", "--destination", "postgres", *INTERVAL)
    accounts.sandboxes["a01"].faults.add(SLOW)
    try:
        before = len(accounts.sandboxes["a01"].requests)
        first = accounts.start(*load, **there)
        wait_until_asked(accounts, before, first)
        code, printed = accounts.run(*load, **there)
    finally:
        accounts.sandboxes["a01"].faults.clear()
    assert (code, "account a01 in postgres is being loaded" in printed) == (2, True), printed
    first.communicate(timeout=120)
    assert first.returncode == 0
    asked = accounts.sandboxes["a01"].requests[before:]
    assert [request.path for request in asked].count("/v2/users") == 1  # by the first alone


def test_a_database_that_goes_away_is_told_and_the_same_command_goes_on(
    accounts: Fleet, server: str
) -> None:
    there = {CREDENTIALS: database(server, "away")}
    load = (
        "load",
        "--account",
        "a01",
        "--destination",
        "postgres",
        *A_DAY,
        "company_overall,email",
    )
    accounts.sandboxes["a01"].faults.add(SLOW)
    try:
        before = len(accounts.sandboxes["a01"].requests)
        first = accounts.start(*load, **there)
        wait_until_asked(accounts, before, first)
        with connected(server) as other, other.cursor() as cursor:
            cursor.execute("alter database away allow_connections false")
            cursor.execute(
                "select pg_terminate_backend(pid) from pg_stat_activity where datname = 'away'"
            )
    finally:
        accounts.sandboxes["a01"].faults.clear()
    printed, _ = first.communicate(timeout=120)
    assert (first.returncode, "error: " in printed) == (1, True), printed
    assert "what was read so far is loaded" in printed.lower()

    with connected(server) as other, other.cursor() as cursor:
        cursor.execute("alter database away allow_connections true")
    code, printed = accounts.run(*load, **there)
    assert code == 0, printed


def test_an_index_that_cannot_be_made_keeps_no_rows_back(accounts: Fleet, server: str) -> None:
    address = database(server, "indexes")
    load = ("load", "--destination", "postgres", *A_DAY)
    of_both = "company_overall,conversations_overall"
    code, printed = accounts.run(*load, of_both, "--account", "a01", **{CREDENTIALS: address})
    assert code == 0, printed

    with connected(address) as other, other.cursor() as cursor:
        cursor.execute(
            f"drop index {DATASET}.window_reads_by_run_id;"
            f"drop index {DATASET}.conversations_overall_by_account;"
            f"create view {DATASET}.window_reads_by_run_id as select 1 as somebodys;"
            f"drop table {DATASET}.company_overall_users cascade"
        )
        other.commit()
        cursor.execute(f"lock table {DATASET}.conversations_overall in row exclusive mode")
        load_one = (*load, "conversations_overall", "--account", "a02")
        code, printed = accounts.run(*load_one, **{CREDENTIALS: address})
    assert code == 0, printed
    for index in ("conversations_overall_by_account", "window_reads_by_run_id"):
        assert f"no index {index} yet" in printed
    rows = f"select count(*) from {DATASET}.conversations_overall where account = 'a02'"
    assert ask(address, rows) != [(0,)]

    code, printed = accounts.run(*load_one, **{CREDENTIALS: address})
    assert (code, "no index conversations_overall_by_account yet" in printed) == (0, False), printed
    made = "select 1 from pg_indexes where indexname = 'conversations_overall_by_account'"
    assert ask(address, made) == [(1,)]
