"""What a run came to, as people read it: one table, from the ledger's own rows."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from dlt.pipeline.pipeline import Pipeline
from rich import box
from rich.console import Console
from rich.table import Table

from sources.help_scout.ledger import LIST_READS, WINDOW_READS
from sources.help_scout.outcome import Status
from sources.help_scout.repairs import told_repairs
from sources.help_scout.reports import REPORTS

from .errors import COMPLETE, PARTIAL
from .sql import sql_client, tables_of

_LACKING = (Status.INCOMPLETE, Status.UNAVAILABLE, Status.FAILED)


@dataclass(frozen=True, slots=True)
class ReportLine:
    """What a run came to for one report: windows by status, rows and requests.

    `problem` is the first window that came to an error, and the error; None without any. `repairs`
    say in words what did not fit, once for all windows.
    """

    report: str
    windows: dict[str, int]
    rows: int
    requests: int
    unknown_fields: tuple[str, ...]
    problem: str | None
    repairs: tuple[str, ...] = ()

    def count(self, status: Status) -> int:
        """Windows of that status."""
        return self.windows.get(str(status), 0)


@dataclass(frozen=True, slots=True)
class Summary:
    """What a run came to: a line a report, and the lists that could not be read, with why."""

    lines: list[ReportLine]
    list_problems: dict[str, str]

    def line(self, report: str) -> ReportLine:
        """The report's line; StopIteration when the run did not ask for it."""
        return next(line for line in self.lines if line.report == report)

    def exit_code(self, expect_unavailable: Sequence[str] = ()) -> int:
        """0 when everything was read whole, 3 when something failed or is unavailable."""
        if self.list_problems:
            return PARTIAL
        for line in self.lines:
            lacking = {status for status in _LACKING if line.count(status)}
            if line.report in expect_unavailable:
                lacking.discard(Status.UNAVAILABLE)
            if lacking:
                return PARTIAL
        return COMPLETE


def summarize(pipeline: Pipeline, run_id: str) -> Summary:
    """What the ledger says of the run, reports in the catalog's order."""
    known = tables_of(pipeline)
    if WINDOW_READS.name not in known:
        return Summary([], {})
    with sql_client(pipeline) as client:

        def rows(sql: str) -> list[tuple[Any, ...]]:
            return [tuple(row) for row in client.execute_sql(sql, run_id) or []]

        counts = rows(
            'select report, status, count(*), sum("rows"), sum(requests) from window_reads '
            "where run_id = %s group by report, status"
        )
        unknown = rows(
            "select distinct report, unknown_fields from window_reads "
            "where run_id = %s and unknown_fields is not null"
        )
        repaired = rows(
            "select report, repairs from window_reads where run_id = %s and repairs is not null"
        )
        # A window that only waits for an earlier one says less than the one that it waits for.
        problems = rows(
            "select report, grain, window_date, slice, error from (select *, row_number() over ("
            "partition by report order by case when error like 'read, but%%' then 1 else 0 end, "
            "window_start, grain, slice) as place from window_reads "
            "where run_id = %s and error is not null) as problems where place = 1"
        )
        lists = (
            rows("select list, error from list_reads where run_id = %s and error is not null")
            if LIST_READS.name in known
            else []
        )
    first_problems = {
        report: f"First the {grain} {day} of {slice_}: {error}"
        for report, grain, day, slice_, error in problems
    }
    lines = [
        ReportLine(
            report=report,
            windows={status: windows for name, status, windows, *_ in counts if name == report},
            rows=sum(int(row_count or 0) for name, _, _, row_count, _ in counts if name == report),
            requests=sum(int(sent or 0) for name, *_, sent in counts if name == report),
            unknown_fields=tuple(
                sorted({f for name, fields in unknown if name == report for f in fields.split(",")})
            ),
            problem=first_problems.get(report),
            repairs=tuple(told_repairs(text for name, text in repaired if name == report)),
        )
        for report in REPORTS
        if any(name == report for name, *_ in counts)
    ]
    return Summary(lines, dict(lists))


def print_summary(console: Console, summary: Summary) -> None:
    """Prints the table, then what lacks and what is new, each with what to do."""
    table = Table(box=box.SIMPLE_HEAD, pad_edge=False)
    table.add_column("report", no_wrap=True)
    for name in ("tables", *(str(status) for status in Status), "rows", "requests"):
        table.add_column(name, justify="right")
    totals = [0] * (len(Status) + 3)
    for line in summary.lines:
        numbers = [
            len(REPORTS[line.report].tables),
            *(line.count(status) for status in Status),
            line.rows,
            line.requests,
        ]
        totals = [total + number for total, number in zip(totals, numbers, strict=True)]
        table.add_row(line.report, *(f"{number:,}" if number else "·" for number in numbers))
    table.add_section()
    table.add_row(f"{len(summary.lines)} reports", *(f"{number:,}" for number in totals))
    console.print(table)
    for name, problem in summary.list_problems.items():
        console.print(f"list {name}: failed. {problem}", markup=False)
    for line in summary.lines:
        lacking = [f"{line.count(s)} {s}" for s in _LACKING if line.count(s)]
        if lacking:
            console.print(
                f"{line.report}: {', '.join(lacking)}. {line.problem or ''}", markup=False
            )
        if line.unknown_fields:
            console.print(
                f"{line.report}: fields that the catalog does not know yet, kept all the same: "
                f"{', '.join(line.unknown_fields)}",
                markup=False,
            )
        for repair in line.repairs:
            console.print(f"{line.report}: {repair}", markup=False)
    if any(line.count(Status.FAILED) for line in summary.lines):
        console.print("what failed is due again: the next load asks for it")


def print_query(console: Console, pipeline: Pipeline, title: str, sql: str) -> None:
    """Prints a query and its real output."""
    with sql_client(pipeline) as client, client.execute_query(sql) as cursor:
        names = [column[0] for column in cursor.description or ()]
        rows: list[tuple[Any, ...]] = cursor.fetchall()
    console.print(f"\n[bold]{title}[/bold]")
    console.print(sql, highlight=False, markup=False)
    if not rows:
        console.print("(nothing loaded to answer this)")
        return
    table = Table(box=box.SIMPLE_HEAD, pad_edge=False)
    for position, name in enumerate(names):
        numeric = all(isinstance(row[position], int | float) for row in rows)
        table.add_column(name, justify="right" if numeric else "left", no_wrap=True)
    for row in rows:
        table.add_row(*("" if value is None else str(value) for value in row))
    console.print(table)
