"""The summary of a load as people read it, and a query with its output."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from dlt.pipeline.pipeline import Pipeline
from rich import box
from rich.console import Console
from rich.table import Table

from sources.help_scout.catalog.reports import REPORTS
from sources.help_scout.extract.result import Status
from sources.help_scout.parsing.repairs import told_repairs

from ...jobs.run_summary import LACKING, Summary
from ...planning.item_names import Names, in_words
from ...warehouse.sql import sql_client


def print_summary(console: Console, summary: Summary) -> None:
    """Prints the table, then what is missing and what is new, each with what to do."""
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
    for remark in _remarks(summary):
        console.print(remark, markup=False)


def _remarks(summary: Summary) -> Iterator[str]:
    """What is missing, new or repaired, a line each."""
    for name, problem in summary.list_problems.items():
        yield f"list {name}: {problem}"
    yield from summary.list_notes
    for slice_text, reports in summary.refused.items():
        yield about_refused(slice_text, reports, summary.names)
    for line in summary.lines:
        lacking = [
            f"{line.count(s)} {s}"
            for s in LACKING
            if line.count(s) and not (s is Status.UNAVAILABLE and line.refused and not line.misfits)
        ]
        if lacking:
            yield f"{line.report}: {', '.join(lacking)}. {line.problem or ''}"
        if line.unknown_fields:
            yield (
                f"{line.report}: fields that the catalog does not know yet, kept all the same: "
                f"{', '.join(line.unknown_fields)}"
            )
    repaired = list(told_repairs({line.report: line.repairs for line in summary.lines}))
    yield from repaired
    if repaired:
        yield "window_reads.repairs says which value or row of which window that was"
    if any(one.count(Status.FAILED) for one in summary.lines):
        yield "what failed is due again: the next load asks for it"


def about_refused(slice_text: str, reports: list[str], names: Names) -> str:
    """A line about what the API refuses while it answers for others, with what to do."""
    named = f"{len(reports)} reports" if len(reports) > 1 else reports[0]
    if slice_text.startswith("?"):
        return (
            f"{named}: not every {slice_text[1:]} could be named, since what names them is refused"
        )
    return (
        f"Help Scout refuses {in_words(slice_text, names)} in {named}. Everything else is loaded. "
        "Give the app's user access to it, or take it out of the breakdowns. It is requested again "
        "once a week"
    )


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
