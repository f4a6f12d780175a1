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
    Forgotten,
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

        customers = _known_as(run, columns, named, privacy)
        changed: dict[str, int] = {}
        for table, personal in _customer_tables(columns):
            condition, parameters = _about(table, columns, customers, privacy)
            there = " or ".join(f'"{name}" is not null' for name in personal)
            where = f"where ({condition}) and ({there})"
            ((count,),) = run(f"select count(*) from {table} {where}", *parameters)
            if count:
                nothing = ", ".join(f'"{name}" = null' for name in personal)
                run(f"update {table} set {nothing} {where}", *parameters)
                changed[table] = int(count)
    keep_forgotten(
        pipeline,
        account,
        {Forgotten(privacy.customer_hash(one), privacy.key_print) for one in customers},
        now,
    )
    return customers, changed


def keep_forgotten(
    pipeline: Pipeline, account: str, forgotten: Iterable[Forgotten], now: datetime
) -> None:
    """Puts customers on the list of those whom loads leave out."""
    with pipeline.sql_client() as client:
        client.execute_sql(
            f"create table if not exists {FORGOTTEN} (account varchar, customer_hash varchar, "
            "key_print varchar, forgotten_at timestamptz)"
        )
        for one in sorted(forgotten, key=lambda one: one.customer_hash):
            client.execute_sql(
                f"delete from {FORGOTTEN} where account = %s and customer_hash = %s",
                account,
                one.customer_hash,
            )
            client.execute_sql(
                f"insert into {FORGOTTEN} values (%s, %s, %s, %s)",
                account,
                one.customer_hash,
                one.key_print,
                now,
            )


def count_unplaced(pipeline: Pipeline) -> int:
    """Rows of values that the catalog does not know and that may be of anybody."""
    if UNKNOWN_VALUES.name not in _columns(pipeline):
        return 0
    with pipeline.sql_client() as client:
        ((count,),) = client.execute_sql(f"select count(*) from {UNKNOWN_VALUES.name}") or [(0,)]
    return int(count)


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
    all that the catalog does not know."""
    for report in REPORTS.values():
        for table in report.tables:
            known = columns.get(table.name, {})
            if not {"customer_id", "customer_email"} & known.keys():
                continue
            personal = [
                c.name for c in table.columns if c.personal and not c.name.startswith(_OF_USERS)
            ]
            personal += _unknown_columns(stored_table(report, table), columns)
            if personal:
                yield table.name, personal


_OF_USERS = ("user_", "assigned_user_")


def _known_as(
    run: Any, columns: Mapping[str, Mapping[str, str]], named: Customers, privacy: Privacy
) -> Customers:
    """The customers with the ids and addresses that conversations of theirs alone tell of them."""
    ids, emails = set(named.ids), set(named.emails)
    stored = _stored_emails(named, privacy)
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
            f"where lower(d.customer_email) in ({_list(stored)}) "
            f"or alone.customer_id in ({_list(named.ids)})",
            *stored,
            *named.ids,
        ):
            ids.add(int(customer_id))
            if email and not email.startswith(HASHED):
                emails.add(email)
    return Customers(frozenset(ids), frozenset(emails))


def _stored_emails(customers: Customers, privacy: Privacy) -> list[str]:
    """How the customers' addresses may stand in a table: as they are, and hashed."""
    hashed = (privacy.hash_in("customer_email", email) for email in customers.emails)
    return [*customers.emails, *hashed]


def _about(
    table: str, columns: Mapping[str, Mapping[str, str]], customers: Customers, privacy: Privacy
) -> tuple[str, list[Any]]:
    """The condition that a row is about the customers, with its parameters."""
    emails = _stored_emails(customers, privacy)
    conditions: list[str] = []
    parameters: list[Any] = []
    if "customer_id" in columns[table]:
        conditions.append(f"customer_id in ({_list(customers.ids)})")
        parameters += customers.ids
    if "customer_email" in columns[table]:
        conditions.append(f"lower(customer_email) in ({_list(emails)})")
        parameters += emails
        if f"{table}{CUSTOMERS_OF}" in columns:
            conditions.append(
                f"conversation_id in (select conversation_id from {table}{CUSTOMERS_OF} "
                f"where customer_id in ({_list(customers.ids)}))"
            )
            parameters += customers.ids
    return " or ".join(conditions), parameters


def _list(items: Iterable[Any]) -> str:
    return ", ".join("%s" for _ in items) or "null"


def changed_modes(before: Mapping[str, str], privacy: Privacy) -> tuple[list[str], list[str]]:
    """The columns whose mode is stricter than `before`, and those whose mode is looser: what is
    gone cannot be had back."""
    stricter: list[str] = []
    looser: list[str] = []
    for name, mode in privacy.modes().items():
        was = before.get(name, mode)
        if was != mode:
            (stricter if mode in STRICTER[was] else looser).append(name)
    return stricter, looser


def make_stricter(pipeline: Pipeline, names: Iterable[str], privacy: Privacy) -> None:
    """Rewrites what is loaded of columns whose mode became stricter."""
    columns = _columns(pipeline)
    keys = {(table, column.name) for table, column, is_key in personal_columns() if is_key}
    modes = privacy.modes()
    with pipeline.sql_client() as client:
        for name in names:
            for table, column in _stored_as(name, columns):
                where = f'where "{column}" is not null'
                if modes[name] == "hash":
                    values = client.execute_sql(
                        f'select distinct "{column}" from {table} {where} '
                        f"and not regexp_full_match(\"{column}\", '{HASHED}[0-9a-f]{{32}}')"
                    )
                    for (value,) in values or []:
                        client.execute_sql(
                            f'update {table} set "{column}" = %s where "{column}" = %s',
                            privacy.hash_in(column, value),
                            value,
                        )
                elif (table, column) in keys:
                    client.execute_sql(
                        f"update {table} set \"{column}\" = '{REMOVED} ' || rowid {where} "
                        f"and not regexp_full_match(\"{column}\", '{REMOVED} [0-9]+')"
                    )
                else:
                    client.execute_sql(f'update {table} set "{column}" = null {where}')


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


def _unknown_columns(table: StoredTable, columns: Mapping[str, Mapping[str, str]]) -> list[str]:
    """The columns of a table that the catalog does not know; not dlt's own."""
    declared = {column.name for column in table.columns}
    return [
        name
        for name in columns.get(table.name, {})
        if name not in declared and not name.startswith("_dlt")
    ]


def _unknown_texts(table: StoredTable, columns: Mapping[str, Mapping[str, str]]) -> Iterator[str]:
    for name in _unknown_columns(table, columns):
        if columns[table.name][name] == "VARCHAR":
            yield name


def owe_copy(path: Path) -> None:
    """Notes that values are going to be overwritten: whatever happens, `copy_without_traces` is
    still to come."""
    _debt(path).touch()


def owes_copy(path: Path) -> bool:
    """Whether overwritten values may still be readable in the file."""
    return _debt(path).exists()


def _debt(path: Path) -> Path:
    return state_folder(path) / "overwritten"


def copy_without_traces(path: Path) -> None:
    """Replaces the file by a copy of what it holds: overwritten values are in neither it nor the
    working files beside it any more."""
    state, path = state_folder(path), path.resolve()
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
    new.chmod(path.stat().st_mode)
    new.replace(path)
    shutil.rmtree(state, ignore_errors=True)
