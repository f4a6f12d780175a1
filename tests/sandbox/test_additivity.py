"""What the catalog says of how measures combine, proved by the days of four weeks and the whole."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from itertools import chain
from typing import Any, TypeAlias

import pytest

from sources.help_scout.catalog.model import RATIO, Additivity, Column, Report, Shape, Table
from sources.help_scout.catalog.reports import REPORTS
from sources.help_scout.parsing.coerce import Row, TableRows
from sources.help_scout.parsing.flatten import flatten_report
from tests.sandbox.conftest import Client

FIRST, DAYS = datetime(2026, 3, 23, 4, tzinfo=UTC), 28  # midnight in New York
USER = 4001
ROUNDING = 1.0  # the API rounds durations to whole seconds
SUMMED = {Additivity.DISTINCT, Additivity.TOUCHED}

Items: TypeAlias = dict[tuple[Any, ...], Row]
"""The rows of a table by its key."""

MEASURED = [report for report in REPORTS.values() if list(report.measures())]
by_report = pytest.mark.parametrize("report", MEASURED, ids=[report.name for report in MEASURED])


def rows_of(client: Client, report: Report, first: int, days: int) -> TableRows:
    """The report's rows of so many days as one window, by table."""
    start = FIRST + timedelta(days=first)
    window = {"start": start, "end": start + timedelta(days=days, seconds=-1)}
    params: dict[str, Any] = {name: f"{at:%Y-%m-%dT%H:%M:%SZ}" for name, at in window.items()}
    params |= dict.fromkeys(report.requires, USER)
    return flatten_report(report, [(client.body(report.path, **params), {})]).rows


def items_of(table: Table, rows: TableRows) -> Items:
    return {tuple(row[name] for name in table.key): row for row in rows.get(table.name, [])}


def measured(client: Client, report: Report) -> Iterator[tuple[Table, Column, Row, list[Row]]]:
    """Each measure with a row of the whole span and the rows of its days."""
    whole = rows_of(client, report, 0, DAYS)
    days = [rows_of(client, report, day, 1) for day in range(DAYS)]
    for table, column in report.measures():
        by_day = [items_of(table, rows) for rows in days]
        for key, row in items_of(table, whole).items():
            yield table, column, row, [items[key] for items in by_day if key in items]


@by_report
def test_what_is_claimed_of_a_measure_is_true(shared: Client, report: Report) -> None:
    wrong, seen = [], 0
    for table, column, whole, days in measured(shared, report):
        values = [day.get(column.name) or 0 for day in days]
        value = whole.get(column.name) or 0
        name = f"{table.name}.{column.name} is {column.additivity}: {value} of {values}"
        seen += bool(value)
        if column.additivity is Additivity.ADDITIVE and sum(values) != value:
            wrong.append(name)
        # a list may be cut, and a range may be another one in a longer window
        if column.additivity in SUMMED and table is report.tables[0]:
            wrong += [] if max(values, default=0) <= value <= sum(values) else [name]
        if column.weight:
            weights = [day.get(column.weight) or 0 for day in days]
            total = sum(v * w for v, w in zip(values, weights, strict=True))
            wrong += [] if abs(total / (sum(weights) or 1) - value) <= ROUNDING else [name]
        if column.ratio_of is not None:
            part, of = (whole.get(parts) or 0 for parts in column.ratio_of)
            scale = 1 if column.unit is RATIO else 100
            wrong += [] if value == pytest.approx(scale * part / (of or 1)) else [name]
    assert wrong == []
    assert seen


def test_sums_of_days_are_more_than_what_is_touched_or_distinct(shared: Client) -> None:
    """Whatever is called so is rightly not called additive, where the four weeks show it."""
    found = chain.from_iterable(
        measured(shared, REPORTS[name])
        for name in ("company_overall", "conversations_overall", "email", "phone")
    )
    shown = {
        f"{table.name}.{column.name}"
        for table, column, whole, days in found
        if column.additivity in SUMMED
        and sum(day.get(column.name) or 0 for day in days) > (whole.get(column.name) or 0)
    }
    assert {
        "company_overall.customers_helped",
        "company_overall.total_users",
        "conversations_overall.total_conversations",
        "conversations_overall.customer_count",
        "email.volume_email_conversations",
        "phone.phone_conversations",
    } <= shown


def test_reports_that_list_single_things_measure_nothing() -> None:
    listing = {Shape.DRILLDOWN, Shape.LIST}
    assert {report.shape for report in REPORTS.values() if report not in MEASURED} == listing
    assert not {report.shape for report in MEASURED} & listing
