"""Customers that are to be forgotten: their personal data is taken out and kept out.

Who it was stays in the warehouse as a keyed hash only, by which every later load knows them.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from datetime import datetime
from functools import partial
from pathlib import Path
from types import MappingProxyType
from typing import Any

from dlt.pipeline.pipeline import Pipeline

from sources.help_scout.api.client import utc_now
from sources.help_scout.archive.archive_files import rewrite
from sources.help_scout.archive.body_privacy import protect_body
from sources.help_scout.catalog.stored_tables import UNKNOWN_VALUES
from sources.help_scout.parsing.redaction import Forgotten, Privacy
from sources.help_scout.state.run import Run
from sources.help_scout.state.snapshot import FORGOTTEN

from ..models.own_tables import FORGOTTEN_CUSTOMERS
from ..planning.load_plan import know_lists, source_state
from ..settings.configuration import Publishing
from ..settings.constants import PLACEHOLDERS
from ..settings.errors import COMPLETE, PARTIAL
from ..warehouse.database_file import being_rebuilt
from ..warehouse.duckdb import DuckDbFile
from ..warehouse.load_packages import finish_pending
from ..warehouse.open import open_pipeline
from ..warehouse.redaction import columns_of, mark_purge_pending
from ..warehouse.sql import identifier, sql_client, stored_of
from .customer_rows import (
    Customers,
    about,
    conversations_of,
    customer_tables,
    known_as,
    nobodys,
    nothing,
    stored_emails,
)
from .events import Emit, Erased, Notice, ignore
from .finalize import purge_overwritten
from .load_loop import configured_run

NO_OPTIONS: Mapping[str, Any] = MappingProxyType({})


def run_forget(
    warehouse: Path,
    texts: Sequence[str],
    options: Mapping[str, Any] = NO_OPTIONS,
    emit: Emit = ignore,
) -> int:
    """Forgets customers, by id or e-mail address, in the warehouse and for all loads to come;
    `options` come before the configured ones. Returns the exit code."""
    customers, publishing = Customers.parse(texts), Publishing.configured()
    DuckDbFile(warehouse).require_loaded()
    code = _forget_in(warehouse, customers, publishing, options, emit)
    if being_rebuilt(warehouse).exists():
        _forget_in(being_rebuilt(warehouse), customers, publishing, options, emit)
    for kept in sorted(warehouse.parent.glob(f"{warehouse.stem}.before-*{warehouse.suffix}")):
        emit(
            Notice(f"{kept} holds what was loaded before a rebuild: delete it, or forget there too")
        )
    return code


def _forget_in(
    warehouse: Path,
    customers: Customers,
    publishing: Publishing,
    options: Mapping[str, Any],
    emit: Emit,
) -> int:
    account = DuckDbFile(warehouse).sole_account()
    run = configured_run(**{**options, "account": account, **PLACEHOLDERS})
    account = run.settings.account
    try:
        with open_pipeline(warehouse) as pipeline:
            state = source_state(pipeline)
            run.pin_privacy(dict(state))
            stored = stored_of(pipeline, account)
            before = stored.forgotten() if stored is not None else set()
            run.privacy.with_forgotten(before)
            finish_pending(pipeline)
            mark_purge_pending(warehouse)
            in_archive = _forget_in_archive(run, pipeline, customers)
            found, changed = forget(pipeline, account, run.privacy, customers, utc_now())
            unplaced = count_unplaced(pipeline)
            if stored is not None:
                know_lists(stored, run.lists)  # that nothing is asked of anybody
        purge_overwritten(warehouse, run, publishing, emit)
    finally:
        run.close()
    known = {one.customer_hash for one in before}
    is_known = all(run.privacy.customer_hash(one) in known for one in customers)
    is_unknown = not (changed or in_archive or is_known)
    emit(
        Erased(
            warehouse=warehouse,
            ids=len(found.ids),
            emails=len(found.emails),
            rows=changed,
            archived_answers=in_archive,
            unplaced=unplaced,
            is_unknown=is_unknown,
        )
    )
    return PARTIAL if is_unknown else COMPLETE


def _forget_in_archive(run: Run, pipeline: Pipeline, named: Customers) -> int:
    """Takes the customers' personal data out of the archive, whatever else they are known as; how
    many answers changed."""
    if run.archive is None:
        return 0
    columns = columns_of(pipeline)
    with sql_client(pipeline) as client:

        def query(sql: str, *parameters: Any) -> list[tuple[Any, ...]]:
            return [tuple(row) for row in client.execute_sql(sql, *parameters) or []]

        customers = known_as(query, columns, named, run.privacy)
    return forget_in_archive(run.archive.account_folder, run.privacy, customers)


def forget_in_archive(folder: Path, privacy: Privacy, customers: Customers) -> int:
    """Takes the personal data of customers out of every body; how many changed."""
    hashes = {Forgotten(privacy.customer_hash(one), privacy.key_print) for one in customers}
    written = {Forgotten(one, privacy.key_print) for one in stored_emails(customers, privacy)}
    return rewrite(folder, partial(protect_body, privacy.with_forgotten(hashes | written)))


def forget(
    pipeline: Pipeline, account: str, privacy: Privacy, named: Customers, now: datetime
) -> tuple[Customers, dict[str, int]]:
    """Takes the customers' personal data out of every table and keeps their hashes, so that no load
    brings it back. Returns who they were found to be, and how many rows of each table changed."""
    columns = columns_of(pipeline)
    with sql_client(pipeline) as client:

        def run(sql: str, *parameters: Any) -> list[tuple[Any, ...]]:
            return [tuple(row) for row in client.execute_sql(sql, *parameters) or []]

        customers = known_as(run, columns, named, privacy)
        conversations = conversations_of(run, columns, customers, privacy)
        changed: dict[str, int] = {}
        for table, personal in customer_tables(columns):
            condition, parameters = about(table, columns, customers, conversations, privacy)
            there = " or ".join(f"{identifier(name)} is not null" for name in personal)
            where = f"where ({condition}) and ({there})"
            ((count,),) = run(f"select count(*) from {table} {where}", *parameters)
            if count:
                run(f"update {table} set {nothing(personal)} {where}", *parameters)
                changed[table] = int(count)
        for table, personal in customer_tables(columns) if changed else ():
            if "customer_email" in columns[table]:
                run(f"update {table} set {nothing(personal)} where {nobodys(table, columns)}")
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
    with sql_client(pipeline) as client:
        client.execute_sql(
            f"create table if not exists {FORGOTTEN} ({FORGOTTEN_CUSTOMERS.sql_columns})"
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
    if UNKNOWN_VALUES.name not in columns_of(pipeline):
        return 0
    with sql_client(pipeline) as client:
        ((count,),) = client.execute_sql(f"select count(*) from {UNKNOWN_VALUES.name}") or [(0,)]
    return int(count)
