"""Destinations that are no file of ours: a server, a lake, a folder of files.

Each account has a pipeline and a staging dataset of its own there: two pipelines that merge through
one staging dataset corrupt each other in silence.
"""

from __future__ import annotations

import fcntl
import hashlib
import json
import re
from abc import abstractmethod
from collections.abc import Callable, Iterator, Mapping
from contextlib import AbstractContextManager, contextmanager, nullcontext
from dataclasses import dataclass
from importlib.util import find_spec
from pathlib import Path
from typing import Any, ClassVar

import dlt
from dlt.common.configuration.exceptions import (
    ConfigFieldMissingException,
    ConfigurationException,
)
from dlt.common.destination import Destination as DltDestination
from dlt.common.destination.client import WithStateSync
from dlt.common.destination.exceptions import DestinationException
from dlt.pipeline.exceptions import PipelineStepFailed
from dlt.pipeline.pipeline import Pipeline

from ..settings.constants import DATA_FOLDER, DATASET, PIPELINE
from ..settings.errors import DestinationDown, UsageError, WarehouseError, explain
from .base import Destination, register_destination
from .database_file import remove_unfinished_schemas
from .sql import sql_client

STAGING = "%s_staging_{account}"
SOURCE = "help_scout"
SCHEMA_LOCK = "making.lock"


@dataclass
class RemoteDestination(Destination):
    """An account's tables at a destination that dlt's configuration describes.

    `folder` keeps the working states of dlt: nothing that the destination does not hold, but for a
    load that was interrupted.
    """

    account: str
    folder: Path = Path(DATA_FOLDER)

    extra: ClassVar[str]
    """The extra that installs `needs`."""
    needs: ClassVar[tuple[str, ...]] = ()

    @classmethod
    def at(
        cls, account: str | None, file: Path | None, configured_account: Callable[[], str]
    ) -> RemoteDestination:
        """The account's tables there; UsageError when a file is named."""
        if file is not None:
            raise UsageError(
                f"--warehouse names a DuckDB file, --destination {cls.name} another place: leave "
                "one of them out"
            )
        return cls(account or configured_account())

    def __str__(self) -> str:
        return self.name

    @property
    def slug(self) -> str:
        """The account's name as it can be part of an identifier."""
        slug = re.sub(r"\W", "_", self.account.lower(), flags=re.ASCII)
        if slug == self.account:
            return slug
        return f"{slug}_{hashlib.sha256(self.account.encode()).hexdigest()[:6]}"

    @abstractmethod
    def dlt_destination(self) -> DltDestination[Any, Any]:
        """The destination as dlt knows it; UsageError for a configuration that cannot be used."""

    def options(self) -> Mapping[str, Any]:
        """What every destination of dlt is given."""
        return {"destination_name": self.name, "dataset_name": DATASET}

    def with_staging(self) -> Mapping[str, Any]:
        """The same with a staging dataset of the account's own."""
        return {**self.options(), "staging_dataset_name_layout": self._staging_layout()}

    def using(self, pipeline: Pipeline) -> AbstractContextManager[None]:  # noqa: ARG002
        """What is needed for as long as the pipeline is used."""
        return nullcontext()

    def check_installed(self) -> None:
        """UsageError when its libraries are not installed."""
        if missing := [module for module in self.needs if find_spec(module) is None]:
            raise UsageError(
                f"the destination {self.name} needs {', '.join(missing)}: install the extra, in "
                f"the project's folder, with pip install '.[{self.extra}]'"
            )

    def check_config(self) -> None:
        """Returns when it is installed and configured; UsageError says why not."""
        self.check_installed()
        self._fingerprint()

    def sole_account(self) -> str | None:
        """The account that it was opened for."""
        return self.account

    def examine(self, account: str) -> tuple[bool, str]:
        """Whether it answers."""
        with self.open(account) as pipeline, sql_client(pipeline) as client:
            client.execute_sql("select 1")
        return True, f"{self.name} answers, and no other load is under way"

    @contextmanager
    def open(self, account: str | None = None) -> Iterator[Pipeline]:  # noqa: ARG002
        """The dlt pipeline of the account into the destination, for this process alone.

        What the destination says counts: unless a load is pending, the working state is taken from
        it.
        """
        self.check_installed()
        folder = self.folder / f".{self.name}-{self._fingerprint()}.pipelines"
        name = f"{PIPELINE}_{self.slug}"
        folder.mkdir(parents=True, exist_ok=True)
        folder.chmod(0o700)  # packages hold personal data
        with self.lock(folder / f"{name if self.loads_in_parallel else PIPELINE}.lock"):
            remove_unfinished_schemas(folder / name)
            pipeline = dlt.pipeline(
                name,
                pipelines_dir=str(folder.resolve()),
                destination=self.dlt_destination(),
                dataset_name=DATASET,
            )
            if not pipeline.has_pending_data:
                pipeline = pipeline.drop()
            register_destination(pipeline, self)
            with _locked_schema(folder):  # the first to attach a lake makes its catalog
                try:
                    pipeline.sync_destination()
                except PipelineStepFailed as error:
                    raise self._down(error) from error
                if not pipeline.default_schema_name:
                    _learn_schema(pipeline)
            with self.explaining_losses(), self.using(pipeline):
                yield pipeline

    @contextmanager
    def lock(self, path: Path, *, waits: bool = False) -> Iterator[None]:
        """Keeps other processes of this machine from the same; WarehouseError when one is at it."""
        with path.open("a") as file:
            try:
                fcntl.flock(file, fcntl.LOCK_EX | (0 if waits else fcntl.LOCK_NB))
            except OSError as error:
                raise self.in_use() from error
            yield

    def in_use(self) -> WarehouseError:
        """The error when another process loads the account."""
        whose = f"account {self.account} in " if self.loads_in_parallel else ""
        return WarehouseError(
            f"{whose}{self.name} is being loaded by another process: wait for it to end"
        )

    @contextmanager
    def lock_schema(self, pipeline: Pipeline) -> Iterator[None]:
        """Keeps other processes of this machine from making tables and views meanwhile."""
        with _locked_schema(Path(pipeline.pipelines_dir)):
            yield

    def make_tables(self, pipeline: Pipeline) -> None:
        """Makes tables and columns that are new, while no other account does."""
        with self.lock_schema(pipeline):
            pipeline.sync_schema()

    @contextmanager
    def explaining_losses(self) -> Iterator[None]:
        """DestinationDown, with what becomes of the load, for whatever the destination fails
        with."""
        try:
            yield
        except Exception as error:
            if not _is_lost(error):
                raise
            words, _ = explain(error)
            raise DestinationDown(
                f"{self.name}: {_sentence(words)} What was read so far is loaded, or kept in "
                f"{self.folder}: once that is mended, the same command goes on"
            ) from error

    def _staging_layout(self) -> str:
        """The name of the account's staging dataset. UsageError for one that accounts share."""
        key = f"destination.{self.name}.staging_dataset_name_layout"
        layout = dlt.config.get(key, str) or STAGING
        if "{account}" not in layout:
            raise UsageError(
                f"{key} = {layout!r} gives all accounts one staging dataset: two loads at once "
                "would corrupt each other in silence. Write {account} into it, or leave it out"
            )
        return layout.replace("{account}", self.slug)

    def _fingerprint(self) -> str:
        """What tells this server or folder from others, and gives away nothing."""
        destination = self.dlt_destination()
        try:
            config = destination.configuration(destination.spec())
        except ConfigFieldMissingException as error:
            missing = ", ".join(field for field in error.fields if field != "local_dir")
            raise UsageError(
                f"the destination {self.name} is not configured: {missing} under "
                f"[destination.{self.name}], in .dlt/config.toml or, what is secret, in "
                f".dlt/secrets.toml (in the environment DESTINATION__{self.name.upper()}__…); "
                "README, Destinations, has it to copy"
            ) from error
        except ConfigurationException as error:
            raise UsageError(
                f"what is configured under [destination.{self.name}], or "
                f"DESTINATION__{self.name.upper()}__… in the environment, cannot be read: README, "
                "Destinations, shows how it is written"
            ) from error
        return hashlib.sha256(str(config).encode()).hexdigest()[:8]

    def _down(self, error: PipelineStepFailed) -> DestinationDown:
        reason: BaseException = error
        while (cause := getattr(reason, "inner_exc", None) or reason.__cause__) is not None:
            reason = cause
        return DestinationDown(
            f"{self.name}: {_sentence(str(reason))} Is what stands under "
            f"[destination.{self.name}] in .dlt/config.toml and .dlt/secrets.toml right?"
        )


@contextmanager
def _locked_schema(folder: Path) -> Iterator[None]:
    """Waits until no other process of this machine makes tables or views at the destination whose
    working folder this is, and keeps them from it meanwhile."""
    with (folder / SCHEMA_LOCK).open("a") as file:
        fcntl.flock(file, fcntl.LOCK_EX)
        yield


def _is_lost(error: Exception) -> bool:
    """Whether the destination failed. OperationalError is the name that PEP 249 gives to a lost
    connection: dlt lets it through as the driver raises it, and drivers are extras."""
    if isinstance(error, PipelineStepFailed):
        return error.step in ("sync", "load")
    return isinstance(error, DestinationException) or type(error).__name__ == "OperationalError"


def _learn_schema(pipeline: Pipeline) -> None:
    """Has an account that is new know the tables and columns that others have made."""
    with pipeline.destination_client() as client:
        assert isinstance(client, WithStateSync)
        stored = client.get_stored_schema(SOURCE)
    if stored is not None:
        schema = dlt.Schema.from_dict(json.loads(stored.schema))
        schema.update_normalizers()
        pipeline.schemas.save_schema(schema)
        pipeline.default_schema_name = schema.name  # type: ignore[assignment]  # dlt says None


def _sentence(words: str) -> str:
    text = " ".join(words.split())
    return text if text.endswith((".", "?")) else f"{text}."
