"""What the warehouse says of itself: every table, view and column, written once and kept."""

from __future__ import annotations

import re
import shutil
from dataclasses import fields
from pathlib import Path
from typing import Any

import duckdb
import pytest
from dlt.destinations.exceptions import DatabaseException
from dlt.pipeline.pipeline import Pipeline

from pipelines.docs import ROOT
from pipelines.models.base_views import create_views
from pipelines.models.mart_runner import create_marts
from pipelines.models.sla_targets import Targets
from pipelines.models.warehouse_comments import (
    UNKNOWN,
    DatabaseObject,
    lacking_comments,
    things_in,
    write_comments,
)
from pipelines.publishing.published_copy import Publication, publish
from pipelines.settings.errors import UsageError
from pipelines.warehouse.open import open_pipeline
from pipelines.warehouse.postgres import Postgres
from pipelines.warehouse.redaction import copy_without_traces
from tests.helpers.loads import NOW, query, running

pytestmark = pytest.mark.xdist_group("loaded")
STANDING = """
    select schema_name || '.' || table_name || '.' || column_name as name, comment
    from duckdb_columns() where schema_name in ('reports', 'marts')
    union all
    select schema_name || '.' || table_name, comment from duckdb_tables()
    where schema_name in ('reports', 'marts')
    union all
    select schema_name || '.' || view_name, comment from duckdb_views()
    where schema_name in ('reports', 'marts')"""


def comments_in(warehouse: Path) -> dict[str, str | None]:
    """What is said of everything in the file but dlt's own tables."""
    found = query(warehouse, f"select * from ({STANDING}) where not contains(name, '._dlt')")
    return dict(found)


def described_anew(warehouse: Path) -> int:
    """How many comments were written by what the end of a load does."""
    with running("http://127.0.0.1:9") as run, open_pipeline(warehouse) as pipeline:
        create_views(pipeline, run.settings)
        create_marts(pipeline, Targets.configured())
        return write_comments(pipeline)


@pytest.fixture(scope="module")
def commented(marts: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A warehouse that has comments, and a column that the catalog does not know."""
    warehouse = tmp_path_factory.mktemp("commented") / "commented.duckdb"
    shutil.copy(marts, warehouse)
    alter(warehouse, "alter table reports.chat add column new_field double")
    described_anew(warehouse)
    return warehouse


def alter(warehouse: Path, *statements: str) -> None:
    with open_pipeline(warehouse) as pipeline, pipeline.sql_client() as client:
        for statement in statements:
            client.execute_sql(statement)


def test_everything_in_the_warehouse_says_what_it_is(commented: Path) -> None:
    comments = comments_in(commented)

    assert [name for name, comment in comments.items() if not comment] == []
    assert comments["reports.email"] == "E-mail conversations in the window"
    assert comments["reports.people.user_kind"] == "user, ai_agent, team or not listed (text)"
    assert (
        comments["reports.email_weekly.resolutions_resolution_time_seconds"]
        == (comments["reports.email.resolutions_resolution_time_seconds"])
    )
    assert comments["marts.volume"] == (
        "How much came in and went out each day, week and month, by inbox, against the window "
        "before? One row a window and inbox."
    )
    assert comments["marts.happiness.great_pct"] == (
        "Share of Great among the ratings; null without ratings (percent, 0 to 100)"
    )
    assert comments["reports.chat.new_field"] == UNKNOWN


def test_a_second_night_writes_none_and_neither_views_nor_copies_lose_any(
    commented: Path, tmp_path: Path
) -> None:
    warehouse = Path(shutil.copy(commented, tmp_path))

    assert described_anew(warehouse) == 0
    copy_without_traces(warehouse)

    assert comments_in(warehouse) == comments_in(commented)


def test_what_lacks_or_differs_is_written_and_nothing_else(commented: Path, tmp_path: Path) -> None:
    warehouse = Path(shutil.copy(commented, tmp_path))
    before = comments_in(warehouse)
    alter(
        warehouse,
        "comment on column reports.email.account is 'somebody''s \"own\" 100 %'",
        "comment on table reports.email is null",
        "create table reports.mine (a int)",
        "comment on table reports.mine is 'mine'",
        "drop view marts.volume",
    )

    written = described_anew(warehouse)

    # All marts are made anew, since one was gone; other views and tables are as they were.
    marts = [name for name in before if name.startswith("marts.")]
    assert written == len(marts) + 2
    assert comments_in(warehouse) == before | {"reports.mine": "mine", "reports.mine.a": None}


def test_a_mart_that_somebody_replaced_is_made_anew_and_their_own_views_stay(
    commented: Path, tmp_path: Path
) -> None:
    warehouse = Path(shutil.copy(commented, tmp_path))
    alter(
        warehouse,
        "create or replace view marts.volume as select *, 1 as mine from marts.kpi_daily",
        "comment on view marts.volume is 'mine'",
        "create view marts.mine as select 1 as a",
    )

    described_anew(warehouse)

    own = {"marts.mine": None, "marts.mine.a": None}
    assert comments_in(warehouse) == comments_in(commented) | own


def test_columns_that_a_mart_does_not_describe_get_no_comment() -> None:
    """A mart that cannot be made leaves its name to a view of somebody's own."""
    theirs = [DatabaseObject("marts", "volume", name, "column", "INTEGER", None)
              for name in ("mine", "previous_mine", "delta_mine_pct")]  # fmt: skip

    assert list(lacking_comments(theirs)) == []


def test_a_table_in_a_marts_place_is_refused_in_words(commented: Path, tmp_path: Path) -> None:
    warehouse = Path(shutil.copy(commented, tmp_path))
    alter(warehouse, "drop view marts.volume", "create table marts.volume as select 42 as mine")

    with pytest.raises(UsageError, match=r"^marts\.volume: a table stands where a view is to be"):
        described_anew(warehouse)

    assert query(warehouse, "from marts.volume") == [(42,)]


def test_a_published_copy_says_what_it_is_and_what_it_is_worth(
    commented: Path, tmp_path: Path
) -> None:
    warehouse = Path(shutil.copy(commented, tmp_path))
    publication = Publication(
        published_at=NOW, run_id="r", account="main", timezone="UTC",
        compare_to="none", missing_windows=0, failed_windows=0, checks_held=9,
        checks_failed=0, checks_skipped=0, checks_drifted=0,
    )  # fmt: skip

    comments = comments_in(publish(warehouse, publication, 0o600))

    assert [name for name, comment in comments.items() if not comment] == []
    assert comments.keys() - comments_in(commented).keys() == {
        "reports.publication",
        *(f"reports.publication.{field.name}" for field in fields(Publication)),
    }


def test_postgres_says_the_same(commented: Path, twin: Pipeline) -> None:
    assert write_comments(twin) > 5_000
    assert write_comments(twin) == 0

    with twin.sql_client() as client:
        things = things_in(client, Postgres.objects_query, ("reports", "marts"))
    said = {
        ".".join(filter(None, (one.schema, one.table, one.column))): one.comment
        for one in things
        if not one.table.startswith("_dlt")
    }
    ours = {
        name: re.sub(r" \[made by \w+\]$", "", comment or "")
        for name, comment in comments_in(commented).items()
        if not name.endswith(".new_field")
    }
    assert said == ours


def test_the_recipes_queries_run(commented: Path, tmp_path: Path) -> None:
    page = (ROOT / "pipelines" / "models" / "marts" / "BI.md").read_text(encoding="utf-8")
    (sql,) = re.findall(r"```sql\n(.+?)```", page, flags=re.DOTALL)
    (python,) = re.findall(r"```python\n(.+?)```", page, flags=re.DOTALL)
    published = tmp_path / "help_scout.published.duckdb"
    shutil.copy(commented, published)
    told = "data/help_scout.published.duckdb"

    with duckdb.connect(str(commented), read_only=True) as connection:
        rows = [
            connection.execute(one.replace(told, str(published))).fetchall()
            for one in sql.split(";\n")
            if one.strip()
        ]
    names: dict[str, Any] = {}
    exec(python.replace(told, str(published)), names)

    assert [len(found) > 0 for found in rows] == [True, True, True, False, True]  # attach: none
    assert names["topics"].num_rows > 0


def test_comments_are_written_all_or_none(
    commented: Path, tmp_path: Path, monkeypatch: Any
) -> None:
    warehouse = Path(shutil.copy(commented, tmp_path))
    bad = ["comment on table reports.email is 'x'", "comment on table nil is 'y'"]
    monkeypatch.setattr(
        "pipelines.models.warehouse_comments.lacking_comments", lambda things: iter(bad)
    )

    with open_pipeline(warehouse) as pipeline, pytest.raises(DatabaseException, match="nil"):
        write_comments(pipeline)

    assert comments_in(warehouse)["reports.email"] == comments_in(commented)["reports.email"]
