"""The catalog: 32 reports, 58 tables, and a reason for each entry that is refused."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Callable
from typing import Any

import pytest

from sources.help_scout.catalog.dimensions import DIMENSIONS
from sources.help_scout.catalog.model import (
    COUNT,
    ENVELOPES,
    ID,
    INSTANT,
    LOCAL_DATE,
    PCT,
    SECONDS,
    TEXT_ID,
    Column,
    Family,
    Report,
    Rows,
    Shape,
    Table,
    Type,
    column,
    measure,
)
from sources.help_scout.catalog.naming import snake_case, with_unit
from sources.help_scout.catalog.reports import REPORTS
from sources.help_scout.catalog.stored_tables import UNKNOWN_VALUES, WINDOW_KEY, stored_table
from sources.help_scout.state.ledger import LIST_READS, WINDOW_READS

PER_REPORT = pytest.mark.parametrize("report", REPORTS.values(), ids=REPORTS)
TABLES = [table for report in REPORTS.values() for table in report.tables]
STORED = [
    *(stored_table(report, table) for report in REPORTS.values() for table in report.tables),
    *(dimension.stored_table for dimension in DIMENSIONS.values()),
    WINDOW_READS,
    LIST_READS,
    UNKNOWN_VALUES,
]
PER_TABLE = pytest.mark.parametrize("table", STORED, ids=[table.name for table in STORED])


def test_the_catalog_has_all_reports_and_their_tables() -> None:
    assert (len(REPORTS), len(TABLES)) == (32, 58)
    assert Counter(report.shape for report in REPORTS.values()) == {
        Shape.OVERALL: 11,
        Shape.HEATMAP: 1,
        Shape.SERIES: 12,
        Shape.DRILLDOWN: 5,
        Shape.LIST: 3,
    }


def test_no_two_tables_of_the_warehouse_share_a_name() -> None:
    assert [name for name, n in Counter(t.name for t in STORED).items() if n > 1] == []


def test_no_two_reports_share_an_address() -> None:
    assert len({report.path for report in REPORTS.values()}) == 32


@PER_REPORT
def test_each_report_is_described_and_can_be_asked_for(report: Report) -> None:
    assert report.summary
    assert re.fullmatch(r"https://developer\.helpscout\.com/[\w/-]+/", report.doc_url)
    assert report.shape in ENVELOPES
    assert set(report.sort) <= report.wire_params
    assert set(report.requires) <= report.wire_params
    assert all(reason for reason in report.ignored.values())
    assert all(parent.report in REPORTS for parent in report.parents)
    assert len(report.grains) > 0
    assert len(report.slices) > 0


@PER_REPORT
def test_reports_whose_rows_have_no_time_load_in_one_grain(report: Report) -> None:
    many = report.shape in (Shape.OVERALL, Shape.HEATMAP)
    assert many or len(report.grains) == 1


@PER_REPORT
def test_reports_that_name_items_are_loaded_before_those_that_need_them(report: Report) -> None:
    order = list(REPORTS)
    parents = {parent.report for parent in report.parents}
    late = [name for name in parents if order.index(name) > order.index(report.name)]
    assert late == []


@PER_TABLE
def test_every_column_is_described_and_named_once(table: Any) -> None:
    names = [column.name for column in table.columns]
    assert table.description
    assert [name for name, n in Counter(names).items() if n > 1] == []
    assert [c.name for c in table.columns if not c.description.strip()] == []
    assert [name for name in names if not re.fullmatch(r"[a-z][a-z0-9_]*", name)] == []
    assert set(table.primary_key) <= set(names)
    assert set(table.merge_key) <= set(table.primary_key)


@pytest.mark.parametrize("table", TABLES, ids=[table.name for table in TABLES])
def test_the_unit_ends_the_name(table: Table) -> None:
    endings = {c.name: c.unit.suffix for c in table.columns if not c.name.endswith(c.unit.suffix)}
    assert endings == {}
    by_words = {"instant, UTC": "_at", "date, company time zone": "_date", "id": "_id"}
    wrong = [
        c.name
        for c in table.columns
        if not c.name.endswith(by_words.get(c.unit.words, "")) and c.name != "conversation_number"
    ]
    assert wrong == []
    assert [c.name for c in table.columns if "percent" in c.name] == []


@pytest.mark.parametrize("ending", ["seconds", "pct", "ratio", "points"])
def test_no_name_claims_a_unit_that_it_has_not(ending: str) -> None:
    columns = [c for table in TABLES for c in table.columns if c.name.endswith(f"_{ending}")]
    assert {c.unit.suffix for c in columns} == {ending}
    assert {c.unit.type for c in columns} == {Type.DOUBLE}


def test_every_report_table_is_keyed_by_its_window() -> None:
    report_tables = STORED[: len(TABLES)]
    assert {table.merge_key for table in report_tables} == {WINDOW_KEY}
    assert {table.primary_key[:4] for table in report_tables} == {WINDOW_KEY}


def test_what_people_write_is_marked_personal() -> None:
    personal = {c.name for table in TABLES for c in table.columns if c.personal}
    assert {
        "subject",
        "preview",
        "customer_name",
        "customer_email",
        "rating_comments",
        "user_name",
        "search_term",
    } <= personal


# --- refusals -------------------------------------------------------------------------------


def table_of(name: str, **options: Any) -> Table:
    columns = (column("id", ID, "Id", name="item_id"),)
    return Table(name=name, summary="S", rows=(Rows(),), **{"columns": columns, **options})


def report_of(**options: Any) -> Report:
    given: dict[str, Any] = {
        "name": "a",
        "family": Family(title="A", order=1, screen="A"),
        "path": "a",
        "doc": "a/",
        "summary": "S",
        "shape": Shape.OVERALL,
        "tables": (table_of("a"),),
        "grains": ("day",),
    }
    return Report(**given | options)


@pytest.mark.parametrize(
    ("build", "message"),
    [
        (lambda: Column(name="a", unit=ID, description=""), "column a has no description"),
        (
            lambda: table_of("a", columns=tuple(column("x", COUNT, "X") for _ in range(2))),
            "table a: columns named twice: ['x']",
        ),
        (lambda: table_of("a", key=("b",)), "table a: no column 'b' for its key"),
        (lambda: table_of("a", inherits=("b",)), "table a: no column 'b' for its key"),
        (
            lambda: table_of("a", people=("item_id", "name")),
            "table a: no column 'name' for its people",
        ),
        (
            lambda: table_of("a", columns=(column("x", SECONDS, "X", name="x", weight="n"),)),
            "table a: no column 'n' for x",
        ),
        (
            lambda: column("x", COUNT, "X", weight="n"),
            "column x has a weight and is no average",
        ),
        (
            lambda: report_of(tables=(table_of("a", columns=(column("x", COUNT, "X"),)),)),
            "a.x does not say how it adds up",
        ),
        (lambda: report_of(tables=()), "report a: its first table must carry its name"),
        (
            lambda: report_of(tables=(table_of("b"),)),
            "report a: its first table must carry its name",
        ),
    ],
)
def test_a_bad_entry_is_refused_with_the_reason(build: Callable[[], object], message: str) -> None:
    with pytest.raises(ValueError, match=f"^{re.escape(message)}$"):
        build()


@pytest.mark.parametrize(
    ("shape", "grains"), [(Shape.SERIES, ("day", "month")), (Shape.OVERALL, ("hour",))]
)
def test_a_grain_that_a_shape_cannot_have_is_refused(shape: Shape, grains: Any) -> None:
    with pytest.raises(ValueError, match=r"^report a: grains .* are not all of"):
        report_of(shape=shape, grains=grains)


def test_a_column_that_a_table_lacks_is_named() -> None:
    with pytest.raises(KeyError, match="a has no column b"):
        table_of("a").column("b")


# --- names ----------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("wire", "expected"),
    [
        ("customersHelped", "customers_helped"),
        ("volume.emailsCreated", "volume_emails_created"),
        ("mailboxid", "mailboxid"),
        ("photoURL", "photo_url"),
        ("HTMLBody", "html_body"),
        ("top10", "top_10"),
        ("already_snake", "already_snake"),
        ("with-dash", "with_dash"),
        ("_links", "links"),
        ("", "field"),
        ("名前", "field"),
    ],
)
def test_wire_names_become_snake_case(wire: str, expected: str) -> None:
    assert snake_case(wire) == expected


def test_the_wire_word_for_a_unit_gives_way_to_the_unit() -> None:
    assert with_unit("ratings_percent", "pct") == "ratings_pct"
    assert with_unit("percent_resolved_on_first_reply", "ratio") == "resolved_on_first_reply_ratio"
    assert with_unit("closed", "") == "closed"


def test_a_measure_is_three_columns() -> None:
    found = [(c.name, c.paths, c.unit.suffix) for c in measure("handleTime", SECONDS, "time")]
    assert found == [
        ("handle_time_seconds", ("current.handleTime",), "seconds"),
        ("previous_handle_time_seconds", ("previous.handleTime",), "seconds"),
        ("delta_handle_time_pct", ("deltas.handleTime",), "pct"),
    ]
    bare = [c.name for c in measure("busiestDay", PCT, "day", previous=False, delta=None)]
    assert bare == ["busiest_day_pct"]


def test_the_units_of_ids_and_times_are_what_they_say() -> None:
    assert (ID.type, TEXT_ID.type) == (Type.BIGINT, Type.TEXT)
    assert (INSTANT.type, LOCAL_DATE.type) == (Type.TIMESTAMP, Type.DATE)
