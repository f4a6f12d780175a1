"""The table `account_facts`: how an account behaves, one row for each fact.

`help-scout doctor --probe` writes it and loads read it. What loads find out themselves is in the
source's state: `sources.help_scout.planning.findings` says which of the two wins.
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import UTC, datetime
from typing import Any, TypeAlias

from dlt.destinations.sql_client import SqlClientBase
from dlt.pipeline.pipeline import Pipeline

from sources.help_scout.catalog.model import INSTANT, Column
from sources.help_scout.catalog.stored_tables import ACCOUNT, StoredTable, text_column
from sources.help_scout.planning.findings import BUCKET_ANCHOR, ZERO_BUCKETS, Finding
from sources.help_scout.state.run import Run

from ..settings.constants import DATASET
from ..warehouse.base import exclusively
from ..warehouse.sql import sql_client
from .probe import Certainty, Fact

FACTS = "account_facts"
STEERING = (BUCKET_ANCHOR, ZERO_BUCKETS)
"""The facts by which loads plan their requests."""
ACCOUNT_FACTS = StoredTable(
    name=FACTS,
    description="What `doctor --probe` found out about the account, one row a fact",
    columns=(
        ACCOUNT,
        text_column("fact", "What was asked for", "bucket_anchor"),
        text_column("value", "What the account does; null if it could not be told", "request"),
        text_column("verdict", "confirmed, contradicted or could not be told", "confirmed"),
        text_column("detail", "The figures behind it", "30.77 for 4 of 13"),
        Column(name="checked_at", unit=INSTANT, description="When it was asked for"),
    ),
    primary_key=("account", "fact"),
)
NAMES = ", ".join(column.name for column in ACCOUNT_FACTS.columns)
MARKS = ", ".join("%s" for _ in ACCOUNT_FACTS.columns)

FactRow: TypeAlias = tuple[Any, ...]
"""A row of the table, in the order of its columns."""


def store_facts(pipeline: Pipeline, facts: Sequence[Fact], now: datetime, account: str) -> None:
    """Replaces the account's stored facts. A fact that is unknown this time replaces none."""
    with exclusively(pipeline), sql_client(pipeline) as client:
        if not client.has_dataset():  # before the first load
            client.create_dataset()
        stored = {name for _, name, *_ in _read_rows(client, account)}
        rows = [
            (account, fact.name, fact.value, str(fact.verdict), fact.detail, now)
            for fact in facts
            if fact.verdict is not Certainty.UNKNOWN or fact.name not in stored
        ]
        _write_rows(client, rows)


def read_facts(pipeline: Pipeline, account: str) -> dict[str, str]:
    """The known values of the account's facts, by name."""
    rows = fact_rows(pipeline, account)
    return {name: value for _, name, value, *_ in rows if value is not None}


def give_facts(pipeline: Pipeline, run: Run) -> dict[str, Finding]:
    """Gives the run the probe's findings that steer loads, and returns them."""
    found = {
        name: Finding(value, at if at.tzinfo else at.replace(tzinfo=UTC))
        for _, name, value, *_, at in fact_rows(pipeline, run.settings.account)
        if value is not None and name in STEERING
    }
    run.facts.take(found)
    return found


def fact_rows(pipeline: Pipeline, account: str) -> list[FactRow]:
    """All rows of the account; none before the first probe."""
    with sql_client(pipeline) as client:
        return _read_rows(client, account)


def keep_facts(pipeline: Pipeline, rows: Sequence[FactRow]) -> None:
    """Copies the rows of a warehouse that this one replaces."""
    if rows:
        with sql_client(pipeline) as client:
            _write_rows(client, rows)


def _read_rows(client: SqlClientBase[Any], account: str) -> list[FactRow]:
    if not client.execute_sql(
        "select 1 from information_schema.tables where table_schema = %s and table_name = %s",
        *(DATASET, FACTS),
    ):
        return []
    table = client.make_qualified_table_name(FACTS)
    rows = client.execute_sql(f"select {NAMES} from {table} where account = %s", account)
    return [tuple(row) for row in rows or []]


def _write_rows(client: SqlClientBase[Any], rows: Sequence[FactRow]) -> None:
    table = client.make_qualified_table_name(FACTS)
    client.execute_sql(f"create table if not exists {table} ({ACCOUNT_FACTS.sql_columns})")
    for row in rows:
        client.execute_sql(f"delete from {table} where account = %s and fact = %s", row[0], row[1])
        client.execute_sql(f"insert into {table} values ({MARKS})", *row)
