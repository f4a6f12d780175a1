"""Re-reads replace windows whole; chunks and repeated loads leave what one load would."""

from __future__ import annotations

import shutil
from dataclasses import replace
from datetime import UTC, date, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from dlt.pipeline.pipeline import Pipeline

from pipelines.planning import load_plan
from pipelines.planning.load_plan import source_state
from pipelines.warehouse.open import open_pipeline
from sources.help_scout.catalog.model import ADDITIVE, column
from sources.help_scout.catalog.reports import REPORTS as REPORTS_BY_NAME
from sources.help_scout.parsing import path_tree
from sources.help_scout_sandbox import Sandbox
from tests.helpers.loads import NOW, differing, load_into, numbers, query, ticking

REPORTS = (
    "company_overall",
    "conversations_overall",
    "conversations_busy_times",
    "conversations_fields_drilldown",
    "conversations_new",
    "happiness_ratings",
    "user_conversation_history",
)
START = "2026-10-26"


@pytest.mark.slow
def test_chunks_leave_what_one_load_leaves(
    small_account: tuple[Sandbox, str], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    whole, pieces = tmp_path / "whole.duckdb", tmp_path / "pieces.duckdb"
    load_into(whole, small_account[1], reports=REPORTS)
    monkeypatch.setattr(load_plan, "CHUNK_DAYS", 6)
    load_into(pieces, small_account[1], reports=REPORTS)

    assert query(pieces, "select count(*) from _dlt_loads") == [(3,)]
    assert differing(numbers(whole), numbers(pieces)) == {}


@pytest.mark.slow
def test_a_long_ledger_comes_in_pieces_and_leaves_what_one_at_the_end_does(
    small_account: tuple[Sandbox, str], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    ledger = "select report, slice, grain, window_start, status, covered_until from window_reads"
    whole, pieces = tmp_path / "whole.duckdb", tmp_path / "pieces.duckdb"
    load_into(whole, small_account[1], reports=REPORTS)
    monkeypatch.setattr("sources.help_scout.load.resources.ROWS_PER_BATCH", 50)
    load_into(pieces, small_account[1], reports=REPORTS)

    ledgers = [sorted(query(warehouse, ledger)) for warehouse in (whole, pieces)]
    assert ledgers[0] == ledgers[1]
    assert len(ledgers[0]) > 100
    assert cursors(whole) == cursors(pieces)
    assert differing(numbers(whole), numbers(pieces)) == {}


def cursors(warehouse: Path) -> dict[str, Any]:
    """Up to where each report was read, by dlt's state."""
    with open_pipeline(warehouse) as pipeline:
        resources = source_state(pipeline)["resources"]
    found = {name: known["incremental"]["covered_until"] for name, known in resources.items()}
    return {name: cursor["last_value"] for name, cursor in found.items()}


@pytest.mark.slow
def test_intervals_leave_the_same_in_any_order_and_do_not_move_the_cursor(
    small_account: tuple[Sandbox, str], tmp_path: Path
) -> None:
    base_url = small_account[1]
    forth, back = tmp_path / "forth.duckdb", tmp_path / "back.duckdb"
    intervals = [("2026-10-28", "2026-11-01"), ("2026-11-01", "2026-11-08")]
    for since, until in intervals:
        load_into(forth, base_url, reports=REPORTS, since=since, until=until)
    for since, until in reversed(intervals):
        load_into(back, base_url, reports=REPORTS, since=since, until=until)
    assert differing(numbers(forth), numbers(back)) == {}
    before = query(back, "select count(*) from window_reads where report = 'company_overall'")
    load_into(back, base_url, reports=("company_overall",))
    after = query(back, "select count(*) from window_reads where report = 'company_overall'")

    # Three slices. The load reads what is not final, and the first two days: had the cursor moved,
    # they would be missing.
    assert before == [((11 + 1 + 1) * 3,)]
    assert after == [(before[0][0] + (2 + 8 + 2 + 1) * 3,)]


def test_an_interval_of_fourteen_days_is_fourteen_day_windows(
    small_account: tuple[Sandbox, str], tmp_path: Path
) -> None:
    warehouse = tmp_path / "interval.duckdb"
    load_into(
        warehouse,
        small_account[1],
        reports=("happiness_overall",),
        since="2026-10-20",
        until="2026-11-03",
    )
    days = query(warehouse, "select window_date from happiness_overall_daily order by window_date")

    assert days == [(date(2026, 10, 20) + timedelta(days=n),) for n in range(14)]


def test_rows_say_what_they_are_worth(small_account: tuple[Sandbox, str], tmp_path: Path) -> None:
    warehouse = tmp_path / "worth.duckdb"
    load_into(warehouse, small_account[1], reports=("company_overall",))
    worth = query(
        warehouse,
        "select grain, window_date, is_final, covered_until < window_end "
        "from company_overall where slice = 'all' and (grain <> 'day' or window_date in "
        "('2026-11-02', '2026-11-03', '2026-11-09', '2026-11-10')) order by all",
    )

    def day(text: str) -> date:
        return datetime.strptime(text, "%Y-%m-%d").date()  # noqa: DTZ007

    assert worth == [
        ("day", day("2026-11-02"), True, False),  # ended seven days and ten hours ago
        ("day", day("2026-11-03"), False, False),
        ("day", day("2026-11-09"), False, False),
        ("day", day("2026-11-10"), False, True),
        ("month", day("2026-10-01"), True, False),
        ("month", day("2026-11-01"), False, True),
        ("week", day("2026-10-26"), True, False),
        ("week", day("2026-11-02"), False, False),
        ("week", day("2026-11-09"), False, True),
    ]


def test_a_catalog_that_changes_between_two_nights_loads_on(
    small_account: tuple[Sandbox, str], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    warehouse = tmp_path / "changed.duckdb"
    report = REPORTS_BY_NAME["happiness_overall"]
    load_into(warehouse, small_account[1], reports=(report.name,))
    counts = "select window_start, great_count from happiness_overall order by all"
    before = query(warehouse, counts)
    table = report.tables[0]
    first, *others = table.columns
    columns = (
        replace(first, description="In other words"),
        *others,
        column("current.brandNew", ADDITIVE, "Sent since a day", name="brand_new"),
    )
    changed = replace(report, tables=(replace(table, columns=columns),))
    monkeypatch.setitem(REPORTS_BY_NAME, report.name, changed)
    path_tree.tree_of.cache_clear()
    load_into(warehouse, small_account[1], reports=(report.name,))
    monkeypatch.undo()
    path_tree.tree_of.cache_clear()

    assert query(warehouse, counts) == before
    assert query(warehouse, "select distinct brand_new from happiness_overall") == [(None,)]


def test_an_older_copy_of_the_file_put_back_is_loaded_on_from_where_it_stands(
    small_account: tuple[Sandbox, str], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    warehouse, copy = tmp_path / "put_back.duckdb", tmp_path / "older.duckdb"
    reports = ("conversations_new",)
    early, late = datetime(2026, 10, 28, 15, tzinfo=UTC), NOW
    load_into(warehouse, small_account[1], reports=reports, clock=ticking(early))
    shutil.copy(warehouse, copy)
    load_into(warehouse, small_account[1], reports=reports, clock=ticking(late))
    shutil.copy(copy, warehouse)
    load_into(warehouse, small_account[1], reports=reports, clock=ticking(late))

    days = query(warehouse, "select count(distinct window_date) from conversations_new")
    assert days == [(16,)]
    # A file that says what is known already is not read anew, and no loaded packages pile up.
    monkeypatch.delattr(Pipeline, "drop")
    with open_pipeline(warehouse) as pipeline:
        assert pipeline.list_completed_load_packages() == []


@pytest.mark.slow
def test_every_report_loaded_twice_leaves_equal_tables(
    small_account: tuple[Sandbox, str], tmp_path: Path
) -> None:
    warehouse = tmp_path / "twice.duckdb"
    # A week with a clock change, and the month that ends in it.
    interval: dict[str, Any] = {"since": "2026-10-26", "until": "2026-11-02"}
    load_into(warehouse, small_account[1], **interval)
    first = numbers(warehouse)
    load_into(warehouse, small_account[1], **interval)

    loaded = query(warehouse, "select count(distinct report) from window_reads where rows > 0")
    assert loaded == [(32,)]
    assert differing(first, numbers(warehouse)) == {}
