"""What a run came to, as people read it: one table, from the ledger's own rows."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from typing import Any, TypeAlias

from dlt.pipeline.pipeline import Pipeline
from rich import box
from rich.console import Console
from rich.table import Table

from sources.help_scout.catalog.reports import REPORTS
from sources.help_scout.errors import STOPPED
from sources.help_scout.extract.list_guard import ListStatus
from sources.help_scout.extract.result import Status
from sources.help_scout.parsing.repairs import told_repairs
from sources.help_scout.state.coverage import ALL
from sources.help_scout.state.ledger import LIST_READS, WINDOW_READS

from ..planning.item_names import Names, in_words, item_names
from ..settings.errors import COMPLETE, PARTIAL
from ..warehouse.sql import sql_client, tables_of

Rows: TypeAlias = list[tuple[Any, ...]]

_COUNTED = (
    f"(error is null or error not like '%%{STOPPED}') "
    "and not (left(slice, 1) = '?' and status = 'empty')"
)
_LACKING = (Status.INCOMPLETE, Status.UNAVAILABLE, Status.FAILED)


@dataclass(frozen=True, slots=True)
class ReportLine:
    """What a run came to for one report: windows by status, rows and requests.

    `problem` is the first window that came to an error, and the error; None without any. `repairs`
    are the ledger's texts of what did not fit. `refused` are the slices that the API refuses while
    it answers for others, `is_unavailable` says that it refuses the report's total, or everything.
    """

    report: str
    windows: dict[str, int]
    rows: int
    requests: int
    unknown_fields: tuple[str, ...]
    problem: str | None
    repairs: tuple[str, ...] = ()
    refused: tuple[str, ...] = ()
    is_unavailable: bool = False
    misfits: int = 0
    """Windows that are unavailable though nothing was refused: their buckets fit no day."""

    def count(self, status: Status) -> int:
        """Windows of that status."""
        return self.windows.get(str(status), 0)


@dataclass(frozen=True, slots=True)
class ListLine:
    """What a run came to for one list of which there is something to say."""

    name: str
    status: ListStatus
    error: str

    @property
    def is_problem(self) -> bool:
        """Whether the run is not complete because of it."""
        return self.status.is_problem


@dataclass(frozen=True, slots=True)
class Summary:
    """What a run came to: a line a report, the lists that could not be read whole, with why, and
    what else is to be said of lists, though the run is complete. `names` are those of items."""

    lines: list[ReportLine]
    list_problems: dict[str, str]
    list_notes: list[str] = field(default_factory=list)
    names: Names = field(default_factory=dict)

    def line(self, report: str) -> ReportLine:
        """The report's line; StopIteration when the run did not ask for it."""
        return next(line for line in self.lines if line.report == report)

    def exit_code(self, optional_reports: Sequence[str] = ()) -> int:
        """0 when everything was read whole, 3 when something failed or a report is unavailable.
        An item that the API refuses, an inbox say, is listed and is no failure."""
        if self.list_problems:
            return PARTIAL
        for line in self.lines:
            lacking = {status for status in _LACKING if line.count(status)}
            if line.report in optional_reports or (line.refused and not line.misfits):
                lacking.discard(Status.UNAVAILABLE)
            if lacking:
                return PARTIAL
        return COMPLETE

    @property
    def refused(self) -> dict[str, list[str]]:
        """The slices that the API refuses, with the reports that it refuses them for."""
        found: dict[str, list[str]] = {}
        for line in self.lines:
            for slice_text in line.refused:
                found.setdefault(slice_text, []).append(line.report)
        return found


def summarize(pipeline: Pipeline, run_id: str) -> Summary:
    """What the ledger says of the run, reports in the catalog's order."""
    known = tables_of(pipeline)
    if WINDOW_READS.name not in known:
        return Summary([], {})
    with sql_client(pipeline) as client:

        def rows(sql: str) -> list[tuple[Any, ...]]:
            return [tuple(row) for row in client.execute_sql(sql, run_id) or []]

        # A run that was asked to stop has windows that it did not get to: they tell of no report.
        counts = rows(
            'select report, status, count(*), sum("rows"), sum(requests) from window_reads '
            f"where run_id = %s and {_COUNTED} group by report, status"
        )
        # What was refused is not asked every night: it is said of every run that would have.
        refused = rows(
            "select report, slice from (select *, row_number() over ("
            "partition by account, report, slice order by fetched_at desc) as latest "
            "from window_reads where requests > 0) as asked where latest = 1 "
            "and status = 'unavailable' and http_status is not null and (account, report) in "
            "(select account, report from window_reads where run_id = %s)"
        ) + rows(
            "select distinct report, slice from window_reads where run_id = %s "
            "and status = 'unavailable' and requests = 0 and left(slice, 1) = '?'"
        )
        accounts = rows("select distinct account from window_reads where run_id = %s")
        misfits = rows(
            "select report, count(*) from window_reads where run_id = %s "
            "and status = 'unavailable' and http_status is null and requests > 0 group by report"
        )
        unknown = rows(
            "select distinct report, unknown_fields from window_reads "
            "where run_id = %s and unknown_fields is not null"
        )
        repaired = rows(
            "select report, repairs from window_reads where run_id = %s and repairs is not null"
        )
        problems = rows(
            "select report, grain, window_date, slice, error from (select *, row_number() over ("
            "partition by report order by case when status = 'unavailable' then 1 else 0 end, "
            "case when requests = 0 then 1 else 0 end, window_start, grain, slice) as place "
            "from window_reads "
            f"where run_id = %s and error is not null and {_COUNTED}) as problems where place = 1"
        )
        lists = (
            rows(
                "select list, status, error from list_reads "
                "where run_id = %s and error is not null order by list"
            )
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
            problem=_problem(first_problems.get(report), report, counts, refused),
            repairs=tuple(text for name, text in repaired if name == report),
            misfits=sum(int(count) for name, count in misfits if name == report),
            **_refusals(report, counts, refused),
        )
        for report in REPORTS
        if any(name == report for name, *_ in counts)
    ]
    read = [ListLine(name, ListStatus(status), error) for name, status, error in lists]
    names = item_names(pipeline, accounts[0][0]) if refused and accounts else {}
    problems_of = {line.name: f"{line.status}. {line.error}" for line in read if line.is_problem}
    return Summary(lines, problems_of, list_notes(read), names)


def list_notes(lists: Sequence[ListLine]) -> list[str]:
    """What is to be said of lists though the run is complete; a reason of several is said once."""
    refused: dict[str, list[str]] = {}
    others: dict[str, list[str]] = {}
    for line in lists:
        if line.status is ListStatus.UNAVAILABLE:
            refused.setdefault(line.error, []).append(line.name)
        elif not line.is_problem:
            others.setdefault(line.error, []).append(line.name)
    unlisted = [f"could not be listed: {', '.join(names)}. {why}" for why, names in refused.items()]
    return unlisted + [
        f"{'list' if len(names) == 1 else 'lists'} {', '.join(names)}: {why}"
        for why, names in others.items()
    ]


def _refusals(report: str, counts: Rows, refused: Rows) -> dict[str, Any]:
    """What the API refused of the report: all of it, or only these slices."""
    slices = sorted(slice_text for name, slice_text in refused if name == report)
    statuses = {status for name, status, *_ in counts if name == report}
    if slices and (ALL in slices or statuses <= {str(Status.UNAVAILABLE)}):
        return {"is_unavailable": True}
    return {"refused": tuple(slices)}


def _problem(first: str | None, report: str, counts: Rows, refused: Rows) -> str | None:
    """The first problem; None where items that the API refuses are the only one."""
    statuses = {status for name, status, *_ in counts if name == report}
    is_only_refused = _refusals(report, counts, refused).get("refused") and not statuses & {
        str(Status.INCOMPLETE), str(Status.FAILED)
    }  # fmt: skip
    return None if is_only_refused else first


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
            for s in _LACKING
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
