"""How the files of the archive are named, and how they get their names.

A file has three names one after the other. `*.part` is being written: a killed load leaves it, and
the next load deletes it. `*.pending.parquet` is complete, and its package may or may not be loaded:
the next load looks into the warehouse. `*.parquet` is loaded. Names sort by time.
"""

from __future__ import annotations

import os
from pathlib import Path

FORMAT = 1
UNFINISHED = ".part"
PENDING = ".pending.parquet"
LOADED = ".parquet"


def folder_of(folder: Path, account: str) -> Path:
    """Where the answers of an account are kept."""
    name = "".join(c if c.isalnum() or c in "-_." else "_" for c in account).lstrip(".") or "_"
    return folder / name


def make_folder(folder: Path) -> None:
    """Makes the folder, for its owner only."""
    folder.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
    folder.mkdir(exist_ok=True, mode=0o700)


def put_safely(written: Path, place: Path) -> None:
    """Gives a written file its name, so that the disk has either all of it or none."""
    handle = os.open(written, os.O_RDONLY)
    try:
        os.fsync(handle)
    finally:
        os.close(handle)
    written.replace(place)
    folder = os.open(place.parent, os.O_RDONLY)
    try:
        os.fsync(folder)
    finally:
        os.close(folder)


def mark_loaded(path: Path) -> None:
    """Gives a pending file the name of one that is loaded."""
    path.replace(path.with_name(path.name.removesuffix(PENDING) + LOADED))
