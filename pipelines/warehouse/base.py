"""The destinations that `--destination` can name, and what each needs."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from importlib.util import find_spec
from typing import Any, Literal

from dlt.pipeline.pipeline import Pipeline

from sources.help_scout.catalog.stored_tables import Storage

from ..settings.errors import UsageError


@dataclass(frozen=True, slots=True, kw_only=True)
class DestinationSpec:
    """A destination that `--destination` can name.

    `type` is dlt's name of it, `options` what dlt is told besides the configuration, `needs` the
    modules of the `extra`, `extensions` those of DuckDB. Where windows cannot be replaced
    (`replaces`), every read is kept and the readers' views take the latest. `is_merged` says
    whether a package is loaded by one transaction, as `merging` does, `is_shared` whether several
    accounts can be loaded at once.
    """

    type: str
    options: Mapping[str, Any] = field(default_factory=dict)
    file_format: Literal["parquet", "insert_values"] | None = None
    table_format: Literal["iceberg"] | None = None
    extra: str | None = None
    needs: tuple[str, ...] = ()
    extensions: tuple[str, ...] = ()
    replaces: bool = True
    is_merged: bool = False
    is_shared: bool = True
    is_tested: bool = True


KINDS: Mapping[str, DestinationSpec] = {
    "postgres": DestinationSpec(
        type="postgres",
        # An index of the staging tables would refuse what a load that was killed left there.
        options={"create_indexes": False},
        file_format="insert_values",  # dlt's default, CSV, loads empty texts as nulls
        extra="postgres",
        needs=("psycopg2",),
    ),
    "ducklake": DestinationSpec(
        type="ducklake",
        file_format="parquet",
        is_merged=True,
        extra="ducklake",
        extensions=("ducklake", "postgres_scanner"),
    ),
    "parquet": DestinationSpec(type="filesystem", file_format="parquet", replaces=False),
    "iceberg": DestinationSpec(
        type="filesystem",
        file_format="parquet",
        table_format="iceberg",
        extra="iceberg",
        needs=("pyiceberg",),
        replaces=False,
        is_shared=False,  # its catalog lies in the folder: of two who write at once one loses
    ),
    **{
        name: DestinationSpec(type=name, is_tested=False)
        for name in ("motherduck", "bigquery", "snowflake", "clickhouse", "databricks")
    },
}


def check_destination(name: str) -> DestinationSpec:
    """What is known of the destination; UsageError for one that is unknown, or whose libraries are
    not installed."""
    kind = KINDS.get(name)
    if kind is None:
        raise UsageError(f"unknown destination {name!r}: expected duckdb, {', '.join(KINDS)}")
    if lacking := [module for module in kind.needs if find_spec(module) is None]:
        raise UsageError(
            f"the destination {name} needs {', '.join(lacking)}: install the extra, in "
            f"the project's folder, with pip install '.[{kind.extra}]'"
        )
    return kind


def kind_of(pipeline: Pipeline) -> DestinationSpec | None:
    """What is known of the pipeline's destination; None for a DuckDB file."""
    assert pipeline.destination is not None
    return KINDS.get(pipeline.destination.destination_name)


def is_merged(pipeline: Pipeline) -> bool:
    """Whether the pipeline's packages are loaded by one transaction each."""
    kind = kind_of(pipeline)
    return kind is None or kind.is_merged


def storage_of(pipeline: Pipeline) -> Storage:
    """How the pipeline's destination keeps tables."""
    kind = kind_of(pipeline)
    if kind is None:
        return Storage(ledgers="last")
    return Storage(
        replaces=kind.replaces,
        table_format=kind.table_format,
        ledgers="last" if kind.is_merged else "after",
    )
