"""Warehouses that are no file of ours: a server, a lake, a folder of files, through dlt.

Each account has a pipeline and a staging dataset of its own there: two pipelines that merge through
one staging dataset corrupt each other in silence.
"""

from __future__ import annotations

import fcntl
import hashlib
import re
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from importlib.util import find_spec
from pathlib import Path
from typing import Any
from weakref import WeakKeyDictionary

import dlt
import duckdb
from dlt.common.configuration.exceptions import ConfigFieldMissingException
from dlt.common.destination import Destination
from dlt.destinations.exceptions import DatabaseException
from dlt.destinations.sql_client import SqlClientBase
from dlt.pipeline.exceptions import PipelineStepFailed
from dlt.pipeline.pipeline import Pipeline

from sources.help_scout.tables import Storage

from .duckdb_file import remove_unfinished_schemas
from .errors import DestinationDown, UsageError, WarehouseError
from .kinds import KINDS, Kind, check_destination
from .modes import leaving_readable, open_to_readers
from .names import DATA_FOLDER, DATASET, PIPELINE

STAGING = "%s_staging_{account}"
MAKING = "making.lock"
SOURCE = "help_scout"


_HOLDERS: WeakKeyDictionary[Pipeline, SqlClientBase[Any]] = WeakKeyDictionary()
"""The clients whose connections hold an account's lock in PostgreSQL."""


@dataclass(frozen=True, slots=True)
class Hosted:
    """An account's warehouse at a destination, by its name in `kinds`."""

    destination: str
    account: str
    folder: Path = Path(DATA_FOLDER)
    """Where the working states of dlt are kept: nothing that the destination does not hold, but for
    a load that was interrupted."""

    def __str__(self) -> str:
        return self.destination

    @property
    def kind(self) -> Kind:
        """What is known of the destination."""
        return KINDS[self.destination]

    @property
    def slug(self) -> str:
        """The account's name as it can be part of an identifier."""
        slug = re.sub(r"\W", "_", self.account.lower(), flags=re.ASCII)
        if slug == self.account:
            return slug
        return f"{slug}_{hashlib.sha256(self.account.encode()).hexdigest()[:6]}"


def check_hosted(warehouse: Hosted) -> None:
    """Returns when the destination is known, installed and configured; UsageError says why not."""
    kind = check_destination(warehouse.destination)
    _provide_extensions(kind)
    _print_of(warehouse, _destination(warehouse, kind))
    if kind.type == "filesystem":
        _check_folder(warehouse)


@contextmanager
def open_hosted(warehouse: Hosted) -> Iterator[Pipeline]:
    """The dlt pipeline of the account into the destination, for this process alone.

    What the destination says counts: unless a load is pending, the working state is taken from it.
    """
    check_hosted(warehouse)
    kind = warehouse.kind
    destination = _destination(warehouse, kind)
    folder = (
        warehouse.folder / f".{warehouse.destination}-{_print_of(warehouse, destination)}.pipelines"
    )
    name = f"{PIPELINE}_{warehouse.slug}"
    folder.mkdir(parents=True, exist_ok=True)
    folder.chmod(0o700)  # packages hold personal data
    with locked(folder / f"{name if kind.is_shared else PIPELINE}.lock", warehouse):
        remove_unfinished_schemas(folder / name)
        pipeline = dlt.pipeline(
            name, pipelines_dir=str(folder.resolve()), destination=destination,
            dataset_name=DATASET,
        )  # fmt: skip
        if not pipeline.has_pending_data:
            pipeline = pipeline.drop()
        with (folder / MAKING).open("a") as making:
            fcntl.flock(making, fcntl.LOCK_EX)  # the first to attach a lake makes its catalog
            try:
                pipeline.sync_destination()
            except PipelineStepFailed as error:
                raise _down(warehouse, error) from error
            _learn_schema(pipeline)
        if kind.type == "filesystem":
            from .files import reading_files  # noqa: PLC0415  only where there are files

            with reading_files(pipeline, warehouse):
                yield pipeline
            return
        if kind.type == "ducklake":
            from .ducklake_destination import one_connection  # noqa: PLC0415
            from .publish import configured_mode  # noqa: PLC0415

            mode = configured_mode()
            open_to_readers(lake_files(warehouse.destination), mode)
            with leaving_readable(mode), one_connection(pipeline):
                yield pipeline
            return
        if kind.type == "postgres":
            with _locked_in_postgres(pipeline, warehouse):
                yield pipeline
            return
        yield pipeline


def _check_folder(warehouse: Hosted) -> None:
    """UsageError for a folder of this machine that the libraries do not find again."""
    url = str(dlt.config.get(f"destination.{warehouse.destination}.bucket_url"))
    if re.match(r"(?!file:)\w+://", url):
        return
    bad = "".join(sorted(set(re.findall(r"[*?\[\]]", url))))
    if warehouse.destination == "iceberg":
        bad = "".join(sorted(set(re.findall(r"[^\w/.:~-]", url, re.ASCII))))
    if bad:
        raise UsageError(
            f"destination.{warehouse.destination}.bucket_url has {bad!r} in it, which "
            f"{warehouse.destination} takes for something else: choose a folder without"
        )


def _learn_schema(pipeline: Pipeline) -> None:
    """Has an account that comes new know the tables and columns that others have made."""
    if pipeline.default_schema_name:
        return
    for schema in pipeline._get_schemas_from_destination([SOURCE], always_download=True):  # noqa: SLF001
        pipeline._inject_schema(schema)  # noqa: SLF001


def _destination(warehouse: Hosted, kind: Kind) -> Destination[Any, Any]:
    """The destination as dlt knows it, with a staging dataset of the account's own."""
    options = dict(kind.options)
    if kind.type != "filesystem":
        options["staging_dataset_name_layout"] = _staging_layout(warehouse)
    if kind.type == "ducklake":
        _check_lake(warehouse.destination)
        from .ducklake_destination import LakeDestination  # noqa: PLC0415

        return LakeDestination(destination_name=warehouse.destination, **options)
    if kind.type == "filesystem":
        from .files_destination import FilesDestination  # noqa: PLC0415

        return FilesDestination(destination_name=warehouse.destination, **options)
    found = Destination.from_reference(kind.type, destination_name=warehouse.destination, **options)
    assert found is not None
    return found


def _check_lake(name: str) -> None:
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


def _staging_layout(warehouse: Hosted) -> str:
    """The name of the account's staging dataset. UsageError for one that accounts would share."""
    key = f"destination.{warehouse.destination}.staging_dataset_name_layout"
    layout = dlt.config.get(key, str) or STAGING
    if "{account}" not in layout:
        raise UsageError(
            f"{key} = {layout!r} gives all accounts one staging dataset: two loads at once would "
            "corrupt each other in silence. Write {account} into it, or leave it out"
        )
    return layout.replace("{account}", warehouse.slug)


def _down(warehouse: Hosted, error: PipelineStepFailed) -> DestinationDown:
    reason: BaseException = error
    while (cause := getattr(reason, "inner_exc", None) or reason.__cause__) is not None:
        reason = cause
    return DestinationDown(
        f"{warehouse.destination}: {' '.join(str(reason).split())}. Is what stands under "
        f"[destination.{warehouse.destination}] in .dlt/config.toml and .dlt/secrets.toml right?"
    )


def _print_of(warehouse: Hosted, destination: Destination[Any, Any]) -> str:
    """What tells this server or folder from others, and gives away nothing."""
    name = warehouse.destination
    try:
        config = destination.configuration(destination.spec()._bind_dataset_name(DATASET))  # noqa: SLF001
    except ConfigFieldMissingException as error:
        lacking = ", ".join(field for field in error.fields if field != "local_dir")
        raise UsageError(
            f"the destination {name} is not configured: {lacking} under "
            f"[destination.{name}], in .dlt/config.toml or, what is secret, in .dlt/secrets.toml; "
            "README, Destinations, has it to copy"
        ) from error
    return hashlib.sha256(str(config).encode()).hexdigest()[:8]


def _provide_extensions(kind: Kind) -> None:
    """Installs DuckDB's extensions where they came with the extra; else DuckDB fetches them."""
    for name in kind.extensions:
        package = find_spec(f"duckdb_extension_{name}")
        if package is None or package.origin is None:
            continue
        version = f"v{duckdb.__version__}"
        file = Path(package.origin).parent / "extensions" / version / f"{name}.duckdb_extension"
        if file.exists():
            with duckdb.connect() as connection:
                connection.execute(f"install '{str(file).replace(chr(39), chr(39) * 2)}'")


@contextmanager
def locked(path: Path, warehouse: Hosted, *, waits: bool = False) -> Iterator[None]:
    """Keeps other processes of this machine from the same; WarehouseError when one is at it."""
    with path.open("a") as file:
        try:
            fcntl.flock(file, fcntl.LOCK_EX | (0 if waits else fcntl.LOCK_NB))
        except OSError as error:
            raise _in_use(warehouse) from error
        yield


def _in_use(warehouse: Hosted) -> WarehouseError:
    whose = f"account {warehouse.account} in " if warehouse.kind.is_shared else ""
    return WarehouseError(
        f"{whose}{warehouse.destination} is being loaded by another process: wait for it to end"
    )


@contextmanager
def _locked_in_postgres(pipeline: Pipeline, warehouse: Hosted) -> Iterator[None]:
    """Keeps other machines from the account, until the connection ends."""
    name = f"{DATASET}/{warehouse.account}"
    with pipeline.sql_client() as holder:
        got = holder.execute_sql("select pg_try_advisory_lock(hashtextextended(%s, 0))", name)
        if got != [(True,)]:
            raise _in_use(warehouse)
        _HOLDERS[pipeline] = holder
        yield


def check_lock(pipeline: Pipeline) -> None:
    """Returns while the account is still this process's alone; raises when its lock went with the
    connection."""
    holder = _HOLDERS.get(pipeline)
    if holder is None:
        return
    try:
        holder.execute_sql("select 1")
    except DatabaseException as error:
        raise DestinationDown(
            "the connection that kept other machines from this account has ended: load again, "
            "what was read so far is loaded"
        ) from error


@contextmanager
def exclusively(pipeline: Pipeline) -> Iterator[None]:
    """Keeps loads of other accounts from making tables and views meanwhile: of two who make the
    same at once, a server lets one fail. Not to be nested."""
    kind = kind_of(pipeline)
    if kind is None:
        yield
        return
    with (Path(pipeline.pipelines_dir) / MAKING).open("a") as file:
        fcntl.flock(file, fcntl.LOCK_EX)
        if kind.type != "postgres":
            yield
            return
        with pipeline.sql_client() as holder:  # other machines too, until the connection ends
            holder.execute_sql("select pg_advisory_lock(hashtextextended(%s, 0))", DATASET)
            yield


def kind_of(pipeline: Pipeline) -> Kind | None:
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
