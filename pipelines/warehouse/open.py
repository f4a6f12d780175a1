"""The destinations by name, and a destination's pipeline."""

from __future__ import annotations

from contextlib import AbstractContextManager
from importlib import import_module
from pathlib import Path

from dlt.pipeline.pipeline import Pipeline

from ..settings.errors import UsageError
from .base import Destination
from .duckdb import DuckDbFile

DESTINATIONS = {
    "duckdb": "duckdb.DuckDbFile",
    "postgres": "postgres.Postgres",
    "ducklake": "ducklake.DuckLake",
    "parquet": "filesystem.ParquetFiles",
    "iceberg": "filesystem.IcebergTables",
}
"""The modules and classes of the destinations: each imports libraries that
the others do not need."""


def destination_class(name: str) -> type[Destination]:
    """The class of a destination; UsageError for a name that is none."""
    if name not in DESTINATIONS:
        raise UsageError(
            f"unknown destination {name!r}: expected {', '.join(DESTINATIONS)}. In a "
            "pipeline of your own the source loads into any destination of dlt: see "
            "sources/help_scout/README.md"
        )
    module, _, found = DESTINATIONS[name].partition(".")
    loaded: type[Destination] = getattr(import_module(f".{module}", __package__), found)
    return loaded


def open_pipeline(
    warehouse: Path | Destination, account: str | None = None
) -> AbstractContextManager[Pipeline]:
    """The dlt pipeline that loads into the destination, or into the DuckDB file of that path;
    WarehouseError when it cannot be used, or cannot take the account's rows."""
    return destination_at(warehouse).open(account)


def destination_at(warehouse: Path | Destination) -> Destination:
    """The destination; of a path, the DuckDB file there."""
    return DuckDbFile(warehouse) if isinstance(warehouse, Path) else warehouse
