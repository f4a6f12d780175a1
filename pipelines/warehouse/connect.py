"""How a destination is reached: what dlt is told of it, and what is wrong with the configuration.

Each account has a pipeline and a staging dataset of its own there: two pipelines that merge through
one staging dataset corrupt each other in silence.
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterator
from contextlib import AbstractContextManager, contextmanager, nullcontext
from importlib.util import find_spec
from pathlib import Path
from typing import Any

import dlt
import duckdb
from dlt.common.configuration.exceptions import (
    ConfigFieldMissingException,
    ConfigurationException,
)
from dlt.common.destination import Destination
from dlt.common.destination.exceptions import DestinationException
from dlt.pipeline.exceptions import PipelineStepFailed
from dlt.pipeline.pipeline import Pipeline

from ..settings.constants import DATASET, PIPELINE
from ..settings.errors import DestinationDown, UsageError, explain
from .base import DestinationSpec, check_destination
from .duckdb import remove_unfinished_schemas
from .locks import locked, locked_in_postgres, making
from .remote import RemoteWarehouse

STAGING = "%s_staging_{account}"
SOURCE = "help_scout"


def check_hosted(warehouse: RemoteWarehouse) -> None:
    """Returns when the destination is known, installed and configured; UsageError says why not."""
    kind = check_destination(warehouse.destination)
    _provide_extensions(kind)
    _print_of(warehouse, _destination(warehouse, kind))


@contextmanager
def open_hosted(warehouse: RemoteWarehouse) -> Iterator[Pipeline]:
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
        with making(folder):  # the first to attach a lake makes its catalog
            try:
                pipeline.sync_destination()
            except PipelineStepFailed as error:
                raise _down(warehouse, error) from error
            _learn_schema(pipeline)
        with told_when_lost(warehouse), _usable(pipeline, warehouse):
            yield pipeline


@contextmanager
def told_when_lost(warehouse: RemoteWarehouse) -> Iterator[None]:
    """DestinationDown, with what becomes of the load, for whatever the destination fails with."""
    try:
        yield
    except Exception as error:
        if not _is_lost(error):
            raise
        words, _ = explain(error)
        raise DestinationDown(
            f"{warehouse}: {_sentence(words)} What was read so far is loaded, or kept in "
            f"{warehouse.folder}: once that is mended, the same command goes on"
        ) from error


def _is_lost(error: Exception) -> bool:
    """Whether the destination failed. OperationalError is the name that PEP 249 gives to a lost
    connection: dlt lets it through as the driver raises it, and drivers are extras."""
    if isinstance(error, PipelineStepFailed):
        return error.step in ("sync", "load")
    return isinstance(error, DestinationException) or type(error).__name__ == "OperationalError"


def _usable(pipeline: Pipeline, warehouse: RemoteWarehouse) -> AbstractContextManager[None]:
    """What a destination of its kind needs for as long as it is used."""
    if warehouse.kind.type == "filesystem":
        from .file_views import reading_files  # noqa: PLC0415  only where there are files

        return reading_files(pipeline, warehouse)
    if warehouse.kind.type == "ducklake":
        from .ducklake import using_lake  # noqa: PLC0415

        return using_lake(pipeline, warehouse.destination)
    if warehouse.kind.type == "postgres":
        return locked_in_postgres(pipeline, warehouse)
    return nullcontext()


def _learn_schema(pipeline: Pipeline) -> None:
    """Has an account that comes new know the tables and columns that others have made."""
    if pipeline.default_schema_name:
        return
    for schema in pipeline._get_schemas_from_destination([SOURCE], always_download=True):  # noqa: SLF001
        pipeline._inject_schema(schema)  # noqa: SLF001


def _destination(warehouse: RemoteWarehouse, kind: DestinationSpec) -> Destination[Any, Any]:
    """The destination as dlt knows it, with a staging dataset of the account's own."""
    options = dict(kind.options)
    if kind.type != "filesystem":
        options["staging_dataset_name_layout"] = _staging_layout(warehouse)
    if kind.type == "ducklake":
        from .ducklake import LakeDestination, check_lake  # noqa: PLC0415

        check_lake(warehouse.destination)
        return LakeDestination(destination_name=warehouse.destination, **options)
    if kind.type == "filesystem":
        from .filesystem import FilesDestination, check_folder  # noqa: PLC0415

        check_folder(warehouse.destination)
        return FilesDestination(destination_name=warehouse.destination, **options)
    found = Destination.from_reference(kind.type, destination_name=warehouse.destination, **options)
    assert found is not None
    return found


def _staging_layout(warehouse: RemoteWarehouse) -> str:
    """The name of the account's staging dataset. UsageError for one that accounts would share."""
    key = f"destination.{warehouse.destination}.staging_dataset_name_layout"
    layout = dlt.config.get(key, str) or STAGING
    if "{account}" not in layout:
        raise UsageError(
            f"{key} = {layout!r} gives all accounts one staging dataset: two loads at once would "
            "corrupt each other in silence. Write {account} into it, or leave it out"
        )
    return layout.replace("{account}", warehouse.slug)


def _print_of(warehouse: RemoteWarehouse, destination: Destination[Any, Any]) -> str:
    """What tells this server or folder from others, and gives away nothing."""
    name = warehouse.destination
    try:
        config = destination.configuration(destination.spec()._bind_dataset_name(DATASET))  # noqa: SLF001
    except ConfigFieldMissingException as error:
        lacking = ", ".join(field for field in error.fields if field != "local_dir")
        raise UsageError(
            f"the destination {name} is not configured: {lacking} under "
            f"[destination.{name}], in .dlt/config.toml or, what is secret, in .dlt/secrets.toml "
            f"(in the environment DESTINATION__{name.upper()}__…); README, Destinations, has it to "
            "copy"
        ) from error
    except ConfigurationException as error:
        raise UsageError(
            f"what is configured under [destination.{name}], or DESTINATION__{name.upper()}__… in "
            "the environment, cannot be read: README, Destinations, shows how it is written"
        ) from error
    return hashlib.sha256(str(config).encode()).hexdigest()[:8]


def _provide_extensions(kind: DestinationSpec) -> None:
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


def _down(warehouse: RemoteWarehouse, error: PipelineStepFailed) -> DestinationDown:
    reason: BaseException = error
    while (cause := getattr(reason, "inner_exc", None) or reason.__cause__) is not None:
        reason = cause
    return DestinationDown(
        f"{warehouse.destination}: {_sentence(str(reason))} Is what stands under "
        f"[destination.{warehouse.destination}] in .dlt/config.toml and .dlt/secrets.toml right?"
    )


def _sentence(words: str) -> str:
    text = " ".join(words.split())
    return text if text.endswith((".", "?")) else f"{text}."
