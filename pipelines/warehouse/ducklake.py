"""DuckLake: dlt's destination through one connection, and packages merged by one transaction.

Each connection that is opened reads the lake's whole catalog, and dlt opens one each time.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager, suppress
from importlib.util import find_spec
from pathlib import Path
from typing import Any

import dlt
import duckdb
from dlt.common.destination import Destination as DltDestination
from dlt.common.destination import DestinationCapabilitiesContext
from dlt.common.schema import Schema
from dlt.destinations import ducklake
from dlt.destinations.impl.ducklake.configuration import DuckLakeClientConfiguration
from dlt.destinations.impl.ducklake.ducklake import DuckLakeClient
from dlt.destinations.impl.ducklake.sql_client import DuckLakeSqlClient
from dlt.pipeline.pipeline import Pipeline

from ..settings.configuration import Publishing
from ..settings.constants import DATASET
from ..settings.errors import UsageError
from .bulk_merge import merge_in_turn, merge_packages
from .file_permissions import leaving_readable, open_to_readers
from .remote import RemoteDestination
from .sql import literal

_HELD: dict[str, duckdb.DuckDBPyConnection] = {}
"""Open connections by the statement that attaches their lake."""


class LakeSqlClient(DuckLakeSqlClient):
    """dlt's SQL client of a DuckLake, over the connection that is held open, if one is."""

    def open_connection(self) -> duckdb.DuckDBPyConnection:
        """A connection of its own, or a cursor of the one that is held."""
        held = _HELD.get(self.attach_statement)
        if held is None:
            return super().open_connection()
        self._conn = held.cursor()
        self._conn.execute(f"use {self.capabilities.escape_identifier(self._lake)}")
        with suppress(duckdb.Error):  # before the first load there is no such schema
            self._conn.execute(f"set search_path = '{self.fully_qualified_dataset_name()}'")
        return self._conn

    def close_connection(self) -> None:
        """Closes the cursor, or the connection."""
        if self._conn is None or self.attach_statement not in _HELD:
            super().close_connection()
            return
        self._conn.close()
        self._conn = None  # type: ignore[assignment]  # as dlt does

    @property
    def _lake(self) -> str:
        return str(self.credentials.ducklake_name)


class LakeClient(DuckLakeClient):
    """dlt's client of a DuckLake, with our SQL client."""

    def __init__(
        self,
        schema: Schema,
        config: DuckLakeClientConfiguration,
        capabilities: DestinationCapabilitiesContext,
    ) -> None:
        super().__init__(schema, config, capabilities)
        dlts = self.sql_client
        self.sql_client = LakeSqlClient(
            dlts.dataset_name, dlts.staging_dataset_name, config.credentials, capabilities,
            config.override_data_path, config.automatic_migration,
        )  # fmt: skip


class LakeDestination(ducklake):
    """dlt's DuckLake destination with our client."""

    @property
    def client_class(self) -> type[DuckLakeClient]:
        """The client that uses the held connection."""
        return LakeClient


class DuckLake(RemoteDestination):
    """An account's rows in a DuckLake."""

    name = "ducklake"
    comments_on_view_columns = False
    extra = "ducklake"

    def check_config(self) -> None:
        """As of any destination; and DuckDB's extensions are there."""
        super().check_config()
        _provide_extensions()

    def dlt_destination(self) -> DltDestination[Any, Any]:
        """Dlt's with our client."""
        check_lake(self.name)
        return LakeDestination(**self.with_staging())

    @contextmanager
    def using(self, pipeline: Pipeline) -> Iterator[None]:
        """One connection, and files that readers may read."""
        mode = Publishing.configured().file_mode
        open_to_readers(lake_files(self.name), mode)
        with leaving_readable(mode), _one_connection(pipeline):
            yield

    def load(self, pipeline: Pipeline) -> None:
        """Of two who change one table at once a lake takes one."""
        with self.lock_schema(pipeline):
            merge_packages(pipeline, merge_in_turn)


@contextmanager
def _one_connection(pipeline: Pipeline) -> Iterator[None]:
    """Has everything that the pipeline does meanwhile go through one connection."""
    with pipeline.sql_client() as holder:
        assert isinstance(holder, LakeSqlClient)
        name = holder.attach_statement
        _HELD[name] = holder.native_connection
        try:
            yield
        finally:
            del _HELD[name]


def _provide_extensions() -> None:
    """Installs DuckDB's extensions where they came with the extra; else DuckDB fetches them."""
    for name in ("ducklake", "postgres_scanner"):
        package = find_spec(f"duckdb_extension_{name}")
        if package is None or package.origin is None:
            continue
        version = f"v{duckdb.__version__}"
        file = Path(package.origin).parent / "extensions" / version / f"{name}.duckdb_extension"
        if file.exists():
            with duckdb.connect() as connection:
                connection.execute(f"install {literal(file)}")


def check_lake(name: str) -> None:
    """UsageError unless both the catalog and the storage are configured: dlt would make do with
    files in the working folder."""
    section = f"destination.{name}.credentials"
    for key in ("catalog", "storage.bucket_url"):
        if not dlt.secrets.get(f"{section}.{key}"):
            raise UsageError(
                f"the destination {name} lacks {key} under [{section}] in .dlt/secrets.toml; "
                "README, Destinations, has it to copy"
            )


def lake_files(name: str) -> Path:
    """Where a lake's files of our tables are, if its storage is a folder of this machine: what else
    lies in there is not ours."""
    url = str(dlt.secrets.get(f"destination.{name}.credentials.storage.bucket_url"))
    return Path(url.removeprefix("file://")) / DATASET
