"""What a run came to, as people read it: one table, from the ledger's own rows."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from dlt.pipeline.pipeline import Pipeline
from rich import box
from rich.console import Console
from rich.table import Table

from sources.help_scout.fetch import Status
from sources.help_scout.reports import REPORTS

from .errors import COMPLETE, PARTIAL

_LACKING = (Status.INCOMPLETE, Status.UNAVAILABLE, Status.FAILED)


@dataclass(frozen=True, slots=True)
class ReportLine:
    """What a run came to for one report: windows by status, rows and requests."""

    report: str
    windows: dict[str, int]
    rows: int
    requests: int
    unknown_fields: tuple[str, ...]
    problem: str | None

    def count(self, status: Status) -> int:
        """Windows of that status."""
        return self.windows.get(str(status), 0)


def summarize(pipeline: Pipeline, run_id: str) -> list[ReportLine]:
    """A line for each report of the run, in the catalog's order, from the ledger."""
    with pipeline.sql_client() as client:
        rows = client.execute_sql(
            'select report, status, count(*), sum("rows"), sum(requests) from window_reads '
            "where run_id = %s group by report, status",
            run_id,
        )
        unknown = client.execute_sql(
            "select distinct report, unknown_fields from window_reads "
            "where run_id = %s and unknown_fields is not null",
            run_id,
        )
        errors = client.execute_sql(
            "select report, min(error) from window_reads "
            "where run_id = %s and error is not null group by report",
            run_id,
        )
    problems = {row[0]: row[1] for row in errors or []}
    lines: dict[str, ReportLine] = {}
    for report, status, windows, row_count, requests in rows or []:
        line = lines.get(report, ReportLine(report, {}, 0, 0, (), problems.get(report)))
        lines[report] = ReportLine(
            report,
            {**line.windows, status: int(windows)},
            line.rows + int(row_count or 0),
            line.requests + int(requests or 0),
            tuple(sorted({f for r, fields in unknown or [] if r == report
                          for f in fields.split(",")})),
            line.problem,
        )  # fmt: skip
    order = list(REPORTS)
    return sorted(lines.values(), key=lambda line: order.index(line.report))


def print_summary(console: Console, lines: Sequence[ReportLine]) -> None:
    """Prints the table, then what lacks and what is new, each with what to do."""
    table = Table(box=box.SIMPLE_HEAD, pad_edge=False)
    table.add_column("report", no_wrap=True)
    for name in ("tables", *(str(status) for status in Status), "rows", "requests"):
        table.add_column(name, justify="right")
    totals = [0] * (len(Status) + 3)
    for line in lines:
        numbers = [
            len(REPORTS[line.report].tables),
            *(line.count(status) for status in Status),
            line.rows,
            line.requests,
        ]
        totals = [total + number for total, number in zip(totals, numbers, strict=True)]
        table.add_row(line.report, *(f"{number:,}" if number else "·" for number in numbers))
    table.add_section()
    table.add_row(f"{len(lines)} reports", *(f"{number:,}" for number in totals))
    console.print(table)
    for line in lines:
        lacking = [f"{line.count(s)} {s}" for s in _LACKING if line.count(s)]
        if lacking:
            console.print(f"{line.report}: {', '.join(lacking)} windows. {line.problem or ''}")
        if line.unknown_fields:
            console.print(
                f"{line.report}: fields that the catalog does not know yet, kept all the same: "
                f"{', '.join(line.unknown_fields)}"
            )


def exit_code(lines: Sequence[ReportLine], expect_unavailable: Sequence[str] = ()) -> int:
    """0 when every window was read whole, 3 when some report failed or is unavailable."""
    for line in lines:
        lacking = {status for status in _LACKING if line.count(status)}
        if line.report in expect_unavailable:
            lacking.discard(Status.UNAVAILABLE)
        if lacking:
            return PARTIAL
    return COMPLETE


def print_query(console: Console, pipeline: Pipeline, title: str, sql: str) -> None:
    """Prints a query and its real output."""
    with pipeline.sql_client() as client, client.execute_query(sql) as cursor:
        names = [column[0] for column in cursor.description or ()]
        rows: list[tuple[Any, ...]] = cursor.fetchall()
    console.print(f"\n[bold]{title}[/bold]")
    console.print(sql, highlight=False, markup=False)
    table = Table(box=box.SIMPLE_HEAD, pad_edge=False)
    for position, name in enumerate(names):
        numeric = all(isinstance(row[position], int | float) for row in rows)
        table.add_column(name, justify="right" if numeric else "left", no_wrap=True)
    for row in rows:
        table.add_row(*("" if value is None else str(value) for value in row))
    console.print(table)
