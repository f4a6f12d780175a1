"""A report of a new family is one entry and an example body: everything else asks the entry."""

from __future__ import annotations

import json
from collections.abc import Iterator
from datetime import date
from pathlib import Path
from shutil import copytree

import pytest

from pipelines.cli.render.explain import explanation_lines
from pipelines.docs import report_table
from pipelines.docs.examples import Examples
from pipelines.docs.table_pages import table_dictionary
from pipelines.models import base_views, table_docs
from pipelines.planning.load_plan import LoadRequest
from pipelines.quality.sql_fragments import building_blocks, read_by_checks
from pipelines.quality.value_lineage import Question, explain_value
from pipelines.warehouse.open import open_pipeline
from sources.help_scout.catalog.model import (
    ADDITIVE,
    DISTINCT,
    ID,
    TEXT,
    Family,
    Report,
    Rows,
    Shape,
    Table,
    column,
)
from sources.help_scout.catalog.reports import REPORTS
from sources.help_scout_sandbox import Sandbox
from tests.conftest import FIXTURES
from tests.helpers.loads import load_into, planned, query, running, status_of, tables_of, views_of

pytestmark = pytest.mark.xdist_group("loaded")

BODY = {
    "current": {"totalReplies": 31, "customersHelped": 17},
    "users": [{"user": "4001", "name": "Ada Lovelace", "replies": 31}],
}
ENTRY = Report(
    name="teamwork_overall",
    family=Family(title="Teamwork", order=99, screen="Teamwork"),
    path="company",  # what the sandbox answers has all that the entry wants
    doc="teamwork/",
    summary="Replies of the whole team",
    shape=Shape.OVERALL,
    grains=("day",),
    compares=False,
    tables=(
        Table(
            name="teamwork_overall",
            summary="Replies in the window",
            rows=(Rows(),),
            columns=(
                column("current.totalReplies", ADDITIVE, "Replies sent", name="total_replies"),
                column("current.customersHelped", DISTINCT, "Customers helped",
                       name="customers_helped"),
            ),
        ),
        Table(
            name="teamwork_overall_users",
            summary="Replies of each user in the window",
            rows=(Rows(path="users[]"),),
            key=("user_id",),
            people=("user_id", "user_name"),
            columns=(
                column("user", ID, "User", name="user_id"),
                column("name", TEXT, "User's name", name="user_name", personal=True),
                column("replies", ADDITIVE, "Replies sent"),
            ),
        ),
    ),
)  # fmt: skip
DAY = date(2026, 11, 4)


def forget_the_catalog() -> None:
    """Makes whatever is made of the catalog once be made again."""
    table_docs.report_tables.cache_clear()


@pytest.fixture
def entry(monkeypatch: pytest.MonkeyPatch) -> Iterator[Report]:
    """The 33rd report, in a catalog that has it."""
    monkeypatch.setitem(REPORTS, ENTRY.name, ENTRY)
    forget_the_catalog()
    yield ENTRY
    monkeypatch.undo()
    forget_the_catalog()


@pytest.fixture
def warehouse(entry: Report, small_account: tuple[Sandbox, str], tmp_path: Path) -> Path:
    """A warehouse with six days of the report alone, and its views."""
    path = tmp_path / "new.duckdb"
    load_into(path, small_account[1], reports=(entry.name,), start_date="2026-11-03")
    with open_pipeline(path) as pipeline, running(small_account[1]) as run:
        base_views.create_views(pipeline, run.settings)
    return path


def test_it_is_planned_loaded_shown_explained_and_watched_over(
    entry: Report, warehouse: Path, small_account: tuple[Sandbox, str]
) -> None:
    assert {table.name for table in entry.tables} <= set(tables_of(warehouse))
    assert {"teamwork_overall_daily", "teamwork_overall_users_by_inbox"} <= set(views_of(warehouse))
    ((replies, users),) = query(
        warehouse,
        "select total_replies, (select sum(replies) from teamwork_overall_users_daily as u "
        f"where u.window_date = d.window_date) from teamwork_overall_daily as d "
        f"where window_date = '{DAY}'",
    )
    assert replies == users > 0
    assert query(warehouse, "select count(*) from people where user_kind = 'user'") != [(0,)]

    plan = planned(warehouse, LoadRequest(reports=(entry.name,)), start_date="2026-11-01")
    assert plan.lines.keys() == {entry.name}
    assert plan.lines[entry.name].windows

    (status,) = {one.report for one in status_of(warehouse, (entry.name,)).slices}
    assert status == entry.name

    question = Question(report=entry, column="total_replies", day=DAY, where={})
    with open_pipeline(warehouse) as pipeline, running(small_account[1]) as run:
        found = explain_value(pipeline, run, question)
        lines = dict(explanation_lines(found, run.client.base_url, run.time))
    assert lines["value"] == str(replies)
    assert lines["in the app"].startswith("Reports > Teamwork, 2026-11-04 to 2026-11-04")


def test_it_is_described_and_checked(entry: Report, tmp_path: Path) -> None:
    bodies = copytree(FIXTURES / "api", tmp_path / "bodies")
    (bodies / f"{entry.name}.json").write_text(json.dumps(BODY))
    page = "\n".join(table_dictionary(Examples(bodies)))
    assert "## Reports: teamwork" in page
    assert "| `total_replies` | bigint | count | Replies sent | `31` |" in page
    assert 'teamwork_overall ||--o{ teamwork_overall_users : "window key"' in page
    assert any(f"[{entry.name}]" in line for line in report_table())

    assert entry.name in table_docs.report_tables()
    assert {table.name for table in entry.tables} <= read_by_checks()
    assert "teamwork_overall" in building_blocks({entry.name})["counts_of_reports"]
    assert "sums_of_slices" in building_blocks({entry.name})
