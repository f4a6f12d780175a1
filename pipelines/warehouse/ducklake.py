"""dlt's DuckLake destination, but through one connection: each that is opened reads the lake's
whole catalog, and dlt opens one each time. And where a lake is, as configured."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

import dlt
import duckdb
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
from .file_permissions import leaving_readable, open_to_readers

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


@contextmanager
def using_lake(pipeline: Pipeline, name: str) -> Iterator[None]:
    """Has the pipeline use one connection meanwhile, and leave files that readers may read."""
    mode = Publishing.configured().file_mode
    open_to_readers(lake_files(name), mode)
    with leaving_readable(mode), _one_connection(pipeline):
        yield


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
