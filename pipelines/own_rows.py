"""What one account has of the tables that many share, under the tables' own names.

Checks name plain tables, and at a destination these hold all accounts' rows. Temporary views of the
same names stand before them, in PostgreSQL as in DuckDB: while they do, whatever is read is of the
account alone, and takes no longer for the others.
"""

from __future__ import annotations

from collections.abc import Collection, Iterator
from contextlib import contextmanager
from typing import Any

from dlt.destinations.sql_client import SqlClientBase

from sources.help_scout.ledger import SUCCEEDED
from sources.help_scout.reports import REPORTS

from .names import DATASET


@contextmanager
def own_rows(client: SqlClientBase[Any], account: str, names: Collection[str]) -> Iterator[None]:
    """Has these tables and views hold the account's rows only, for this client alone."""
    shared = client.execute_sql(
        "select table_name from information_schema.columns "
        "where table_schema = %s and column_name = 'account'",
        DATASET,
    )
    narrowed = sorted({str(name) for (name,) in shared or []} & {*names})
    temporary = "temp" if client.capabilities.sqlglot_dialect == "duckdb" else "pg_temp"
    client.execute_many(
        [
            f"create or replace temporary view {name} as select * from "
            f"{client.make_qualified_table_name(name)} where account = {_literal(account)}"
            for name in narrowed
        ]
    )
    try:
        yield
    finally:
        client.execute_many([f"drop view {temporary}.{name}" for name in narrowed])


def tables_of_others(client: SqlClientBase[Any], account: str) -> set[str]:
    """The tables of reports that were never read well for the account: their rows are others'."""
    rows = client.execute_sql(
        f"select distinct report from window_reads where account = %s and {SUCCEEDED}", account
    )
    read = {str(name) for (name,) in rows or []}
    return {
        table.name
        for report in REPORTS.values()
        if report.name not in read
        for table in report.tables
    }


def _literal(text: str) -> str:
    quoted = text.replace("'", "''")
    return f"'{quoted}'"
