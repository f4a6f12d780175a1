"""Files as warehouses: Parquet and Iceberg, which keep every read of a window, and a DuckDB file
that reads them as if windows had been replaced.

Its views take, of each window, the rows of the latest successful read that the ledger knows, and
of lists and ledgers one row a key. The other views and the marts stand on these. Loads work in a
file of their own; what readers open is a copy of it, replaced as a whole. Who may read that one may
read the files, too.
"""

from __future__ import annotations

import shutil
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import dlt
import duckdb
from dlt.destinations.impl.duckdb.configuration import DuckDbCredentials
from dlt.destinations.impl.duckdb.sql_client import DuckDbSqlClient
from dlt.destinations.impl.filesystem.filesystem import FilesystemClient
from dlt.pipeline.pipeline import Pipeline

from sources.help_scout.catalog.model import Type
from sources.help_scout.catalog.reports import REPORTS
from sources.help_scout.catalog.stored_tables import TOMBSTONE, WINDOW_KEY
from sources.help_scout.state.ledger import SUCCEEDED, WINDOW_READS

from ..settings.configuration import Publishing
from ..settings.constants import DATASET
from ..settings.errors import UsageError, without_passwords
from .file_permissions import leaving_readable, open_to_readers
from .remote import RemoteDestination
from .sql import identifier, literal, register_client, sql_client

_OWNERS = {table.name: report.name for report in REPORTS.values() for table in report.tables}
TYPES = {**{str(kind): kind.sql for kind in Type}, "decimal": Type.DOUBLE.sql}
"""DuckDB's types of dlt's."""
AGES = ("fetched_at", "last_seen_at")
"""The columns that tell which of two rows of one key is the later."""


def readers_file(destination: RemoteDestination) -> Path:
    """The DuckDB file that readers of the destination's files open."""
    return destination.folder / f"help_scout.{destination.name}.duckdb"


@contextmanager
def reading_files(pipeline: Pipeline, destination: RemoteDestination) -> Iterator[None]:
    """Has SQL of the pipeline read the destination's files, and at the end, readers too, unless
    they read another folder's."""
    mode, target = Publishing.configured().file_mode, readers_file(destination)
    path = Path(pipeline.pipelines_dir) / f"{pipeline.pipeline_name}.duckdb"
    open_to_readers(Path(_folder_of(pipeline, WINDOW_READS.name)).parent, mode)
    with leaving_readable(mode), duckdb.connect(str(path)) as connection:
        connection.execute(f"create schema if not exists {DATASET}")
        credentials = DuckDbCredentials(connection)
        credentials.resolve()
        capabilities = dlt.destinations.duckdb().capabilities()
        client = DuckDbSqlClient(DATASET, f"{DATASET}_staging", credentials, capabilities)
        register_client(pipeline, client)
        with client:
            _allow_remote(pipeline, client)
            if not pipeline.has_pending_data:  # of which a file may be half there
                show_files(pipeline)
            before = _made(connection)
            yield
            is_new = _made(connection) != before
            has_views = WINDOW_READS.name in {name for name, _ in _made(connection)}
    with destination.lock(target.with_name(f".{target.name}.lock"), waits=True):
        if not has_views or _shown_instead(pipeline, target):
            return
        if is_new or not target.exists():
            new = target.with_suffix(".unfinished")
            new.unlink(missing_ok=True)
            shutil.copyfile(path, new)
            new.replace(target)
        target.chmod(mode)


def refuse_other_readers(pipeline: Pipeline, destination: RemoteDestination) -> None:
    """UsageError when the readers' file shows another folder than a load is to fill: nobody's
    dashboards turn to other numbers in silence."""
    target = readers_file(destination)
    if (folder := _shown_instead(pipeline, target)) is not None:
        raise UsageError(
            f"{target}, which readers open, does not show {without_passwords(folder)}: move it "
            "away, then load again, which makes one that does"
        )


def _shown_instead(pipeline: Pipeline, target: Path) -> str | None:
    """The pipeline's folder, when the readers' file is there and shows something else; or None."""
    if not target.exists():
        return None
    shown = _folder_of(pipeline, WINDOW_READS.name)
    copy = Path(pipeline.pipelines_dir) / f"{pipeline.pipeline_name}.readers.duckdb"
    shutil.copyfile(target, copy)  # it may be open elsewhere, even to write
    try:
        with duckdb.connect(str(copy), read_only=True) as connection:
            found = connection.execute(
                "select sql from duckdb_views() where schema_name = ? and view_name = ?",
                [DATASET, WINDOW_READS.name],
            ).fetchone()
    except duckdb.Error:
        found = None
    finally:
        copy.unlink()
    is_shown = found is not None and literal(shown).removesuffix("'") in found[0]
    return None if is_shown else shown.removesuffix(f"/{DATASET}/{WINDOW_READS.name}/")


def _made(connection: duckdb.DuckDBPyConnection) -> list[tuple[Any, ...]]:
    """The views and tables that readers find, with what they hold of checks."""
    found = connection.execute(
        "select view_name, sql from duckdb_views() where not internal union all "
        "select table_name, estimated_size::varchar from duckdb_tables() order by all"
    )
    return found.fetchall()


def show_files(pipeline: Pipeline) -> None:
    """Makes the views of all tables that have files; to be called when there are new ones."""
    if not pipeline.default_schema_name:
        return
    with pipeline.destination_client() as files, sql_client(pipeline) as client:
        assert isinstance(files, FilesystemClient)
        tables = files.schema.tables
        found = {name: _rows_of(files, name) for name in sorted(files.schema.data_table_names())}
        ledger = found.get(WINDOW_READS.name)
        if ledger is None:
            return
        queries = {
            name: _no_rows(tables[name]["columns"])
            if rows is None
            else latest_rows(name, rows, ledger, tables[name]["columns"])
            for name, rows in found.items()
        }
        client.execute_many(
            [
                f"create or replace view {DATASET}.{identifier(name)} as {sql}"
                for name, sql in queries.items()
            ]
        )


def _no_rows(columns: Any) -> str:
    """The query with the columns of a table that has no files yet."""
    nulls = (
        f"null::{TYPES[column['data_type']]} as {identifier(name)}"
        for name, column in columns.items()
    )
    return f"select {', '.join(nulls)} where false"


def latest_rows(table: str, rows: str, ledger: str, columns: Any) -> str:
    """The query that gives a table as if windows had been replaced: `rows` and `ledger` read the
    files of the table and of the ledger."""
    key = [identifier(name) for name, column in columns.items() if column.get("primary_key")]
    age = next(name for name in AGES if name in columns)
    kept = f"select t.* from {rows} as t"
    if table in _OWNERS:  # what is replaced window by window; all else has one row a key
        named = ", ".join(WINDOW_KEY)
        same = " and ".join(f"latest.{name} = t.{name}" for name in WINDOW_KEY)
        kept += (
            f" inner join (select {named}, max(fetched_at) as fetched_at from {ledger} "
            f"where {SUCCEEDED} and report = '{_OWNERS[table]}' group by {named}) as latest "
            f"on {same} and latest.fetched_at = t.fetched_at"
        )
    if TOMBSTONE in columns:
        kept += f" where t.{TOMBSTONE} is not true"
    return (
        f"select * exclude (by_age) from (select *, row_number() over (partition by "
        f"{', '.join(key)} order by {age} desc) as by_age from ({kept})) where by_age = 1"
    )


def _rows_of(files: FilesystemClient, table: str) -> str | None:
    """What reads the table's files in DuckDB; None when there are none yet."""
    if files.prepare_load_table(table).get("table_format") == "iceberg":
        if not files.fs_client.exists(f"{files.get_table_dir(table)}metadata"):
            return None
        found = files.load_open_table("iceberg", table)
        # Every file is read whole: loads append, and nothing else writes here.
        paths = [task.file.file_path.removeprefix("file://") for task in found.scan().plan_files()]
    else:
        paths = [path for path in files.list_table_files(table) if path.endswith(".parquet")]
        paths = paths and [f"{_table_folder(files, table)}*.parquet"]
    return _read(paths) if paths else None


def _folder_of(pipeline: Pipeline, table: str) -> str:
    with pipeline.destination_client() as files:
        assert isinstance(files, FilesystemClient)
        return _table_folder(files, table)


def _table_folder(files: FilesystemClient, table: str) -> str:
    is_local = files.config.is_local_filesystem
    return str(files.get_table_dir(table, remote=not is_local))


def _read(paths: Sequence[str]) -> str:
    return f"read_parquet([{', '.join(map(literal, paths))}], union_by_name = true)"


def _allow_remote(pipeline: Pipeline, client: DuckDbSqlClient) -> None:
    """Gives DuckDB the credentials of a bucket; a folder of this machine needs none."""
    with pipeline.destination_client() as files:
        assert isinstance(files, FilesystemClient)
        if not files.config.is_local_filesystem:
            client.create_secret(files.config.bucket_url, files.config.credentials)
