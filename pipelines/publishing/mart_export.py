"""Marts as files, for Excel and whatever else reads no DuckDB: one Parquet or CSV file each.

They come from one opening of the published copy, so they are all of one night. Nothing is replaced
before all are written, and no file is ever there in part. Views that users made beside the marts
are written, too; one of these that fails keeps nothing else back.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, field
from pathlib import Path

import duckdb

from ..models.mart_runner import SCHEMA, all_marts
from ..models.sla_targets import TARGETS
from ..settings.errors import UsageError
from ..warehouse.sql import identifier, literal
from .published_copy import open_copy, published_path

FORMATS = {"parquet": "format parquet", "csv": "format csv, header true"}
BYTE_ORDER_MARK = "\ufeff"
"""Begins each CSV file: without it Excel takes UTF-8 for the machine's old code page."""
FORMULA = "^\\s*[-=+@\uff0d\uff1d\uff0b\uff20]|^[\t\r\n]"  # the wide ones, too
"""Texts that a spreadsheet would run rather than show. What customers write ends up in cells, and
`=HYPERLINK(…)` as a subject is a known attack: such texts get an apostrophe in front."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Exported:
    """A mart's file and how many rows it has."""

    name: str
    path: Path
    rows: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Export:
    """The files by name, and why users' views could not be written."""

    written: list[Exported] = field(default_factory=list)
    failed: dict[str, str] = field(default_factory=dict)


def export_marts(warehouse: Path, folder: Path, file_format: str) -> Export:
    """Writes all marts of the published copy, and users' views beside them, into the folder.

    UsageError or WarehouseError say why there is nothing to write.
    """
    ours, outcome = {TARGETS, *(mart.name for mart in all_marts())}, Export()
    with ExitStack() as leaving:
        connection = leaving.enter_context(_opened(published_path(warehouse)))
        names = _marts_in(connection)
        if not names:
            raise UsageError(
                f"{published_path(warehouse)} holds no marts: help-scout marts says what lacks, "
                "the next help-scout load publishes what is there"
            )
        _make_folder(folder)
        unfinished: dict[Path, Path] = {}
        for name in names:
            part, path = (
                folder / f".{name}.{file_format}.unfinished",
                folder / f"{name}.{file_format}",
            )
            leaving.callback(part.unlink, missing_ok=True)
            try:
                rows = _write(connection, name, part, file_format)
            except duckdb.Error as error:
                if name in ours:
                    raise
                outcome.failed[name] = str(error).splitlines()[0]
                continue
            unfinished[part] = path
            outcome.written.append(Exported(name=name, path=path, rows=rows))
        for part, path in unfinished.items():
            part.replace(path)
    return outcome


def left_behind(folder: Path, file_format: str, exported: list[Exported]) -> Iterator[Path]:
    """Files of earlier exports whose marts are not published any more: they stay as they were."""
    names = {one.name for one in exported}
    for mart in all_marts():
        path = folder / f"{mart.name}.{file_format}"
        if mart.name not in names and path.exists():
            yield path


@contextmanager
def _opened(published: Path) -> Iterator[duckdb.DuckDBPyConnection]:
    if not published.exists():
        raise UsageError(
            f"{published} does not exist: nothing is published yet. help-scout load publishes once "
            "its checks hold; --warehouse names another file"
        )
    with open_copy(published) as connection:
        yield connection


def _marts_in(connection: duckdb.DuckDBPyConnection) -> list[str]:
    found = connection.execute(
        "select table_name from information_schema.tables where table_schema = ? order by 1",
        [SCHEMA],
    )
    return [str(name) for (name,) in found.fetchall()]


def _make_folder(folder: Path) -> None:
    try:
        folder.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise UsageError(f"cannot make the folder {folder}: {error.strerror}") from error


def _write(connection: duckdb.DuckDBPyConnection, name: str, path: Path, file_format: str) -> int:
    """Writes a mart's rows, in the order of their columns; returns how many they are."""
    query = f"select * from {SCHEMA}.{identifier(name)}"
    if file_format == "csv":
        types = connection.execute(f"describe {query}").fetchall()
        columns = [(str(row[0]), str(row[1])) for row in types]
        query = f"select {', '.join(_csv_columns(columns))} from {SCHEMA}.{identifier(name)}"
    copied = connection.execute(
        f"copy ({query} order by all) to {literal(path)} ({FORMATS[file_format]})"
    ).fetchone()
    return int(copied[0]) if copied else 0


def _csv_columns(columns: list[tuple[str, str]]) -> Iterator[str]:
    """The columns as a spreadsheet takes them: instants in UTC without the offset, with which it
    would take them for texts, and texts that it cannot take for formulas."""
    for number, (name, kind) in enumerate(columns):
        column = value = identifier(name)
        if kind == "TIMESTAMP WITH TIME ZONE":
            value = f"make_timestamp(epoch_us({column}))"
        elif kind == "VARCHAR":
            value = (
                f"case when regexp_matches({column}, '{FORMULA}') "
                f"then '''' || {column} else {column} end"
            )
        yield f"{value} as {identifier((BYTE_ORDER_MARK if number == 0 else '') + name)}"
