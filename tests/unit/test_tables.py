"""Rows as Arrow tables: declared types, unknown columns, tombstones, the ledger's row."""

from __future__ import annotations

from collections import Counter
from dataclasses import replace
from datetime import date, timedelta
from typing import Any

import pyarrow as pa
import pytest

from sources.help_scout.catalog.model import Report, Shape
from sources.help_scout.catalog.reports import REPORTS
from sources.help_scout.catalog.slices import Slice
from sources.help_scout.catalog.stored_tables import (
    NO_NUMBER,
    NO_TEXT,
    TOMBSTONE,
    UNKNOWN_VALUES,
    WINDOW_KEY,
    StoredTable,
    context_columns,
    stored_table,
    tombstone,
)
from sources.help_scout.extract.result import Status, WindowResult
from sources.help_scout.parsing.arrow import arrow_schema, to_arrow
from sources.help_scout.parsing.repairs import Repairs
from sources.help_scout.parsing.row_batches import RowBatch
from sources.help_scout.state.ledger import WINDOW_READS
from sources.help_scout.state.ledger_rows import ledger_row, window_context
from tests.helpers.builders import at, read_of, window

WEEK = timedelta(days=7)
FETCHED = at("2026-03-20T00:00")
SLICE = Slice.of(mailbox=4)
PER_REPORT = pytest.mark.parametrize("report", REPORTS.values(), ids=REPORTS)


def table(name: str, report: str | None = None) -> StoredTable:
    owner = REPORTS[report or name]
    return next(stored_table(owner, t) for t in owner.tables if t.name == name)


def result_of(report: str, **changes: Any) -> WindowResult:
    read = read_of(report, slice_=changes.pop("slice_", Slice()),
                   compare_to=changes.pop("compare_to", "none"))  # fmt: skip
    result = WindowResult(
        read=read, window=read.windows[0], status=Status.LOADED, fetched_at=FETCHED
    )
    return replace(result, **changes)


def context_of(result: WindowResult) -> dict[str, Any]:
    return dict(window_context(result, account="main", lookback=WEEK, now=result.fetched_at))


def test_declared_columns_have_their_types_and_absent_values_are_null() -> None:
    result = result_of("conversations_new", slice_=SLICE)
    rows = [{**context_of(result), "conversation_count": 3}]
    found = to_arrow(table("conversations_new"), rows, {})
    assert {field.name: str(field.type) for field in found.schema} == {
        "account": "string",
        "slice": "string",
        "slice_kind": "string",
        "grain": "string",
        "window_start": "timestamp[us, tz=UTC]",
        "window_end": "timestamp[us, tz=UTC]",
        "window_date": "date32[day]",
        "slice_mailbox_id": "int64",
        "slice_tag_id": "int64",
        "slice_type": "string",
        "slice_folder_id": "int64",
        "slice_group": "string",
        "fetched_at": "timestamp[us, tz=UTC]",
        "covered_until": "timestamp[us, tz=UTC]",
        "is_final": "bool",
        "tombstone": "bool",
        "bucket_start_at": "timestamp[us, tz=UTC]",
        "conversation_count": "int64",
    }
    assert {k: v for k, v in found.to_pylist()[0].items() if v is not None} == {
        "account": "main",
        "slice": "mailbox=4",
        "slice_kind": "mailbox",
        "grain": "day",
        "window_start": at("2026-03-04T05:00"),
        "window_end": at("2026-03-05T05:00"),
        "window_date": date(2026, 3, 4),
        "slice_mailbox_id": 4,
        "fetched_at": FETCHED,
        "covered_until": at("2026-03-05T05:00"),
        "is_final": True,
        "conversation_count": 3,
    }


@PER_REPORT
def test_a_table_without_rows_has_all_its_columns(report: Report) -> None:
    for declared in report.tables:
        stored = stored_table(report, declared)
        assert to_arrow(stored, [], {}).schema == arrow_schema(stored)


@PER_REPORT
def test_of_key_columns_only_ids_may_be_null_and_then_rows_are_numbered(report: Report) -> None:
    for declared in report.tables:
        schema = arrow_schema(stored_table(report, declared))
        required = {field.name for field in schema if not field.nullable}
        numbered = {"occurrence"} if declared.counts_occurrences else {*declared.key}
        assert required == {*WINDOW_KEY, *numbered}


@PER_REPORT
def test_the_context_of_a_window_is_made_of_declared_columns(report: Report) -> None:
    context = context_of(result_of(report.name, compare_to="previous_period"))
    declared = {column.name for column in context_columns(report)}
    assert set(context) - declared == set()
    assert ("previous_window_start" in context) == (
        report.compares and report.shape is Shape.OVERALL
    )


def test_unknown_fields_never_share_a_column() -> None:
    known: dict[str, str] = {}
    to_arrow(UNKNOWN_VALUES, [{"size": "big", "size_number": 1.0}], known)
    rows = to_arrow(UNKNOWN_VALUES, [{"size": 2.0, "size_number": 3.0}], known).to_pylist()
    found = {name: rows[0][name] for name in rows[0] if name.startswith("size")}
    assert found == {"size_number": 3.0, "size_number_number": 2.0}


def test_unknown_fields_come_after_the_declared_columns() -> None:
    stored = table("conversations_new")
    rows: list[dict[str, Any]] = [
        {"new_count": 4.0, "conversation_count": 1},
        {"is_new": True},
        {"new_word": "x"},
    ]
    found = to_arrow(stored, rows, {})
    extra = {f.name: f.type for f in found.schema if f.name not in arrow_schema(stored).names}
    assert extra == {"new_count": pa.float64(), "is_new": pa.bool_(), "new_word": pa.string()}
    assert found.column("new_count").to_pylist() == [4.0, None, None]
    assert found.column("is_new").to_pylist() == [None, True, None]
    assert found.column("new_word").to_pylist() == [None, None, "x"]
    assert found.schema.names[: len(stored.columns)] == arrow_schema(stored).names


def test_a_field_whose_type_changes_gets_a_second_column() -> None:
    stored, known = table("conversations_new"), dict[str, str]()
    first = to_arrow(stored, [{"novel": 4.0}, {"novel": "four"}], known)
    later = to_arrow(stored, [{"novel": "five"}, {"novel": True}, {"novel": 6.0}], known)
    assert first.column("novel").to_pylist() == [4.0, None]
    assert first.column("novel_text").to_pylist() == [None, "four"]
    assert later.column("novel").to_pylist() == [None, None, 6.0]
    assert later.column("novel_text").to_pylist() == ["five", None, None]
    assert later.column("novel_flag").to_pylist() == [None, True, None]


@PER_REPORT
def test_a_tombstone_has_the_window_and_an_item_that_none_has(report: Report) -> None:
    result = result_of(report.name)
    context = context_of(result)
    for declared in report.tables:
        row = tombstone(declared, result.window.start)
        assert row[TOMBSTONE] is True
        assert set(row) == {*declared.row_key, TOMBSTONE}
        assert all(row[name] is not None for name in declared.row_key)
        batch = RowBatch()
        batch.add(context, [row])
        (stored,) = to_arrow(stored_table(report, declared), batch, {}).to_pylist()
        assert {name: stored[name] for name in context} == context


def test_the_sentinels_of_a_tombstone_by_type() -> None:
    context = context_of(result_of("happiness_ratings"))
    ratings = tombstone(REPORTS["happiness_ratings"].tables[0], context["window_start"])
    assert [ratings[name] for name in ("thread_id", "customer_id", "rated_at", "occurrence")] == [
        NO_NUMBER,
        NO_NUMBER,
        at("2026-03-04T05:00"),
        NO_NUMBER,
    ]
    search = tombstone(REPORTS["docs_overall"].tables[1], context["window_start"])
    assert search["search_term"] == NO_TEXT


# --- the ledger -----------------------------------------------------------------------------


REPAIRED = Counter({("nan", "deltas.closed"): 2, ("id_missing", "users[].user"): 1})


def ledger_of(result: WindowResult) -> dict[str, Any]:
    return ledger_row(result, account="main", run_id="r1", lookback=WEEK, now=result.fetched_at)


def test_the_ledger_tells_the_whole_story_of_a_read() -> None:
    row = ledger_of(
        result_of(
            "conversations_new",
            slice_=SLICE,
            rows={"conversations_new": [{}, {}]},
            unknown=frozenset({"b", "a"}),
            repairs=Repairs(found=REPAIRED),
            query="q",
            requests=3,
            pages=2,
            api_count=2,
            correlation_id="abc",
        )
    )
    assert row == {
        "account": "main",
        "report": "conversations_new",
        "slice": "mailbox=4",
        "grain": "day",
        "window_start": at("2026-03-04T05:00"),
        "window_end": at("2026-03-05T05:00"),
        "window_date": date(2026, 3, 4),
        "status": "loaded",
        "rows": 2,
        "pages": 2,
        "api_count": 2,
        "requests": 3,
        "query": "q",
        "fetched_at": FETCHED,
        "covered_until": at("2026-03-05T05:00"),
        "is_final": True,
        "error": None,
        "http_status": None,
        "echo_shift_seconds": None,
        "correlation_id": "abc",
        "unknown_fields": "a,b",
        "repairs": "id_missing:users[].user=1,nan:deltas.closed=2",
        "run_id": "r1",
    }
    assert set(row) == {column.name for column in WINDOW_READS.columns}


@pytest.mark.parametrize("status", list(Status))
def test_only_a_read_that_succeeded_covers_anything(status: Status) -> None:
    row = ledger_of(result_of("conversations_new", status=status))
    good = status in (Status.LOADED, Status.EMPTY, Status.INCOMPLETE)
    whole = good and status is not Status.INCOMPLETE
    assert (row["covered_until"] is not None, row["is_final"]) == (good, whole)


@pytest.mark.parametrize(
    ("fetched_at", "covered_until", "is_final"),
    [
        ("2026-03-04T12:00", "2026-03-04T12:00", False),
        ("2026-03-05T05:00", "2026-03-05T05:00", False),
        ("2026-03-12T04:59", "2026-03-05T05:00", False),
        ("2026-03-12T05:00", "2026-03-05T05:00", True),
    ],
)
def test_a_row_says_what_it_is_worth(fetched_at: str, covered_until: str, is_final: bool) -> None:
    context = context_of(result_of("conversations_new", fetched_at=at(fetched_at)))
    assert (context["covered_until"], context["is_final"]) == (at(covered_until), is_final)


def test_the_window_compared_with_is_told() -> None:
    context = context_of(result_of("company_overall", compare_to="previous_period"))
    before = window("2026-03-03")
    assert (context["previous_window_start"], context["previous_window_end"]) == (
        before.start,
        before.end,
    )
