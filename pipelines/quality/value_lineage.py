"""Where a stored value comes from: the request, the answer, what it was before, where to see it."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import date, datetime
from typing import Any

from dlt.pipeline.pipeline import Pipeline

from sources.help_scout.catalog.model import Column, Report, Table
from sources.help_scout.catalog.reports import REPORTS
from sources.help_scout.catalog.stored_tables import stored_table
from sources.help_scout.planning.request_plan import API_ROOT
from sources.help_scout.planning.settings import find_report
from sources.help_scout.planning.windows import Grain, Window, window_of
from sources.help_scout.state.run import Run

from ..settings.errors import UsageError
from ..warehouse.sql import identifier, sql_client

MOST_ROWS = 20


@dataclass(frozen=True, slots=True, kw_only=True)
class Question:
    """Which value is to be explained. Without a grain the shortest that is loaded is meant, without
    a table the first that has the columns; `where` narrows tables of several rows a window."""

    report: Report
    column: str
    day: date
    grain: str | None = None
    slice: str | None = None
    where: Mapping[str, str]
    table: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Explanation:
    """What is known of one stored value, or of those of a table's rows in one window.

    `rows` hold the value last, after the columns that tell the rows apart; `before` are earlier
    values with when they were read.
    """

    question: Question
    table: Table
    column: Column
    window: Window
    slice: str
    ledger: Mapping[str, Any]
    rows: list[dict[str, Any]]
    row_count: int
    before: list[tuple[datetime, Any]]

    @property
    def request(self) -> str:
        """Path and query of the request that gave the (first) value, its first page."""
        parts = [part.partition("=") for part in str(self.ledger["query"]).split("&")]
        named = (row["field_id"] for row in self.rows if "field_id" in row)
        item = self.question.where.get("field_id", next(named, None))
        query = "&".join(
            f"{name}={item if name == 'fieldid' and item is not None else value}"
            for name, _, value in parts
        )
        return f"{API_ROOT}{self.question.report.path}?{query}"


def owner_of(name: str) -> tuple[Report, str | None]:
    """The report of that name, or the one with a table of that name, and the table."""
    for report in REPORTS.values():
        if name != report.name and any(table.name == name for table in report.tables):
            return report, name
    return find_report(name), None


def explain_value(pipeline: Pipeline, run: Run, question: Question) -> Explanation:
    """The explanation of a stored value; UsageError when there is none, with what there is."""
    table, column = _find(question)
    keys = [name for name in table.key if name != column.name]
    account = run.settings.account
    with sql_client(pipeline) as client:

        def query(sql: str, *parameters: Any) -> list[dict[str, Any]]:
            with client.execute_query(sql, *parameters) as cursor:
                names = [described[0] for described in cursor.description or ()]
                return [dict(zip(names, row, strict=True)) for row in cursor.fetchall()]

        window, slice_, ledger = _ledger_row(query, run, question)
        conditions = "".join(f" and cast({name} as varchar) = %s" for name in question.where)
        listed = ", ".join(map(identifier, (*keys, column.name)))
        rows = query(
            f"select {listed} from {table.name} where account = %s and slice = %s and grain = %s "
            f"and window_start = %s{conditions} order by {', '.join(table.key) or '1'}",
            *(account, slice_, str(window.grain), window.start, *question.where.values()),
        )
        before = query(
            "select old_fetched_at, old_value from restatements where account = %s and report = %s "
            "and slice = %s and grain = %s and window_start = %s and measure = %s "
            "order by old_fetched_at",
            *(account, question.report.name, slice_, str(window.grain), window.start, column.name),
        )
    return Explanation(
        question=question,
        table=table,
        column=column,
        window=window,
        slice=slice_,
        ledger=ledger,
        rows=rows[:MOST_ROWS],
        row_count=len(rows),
        before=[(row["old_fetched_at"], row["old_value"]) for row in before],
    )


def _find(question: Question) -> tuple[Table, Column]:
    """The table and column that are meant; the report's own table first."""
    report = question.report
    having = [table for table in report.tables if table.has_column(question.column)]
    if question.table is not None:
        having = [table for table in having if table.name == question.table]
    for table in having:
        names = {c.name for c in stored_table(report, table).columns}
        if names.issuperset(question.where):
            return table, table.column(question.column)
    if having:
        told_by = "; ".join(
            f"{t.name} has {', '.join(t.key) or 'one row a window'}" for t in having
        )
        raise UsageError(f"no column {', '.join(question.where)} to tell rows by: {told_by}")
    table = next((t for t in report.tables if t.name == question.table), report.tables[0])
    columns = ", ".join(column.name for column in table.columns)
    raise UsageError(f"{table.name} has no column {question.column!r}; it has: {columns}")


def _ledger_row(query: Any, run: Run, question: Question) -> tuple[Window, str, Mapping[str, Any]]:
    """The window and slice that are meant, with what the ledger says of them."""
    report = question.report
    try:
        windows = [
            window_of(grain, question.day, run.time.zone)
            for grain in Grain
            if question.grain in (None, str(grain))
        ]
    except OverflowError as error:
        raise UsageError(f"{question.day} is out of range") from error
    found = query(
        "select * from report_windows where account = %s and report = %s "
        "and query is not null and ("
        + " or ".join("(grain = %s and window_start = %s)" for _ in windows)
        + ") order by slice",
        run.settings.account,
        report.name,
        *(value for window in windows for value in (str(window.grain), window.start)),
    )
    if not found:
        what = f"{question.grain} " if question.grain else ""
        raise UsageError(
            f"{report.name}: no {what}window around {question.day} is loaded; help-scout status "
            f"--reports {report.name} shows what is"
        )
    window = next(w for w in windows if any(row["grain"] == str(w.grain) for row in found))
    rows = {row["slice"]: row for row in found if row["grain"] == str(window.grain)}
    slice_ = _in_order(question.slice, rows) or ("all" if "all" in rows else "")
    if slice_ not in rows:
        raise UsageError(
            f"{report.name}: {'which slice' if not slice_ else f'no slice {slice_}'}? "
            f"--slice is one of {', '.join(rows)}"
        )
    return window, slice_, rows[slice_]


def _in_order(slice_: str | None, known: Iterable[str]) -> str | None:
    """The slice as its key spells it, whatever the order in which its parts were written."""
    if slice_ is None:
        return None
    parts = sorted(slice_.split(","))
    return next((text for text in known if sorted(text.split(",")) == parts), slice_)
