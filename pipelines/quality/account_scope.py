"""What one account has of the tables that many share, under the tables' own names.

Checks name plain tables, and at a destination these hold all accounts' rows. Temporary views of the
same names stand before them, in PostgreSQL as in DuckDB: while they do, whatever is read is of the
account alone. Of the dataset's views they are tables in PostgreSQL, where a view that another
account's load makes anew would take with it what stands on it.
"""

from __future__ import annotations

from collections.abc import Collection, Iterator
from contextlib import contextmanager
from typing import Any

from dlt.destinations.sql_client import SqlClientBase
from dlt.pipeline.pipeline import Pipeline

from sources.help_scout.catalog.reports import REPORTS
from sources.help_scout.state.ledger import SUCCEEDED

from ..settings.constants import DATASET
from ..warehouse.base import destination_of
from ..warehouse.sql import literal, sql_client


@contextmanager
def own_rows(pipeline: Pipeline, account: str, names: Collection[str]) -> Iterator[None]:
    """Has these tables and views hold the account's rows only, for the pipeline's client alone."""
    with sql_client(pipeline) as client:
        shared = client.execute_sql(
            "select t.table_name, t.table_type from information_schema.tables as t "
            "inner join information_schema.columns as c "
            "on c.table_schema = t.table_schema and c.table_name = t.table_name "
            "where t.table_schema = %s and c.column_name = 'account' order by 1",
            DATASET,
        )
        drops, makes = list[str](), list[str]()
        for name, kind in shared or []:
            if name not in names:
                continue
            made, schema = destination_of(pipeline).temporary(stands_before_view=kind == "VIEW")
            drops.append(f"drop {made} if exists {schema}.{name}")
            makes.append(
                f"create temporary {made} {name} as select * from "
                f"{client.make_qualified_table_name(name)} where account = {literal(account)}"
            )
        try:
            client.execute_many([*drops, *makes])
            yield
        finally:
            client.execute_many(drops)


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
