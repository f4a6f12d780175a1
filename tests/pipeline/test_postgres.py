"""The warehouse in PostgreSQL: dlt loads it there, views and marts hold what DuckDB's hold."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
from dlt.pipeline.pipeline import Pipeline

from pipelines.models.base_views import create_views
from pipelines.models.mart_runner import SCHEMA, all_marts
from pipelines.settings.constants import DATASET
from pipelines.warehouse.base import destination_of
from sources.help_scout_sandbox import Sandbox
from tests.helpers.loads import READ_TIMES, Rows, differing, load_days, query, running, views_of
from tests.helpers.postgres import programs_of_postgres
from tests.helpers.twin import comparable, connected, postgres_pipeline, rows_on_both

pytestmark = pytest.mark.xdist_group("loaded")

TYPES = {
    "BIGINT": "bigint",
    "INTEGER": "integer",
    "DOUBLE": "double precision",
    "VARCHAR": "text",
    "BOOLEAN": "boolean",
    "DATE": "date",
    "TIMESTAMP WITH TIME ZONE": "timestamp with time zone",
}
COLUMNS = (
    "select table_name, column_name, data_type from information_schema.columns "
    "where table_schema = '{schema}' order by 1, 2"
)
VIEWS = "select table_name from information_schema.views where table_schema = '{schema}'"
THE_WEEK = "window_date between '2026-11-02' and '2026-11-08' and grain <> 'month'"
LOADED_THERE = ("company_overall", "conversations_new", "happiness_ratings")


def in_postgres(address: str, sql: str) -> Rows:
    with connected(address) as connection, connection.cursor() as cursor:
        cursor.execute(sql)
        rows: Rows = cursor.fetchall()
        return rows


def test_views_hold_the_same_in_both(marts: Path, twin: Pipeline, postgres: str) -> None:
    views = [name for name in views_of(marts) if not name.startswith("_")]
    ours, theirs = rows_on_both(marts, postgres, {v: f'{DATASET}."{v}"' for v in views})

    assert len(views) > 150
    assert sum(len(rows) for rows in ours.values()) > 10_000
    assert differing(ours, theirs) == {}


def test_every_mart_holds_the_same_in_both(marts: Path, twin: Pipeline, postgres: str) -> None:
    names = {mart.name: f"{SCHEMA}.{mart.name}" for mart in all_marts()}
    ours, theirs = rows_on_both(marts, postgres, names)

    assert [name for name, rows in ours.items() if not rows] == []
    assert differing(ours, theirs) == {}


def test_every_mart_has_the_same_types_in_both(marts: Path, twin: Pipeline, postgres: str) -> None:
    ours = query(marts, COLUMNS.format(schema=SCHEMA))
    theirs = in_postgres(postgres, COLUMNS.format(schema=SCHEMA))

    kinds = {"character varying": "text"}
    assert [(table, column, TYPES[kind]) for table, column, kind in ours] == [
        (table, column, kinds.get(kind, kind)) for table, column, kind in theirs
    ]


def test_dlt_loads_into_postgres_what_it_loads_into_duckdb(
    loaded: Path,
    twin: Pipeline,
    postgres: str,
    small_account: tuple[Sandbox, str],
    tmp_path: Path,
) -> None:
    there = postgres_pipeline(postgres, tmp_path, "loaded_there")
    for _ in range(2):  # the second time replaces what the first one loaded
        with running(small_account[1]) as run:
            load_days(there, run, LOADED_THERE, "2026-11-02", "2026-11-09")
            create_views(there, run.settings)

    columns = in_postgres(postgres, COLUMNS.format(schema="loaded_there"))
    tables = {table for table, *_ in columns} & set(there.default_schema.data_table_names())
    assert {*LOADED_THERE, "company_overall_users", "window_reads"} <= tables
    copied = in_postgres(postgres, COLUMNS.format(schema=DATASET))
    assert {row for row in columns if row[0] in tables} == {r for r in copied if r[0] in tables}
    for table in (*LOADED_THERE, "company_overall_users"):
        names = ", ".join(f'"{c}"' for t, c, _ in columns if t == table and c not in READ_TIMES)
        rows = f"select {names} from {{}}.{table} where {THE_WEEK}"
        found = in_postgres(postgres, rows.format("loaded_there"))
        expected = query(loaded, rows.format(DATASET))
        assert comparable(found) == comparable(expected)
        assert len(found) > 7
    views = {name for (name,) in in_postgres(postgres, VIEWS.format(schema="loaded_there"))}
    assert {"report_windows", "people", "company_overall_weekly"} <= views


def test_a_view_keeps_what_is_built_on_it_unless_its_columns_change(
    twin: Pipeline, postgres: str
) -> None:
    with twin.sql_client() as client:
        make_views = destination_of(twin).make_views
        make_views(client, ["create or replace view ours as select 1 as a, 2 as b"])
        client.execute_sql("create view theirs as select a from ours")
        make_views(client, ["create or replace view ours as select 1 as a, 2 as b, 3 as c"])
        kept = client.execute_sql("select * from theirs")
        make_views(client, ["create or replace view ours as select 3 as c, 4 as d"])

    left = in_postgres(postgres, VIEWS.format(schema=DATASET))
    assert kept == [(1,)]
    assert in_postgres(postgres, f"select * from {DATASET}.ours") == [(3, 4)]
    assert ("theirs",) not in left
    with twin.sql_client() as client:
        client.execute_sql("drop view ours")


def test_a_machine_without_postgres_is_told_what_to_install(
    tmp_path: Path, monkeypatch: Any
) -> None:
    monkeypatch.setenv("PATH", "")

    with pytest.raises(RuntimeError, match="apt-get install postgresql"):
        programs_of_postgres(tmp_path)
