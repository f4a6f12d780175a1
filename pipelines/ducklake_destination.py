"""dlt's DuckLake destination, but through one connection: each that is opened reads the lake's
whole catalog, and dlt opens one each time."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager, suppress

import duckdb
from dlt.common.destination import DestinationCapabilitiesContext
from dlt.common.schema import Schema
from dlt.destinations import ducklake
from dlt.destinations.impl.ducklake.configuration import DuckLakeClientConfiguration
from dlt.destinations.impl.ducklake.ducklake import DuckLakeClient
from dlt.destinations.impl.ducklake.sql_client import DuckLakeSqlClient
from dlt.pipeline.pipeline import Pipeline

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
def one_connection(pipeline: Pipeline) -> Iterator[None]:
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
