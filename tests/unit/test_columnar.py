"""Long lists become the same rows as columns and walked, or fail with the same words."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from copy import deepcopy
from typing import Any
from unittest.mock import patch

import pytest
from hypothesis import given
from hypothesis import strategies as st

from sources.help_scout.catalog.model import PAGED, Report
from sources.help_scout.catalog.reports import REPORTS
from sources.help_scout.catalog.stored_tables import stored_table
from sources.help_scout.errors import CoercionError, UnexpectedResponse
from sources.help_scout.parsing import flatten
from sources.help_scout.parsing.arrow import to_arrow
from sources.help_scout.parsing.coerce import Stamps
from sources.help_scout.parsing.flatten import Flattened, flatten_report
from sources.help_scout.parsing.row_batches import ColumnarRows, RowBatch, join_rows
from tests.conftest import example_body
from tests.helpers.builders import a_few_examples
from tests.unit.test_unknown_fields import mutate

LISTS = [report for report in REPORTS.values() if report.shape in PAGED]
NUMBERED = ("happiness_ratings", "user_ratings")
"""Reports whose rows are told apart by how often they occur: those are walked always."""
STAMPS: Stamps = {"field_id": 7, "range_label": "an hour"}
ROWS_A_PAGE = 12
PER_REPORT = pytest.mark.parametrize("report", LISTS, ids=lambda report: report.name)


def rows_in(body: Any) -> list[Any]:
    found: list[Any] = body.get("conversations", body)["results"]
    return found


def pages(report: Report, number: int = 2) -> list[Any]:
    """Pages of the documented row, each time with an id of its own."""
    found = []
    for page in range(number):
        body = deepcopy(example_body(report.name))
        (first, *_) = rows_in(body)
        rows_in(body)[:] = [
            {**deepcopy(first), "id": 1 + page * ROWS_A_PAGE + n} for n in range(ROWS_A_PAGE)
        ]
        found.append(body)
    return found


@contextmanager
def columnar_from(least: int) -> Iterator[None]:
    with patch.object(flatten, "LEAST_COLUMNAR", least):
        yield


def said(rows: Sequence[dict[str, Any]]) -> list[dict[str, Any]]:
    return [{k: v for k, v in row.items() if v is not None} for row in rows]


def result(report: Report, bodies: list[Any], least: int) -> Any:
    """What flattening comes to, rows by table, or the words with which it fails."""
    with columnar_from(least):
        try:
            flat = flatten_report(report, [(body, STAMPS) for body in deepcopy(bodies)])
        except (CoercionError, UnexpectedResponse) as error:
            return str(error)
    rows = {name: said(found) for name, found in flat.rows.items()}
    return rows, flat.extra, flat.unknown, flat.repairs.text


def flattened(report: Report, bodies: list[Any]) -> Flattened:
    with columnar_from(1):
        return flatten_report(report, [(body, STAMPS) for body in bodies])


@PER_REPORT
def test_documented_rows_come_as_columns_and_say_the_same(report: Report) -> None:
    bodies = pages(report)
    flat = flattened(report, bodies)
    kinds = {isinstance(rows, ColumnarRows) for rows in flat.rows.values() if rows}
    assert kinds == {report.name not in NUMBERED}
    assert len(flat.rows[report.name]) == 2 * ROWS_A_PAGE
    assert result(report, bodies, 1) == result(report, bodies, 10**6)


@PER_REPORT
@given(data=st.data())
@a_few_examples
def test_changed_rows_say_the_same_or_fail_alike(report: Report, data: st.DataObject) -> None:
    bodies = pages(report)
    for _ in range(data.draw(st.integers(0, 4))):
        mutate(data, rows_in(data.draw(st.sampled_from(bodies))))
    assert result(report, bodies, 1) == result(report, bodies, 10**6)


@PER_REPORT
def test_the_arrow_tables_are_equal(report: Report) -> None:
    walked, columns = (RowBatch(), RowBatch())
    bodies = pages(report)
    context = {"account": "main", "slice": "all", "grain": "day"}
    for table in report.tables:
        for batch, least in ((walked, 10**6), (columns, 1)):
            with columnar_from(least):
                flat = flatten_report(report, [(body, STAMPS) for body in bodies])
            batch.parts = []
            batch.add(context, flat.rows[table.name])
        stored = stored_table(report, table)
        assert to_arrow(stored, columns, {}).equals(to_arrow(stored, walked, {}))


def test_columns_and_rows_with_unknown_fields_share_a_table() -> None:
    report = REPORTS["conversations_drilldown"]
    plain, odd = pages(report)
    rows_in(odd)[0]["brandNew"] = "x"
    batch = RowBatch()
    for window, body in (("first", plain), ("second", odd)):
        flat = flattened(report, [body])
        batch.add({"slice": window}, flat.rows[report.name])
    table = to_arrow(stored_table(report, report.tables[0]), batch, {})
    found = {(row["slice"], row["conversation_id"]): row["brand_new"] for row in table.to_pylist()}
    assert found == {
        ("first" if n <= ROWS_A_PAGE else "second", n): "x" if n == ROWS_A_PAGE + 1 else None
        for n in range(1, 2 * ROWS_A_PAGE + 1)
    }
    assert table.num_rows == len(batch) == len(list(batch))


def test_columns_joined_stay_columns_but_with_rows_become_rows() -> None:
    report = REPORTS["conversations_drilldown"]
    first, second = (flattened(report, [page]).rows[report.name] for page in pages(report))
    together = join_rows([first, [], second])
    assert isinstance(together, ColumnarRows)
    assert list(together) == [*first, *second]
    mixed = join_rows([first, [{"conversation_id": 99}]])
    assert mixed == [*first, {"conversation_id": 99}]
    assert (first[0], list(first[1:3])) == (next(iter(first)), list(first)[1:3])
