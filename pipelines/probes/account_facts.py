"""What is known of how an account behaves: the table `account_facts`, one row a fact.

`help-scout doctor --probe` writes it, and loads are given what it says. What loads see
themselves is in the source's state: `sources.help_scout.findings` says which of the two wins.
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import UTC, datetime
from typing import Any, TypeAlias

from dlt.destinations.sql_client import SqlClientBase
from dlt.pipeline.pipeline import Pipeline
from rich import box
from rich.console import Console
from rich.markup import escape
from rich.table import Table

from sources.help_scout.planning.findings import BUCKET_ANCHOR, ZERO_BUCKETS, Finding
from sources.help_scout.state.run import Run

from ..settings.constants import DATASET
from ..warehouse.locks import exclusively
from ..warehouse.sql import sql_client
from .consequences import AGREEMENT, CONSEQUENCES
from .probe import Certainty, Fact

FACTS = "account_facts"
STEERING = (BUCKET_ANCHOR, ZERO_BUCKETS)
"""The facts by which loads plan their requests."""
COLUMNS = (
    "account varchar, fact varchar, value varchar, verdict varchar, detail varchar, "
    "checked_at timestamptz"
)
NAMES = "account, fact, value, verdict, detail, checked_at"
MARKS = ", ".join("%s" for _ in COLUMNS.split(", "))

FactRow: TypeAlias = tuple[Any, ...]
"""A row of the table, in the order of its columns."""


def store_facts(pipeline: Pipeline, facts: Sequence[Fact], now: datetime, account: str) -> None:
    """Puts the facts in place of what was known of the account; what could not be told this time
    leaves what was known."""
    told = [fact for fact in facts if fact.verdict is not Certainty.UNKNOWN]
    known = {fact.name for fact in told}
    with exclusively(pipeline), sql_client(pipeline) as client:
        if not client.has_dataset():  # before the first load
            client.create_dataset()
        table = client.make_qualified_table_name(FACTS)
        client.execute_sql(f"create table if not exists {table} ({COLUMNS})")
        before = _read(client, account)
        kept = [fact for fact in facts if fact.name not in known and fact.name not in before]
        for fact in (*told, *kept):
            client.execute_sql(
                f"delete from {table} where account = %s and fact = %s", account, fact.name
            )
            row = (account, fact.name, fact.value, str(fact.verdict), fact.detail, now)
            client.execute_sql(f"insert into {table} values ({MARKS})", *row)


def read_facts(pipeline: Pipeline, account: str) -> dict[str, str]:
    """The values that were found out about the account, by the facts' names."""
    rows = fact_rows(pipeline, account)
    return {name: value for _, name, value, *_ in rows if value is not None}


def give_facts(pipeline: Pipeline, run: Run) -> dict[str, Finding]:
    """Has the run know what the probe found out, as far as loads go by it; these findings."""
    found = {
        name: Finding(value, at if at.tzinfo else at.replace(tzinfo=UTC))
        for _, name, value, *_, at in fact_rows(pipeline, run.settings.account)
        if value is not None and name in STEERING
    }
    run.facts.take(found)
    return found


def fact_rows(pipeline: Pipeline, account: str) -> list[FactRow]:
    """All that the table says of the account; nothing before the first probe."""
    with sql_client(pipeline) as client:
        if not client.execute_sql(
            "select 1 from information_schema.tables where table_schema = %s and table_name = %s",
            *(DATASET, FACTS),
        ):
            return []
        table = client.make_qualified_table_name(FACTS)
        rows = client.execute_sql(f"select {NAMES} from {table} where account = %s", account)
        return [tuple(row) for row in rows or []]


def keep_facts(pipeline: Pipeline, rows: Sequence[FactRow]) -> None:
    """Takes over the rows of a warehouse that this one replaces."""
    if not rows:
        return
    with sql_client(pipeline) as client:
        table = client.make_qualified_table_name(FACTS)
        client.execute_sql(f"create table if not exists {table} ({COLUMNS})")
        for row in rows:
            client.execute_sql(
                f"delete from {table} where account = %s and fact = %s", row[0], row[1]
            )
            client.execute_sql(f"insert into {table} values ({MARKS})", *row)


def print_facts(console: Console, facts: Sequence[Fact], sent: int) -> None:
    """Prints a line a fact, what follows from those that are contradicted, and how many of each
    verdict there are."""
    table = Table(box=box.SIMPLE_HEAD, pad_edge=False)
    for name in ("assumption", "verdict", "found"):
        table.add_column(name, no_wrap=name == "verdict")
    for fact in facts:
        value = (fact.value or "").replace("_", " ")
        found = ": ".join(part for part in (value, fact.detail) if part)
        if fact.verdict is Certainty.CONTRADICTED:
            found = f"{found}. {CONSEQUENCES.get(fact.name, AGREEMENT)}"
        table.add_row(fact.sentence, str(fact.verdict), escape(found))
    console.print(table)
    counts = {verdict: sum(fact.verdict is verdict for fact in facts) for verdict in Certainty}
    told = ", ".join(f"{count} {verdict}" for verdict, count in counts.items())
    console.print(f"{len(facts)} assumptions: {told}; {sent} requests")


def _read(client: SqlClientBase[Any], account: str) -> dict[str, str | None]:
    table = client.make_qualified_table_name(FACTS)
    rows = client.execute_sql(f"select fact, value from {table} where account = %s", account)
    return {str(name): value for name, value in rows or []}
