"""The table `check_results`: what each run of the checks found, and what earlier runs had found."""

from __future__ import annotations

import uuid
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any
from weakref import WeakSet

import orjson
from dlt.destinations.sql_client import SqlClientBase
from dlt.pipeline.pipeline import Pipeline

from sources.help_scout.catalog.model import COUNT, FLAG, INSTANT, RATIO, RAW, Column
from sources.help_scout.catalog.stored_tables import ACCOUNT, RUN_ID, StoredTable, text_column

from ..settings.constants import DATASET
from ..warehouse.base import exclusively
from ..warehouse.sql import sql_client
from .check_runner import Result

RESULTS = "check_results"
CHECK_RESULTS = StoredTable(
    name=RESULTS,
    description="What each run of the checks found, one row a check",
    columns=(
        text_column("check_run_id", "The run of the checks", RUN_ID),
        Column(name="checked_at", unit=INSTANT, description="When they ran"),
        text_column("last_run_id", "The latest run that had loaded anything by then", RUN_ID),
        text_column("check_name", "Check, by its file's name", "channels_add_up"),
        text_column("sentence", "What it says", "Channels add up to all conversations"),
        text_column("level", "drift or notice, where rows are no disagreement; else null", "drift"),
        text_column("verdict", "holds, fails, disagrees, drift, notice or skipped", "holds"),
        Column(name="row_count", unit=COUNT, description="Rows found"),
        Column(name="examples", unit=RAW, description="The first of them", example="[]"),
        ACCOUNT,
        text_column(
            "kind",
            "integrity (rows are a failure) or agreement (reports of Help Scout disagree)",
            "agreement",
        ),
        Column(
            name="largest_difference_ratio",
            unit=RATIO,
            description="Largest difference of two numbers, as a share of the greater one; null "
            "where rows have no such numbers",
        ),
        Column(
            name="disagrees_since",
            unit=INSTANT,
            description="Since when each run of the check has found rows; null where it finds none",
        ),
        Column(
            name="read_again",
            unit=FLAG,
            description="Whether what disagreed was read once more before this result",
        ),
        text_column(
            "compared_reports",
            "Reports that the check compared, separated by commas",
            "conversations_overall,conversations_volume_by_channel",
        ),
    ),
    primary_key=("check_run_id", "check_name"),
)

_MADE_BY: WeakSet[SqlClientBase[Any]] = WeakSet()


@dataclass(frozen=True, slots=True, kw_only=True)
class Earlier:
    """What an earlier run found by a check: its verdict, and whether it had the windows that
    disagree read again before that."""

    checked_at: datetime
    verdict: str
    read_again: bool = False


def make_results_table(client: SqlClientBase[Any]) -> None:
    """Makes the table, or adds the columns that one of an older version does not have; once for
    each client, since to list all columns of a warehouse takes a while."""
    if client in _MADE_BY:
        return
    known = {
        str(name)
        for (name,) in client.execute_sql(
            "select column_name from information_schema.columns "
            "where table_schema = %s and table_name = %s",
            DATASET,
            RESULTS,
        )
        or []
    }
    if not known:
        client.execute_sql(f"create table if not exists {RESULTS} ({CHECK_RESULTS.sql_columns})")
    for column in CHECK_RESULTS.columns:
        if known and column.name not in known:
            client.execute_sql(
                f"alter table {RESULTS} add column if not exists "
                f"{column.name} {column.unit.type.sql}"
            )
    _MADE_BY.add(client)


def earlier_results(
    pipeline: Pipeline, account: str, names: Collection[str]
) -> Mapping[str, list[Earlier]]:
    """What earlier runs found on the account by the checks of these names, oldest first. Runs that
    skipped a check say nothing about it."""
    found: dict[str, list[Earlier]] = {name: [] for name in names}
    if not names:
        return found
    with sql_client(pipeline) as client:
        make_results_table(client)
        rows = client.execute_sql(
            f"select check_name, checked_at, verdict, read_again from {RESULTS} "
            f"where account = %s and check_name in ({', '.join('%s' for _ in names)}) "
            "and verdict <> 'skipped' order by checked_at",
            account,
            *names,
        )
    for name, at, verdict, was_read_again in rows or []:
        found[str(name)].append(
            Earlier(checked_at=at, verdict=str(verdict), read_again=bool(was_read_again))
        )
    return found


def store_results(
    pipeline: Pipeline, results: Sequence[Result], now: datetime, account: str
) -> None:
    """Adds the results to the table `check_results`, with the account's latest run that loaded
    anything."""
    check_run_id = uuid.uuid4().hex
    with exclusively(pipeline), sql_client(pipeline) as client:
        make_results_table(client)
        latest = client.execute_sql(
            "select run_id from window_reads where account = %s order by fetched_at desc limit 1",
            account,
        )
        run_id = str(latest[0][0]) if latest else None
        rows = [
            (
                *(check_run_id, now, run_id, result.check.name, result.check.sentence),
                *(result.check.level and str(result.check.level), str(result.verdict), result.rows),
                *(as_json(result.examples), account, str(result.check.kind)),
                *(result.largest_difference_ratio, result.since, result.read_again),
                ",".join(sorted(result.compared)),
            )
            for result in results
        ]
        places = ", ".join(f"({', '.join('%s' for _ in row)})" for row in rows)
        names = ", ".join(column.name for column in CHECK_RESULTS.columns)
        client.execute_sql(
            f"insert into {RESULTS} ({names}) values {places}",
            *(value for row in rows for value in row),
        )


def as_json(body: Any) -> str:
    """The body as JSON; dates and instants as texts."""
    return orjson.dumps(body, default=str, option=orjson.OPT_INDENT_2).decode()
