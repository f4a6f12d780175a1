"""A warehouse of another catalog is migrated or refused, and never loaded into by half."""

from __future__ import annotations

import hashlib
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from pipelines.planning.load_plan import source_state
from pipelines.settings.errors import explain
from pipelines.warehouse.open import open_pipeline
from sources.help_scout.catalog import version
from sources.help_scout.catalog.dimensions import DIMENSIONS
from sources.help_scout.catalog.model import RATE, Column, Table
from sources.help_scout.catalog.reports import REPORTS
from sources.help_scout.catalog.stored_tables import UNKNOWN_VALUES, stored_table
from sources.help_scout.catalog.version import CATALOG_VERSION
from sources.help_scout.state import run
from sources.help_scout.state.ledger import LIST_READS, WINDOW_READS
from sources.help_scout.state.restatements import RESTATEMENTS
from sources.help_scout_sandbox import Sandbox
from tests.helpers.loads import load_into, query, whole_tables

pytestmark = pytest.mark.xdist_group("loaded")
REPORT = "conversations_busy_times"
LABEL = "weekday_name"
PRINTS = {1: "d671efc013aa", 2: "9c6ed95e95c0"}
"""Each version's print of its tables, columns, types and keys."""


@pytest.fixture
def load(small_account: tuple[Sandbox, str], tmp_path: Path) -> Callable[[], Path]:
    def carry_out() -> Path:
        warehouse = tmp_path / "w.duckdb"
        load_into(warehouse, small_account[1], reports=(REPORT,), start_date="2026-11-05")
        return warehouse

    return carry_out


def with_table(monkeypatch: pytest.MonkeyPatch, change: Callable[[Table], Table]) -> None:
    """The catalog as another version might have it."""
    report = REPORTS[REPORT]
    table, *others = report.tables
    monkeypatch.setitem(REPORTS, REPORT, replace(report, tables=(change(table), *others)))


def with_column(name: str, change: Callable[[Column], Column | None]) -> Callable[[Table], Table]:
    def changed(table: Table) -> Table:
        columns = (change(one) if one.name == name else one for one in table.columns)
        return replace(table, columns=tuple(one for one in columns if one is not None))

    return changed


def test_a_warehouse_of_an_older_catalog_gets_the_new_columns(
    load: Callable[[], Path], monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    with monkeypatch.context() as older:
        with_table(older, with_column(LABEL, lambda _: None))
        warehouse = load()
    before = query(warehouse, f"select count(*) from {REPORT}")
    load()

    assert f"{REPORT}: new in this version of help-scout: {LABEL}" in caplog.text
    assert "help-scout rebuild" in caplog.text
    assert query(warehouse, f"select count({LABEL}) from {REPORT}") == before != [(0,)]


@pytest.mark.parametrize(
    ("change", "message"),
    [
        (
            with_column("conversation_count", lambda one: replace(one, unit=RATE)),
            f"{REPORT}.conversation_count is double in this warehouse and bigint in this version",
        ),
        (
            lambda table: replace(table, key=table.key[:1]),
            f"the key of {REPORT} is (",
        ),
    ],
)
def test_a_warehouse_that_cannot_take_the_rows_is_refused_and_stays_as_it_was(
    load: Callable[[], Path],
    monkeypatch: pytest.MonkeyPatch,
    change: Callable[[Table], Table],
    message: str,
) -> None:
    with monkeypatch.context() as older:
        with_table(older, change)
        warehouse = load()
    before = whole_tables(warehouse, leave_out=())
    with pytest.raises(Exception) as refusal:  # noqa: PT011  dlt's own, around ours
        load()

    words, code = explain(refusal.value)
    assert message in words
    assert "help-scout rebuild" in words
    assert code == 2
    assert whole_tables(warehouse, leave_out=()) == before


def test_a_warehouse_of_a_newer_catalog_is_refused_and_stays_as_it_was(
    load: Callable[[], Path], monkeypatch: pytest.MonkeyPatch
) -> None:
    with monkeypatch.context() as newer:
        for module in (version, run):
            newer.setattr(module, "CATALOG_VERSION", CATALOG_VERSION + 1)
        warehouse = load()
    before = whole_tables(warehouse, leave_out=())
    with pytest.raises(Exception, match="was written by a newer help-scout"):
        load()
    assert whole_tables(warehouse, leave_out=()) == before
    with open_pipeline(warehouse) as pipeline:
        assert source_state(pipeline)["catalog_version"] == CATALOG_VERSION + 1


def test_a_change_of_the_catalog_raises_its_version() -> None:
    tables = [
        *(stored_table(report, table) for report in REPORTS.values() for table in report.tables),
        *(dimension.stored_table for dimension in DIMENSIONS.values()),
        *(WINDOW_READS, LIST_READS, RESTATEMENTS, UNKNOWN_VALUES),
    ]
    shape: Any = sorted(
        (table.name, table.primary_key, column.name, column.unit.type.stored)
        for table in tables
        for column in table.columns
    )
    found = hashlib.sha256(repr(shape).encode()).hexdigest()[:12]
    assert {CATALOG_VERSION: found}.items() <= PRINTS.items(), "raise CATALOG_VERSION, add a print"
