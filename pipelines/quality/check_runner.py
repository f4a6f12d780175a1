"""Checks: SQL over the warehouse that finds nothing as long as the numbers agree.

Each file in `checks/` is one query; its rows are what disagrees. Its comments say first the
sentence that it proves, then its `kind`, what it `needs` (tables, views, parts of `check_blocks`),
and where it allows for a `tolerance`.

The kind is `integrity` for what this project guarantees whatever Help Scout sends: a row found is
a failure, and nothing is published. It is `agreement` for what Help Scout's reports are expected to
say to one another: a row found is a disagreement, which is reported and keeps nothing back. Of an
agreement the `level` may say that rows are no disagreement either: `drift`, the past has moved
since, or `notice`, something is worth knowing.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Mapping, Sequence
from collections.abc import Set as AbstractSet
from dataclasses import dataclass, field
from datetime import date, datetime
from enum import StrEnum
from pathlib import Path
from typing import Any, TypeAlias

from dlt.pipeline.pipeline import Pipeline

from sources.help_scout.catalog.reports import REPORTS

from ..settings.constants import DATASET
from ..settings.errors import COMPLETE, PARTIAL, UsageError
from ..warehouse.base import destination_of, exclusively
from ..warehouse.sql import sql_client
from .account_scope import own_rows, tables_of_others
from .sql_fragments import building_blocks, read_by_checks, shared_tables

FOLDER = Path(__file__).parent / "checks"
EXAMPLES = 3
REPORTS_IN = ("report", "overall", "series")  # the columns of checks that name reports
WINDOWS_IN = ("window_date", "previous_window_date")  # and those that name windows

TABLES = f"select table_name from information_schema.tables where table_schema = '{DATASET}'"

Query: TypeAlias = Callable[[str], list[dict[str, Any]]]
"""Runs SQL over the dataset and gives its rows by column."""


class CheckKind(StrEnum):
    """Who has to answer for what a check finds: this project, or the account's reports."""

    INTEGRITY = "integrity"
    AGREEMENT = "agreement"


class Level(StrEnum):
    """What the rows of an agreement mean that are no disagreement."""

    DRIFT = "drift"
    NOTICE = "notice"


class CheckVerdict(StrEnum):
    """What a check came to."""

    HOLDS = "holds"
    FAILS = "fails"
    DISAGREES = "disagrees"
    DRIFT = "drift"
    NOTICE = "notice"
    SKIPPED = "skipped"  # what it needs is not loaded


@dataclass(frozen=True, slots=True, kw_only=True)
class Check:
    """One file of `checks/`."""

    name: str
    sentence: str
    sql: str
    needs: tuple[str, ...]
    kind: CheckKind
    level: Level | None = None
    tolerance: str | None = None

    def verdict_of_rows(self, *, strict: bool) -> CheckVerdict:
        """What it means that the check finds rows; if `strict`, a disagreement is a failure."""
        if self.level is not None:
            return CheckVerdict(str(self.level))
        is_failure = strict or self.kind is CheckKind.INTEGRITY
        return CheckVerdict.FAILS if is_failure else CheckVerdict.DISAGREES


@dataclass(frozen=True, slots=True, kw_only=True)
class Result:
    """What a check came to: how many rows it found and the first of them.

    `windows` are those that the rows set side by side, by grain and first local day, None when a
    row does not say; `reports` those that the rows name. `largest_difference_ratio` is the largest
    difference of two numbers, as a share of the greater one, where the rows have both.

    Earlier runs tell the rest: since when there were rows in each of them (`since`), whether the
    check had held for so long that this is news, and whether what disagreed was read again.
    """

    check: Check
    verdict: CheckVerdict
    rows: int = 0
    examples: list[dict[str, Any]] = field(default_factory=list)
    lacking: tuple[str, ...] = ()
    windows: frozenset[tuple[str, date]] | None = None
    reports: frozenset[str] = frozenset()
    largest_difference_ratio: float | None = None
    since: datetime | None = None
    is_news: bool = False
    read_again: bool = False

    @property
    def compared(self) -> frozenset[str]:
        """The reports that the check compared, or may have."""
        return self.reports or _owners_of(self.check.needs)


def disagreements(results: Sequence[Result]) -> list[Result]:
    """The results in which reports of Help Scout disagree, whatever that means for the job."""
    return [
        result
        for result in results
        if result.verdict is CheckVerdict.DISAGREES
        or (result.verdict is CheckVerdict.FAILS and result.check.kind is CheckKind.AGREEMENT)
    ]


def exit_code(results: Sequence[Result]) -> int:
    """3 when a check fails, 0 otherwise."""
    return PARTIAL if any(r.verdict is CheckVerdict.FAILS for r in results) else COMPLETE


def all_checks(only: Sequence[str] = ()) -> list[Check]:
    """The checks, or those of the given names; UsageError for a name that is none."""
    checks = {path.stem: read_check(path) for path in sorted(FOLDER.glob("*.sql"))}
    unknown = [name for name in only if name not in checks]
    if unknown:
        raise UsageError(
            f"no check is called {', '.join(unknown)}: help-scout check lists them all"
        )
    return [check for name, check in checks.items() if not only or name in only]


def read_check(path: Path) -> Check:
    """The check in the file: its leading comments, then its query. ValueError for one that does not
    say its kind, or says a level that its kind has not."""
    text = path.read_text(encoding="utf-8")
    lines = text.splitlines()
    end = next(n for n, line in enumerate(lines) if not line.startswith("--"))
    sentence, named = [], dict[str, str]()
    for line in lines[:end]:
        words = line.removeprefix("--").strip()
        name, colon, value = words.partition(": ")
        if colon and name in ("needs", "kind", "level", "tolerance"):
            named[name] = value
        else:
            sentence.append(words)
    if named.get("kind") not in [*CheckKind]:
        raise ValueError(f"checks/{path.name} has no line `-- kind: integrity` or `agreement`")
    if "level" in named and named["kind"] == CheckKind.INTEGRITY:
        raise ValueError(f"checks/{path.name}: integrity has no level, what it finds is a failure")
    return Check(
        name=path.stem,
        sentence=" ".join(sentence),
        sql="\n".join(lines[end:]),
        needs=tuple(named["needs"].split(", ")) if "needs" in named else (),
        kind=CheckKind(named["kind"]),
        level=Level(named["level"]) if "level" in named else None,
        tolerance=named.get("tolerance"),
    )


def run_checks(
    query: Query,
    checks: Sequence[Check],
    others: AbstractSet[str] = frozenset(),
    *,
    strict: bool = False,
) -> list[Result]:
    """What each check comes to on the warehouse that `query` asks; those that need one of the
    tables of `others` are skipped. If `strict`, disagreements are failures."""
    there = {str(row["table_name"]) for row in query(TABLES)}
    shared, parts = shared_tables(there), building_blocks(there)
    if any("report_windows" in check.needs for check in checks):
        _make_shared(query, shared)
    usable = there - others if shared else there - others - {"report_windows"}
    usable |= building_blocks(usable).keys()
    return [_run(query, check, usable, parts, strict=strict) for check in checks]


def _make_shared(query: Query, tables: Mapping[str, str]) -> None:
    """Makes what many checks read, once, as tables of this connection alone."""
    for name, sql in tables.items():
        query(f"drop table if exists {name}")
        query(f"create temporary table {name} as {sql}")
        query(f"analyze {name}")  # a server plans by it: else every join goes row by row


def _run(
    query: Query, check: Check, there: set[str], parts: Mapping[str, str], *, strict: bool
) -> Result:
    lacking = tuple(name for name in check.needs if name not in there)
    if lacking:
        return Result(check=check, verdict=CheckVerdict.SKIPPED, lacking=lacking)
    sql = check.sql
    for name, part in parts.items():
        sql = sql.replace("{" + name + "}", part)
    found = query(sql)
    return Result(
        check=check,
        verdict=check.verdict_of_rows(strict=strict) if found else CheckVerdict.HOLDS,
        rows=len(found),
        examples=found[:EXAMPLES],
        windows=_windows_of(found),
        reports=_reports_of(found),
        largest_difference_ratio=_largest_difference_ratio(found),
    )


def _reports_of(rows: Sequence[Mapping[str, Any]]) -> frozenset[str]:
    """The reports that the rows name, by themselves or by one of their tables."""
    named = frozenset(row[name] for row in rows for name in REPORTS_IN if name in row)
    return named | _owners_of({row["table_name"] for row in rows if "table_name" in row})


def _owners_of(tables: Collection[str]) -> frozenset[str]:
    """The reports that the tables belong to."""
    return frozenset(
        report.name
        for report in REPORTS.values()
        if any(table.name in tables for table in report.tables)
    )


def _largest_difference_ratio(rows: Sequence[Mapping[str, Any]]) -> float | None:
    """The largest difference of what was expected and found, as a share of the greater one; a
    number that is missing counts as 0. None where rows have no such numbers."""
    ratios = []
    for row in rows:
        if "expected" not in row or "found" not in row:
            return None
        one, other = (float(row[name] or 0) for name in ("expected", "found"))
        ratios.append(abs(one - other) / (max(abs(one), abs(other)) or 1))
    return max(ratios, default=None)


def _windows_of(rows: Sequence[Mapping[str, Any]]) -> frozenset[tuple[str, date]] | None:
    if not all("grain" in row and "window_date" in row for row in rows):
        return None
    return frozenset(
        (row["grain"], row[name]) for row in rows for name in WINDOWS_IN if name in row
    )


def check_pipeline(
    pipeline: Pipeline,
    checks: Sequence[Check],
    account: str | None = None,
    *,
    strict: bool = False,
) -> list[Result]:
    """What each check comes to on the pipeline's warehouse; of the account only, where it is
    named: another's numbers are its own matter.

    Checks read many tables at once: not while another account changes them, or a server would end
    one of the two."""
    with sql_client(pipeline) as client:

        def query(sql: str) -> list[dict[str, Any]]:
            with client.execute_query(sql) as cursor:
                columns = [str(column[0]) for column in cursor.description or ()]
                rows = cursor.fetchall() if columns else []
                return [dict(zip(columns, row, strict=True)) for row in rows]

        if account is None or not destination_of(pipeline).shares_tables:
            return run_checks(query, checks, strict=strict)
        names = {*read_by_checks(), *(name for check in checks for name in check.needs)}
        with exclusively(pipeline), own_rows(pipeline, account, names):
            return run_checks(query, checks, tables_of_others(client, account), strict=strict)
