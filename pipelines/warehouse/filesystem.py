"""Folders of files, Parquet or Iceberg: dlt's destination, but that files of this machine are there
whole or not at all. What they hold is read through the views of `file_views`."""

from __future__ import annotations

import os
import re
import shutil
from contextlib import AbstractContextManager
from pathlib import Path
from typing import Any

import dlt
from dlt.common.destination import Destination as DltDestination
from dlt.common.destination.client import LoadJob
from dlt.common.destination.typing import PreparedTableSchema
from dlt.destinations import filesystem
from dlt.destinations.impl.filesystem.filesystem import FilesystemClient, FilesystemLoadJob
from dlt.pipeline.pipeline import Pipeline

from sources.help_scout.catalog.stored_tables import Storage

from ..settings.constants import DATASET
from ..settings.errors import UsageError, without_passwords
from .file_views import readers_file, reading_files, refuse_other_readers, show_files
from .remote import RemoteDestination


class WholeFileJob(FilesystemLoadJob):
    """Copies a file under another name first: killed in between, it leaves nothing that is read."""

    def run(self) -> None:
        """Raises OSError when it cannot be copied."""
        target = Path(self.make_remote_path())
        target.parent.mkdir(parents=True, exist_ok=True)
        part = target.with_name(f"{target.name}.part")
        shutil.copyfile(self._file_path, part)
        os.replace(part, target)  # noqa: PTH105  that it replaces is the point


class FilesClient(FilesystemClient):
    """dlt's client of a folder or bucket."""

    def get_load_job_class(self, table: PreparedTableSchema, file_path: str) -> type[LoadJob]:
        """As dlt has it, but for files that are copied within this machine."""
        found = super().get_load_job_class(table, file_path)
        is_plain = found is FilesystemLoadJob and self.config.is_local_filesystem
        return WholeFileJob if is_plain else found


class FilesDestination(filesystem):
    """dlt's destination for files with our client."""

    @property
    def client_class(self) -> type[FilesystemClient]:
        """The client that writes whole files."""
        return FilesClient


class ParquetFiles(RemoteDestination):
    """An account's rows in Parquet files. Every read of a window is kept."""

    name = "parquet"
    storage = Storage(replaces=False, ledgers="after")
    misread = r"[*?\[\]]"
    """Characters in the name of a folder that the libraries take for something else."""

    def dlt_destination(self) -> DltDestination[Any, Any]:
        """Dlt's with our client."""
        self._check_folder()
        return FilesDestination(**self.options())

    def _check_folder(self) -> None:
        """UsageError for a folder of this machine that the libraries do not find again."""
        url = str(dlt.config.get(f"destination.{self.name}.bucket_url"))
        if re.match(r"(?!file:)\w+://", url):
            return
        if bad := "".join(sorted(set(re.findall(self.misread, url, re.ASCII)))):
            raise UsageError(
                f"destination.{self.name}.bucket_url has {bad!r} in it, which "
                f"{self.name} takes for something else: choose a folder without"
            )

    def using(self, pipeline: Pipeline) -> AbstractContextManager[None]:
        """SQL reads the files, and at the end readers do."""
        return reading_files(pipeline, self)

    def describe(self) -> str:
        """The folder or bucket, and the file that readers open."""
        url = dlt.config.get(f"destination.{self.name}.bucket_url", str)
        return (
            f"{self}, {without_passwords(str(url))}, dataset {DATASET}; "
            f"readers open {readers_file(self)}"
        )

    def check_readers(self, pipeline: Pipeline) -> None:
        """UsageError when the readers' file shows another folder."""
        refuse_other_readers(pipeline, self)

    def after_load(self, pipeline: Pipeline) -> None:
        """Makes the views of new files."""
        show_files(pipeline)

    def has_package(self, pipeline: Pipeline, load_id: str, *, was_dropped: bool) -> bool:  # noqa: ARG002
        """Files do not say of which package they are: they are there, unless one was dropped."""
        return not was_dropped


class IcebergTables(ParquetFiles):
    """An account's rows in Iceberg tables."""

    name = "iceberg"
    storage = Storage(replaces=False, ledgers="after", table_format="iceberg")
    loads_in_parallel = False  # its catalog lies in the folder: of two who write at once one loses
    extra = "iceberg"
    needs = ("pyiceberg",)
    misread = r"[^\w/.:~-]"
