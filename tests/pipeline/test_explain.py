"""A stored value is explained by the request that gives it, for every report."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import date
from pathlib import Path
from typing import Any
from urllib.parse import parse_qsl

import pytest

from pipelines.cli.render.explain import explanation_lines
from pipelines.models.base_views import create_views
from pipelines.quality.value_lineage import Explanation, Question, explain_value
from pipelines.settings.errors import UsageError
from pipelines.warehouse.open import open_pipeline
from sources.help_scout.catalog.model import PAGED, Report, Shape, Type
from sources.help_scout.catalog.reports import REPORTS
from sources.help_scout.parsing.flatten import flatten_report
from sources.help_scout.planning.request_plan import Request
from sources.help_scout.state.run import Run
from sources.help_scout_sandbox import Sandbox
from tests.helpers.loads import query, running

pytestmark = pytest.mark.xdist_group("loaded")

DAY = date(2026, 11, 4)


@pytest.fixture(scope="module")
def asked(
    small_account: tuple[Sandbox, str], loaded: Path, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[tuple[Run, Any]]:
    """A run over the account and the pipeline of a copy of its warehouse."""
    copy = tmp_path_factory.mktemp("explain") / "copy.duckdb"
    copy.write_bytes(loaded.read_bytes())
    with running(small_account[1]) as run, open_pipeline(copy) as pipeline:
        create_views(pipeline, run.settings)
        yield run, pipeline


def busiest(loaded: Path, report: Report) -> str:
    """The slice of the report with most rows around the day."""
    grain = report.grains[0]
    ((slice_,),) = query(
        loaded,
        f"select slice from {report.name} where grain = '{grain}' and window_date <= '{DAY}' and "
        f"cast(window_end as date) > '{DAY}' group by 1 order by count(*) desc, 1 limit 1",
    )
    return str(slice_)


def column_of(report: Report) -> str:
    """A column of the report's own table that numbers or ids stand in."""
    return next(
        column.name
        for column in report.tables[0].columns
        if column.paths
        and column.name not in report.tables[0].key
        and column.unit.type in (Type.BIGINT, Type.DOUBLE)
    )


@pytest.mark.parametrize("report", REPORTS.values(), ids=REPORTS)
def test_the_request_that_is_told_gives_the_value(
    report: Report, asked: tuple[Run, Any], loaded_slices: dict[str, str]
) -> None:
    run, pipeline = asked
    column, slice_ = column_of(report), loaded_slices[report.name]
    question = Question(report=report, column=column, day=DAY, slice=slice_, where={})
    found = explain_value(pipeline, run, question)

    assert found.rows
    answers = replayed(run, found)
    if report.shape is Shape.SERIES:
        answers = [row for row in answers if row["bucket_start_at"] == found.window.start]
    keys = [name for name in report.tables[0].key if name != "field_id"]
    told = [row for row in found.rows if row.get("field_id") == found.rows[0].get("field_id")]
    for row in told:
        same = [a for a in answers if all(a.get(name) == row[name] for name in keys)]
        assert [answer.get(column) for answer in same] == [row[column]]
    lines = dict(explanation_lines(found, run.client.base_url, run.time))
    assert lines["request"] == f"GET {run.client.base_url}{found.request}"
    assert "America/New_York" in lines["in the app"]


@pytest.fixture(scope="module")
def loaded_slices(loaded: Path) -> dict[str, str]:
    """The slice that each report is asked about: the one with most rows."""
    return {report.name: busiest(loaded, report) for report in REPORTS.values()}


def replayed(run: Run, found: Explanation) -> list[dict[str, Any]]:
    """The rows that the explained request gives now, all its pages."""
    report = found.question.report
    path, _, text = found.request.partition("?")
    request = Request.of(path, dict(parse_qsl(text)))
    bodies = [run.client.get(request).body]
    if report.shape in PAGED:
        envelope = bodies[0].get("conversations", bodies[0])
        more = [str(page) for page in range(2, int(envelope["pages"]) + 1)]
        bodies += [run.client.get(request.with_params(page=page)).body for page in more]
    stamps = {"field_id": found.rows[0]["field_id"]} if "fieldid" in text else {}
    return list(flatten_report(report, [(body, stamps) for body in bodies]).rows[report.name])


@pytest.mark.parametrize(
    ("report", "column", "options", "message"),
    [
        ("email", "nope", {}, "email has no column 'nope'; it has: start_at"),
        ("user_overall", "closed", {}, "user_overall: which slice? --slice is one of user=4001"),
        ("email", "volume_emails_created", {"slice": "mailbox=1"}, "email: no slice mailbox=1?"),
        (
            "email",
            "volume_emails_created",
            {"day": date(2025, 1, 1)},
            "email: no window around 2025-01-01 is loaded; help-scout status --reports email",
        ),
        (
            "company_overall",
            "replies",
            {"where": {"nobody": "1"}},
            "no column nobody to tell rows by: company_overall_users has user_id",
        ),
    ],
)
def test_what_cannot_be_explained_is_told_with_what_can(
    asked: tuple[Run, Any], report: str, column: str, options: dict[str, Any], message: str
) -> None:
    run, pipeline = asked
    question: dict[str, Any] = {"day": DAY, "where": {}} | options
    with pytest.raises(UsageError, match=f"^{message[:60]}".replace("?", r"\?")):
        explain_value(pipeline, run, Question(report=REPORTS[report], column=column, **question))


def test_one_row_of_a_list_is_told_by_its_key(asked: tuple[Run, Any]) -> None:
    run, pipeline = asked
    question = Question(
        report=REPORTS["company_overall"], column="replies", day=DAY, grain="week",
        where={"user_id": "4002"},
    )  # fmt: skip
    found = explain_value(pipeline, run, question)
    assert [row["user_id"] for row in found.rows] == [4002]
    assert (found.window.local_date, found.slice) == (date(2026, 11, 2), "all")
