"""The source in somebody's own dlt pipeline, without our command line."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from pathlib import Path

import dlt
import duckdb
import pytest
from dlt.pipeline.pipeline import Pipeline

from sources.help_scout import help_scout
from sources.help_scout.catalog.dimensions import DIMENSIONS
from sources.help_scout.catalog.reports import REPORTS
from sources.help_scout_sandbox import AccountSpec, Sandbox
from tests.helpers.loads import serving


@pytest.fixture
def bare(tmp_path: Path) -> Pipeline:
    return dlt.pipeline(
        "somebody_else",
        pipelines_dir=str(tmp_path / "state"),
        destination=dlt.destinations.duckdb(str(tmp_path / "theirs.duckdb")),
        dataset_name="support",
    )


def rows(pipeline: Pipeline, sql: str) -> list[tuple[object, ...]]:
    with pipeline.sql_client() as client:
        return [tuple(row) for row in client.execute_sql(sql) or []]


def test_two_resources_load_incrementally_over_two_runs(
    bare: Pipeline, monkeypatch: pytest.MonkeyPatch
) -> None:
    now = datetime.now(UTC)
    sandbox = Sandbox(
        AccountSpec(until=now, users=3, inboxes=2, conversations_per_day=10, days=130, tags=5)
    )
    with serving(sandbox) as base_url:
        monkeypatch.setenv("SOURCES__HELP_SCOUT__BASE_URL", base_url)
        monkeypatch.setenv("SOURCES__HELP_SCOUT__CLIENT_ID", sandbox.client_id)
        monkeypatch.setenv("SOURCES__HELP_SCOUT__CLIENT_SECRET", sandbox.client_secret)
        asked = []
        for _ in range(2):
            source = help_scout().with_resources("happiness_ratings", "company_overall")
            bare.run(source, loader_file_format="parquet")
            asked.append(len(sandbox.requests))

    tables = {row[0] for row in rows(bare, "select distinct report from window_reads")}
    assert tables == {"happiness_ratings", "company_overall"}
    # 90 days by default, then the lookback's: 8 days at most, in three slices.
    first_days = rows(bare, "select min(window_date) from company_overall where grain = 'day'")
    assert first_days == [((now - timedelta(days=90, hours=5)).date(),)]
    assert asked[1] - asked[0] < asked[0] / 4
    assert (
        rows(
            bare,
            "select account, slice, grain, window_start from company_overall "
            "group by all having count(*) > 1",
        )
        == []
    )
    assert rows(bare, "select count(*) from happiness_ratings")[0][0] > 50  # type: ignore[operator]


def test_a_bare_pipeline_keeps_a_change_log_too(bare: Pipeline) -> None:
    now = datetime.now(UTC)
    sandbox = Sandbox(
        AccountSpec(until=now, users=3, inboxes=2, conversations_per_day=10, days=60, tags=5)
    )
    since = (now - timedelta(days=5)).date()
    with serving(sandbox) as base_url:
        for night in range(2):
            source = help_scout(
                sandbox.client_id,
                sandbox.client_secret,
                base_url=base_url,
                start_date=since.isoformat(),
            ).with_resources("conversations_new")
            bare.run(source, loader_file_format="parquet")
            if night == 0:
                ((conversation,),) = sandbox.account.query(
                    "select conversation_id from conversation where created_at between ? and ? "
                    "order by 1 limit 1",
                    (int((now - timedelta(days=3)).timestamp()), int(now.timestamp())),
                )
                sandbox.account.delete_conversation(conversation)

    changes = rows(
        bare,
        "select report, grain, measure, old_value - new_value from restatements "
        "where slice = 'all'",
    )
    assert changes == [("conversations_new", "day", "conversation_count", 1.0)]


def test_an_interval_is_loaded_by_dates_alone(bare: Pipeline, tmp_path: Path) -> None:
    now = datetime.now(UTC)
    sandbox = Sandbox(
        AccountSpec(until=now, users=3, inboxes=2, conversations_per_day=10, days=60, tags=5)
    )
    since, until = (now - timedelta(days=20)).date(), (now - timedelta(days=10)).date()
    with serving(sandbox) as base_url:
        source = help_scout(
            sandbox.client_id,
            sandbox.client_secret,
            base_url=base_url,
            since=since.isoformat(),
            until=until.isoformat(),
        ).with_resources("company_overall", "users")
        bare.run(source, loader_file_format="parquet")

    with duckdb.connect(str(tmp_path / "theirs.duckdb"), read_only=True) as connection:
        days = connection.execute(
            "select min(window_date), max(window_date), count(*) from support.company_overall "
            "where grain = 'day' and slice = 'all'"
        ).fetchall()
    assert days == [(since, until - timedelta(days=1), 10)]


def test_there_is_one_resource_a_report_and_one_a_list() -> None:
    source = help_scout("id", "secret")

    assert set(source.resources) == {*REPORTS, *DIMENSIONS}


def test_every_table_and_column_is_described_in_the_schema(
    bare: Pipeline, small_account: tuple[Sandbox, str]
) -> None:
    source = help_scout(
        "sandbox-id",
        "sandbox-secret",
        base_url=small_account[1],
        since="2026-11-02",
        until="2026-11-03",
    )
    bare.extract(source, loader_file_format="parquet")
    tables = bare.default_schema.data_tables()
    silent = [
        (table["name"], name)
        for table in tables
        for name, column in table["columns"].items()
        if not column.get("description")
    ]

    lists = [dimension for dimension in DIMENSIONS.values() if not dimension.is_docs]  # no key
    assert len(tables) == 58 + len(lists) + 4
    assert [table["name"] for table in tables if not table.get("description")] == []
    assert silent == []
