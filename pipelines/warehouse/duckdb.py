"""A DuckDB file: an account's tables on this machine, loaded by one writer."""

from __future__ import annotations

import shutil
from collections.abc import Callable, Iterator
from contextlib import contextmanager, nullcontext
from dataclasses import dataclass
from pathlib import Path
from typing import Any, cast

import dlt
import duckdb
from dlt.common.exceptions import DltException
from dlt.destinations.impl.duckdb.configuration import DuckDbCredentials
from dlt.pipeline.pipeline import Pipeline

from sources.help_scout.catalog.stored_tables import Storage

from ..settings.constants import DATA_FOLDER, DATASET, PIPELINE
from ..settings.errors import NothingLoaded
from .base import Destination, register_destination
from .bulk_merge import merge_in_little_memory, merge_packages
from .database_file import (
    check_accounts,
    check_path,
    connect,
    leave_note,
    loaded_accounts,
    remove_unfinished_schemas,
    state_folder,
)
from .sql import sql_client

LEAST_FREE_BYTES = 1_000_000_000


@dataclass(frozen=True)
class DuckDbFile(Destination):
    """The tables in a DuckDB file: of one account, or of several that were loaded in turn."""

    name = "duckdb"
    storage = Storage(ledgers="last")
    shares_tables = False

    takes_file = True

    path: Path

    @classmethod
    def at(
        cls,
        account: str | None,
        file: Path | None,
        configured_account: Callable[[], str],  # noqa: ARG003  the file says it
    ) -> DuckDbFile:
        """The file, or the one that is named like the account."""
        return cls(file or Path(f"{DATA_FOLDER}/{account or 'help_scout'}.duckdb"))

    def __str__(self) -> str:
        return str(self.path)

    @property
    def file(self) -> Path | None:
        """The file."""
        return self.path

    def exists(self) -> bool:
        """Whether there is a file."""
        return self.path.exists()

    def require_loaded(self) -> None:
        """NothingLoaded unless the file holds a load."""
        if not self.exists():
            raise NothingLoaded(f"{self} does not exist: nothing was loaded yet")
        if not self._accounts():
            raise NothingLoaded(f"{self} holds no load yet: nothing was loaded")

    def sole_account(self) -> str | None:
        """The account that the file holds; None when there is no file, or not one account in it."""
        accounts = self._accounts() if self.exists() else set()
        return accounts.pop() if len(accounts) == 1 else None

    def check_account(self, account: str) -> None:
        """Refuses to mix the demo's invented numbers with an account's real ones."""
        check_accounts(self.path, self._accounts(), account)

    def check_config(self) -> None:
        """Whether the file is there or can be made."""
        check_path(self.path)

    def examine(self, account: str) -> tuple[bool, str]:
        """Whether it can be written, and whether there is room."""
        self.check_config()
        if self.exists():
            self.check_account(account)
        folder = self.path.resolve().parent
        free = shutil.disk_usage(folder).free
        if free < LEAST_FREE_BYTES:
            return False, (
                f"only {free / 1e6:,.0f} MB are free in {folder}: a load needs room for what it "
                "reads"
            )
        what = "can be written" if self.exists() else "can be made"
        return True, f"{self} {what}, {free / 1e9:,.0f} GB are free"

    def load(self, pipeline: Pipeline) -> None:
        """Each package by one transaction."""
        merge_packages(pipeline, merge_in_little_memory)

    @contextmanager
    def open(self, account: str | None = None) -> Iterator[Pipeline]:
        """The dlt pipeline that loads into the file; WarehouseError when it cannot take the
        account's rows.

        The pipeline's working state lives beside the file, but what the file itself says counts:
        unless a load is pending, the state is taken from the file where it says anything else. A
        file that was deleted, or an older copy put back, would otherwise be missing what the newer
        one held.
        """
        is_new = not self.exists()
        connection = connect(self.path)
        try:
            if account is not None:
                check_accounts(self.path, loaded_accounts(connection), account)
            leave_note(self.path)
            remove_unfinished_schemas(state_folder(self.path) / PIPELINE)
            pipeline = dlt.pipeline(
                PIPELINE,
                pipelines_dir=str(state_folder(self.path)),
                destination=dlt.destinations.duckdb(
                    _credentials(connection), destination_name="duckdb"
                ),
                dataset_name=DATASET,
            )
            if not is_new and pipeline.has_pending_data:
                pipeline.sync_destination()
            elif not is_new and _knows(pipeline, connection):
                _forget_packages(pipeline)
            else:
                pipeline = pipeline.drop()
                pipeline.sync_destination()
            register_destination(pipeline, self)
            if not pipeline.has_pending_data:  # staging tables are of loads before this version
                connection.execute(f"drop schema if exists {DATASET}_staging cascade")
            with sql_client(pipeline) if _has_dataset(connection) else nullcontext():
                yield pipeline
        finally:
            connection.close()

    def _accounts(self) -> set[str]:
        connection = connect(self.path)
        try:
            return loaded_accounts(connection)
        finally:
            connection.close()


def _credentials(connection: duckdb.DuckDBPyConnection) -> DuckDbCredentials:
    """The connection as dlt wants it, with nothing left to be looked up in the configuration: for
    each of its many clients dlt would look for a user, a password, … anew."""
    credentials = DuckDbCredentials(connection)
    credentials.resolve()
    return credentials


def _has_dataset(connection: duckdb.DuckDBPyConnection) -> bool:
    """Whether anything was loaded: a client that is opened before does not find it later."""
    found = connection.execute(
        "select 1 from duckdb_schemas() where schema_name = ? and not internal", [DATASET]
    )
    return found.fetchone() is not None


def _knows(pipeline: Pipeline, connection: duckdb.DuckDBPyConnection) -> bool:
    """Whether the working state is just what the file says: taking it anew costs dlt a second, in
    which it checks each column of each table."""
    try:
        said = connection.execute(
            "select s.version_hash, v.version_hash "
            f"from {DATASET}._dlt_pipeline_state as s "
            f"inner join {DATASET}._dlt_loads as l on l.load_id = s._dlt_load_id "
            f"cross join (from {DATASET}._dlt_version order by inserted_at desc limit 1) as v "
            "where s.pipeline_name = ? and l.status = 0 order by l.load_id desc limit 1",
            [pipeline.pipeline_name],
        ).fetchone()
        return said == (
            cast(dict[str, Any], pipeline.state).get("_version_hash"),
            pipeline.default_schema.version_hash,
        )
    except (duckdb.CatalogException, DltException, OSError, ValueError):
        return False  # nothing was ever loaded into the file, or there is no state to compare


def _forget_packages(pipeline: Pipeline) -> None:
    """Leaves of the working state what the next load needs, and no packages that were loaded."""
    for left in Path(pipeline.working_dir).iterdir():
        if left.name not in (Pipeline.STATE_FILE, "schemas"):
            shutil.rmtree(left) if left.is_dir() else left.unlink()
