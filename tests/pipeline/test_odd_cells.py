"""A night on which every kind of odd cell comes at once: all loads, and it is told once."""

from __future__ import annotations

from io import StringIO
from pathlib import Path
from typing import Any

from rich.console import Console

from pipelines.cli.render.summary import print_summary
from pipelines.models.mart_runner import create_marts
from pipelines.models.sla_targets import Targets
from pipelines.quality.check_runner import CheckVerdict, all_checks, check_pipeline
from pipelines.warehouse.open import open_pipeline
from sources.help_scout_sandbox import Sandbox
from tests.helpers.loads import SMALL, load_into, numbers, query, serving
from tests.helpers.odd_cells import add_odd_cells

REPORTS = (
    "company_overall",
    "conversations_overall",
    "conversations_busy_times",
    "conversations_drilldown",
    "docs_overall",
    "happiness_ratings",
    "productivity_overall",
)


TOLD = (
    "24 values could not be read and are null (Infinity, NaN), in company_overall",
    "21 rows without an id are kept, in conversations_overall, happiness_ratings",
    "12 rows have the key of another row but other values, and are kept, in docs_overall",
    "window_reads.repairs says which value or row of which window that was",
)


def test_a_night_of_odd_cells_loads_whole_and_the_next_changes_nothing(tmp_path: Path) -> None:
    warehouse = tmp_path / "odd.duckdb"
    options: dict[str, Any] = {
        "reports": REPORTS,
        "start_date": "2026-11-02",
        "breakdowns": {"every_report": ["all"]},
    }
    with serving(add_odd_cells(Sandbox(SMALL))) as base_url:
        summary = load_into(warehouse, base_url, **options)
        before = numbers(warehouse)
        load_into(warehouse, base_url, **options)

    assert numbers(warehouse) == before
    assert summary.exit_code() == 0
    told = StringIO()
    print_summary(Console(file=told, width=300), summary)
    assert [told.getvalue().count(line) for line in TOLD] == [1] * len(TOLD), told.getvalue()
    with open_pipeline(warehouse) as pipeline:
        create_marts(pipeline, Targets.configured())
        names = ["no_row_is_doubled", "tables_hold_what_the_ledger_says", "drilldowns_are_whole"]
        verdicts = [result.verdict for result in check_pipeline(pipeline, all_checks(names))]
    assert verdicts == [CheckVerdict.HOLDS] * 3
    shares = "select distinct round(resolved_on_first_reply_pct, 2) from marts.responsiveness"
    assert query(warehouse, shares) == [(30.77,)]
    assert query(
        warehouse, "select distinct repairs from window_reads where report = 'company_overall'"
    ) == [("infinite:deltas.closed=1,nan:deltas.totalReplies=1",)]
