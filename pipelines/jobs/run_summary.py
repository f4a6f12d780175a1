"""What a run came to, from the ledger's own rows."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any, TypeAlias

from dlt.pipeline.pipeline import Pipeline

from sources.help_scout.catalog.reports import REPORTS
from sources.help_scout.errors import STOPPED
from sources.help_scout.extract.list_guard import ListStatus
from sources.help_scout.extract.result import Status
from sources.help_scout.state.coverage import ALL
from sources.help_scout.state.ledger import LIST_READS, WINDOW_READS

from ..planning.item_names import Names, item_names
from ..settings.errors import COMPLETE, PARTIAL
from ..warehouse.sql import sql_client, tables_of

Rows: TypeAlias = list[tuple[Any, ...]]

_COUNTED = (
    f"(error is null or error not like '%%{STOPPED}') "
    "and not (left(slice, 1) = '?' and status = 'empty')"
)
LACKING = (Status.INCOMPLETE, Status.UNAVAILABLE, Status.FAILED)


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
            lacking = {status for status in LACKING if line.count(status)}
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
