"""dlt's DuckDB destination, but that rows are written once.

To replace windows dlt loads a package's files into staging tables and merges these into the
warehouse's: each row is written twice, and twice as many tables are kept. DuckDB reads Parquet
like a table, so here the files themselves are merged: for each table one transaction deletes what
they replace and inserts their rows. Run again after a kill it comes to the same.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path

from dlt.common.destination import DestinationCapabilitiesContext, PreparedTableSchema
from dlt.common.destination.client import (
    FollowupJobRequest,
    HasFollowupJobs,
    LoadJob,
    RunnableLoadJob,
)
from dlt.common.schema import Schema
from dlt.common.storages.load_package import LoadJobInfo, PackageStorage
from dlt.destinations import duckdb
from dlt.destinations.impl.duckdb.configuration import DuckDbClientConfiguration
from dlt.destinations.impl.duckdb.duck import DuckDbClient
from dlt.destinations.job_impl import ReferenceFollowupJobRequest
from dlt.pipeline.pipeline import Pipeline

from sources.help_scout.tables import DEDUPLICATED

from .sql import sql_client

LOG_LIMIT = "1MB"
SPARING = {"memory_limit": "60MB", "threads": "1"}


class MergeJob(RunnableLoadJob):
    """Merges the files that a package has of a table into the table: the job's own, which is the
    only one then, or those that it refers to."""

    def run(self) -> None:
        """Raises dlt's DatabaseException for what DuckDB refuses; the table is as it was then."""
        files = [Path(self._file_path)]
        if ReferenceFollowupJobRequest.is_reference_job(self._file_path):
            names = ReferenceFollowupJobRequest.resolve_references(self._file_path)
            completed = files[0].parents[1] / PackageStorage.COMPLETED_JOBS_FOLDER
            files = [completed / name for name in names]
        client = self._job_client.sql_client  # type: ignore[attr-defined]  # ours: see Client
        table = client.make_qualified_table_name(self.load_table_name)
        with client.begin_transaction():
            for statement in merge_statements(self._load_table, table, files):
                client.execute_sql(statement)


class WaitingJob(RunnableLoadJob, HasFollowupJobs):
    """For one of several files of a table, which are merged when all of them have been here."""

    def run(self) -> None:
        """Does nothing."""


def merge_statements(
    table: PreparedTableSchema, qualified_name: str, files: Sequence[Path]
) -> Iterator[str]:
    """What replaces the table's rows by those of Parquet files: by its merge key where it has one,
    the key of a window, else by its primary key. Rows that are marked as deleted only delete."""
    paths = ", ".join("'" + str(path).replace("'", "''") + "'" for path in files)
    rows = f"read_parquet([{paths}], union_by_name = true)"
    primary_key = _columns(table, "primary_key")
    keys = _columns(table, "merge_key") or primary_key
    same_key = " and ".join(f"old.{key} = new.{key}" for key in keys)
    yield (
        f"delete from {qualified_name} as old using "
        f"(select distinct {', '.join(keys)} from {rows}) as new where {same_key}"
    )
    insert = f"insert into {qualified_name} by name select * from {rows}"
    for marker in _columns(table, "hard_delete"):
        insert += f" where {marker} is not true"
    if not table.get(DEDUPLICATED):
        insert += f" qualify row_number() over (partition by {', '.join(primary_key)}) = 1"
    yield insert


def _columns(table: PreparedTableSchema, hint: str) -> list[str]:
    """The names of the columns that have the hint, quoted."""
    return [f'"{name}"' for name, column in table["columns"].items() if column.get(hint)]


class MergesFiles(DuckDbClient):
    """What merges a package's files into tables as they are, with nothing staged."""

    def should_load_data_to_staging_dataset(self, table_name: str) -> bool:  # noqa: ARG002
        """Never."""
        return False

    def create_load_job(
        self, table: PreparedTableSchema, file_path: str, load_id: str, restore: bool = False
    ) -> LoadJob:
        """The job for a file."""
        if ReferenceFollowupJobRequest.is_reference_job(file_path):
            return MergeJob(file_path)
        if table["write_disposition"] != "merge" or not file_path.endswith(".parquet"):
            return super().create_load_job(table, file_path, load_id, restore)
        files = Path(file_path).parents[1].glob(f"*_jobs/{table['name']}.*.parquet")
        return MergeJob(file_path) if len(list(files)) == 1 else WaitingJob(file_path)

    def create_table_chain_completed_followup_jobs(
        self,
        table_chain: Sequence[PreparedTableSchema],
        completed_table_chain_jobs: Sequence[LoadJobInfo] | None = None,
    ) -> list[FollowupJobRequest]:
        """The job that merges the files of a table, when all of them are there."""
        if table_chain[0]["write_disposition"] != "merge":
            return super().create_table_chain_completed_followup_jobs(
                table_chain, completed_table_chain_jobs
            )
        names = [Path(job.file_path).name for job in completed_table_chain_jobs or ()]
        return [ReferenceFollowupJobRequest(names[0], names)]


class Client(MergesFiles):
    """dlt's client of a DuckDB file; what is written is brought into the file soon: until then it
    is in memory too, two blocks for each column."""

    def __init__(
        self,
        schema: Schema,
        config: DuckDbClientConfiguration,
        capabilities: DestinationCapabilitiesContext,
    ) -> None:
        super().__init__(schema, config, capabilities)
        self.sql_client._global_config["checkpoint_threshold"] = LOG_LIMIT  # noqa: SLF001


class Destination(duckdb):
    """dlt's DuckDB destination with our client."""

    def _raw_capabilities(self) -> DestinationCapabilitiesContext:
        return with_references(super()._raw_capabilities())

    @property
    def client_class(self) -> type[DuckDbClient]:
        """The client that merges files."""
        return Client


def with_references(capabilities: DestinationCapabilitiesContext) -> DestinationCapabilitiesContext:
    """The capabilities with that for jobs that merge files."""
    assert capabilities.supported_loader_file_formats is not None
    capabilities.supported_loader_file_formats = [
        *capabilities.supported_loader_file_formats,
        "reference",
    ]
    return capabilities


def settle(pipeline: Pipeline) -> None:
    """Has DuckDB bring what was loaded into the file: until then it is in memory too."""
    _in_duckdb(pipeline, "checkpoint")


@contextmanager
def sparing_memory(pipeline: Pipeline) -> Iterator[None]:
    """Meanwhile DuckDB sorts and joins through a file beside the warehouse, not in memory, and
    gathers the rows of one thread only."""
    for name, value in SPARING.items():
        _in_duckdb(pipeline, f"set global {name} = '{value}'")
    try:
        yield
    finally:
        for name in SPARING:
            _in_duckdb(pipeline, f"reset global {name}")


def _in_duckdb(pipeline: Pipeline, statement: str) -> None:
    if pipeline.destination is not None and pipeline.destination.destination_name == "duckdb":
        with sql_client(pipeline) as client:
            client.execute_sql(statement)
