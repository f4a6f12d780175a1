"""Who may read what readers are to open: file modes, as `file_mode` under `[publish]` has them."""

from __future__ import annotations

import os
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path


def mode_of_folders(mode: int) -> int:
    """Who may read files may enter their folders."""
    return mode | (mode & 0o444) >> 2 | 0o200


@contextmanager
def leaving_readable(mode: int) -> Iterator[None]:
    """Files and folders made meanwhile have the mode."""
    before = os.umask(0o777 & ~mode_of_folders(mode))
    try:
        yield
    finally:
        os.umask(before)


def open_to_readers(folder: Path, mode: int) -> None:
    """Gives the folder and all in it the mode, unless it has it: it may have been another. Nothing
    is done where there is no such folder on this machine."""
    if not folder.is_dir() or folder.stat().st_mode & 0o777 == mode_of_folders(mode):
        return
    for path in folder.rglob("*"):
        with suppress(FileNotFoundError):  # another load's, which is under way
            path.chmod(mode_of_folders(mode) if path.is_dir() else mode | 0o200)
    folder.chmod(mode_of_folders(mode))
