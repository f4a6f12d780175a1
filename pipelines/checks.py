"""Checks: SQL over the warehouse that finds nothing as long as the numbers agree.

Each file in `checks/` is one query; its rows are what disagrees. Its comments say first the
sentence that it proves, then what it `needs` (tables, views, parts of `check_blocks`), its `level`,
and where it allows for a `tolerance`. The level says what rows mean: `failure` (the default) that
numbers are wrong, `drift` that the past has moved since, `notice` that something is worth knowing.
"""

from __future__ import annotations

import uuid
from collections.abc import Callable, Mapping, Sequence
from collections.abc import Set as AbstractSet
from dataclasses import dataclass, field
from datetime import date, datetime
from enum import StrEnum
from pathlib import Path
from typing import Any, TypeAlias

import orjson
from dlt.pipeline.pipeline import Pipeline
from rich import box
from rich.console import Console
from rich.table import Table as RichTable

from .check_blocks import READ_BY_CHECKS, building_blocks, shared_tables
from .errors import COMPLETE, PARTIAL, UsageError
from .kinds import kind_of
from .locks import exclusively
from .names import DATASET
from .own_rows import own_rows, tables_of_others
from .sql import sql_client

FOLDER = Path(__file__).parent / "checks"
EXAMPLES = 3
RESULTS = "check_results"
REPORTS_IN = ("report", "overall", "series")  # the columns of checks that name reports
WINDOWS_IN = ("window_date", "previous_window_date")  # and those that name windows

TABLES = f"select table_name from information_schema.tables where table_schema = '{DATASET}'"

Query: TypeAlias = Callable[[str], list[dict[str, Any]]]
"""Runs SQL over the dataset and gives its rows by column."""


class Level(StrEnum):
    """What it means that a check finds rows."""

    FAILURE = "failure"
    DRIFT = "drift"
    NOTICE = "notice"


class Verdict(StrEnum):
    """What a check came to."""

    HOLDS = "holds"
    FAILS = "fails"
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
    level: Level
    tolerance: str | None


@dataclass(frozen=True, slots=True, kw_only=True)
class Result:
    """What a check came to: how many rows it found and the first of them.

    `windows` are those that the rows set side by side, by grain and first local day, None when a
    row does not say; `reports` those that the rows name.
    """

    check: Check
    verdict: Verdict
    rows: int = 0
    examples: list[dict[str, Any]] = field(default_factory=list)
    lacking: tuple[str, ...] = ()
    windows: frozenset[tuple[str, date]] | None = None
    reports: frozenset[str] = frozenset()


def exit_code(results: Sequence[Result]) -> int:
    """3 when a check fails, 0 otherwise."""
    return PARTIAL if any(r.verdict is Verdict.FAILS for r in results) else COMPLETE


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
    """The check in the file: its leading comments, then its query."""
    text = path.read_text(encoding="utf-8")
    lines = text.splitlines()
    end = next(n for n, line in enumerate(lines) if not line.startswith("--"))
    sentence, named = [], dict[str, str]()
    for line in lines[:end]:
        words = line.removeprefix("--").strip()
        name, colon, value = words.partition(": ")
        if colon and name in ("needs", "level", "tolerance"):
            named[name] = value
        else:
            sentence.append(words)
    return Check(
        name=path.stem,
        sentence=" ".join(sentence),
        sql="\n".join(lines[end:]),
        needs=tuple(named["needs"].split(", ")) if "needs" in named else (),
        level=Level(named.get("level", Level.FAILURE)),
        tolerance=named.get("tolerance"),
    )


def run_checks(
    query: Query, checks: Sequence[Check], others: AbstractSet[str] = frozenset()
) -> list[Result]:
    """What each check comes to on the warehouse that `query` asks; those that need one of the
    tables of `others` are skipped."""
    there = {str(row["table_name"]) for row in query(TABLES)}
    shared, parts = shared_tables(there), building_blocks(there)
    if any("report_windows" in check.needs for check in checks):
        _make_shared(query, shared)
    usable = there - others if shared else there - others - {"report_windows"}
    usable |= building_blocks(usable).keys()
    return [_run(query, check, usable, parts) for check in checks]


def _make_shared(query: Query, tables: Mapping[str, str]) -> None:
    """Makes what many checks read, once, as tables of this connection alone."""
    for name, sql in tables.items():
        query(f"drop table if exists {name}")
        query(f"create temporary table {name} as {sql}")
        query(f"analyze {name}")  # a server plans by it: else every join goes row by row


def _run(query: Query, check: Check, there: set[str], parts: Mapping[str, str]) -> Result:
    lacking = tuple(name for name in check.needs if name not in there)
    if lacking:
        return Result(check=check, verdict=Verdict.SKIPPED, lacking=lacking)
    sql = check.sql
    for name, part in parts.items():
        sql = sql.replace("{" + name + "}", part)
    found = query(sql)
    verdict = Verdict.HOLDS
    if found:
        verdict = Verdict.FAILS if check.level is Level.FAILURE else Verdict(str(check.level))
    return Result(
        check=check,
        verdict=verdict,
        rows=len(found),
        examples=found[:EXAMPLES],
        windows=_windows_of(found),
        reports=frozenset(row[name] for row in found for name in REPORTS_IN if name in row),
    )


def _windows_of(rows: Sequence[Mapping[str, Any]]) -> frozenset[tuple[str, date]] | None:
    if not all("grain" in row and "window_date" in row for row in rows):
        return None
    return frozenset(
        (row["grain"], row[name]) for row in rows for name in WINDOWS_IN if name in row
    )


def check_pipeline(
    pipeline: Pipeline, checks: Sequence[Check], account: str | None = None
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

        if account is None or kind_of(pipeline) is None:  # a file holds one account
            return run_checks(query, checks)
        names = {*READ_BY_CHECKS, *(name for check in checks for name in check.needs)}
        with exclusively(pipeline), own_rows(client, account, names):
            return run_checks(query, checks, tables_of_others(client, account))


def store_results(
    pipeline: Pipeline, results: Sequence[Result], now: datetime, account: str
) -> None:
    """Adds the results to the table `check_results`, with the account's latest run that loaded
    anything."""
    check_run_id = uuid.uuid4().hex
    with exclusively(pipeline), sql_client(pipeline) as client:
        client.execute_sql(
            f"create table if not exists {RESULTS} (check_run_id varchar, checked_at timestamptz, "
            "last_run_id varchar, check_name varchar, sentence varchar, level varchar, "
            "verdict varchar, row_count bigint, examples varchar, account varchar)"
        )
        client.execute_sql(f"alter table {RESULTS} add column if not exists account varchar")
        latest = client.execute_sql(
            "select run_id from window_reads where account = %s order by fetched_at desc limit 1",
            account,
        )
        run_id = str(latest[0][0]) if latest else None
        rows = [
            (
                *(check_run_id, now, run_id, result.check.name, result.check.sentence),
                *(str(result.check.level), str(result.verdict), result.rows),
                *(_json(result.examples), account),
            )
            for result in results
        ]
        places = ", ".join(f"({', '.join('%s' for _ in row)})" for row in rows)
        client.execute_sql(
            f"insert into {RESULTS} values {places}", *(value for row in rows for value in row)
        )


def results_json(results: Sequence[Result]) -> str:
    """The results for machines."""
    body = [
        {
            "check": result.check.name,
            "sentence": result.check.sentence,
            "level": str(result.check.level),
            "tolerance": result.check.tolerance,
            "verdict": str(result.verdict),
            "rows": result.rows,
            "examples": result.examples,
            "lacking": result.lacking,
        }
        for result in results
    ]
    return _json(body)


def _json(body: Any) -> str:
    return orjson.dumps(body, default=str, option=orjson.OPT_INDENT_2).decode()


def print_results(console: Console, results: Sequence[Result]) -> None:
    """Prints a line a check, then what the others found."""
    table = RichTable(box=box.SIMPLE_HEAD, pad_edge=False)
    table.add_column("check", no_wrap=True)
    table.add_column("verdict", no_wrap=True)
    table.add_column("rows", justify="right")
    table.add_column("what it says")
    for result in results:
        rows = f"{result.rows:,}" if result.rows else "·"
        table.add_row(result.check.name, str(result.verdict), rows, result.check.sentence)
    console.print(table)
    for result in results:
        name = result.check.name
        if result.verdict is Verdict.SKIPPED:
            console.print(f"{name}: not checked, {', '.join(result.lacking)} not loaded")
        for example in result.examples:
            words = ", ".join(f"{column} {_plain(value)}" for column, value in example.items())
            console.print(f"{name}: {words}", markup=False)
    failed = sum(result.verdict is Verdict.FAILS for result in results)
    held = sum(result.verdict is Verdict.HOLDS for result in results)
    console.print(f"{held} of {len(results)} checks hold, {failed} fail")


def _plain(value: Any) -> str:
    if isinstance(value, float):
        return f"{value:,.6g}"
    return f"{value:%Y-%m-%d %H:%M}" if isinstance(value, datetime) else str(value)
