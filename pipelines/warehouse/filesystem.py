"""dlt's destination for files, but that files of this machine are there whole or not at all."""

from __future__ import annotations

import os
import re
import shutil
from pathlib import Path

import dlt
from dlt.common.destination.client import LoadJob
from dlt.common.destination.typing import PreparedTableSchema
from dlt.destinations import filesystem
from dlt.destinations.impl.filesystem.filesystem import FilesystemClient, FilesystemLoadJob

from ..settings.errors import UsageError


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


def check_folder(name: str) -> None:
    """UsageError for a folder of this machine that the libraries do not find again."""
    url = str(dlt.config.get(f"destination.{name}.bucket_url"))
    if re.match(r"(?!file:)\w+://", url):
        return
    bad = "".join(sorted(set(re.findall(r"[*?\[\]]", url))))
    if name == "iceberg":
        bad = "".join(sorted(set(re.findall(r"[^\w/.:~-]", url, re.ASCII))))
    if bad:
        raise UsageError(
            f"destination.{name}.bucket_url has {bad!r} in it, which "
            f"{name} takes for something else: choose a folder without"
        )
