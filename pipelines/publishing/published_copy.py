"""The published copy: what readers open, so that they neither block a load nor see half a night.

It stands beside the warehouse and is replaced as a whole: a reader that has the old one open goes
on reading that, whoever opens it anew reads the new one. Nothing ever writes to it.
"""

from __future__ import annotations

import os
import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import MISSING, astuple, dataclass, fields
from datetime import UTC, datetime
from pathlib import Path
from zoneinfo import ZoneInfo

import duckdb
import orjson

from ..models.own_tables import PUBLICATION_TABLE
from ..models.warehouse_comments import describing
from ..settings.constants import DATASET
from ..settings.errors import WarehouseError
from ..warehouse.database_file import PUBLISHED, connect, state_folder
from ..warehouse.sql import COPY, attach

_TABLE = f"{COPY}.{DATASET}.{PUBLICATION_TABLE.name}"


@dataclass(frozen=True, slots=True, kw_only=True)
class Publication:
    """The one row of the table `publication`: what the copy is worth.

    `run_id` is the load after which it was made. `missing_windows` are wanted and not there,
    of the `failed_windows` the last attempt to read them failed. `disagreeing_checks` are the names
    of the checks by which reports of Help Scout disagree.
    """

    published_at: datetime
    run_id: str
    account: str
    timezone: str
    compare_to: str
    missing_windows: int
    failed_windows: int
    checks_held: int
    checks_failed: int
    checks_skipped: int
    checks_drifted: int
    checks_disagreeing: int = 0
    disagreeing_checks: str = ""

    @property
    def local_time(self) -> str:
        """When it was published, in the company's time zone."""
        return f"{self.published_at.astimezone(ZoneInfo(self.timezone)):%Y-%m-%d %H:%M}"


def published_path(warehouse: Path) -> Path:
    """Where the warehouse's published copy stands: beside the file, whatever links lead to it."""
    path = _file_of(warehouse)
    return path.with_name(f"{path.stem}{PUBLISHED}{path.suffix}")


def page_path(warehouse: Path) -> Path:
    """Where `help-scout dashboard` puts its page, unless it is told another place."""
    path = _file_of(warehouse)
    return path.with_name(f"{path.stem}.html")


def unfinished_page(page: Path) -> Path:
    """Where the page is written before it is put in its place."""
    return page.with_name(f".{page.name}.unfinished")


def _file_of(warehouse: Path) -> Path:
    return warehouse.resolve() if warehouse.is_symlink() else warehouse


def publish(warehouse: Path, publication: Publication, mode: int) -> Path:
    """Puts a copy of the warehouse in place, at once and whole; returns where.

    The warehouse must not be open in this process. Killed at any moment, it leaves the copy of
    before or the new one. OSError, duckdb.Error or WarehouseError when there is none: the copy of
    before stays.
    """
    target = Path(os.path.realpath(published_path(warehouse)))  # a link to elsewhere stays one
    new = _unfinished(target)
    remove_leftovers(warehouse)
    try:
        new.touch(mode=0o600)
        copied = _copy(warehouse, new)
        _finish(new, publication)
        new.chmod(mode)
        _sync(new)
        if page_path(warehouse).is_file():  # it shows what the copy holds: to whom the copy is open
            page_path(warehouse).chmod(mode)
        _log_of(target).unlink(missing_ok=True)  # of who opened the old one to write
        new.replace(target)
        _sync(target.parent)
        _note_of(warehouse).parent.mkdir(exist_ok=True)
        _note_of(warehouse).write_bytes(orjson.dumps([copied, _look_of(target)]))
    except BaseException:
        remove_leftovers(warehouse)
        raise
    return published_path(warehouse)


def is_published(warehouse: Path, mode: int) -> bool:
    """Whether neither the warehouse nor the copy, of that file mode, has changed since the one was
    made of the other: by size and date of the files, which whatever writes to them changes."""
    copy = published_path(warehouse)
    if _log_of(_file_of(warehouse)).exists():
        return False
    try:
        noted = orjson.loads(_note_of(warehouse).read_bytes())
        has_mode = copy.stat().st_mode & 0o777 == mode
        return has_mode and bool(noted == [_look_of(warehouse), _look_of(copy)])
    except (OSError, orjson.JSONDecodeError):
        return False


def _note_of(warehouse: Path) -> Path:
    return state_folder(warehouse) / "published.json"


def _look_of(path: Path) -> list[int]:
    found = path.stat()
    return [found.st_size, found.st_mtime_ns]


def unpublish(warehouse: Path) -> None:
    """Deletes the published copy, the page made of it, and what a killed publishing left."""
    remove_leftovers(warehouse)
    target = Path(os.path.realpath(published_path(warehouse)))
    for path in (page_path(warehouse), target, _log_of(target)):
        _remove_file(path)


def remove_leftovers(warehouse: Path) -> None:
    """Deletes what a killed publishing, or making of the page, left beside the copy."""
    new = _unfinished(Path(os.path.realpath(published_path(warehouse))))
    for path in (new, _log_of(new), unfinished_page(page_path(warehouse))):
        _remove_file(path)


def _remove_file(path: Path) -> None:
    """Deletes the file, or link, if there is one. A folder that stands there is not ours."""
    if path.is_file() or path.is_symlink():
        path.unlink(missing_ok=True)


def read_publication(warehouse: Path) -> Publication | None:
    """What the published copy says of itself; None when there is none that can be read."""
    path = published_path(warehouse)
    if not path.is_file():
        return None
    instant = "epoch_ms(published_at)"  # as a number: an instant would need one more package
    try:
        with open_copy(path) as connection:
            there = {name for name, *_ in connection.execute(f"describe {_TABLE}").fetchall()}
            names = [  # an older copy does not have all of them
                field.name
                for field in fields(Publication)
                if field.default is MISSING or field.name in there
            ]
            columns = ", ".join([instant, *names[1:]])
            row = connection.execute(f"select {columns} from {_TABLE}").fetchone()
    except (duckdb.Error, WarehouseError):
        return None
    if row is None:
        return None
    at = datetime.fromtimestamp(row[0] / 1000, UTC)
    return Publication(**dict(zip(names, (at, *row[1:]), strict=True)))


def _copy(warehouse: Path, new: Path) -> list[int]:
    """Copies the file while nobody can write to it, with what a killed writer left in its log;
    returns how the file looked then.

    Byte by byte: DuckDB's own COPY FROM DATABASE takes twenty times as long, and the file comes
    out as large.
    """
    held = connect(warehouse)
    try:
        held.execute("checkpoint")
        shutil.copyfile(warehouse, new)
        return _look_of(warehouse)
    finally:
        held.close()


def _finish(new: Path, publication: Publication) -> None:
    """Leaves out the tables that loads work with, and writes what the copy is worth."""
    places = ", ".join("?" for _ in fields(publication))
    with open_copy(new, read_only=False) as connection:
        connection.execute(f"drop schema if exists {COPY}.{DATASET}_staging cascade")
        connection.execute(f"create or replace table {_TABLE} ({PUBLICATION_TABLE.sql_columns})")
        connection.execute(f"insert into {_TABLE} values ({places})", astuple(publication))
        connection.execute(";".join(describing(PUBLICATION_TABLE, DATASET)))
        connection.execute(f"checkpoint {COPY}")


@contextmanager
def open_copy(path: Path, *, read_only: bool = True) -> Iterator[duckdb.DuckDBPyConnection]:
    """A connection that uses the copy. WarehouseError when it is no database."""
    with duckdb.connect() as connection:
        try:
            attach(connection, path, read_only=read_only)
            connection.execute(f"use {COPY}")
        except duckdb.Error as error:
            message = " ".join(str(error).split())
            raise WarehouseError(f"cannot open {path}: {message}") from error
        yield connection


def _unfinished(target: Path) -> Path:
    return target.with_name(f"{target.stem}.publishing{target.suffix}")


def _log_of(path: Path) -> Path:
    return path.with_name(f"{path.name}.wal")


def _sync(path: Path) -> None:
    """Has the disk hold the file, or the folder's names, before anything relies on it."""
    handle = os.open(path, os.O_RDONLY)
    try:
        os.fsync(handle)
    finally:
        os.close(handle)
