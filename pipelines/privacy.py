"""Personal data that is already loaded: forgotten for one customer, rewritten for a stricter mode.

What is overwritten in a DuckDB file stays readable in it for a while, so the file is copied without
it and replaced.
"""

from __future__ import annotations

import shutil
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import Any

from dlt.pipeline.pipeline import Pipeline

from sources.help_scout.dimensions import DIMENSIONS
from sources.help_scout.privacy import (
    CUSTOMERS_OF,
    HASHED,
    REMOVED,
    UNKNOWN,
    Privacy,
    personal_columns,
)
from sources.help_scout.reports import REPORTS
from sources.help_scout.stored import FORGOTTEN
from sources.help_scout.tables import UNKNOWN_VALUES, StoredTable, stored_table

from .errors import UsageError
from .warehouse import DATASET, connect, state_folder

STRICTER = {"keep": ("hash", "drop"), "hash": ("drop",), "drop": ()}


@dataclass(frozen=True, slots=True)
class Customers:
    """Customers by their ids and e-mail addresses, in lower case."""

    ids: frozenset[int]
    emails: frozenset[str]

    @classmethod
    def parse(cls, texts: Sequence[str]) -> Customers:
        """The customers that the texts name; UsageError for what is neither id nor address."""
        ids, emails = set(), set()
        for text in texts:
            if text.isdecimal():
                ids.add(int(text))
            elif "@" in text.strip("@"):
                emails.add(text.strip().lower())
            else:
                raise UsageError(f"{text!r}: name a customer by id (12345) or e-mail address")
        return cls(frozenset(ids), frozenset(emails))

    def __iter__(self) -> Iterator[str | int]:
        yield from self.ids
        yield from self.emails


def forget(
    pipeline: Pipeline, account: str, privacy: Privacy, named: Customers, now: datetime
) -> tuple[Customers, dict[str, int]]:
    """Takes the customers' personal data out of every table and keeps their hashes, so that no load
    brings it back. Returns who they were found to be, and how many rows of each table changed."""
    columns = _columns(pipeline)
    with pipeline.sql_client() as client:

        def run(sql: str, *parameters: Any) -> list[tuple[Any, ...]]:
            return [tuple(row) for row in client.execute_sql(sql, *parameters) or []]

        customers = _known_as(run, columns, named)
        changed: dict[str, int] = {}
        for table, personal in _customer_tables(columns):
            condition, parameters = _about(table, columns, customers)
            there = " or ".join(f'"{name}" is not null' for name in personal)
            where = f"where ({condition}) and ({there})"
            ((count,),) = run(f"select count(*) from {table} {where}", *parameters)
            if count:
                nothing = ", ".join(f'"{name}" = null' for name in personal)
                run(f"update {table} set {nothing} {where}", *parameters)
                changed[table] = int(count)
        run(
            f"create table if not exists {FORGOTTEN} (account varchar, customer_hash varchar, "
            "forgotten_at timestamptz)"
        )
        for hashed in sorted({privacy.customer_hash(customer) for customer in customers}):
            run(
                f"delete from {FORGOTTEN} where account = %s and customer_hash = %s",
                account,
                hashed,
            )
            run(f"insert into {FORGOTTEN} values (%s, %s, %s)", account, hashed, now)
    return customers, changed


def _columns(pipeline: Pipeline) -> dict[str, dict[str, str]]:
    """The columns of the dataset's tables with their types."""
    found: dict[str, dict[str, str]] = {}
    with pipeline.sql_client() as client:
        for table, column, kind in (
            client.execute_sql(
                "select c.table_name, c.column_name, c.data_type from information_schema.columns c "
                "inner join information_schema.tables t on t.table_schema = c.table_schema "
                "and t.table_name = c.table_name "
                "where c.table_schema = %s and t.table_type = 'BASE TABLE'",
                pipeline.dataset_name,
            )
            or []
        ):
            found.setdefault(str(table), {})[str(column)] = str(kind)
    return found


def _customer_tables(columns: Mapping[str, Mapping[str, str]]) -> Iterator[tuple[str, list[str]]]:
    """The tables whose rows are about customers, with the columns to empty: what is personal, and
    texts that the catalog does not know."""
    for report in REPORTS.values():
        for table in report.tables:
            known = columns.get(table.name, {})
            if not {"customer_id", "customer_email"} & known.keys():
                continue
            personal = [
                c.name for c in table.columns if c.personal and not c.name.startswith(_OF_USERS)
            ]
            personal += _unknown_texts(stored_table(report, table), columns)
            if personal:
                yield table.name, personal


_OF_USERS = ("user_", "assigned_user_")


def _known_as(run: Any, columns: Mapping[str, Mapping[str, str]], named: Customers) -> Customers:
    """The customers with the ids and addresses that conversations of theirs alone tell of them."""
    ids, emails = set(named.ids), set(named.emails)
    for table in columns:
        customers = f"{table}{CUSTOMERS_OF}"
        if "customer_email" not in columns[table] or customers not in columns:
            continue
        alone = (
            f"select c.conversation_id, min(c.customer_id) as customer_id from {customers} as c "
            "where c.customer_id > 0 group by c.conversation_id "
            "having count(distinct c.customer_id) = 1"
        )
        for customer_id, email in run(
            f"select distinct alone.customer_id, lower(d.customer_email) from {table} as d "
            f"inner join ({alone}) as alone on alone.conversation_id = d.conversation_id "
            f"where lower(d.customer_email) in ({_list(named.emails)}) "
            f"or alone.customer_id in ({_list(named.ids)})",
            *named.emails,
            *named.ids,
        ):
            ids.add(int(customer_id))
            if email and not email.startswith(HASHED):
                emails.add(email)
    return Customers(frozenset(ids), frozenset(emails))


def _about(
    table: str, columns: Mapping[str, Mapping[str, str]], customers: Customers
) -> tuple[str, list[Any]]:
    """The condition that a row is about the customers, with its parameters."""
    conditions: list[str] = []
    parameters: list[Any] = []
    if "customer_id" in columns[table]:
        conditions.append(f"customer_id in ({_list(customers.ids)})")
        parameters += customers.ids
    if "customer_email" in columns[table]:
        conditions.append(f"lower(customer_email) in ({_list(customers.emails)})")
        parameters += customers.emails
        if f"{table}{CUSTOMERS_OF}" in columns:
            conditions.append(
                f"conversation_id in (select conversation_id from {table}{CUSTOMERS_OF} "
                f"where customer_id in ({_list(customers.ids)}))"
            )
            parameters += customers.ids
    return " or ".join(conditions), parameters


def _list(items: Iterable[Any]) -> str:
    return ", ".join("%s" for _ in items) or "null"


def make_stricter(
    pipeline: Pipeline, before: Mapping[str, str], privacy: Privacy
) -> tuple[list[str], list[str]]:
    """Rewrites what is loaded for columns whose mode became stricter since `before`.

    Returns those columns, and those whose mode became looser: what is gone cannot be had back.
    """
    columns = _columns(pipeline)
    keys = {(table, column.name) for table, column, is_key in personal_columns() if is_key}
    stricter: list[str] = []
    looser: list[str] = []
    with pipeline.sql_client() as client:
        for name, mode in privacy.modes().items():
            was = before.get(name, mode)
            if was == mode:
                continue
            (stricter if mode in STRICTER[was] else looser).append(name)
            for table, column in _stored_as(name, columns) if mode in STRICTER[was] else ():
                where = f'where "{column}" is not null'
                if mode == "hash":
                    values = client.execute_sql(
                        f'select distinct "{column}" from {table} {where} '
                        f"and not starts_with(\"{column}\", '{HASHED}')"
                    )
                    for (value,) in values or []:
                        client.execute_sql(
                            f'update {table} set "{column}" = %s where "{column}" = %s',
                            privacy.hash_of(str(value)),
                            value,
                        )
                elif (table, column) in keys:
                    client.execute_sql(
                        f"update {table} set \"{column}\" = '{REMOVED} ' || rowid {where} "
                        f"and not starts_with(\"{column}\", '{REMOVED} ')"
                    )
                else:
                    client.execute_sql(f'update {table} set "{column}" = null {where}')
    return stricter, looser


def _stored_as(name: str, columns: Mapping[str, Mapping[str, str]]) -> Iterator[tuple[str, str]]:
    """The tables and columns where what the name stands for is stored."""
    if name != UNKNOWN:
        table, _, column = name.partition(".")
        if column in columns.get(table, {}):
            yield table, column
        return
    for report in REPORTS.values():
        for one in report.tables:
            for column in _unknown_texts(stored_table(report, one), columns):
                yield one.name, column
    for dimension in DIMENSIONS.values():
        for column in _unknown_texts(dimension.stored_table, columns):
            yield dimension.name, column
    if UNKNOWN_VALUES.name in columns:
        yield UNKNOWN_VALUES.name, "wire_values"


def _unknown_texts(table: StoredTable, columns: Mapping[str, Mapping[str, str]]) -> Iterator[str]:
    """The text columns of a table that the catalog does not know."""
    declared = {column.name for column in table.columns}
    for name, kind in columns.get(table.name, {}).items():
        if name not in declared and kind == "VARCHAR":
            yield name


def copy_without_traces(path: Path) -> None:
    """Replaces the file by a copy of what it holds: overwritten values are in neither it nor the
    working files beside it any more."""
    new = path.with_suffix(f".rewriting{path.suffix}")
    new.unlink(missing_ok=True)
    connection = connect(new)
    try:
        connection.execute(f"attach '{path}' as old")
        ((current,),) = connection.execute("select current_database()").fetchall()
        connection.execute(f'drop schema if exists old."{DATASET}_staging" cascade')
        connection.execute(f'copy from database old to "{current}"')
    finally:
        connection.close()
    new.replace(path)
    shutil.rmtree(state_folder(path), ignore_errors=True)
