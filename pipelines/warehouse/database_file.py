"""The DuckDB file as a file: who writes to it, what is beside it, how it is replaced."""

from __future__ import annotations

import os
import re
import shutil
import sys
import tempfile
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import duckdb
import orjson

from ..settings.constants import DATA_FOLDER, DATASET
from ..settings.errors import UsageError, WarehouseError

DEFAULT_WAREHOUSE = f"{DATA_FOLDER}/help_scout.duckdb"
DEMO_ACCOUNT = "demo"
WRITER = "writer.json"
PUBLISHED = ".published"
BLOCK_SIZE_BYTES = "16384"  # many small tables: a quarter of the time and half the memory
SMALL_MEMORY = {  # what is freed goes back at once, what is read once is not kept
    "allocator_flush_threshold": "1MB",
    "allocator_bulk_deallocation_flush_threshold": "1MB",
    "enable_external_file_cache": False,
}


def check_path(path: Path) -> None:
    """Returns when a warehouse is there or can be made; WarehouseError says why not."""
    refuse_published(path)
    if "'" in str(path.resolve()):
        raise WarehouseError(
            f"{path.resolve()}: dlt cannot load through a path with an apostrophe. Choose another "
            "file with --warehouse"
        )
    if path.exists():
        return
    try:
        if path.parent == Path(DEFAULT_WAREHOUSE).parent:
            path.parent.mkdir(exist_ok=True)
        with tempfile.TemporaryFile(dir=path.parent):
            pass
    except OSError as error:
        raise WarehouseError(
            f"cannot write to {path.parent}: {error.strerror}. Choose another file with "
            "--warehouse, or mend the folder's permissions"
        ) from error


def connect(path: Path) -> duckdb.DuckDBPyConnection:
    """A writing connection to the file, made if need be; WarehouseError says why there is none."""
    refuse_published(path)
    is_new = not path.exists()
    config: dict[str, Any] = {**SMALL_MEMORY}
    if is_new:
        config["default_block_size"] = BLOCK_SIZE_BYTES
    try:
        return duckdb.connect(str(path), config=config)
    except duckdb.Error as error:
        if is_new:  # a full disk leaves the beginning of a file, which nothing could open
            path.unlink(missing_ok=True)
        raise WarehouseError(_reason(path, str(error))) from error


def refuse_published(path: Path) -> None:
    """Refuses to work on a published copy: the next one would replace what was written there."""
    for name in (path, path.resolve()):
        if PUBLISHED in name.suffixes[-2:]:
            raise UsageError(
                f"{path} is a copy for readers, which the next load replaces: name the warehouse "
                f"that it is made from, {name.with_name(name.name.replace(PUBLISHED, '', 1))}"
            )


def _reason(path: Path, message: str) -> str:
    if "lock" in message:
        holder = re.search(r"PID (\d+)", message)
        return (
            f"{path} is in use by {_holder(path, holder and holder[1])}: DuckDB allows one writer. "
            "Wait for it to end, or close the program that reads the file"
        )
    if "not a valid DuckDB database" in message:
        return (
            f"{path} is not a DuckDB database. It was left as it is: choose another file with "
            "--warehouse"
        )
    return f"cannot open {path}: {' '.join(message.split())}"


def _holder(path: Path, pid: str | None) -> str:
    """Who holds the file: one of our runs leaves a note, of others DuckDB tells the process."""
    left = state_folder(path) / WRITER
    try:
        note = orjson.loads(left.read_bytes())
        since = datetime.fromtimestamp(left.stat().st_mtime, UTC)
    except (OSError, orjson.JSONDecodeError):
        note, since = {}, None
    if pid is None:
        return "another process"
    if since is not None and str(note.get("pid")) == pid:
        return f"help-scout {note.get('command')} (PID {pid}) since {since:%Y-%m-%d %H:%M:%S} UTC"
    return f"another process (PID {pid})"


def leave_note(path: Path) -> None:
    """Says for other processes who writes to the file; since when, its own date tells."""
    folder = state_folder(path)
    folder.mkdir(exist_ok=True)
    note = {"pid": os.getpid(), "command": " ".join(sys.argv[1:2])}
    (folder / WRITER).write_bytes(orjson.dumps(note))


def remove_unfinished_schemas(working_folder: Path) -> None:
    """Deletes what a kill left of a schema that was being written: dlt takes any file for one."""
    for file in (working_folder / "schemas").glob("*"):
        if not file.name.endswith(".schema.json"):
            file.unlink()


def state_folder(path: Path) -> Path:
    """Where dlt keeps a file's working state: nothing that the file itself does not hold, but for
    a load that was interrupted."""
    path = path.resolve() if path.is_symlink() else path
    return path.parent / f".{path.name}.pipelines"


def being_rebuilt(warehouse: Path) -> Path:
    """Where `rebuild` builds the file that is to take the warehouse's place."""
    return warehouse.with_suffix(f".rebuilding{warehouse.suffix}")


def put_in_place(new: Path, old: Path, now: datetime) -> Path:
    """Has `new` take the place of `old`; returns the name under which `old` is kept.

    There is a whole file under the old name at every moment: `old` gets a second name first, then
    one renaming replaces it. It is held against writers meanwhile, and what a killed one left in
    a log beside it is brought in before: a log that stayed would be played into the new file.
    """
    kept = old.with_suffix(f".before-{now:%Y%m%dT%H%M%S}{old.suffix}")
    for path in (new, old):
        connect(path).close()  # brings in the log of a writer that was killed
        if path.with_name(f"{path.name}.wal").exists():
            raise WarehouseError(f"{path}.wal does not go away: is {path} in use?")
        shutil.rmtree(state_folder(path), ignore_errors=True)
    held = connect(old)
    try:
        try:
            os.link(old, kept)
        except OSError:  # a file system without second names
            shutil.copy2(old, kept)
        new.replace(old)
    finally:
        held.close()
    return kept


def forget_demo(path: Path) -> None:
    """Deletes the file if all it holds is an earlier demo, so that the demo starts anew."""
    if not path.exists():
        return
    connection = connect(path)
    try:
        accounts = loaded_accounts(connection)
    finally:
        connection.close()
    if accounts == {DEMO_ACCOUNT}:
        path.unlink()


def loaded_accounts(connection: duckdb.DuckDBPyConnection) -> set[str]:
    """The accounts that the file holds."""
    ledger = connection.execute(
        "select count(*) from information_schema.tables "
        "where table_schema = ? and table_name = 'window_reads'",
        [DATASET],
    ).fetchone()
    if ledger is None or not ledger[0]:
        return set()
    rows = connection.execute(f"select distinct account from {DATASET}.window_reads").fetchall()
    return {row[0] for row in rows}


def check_accounts(path: Path, loaded: set[str], account: str) -> None:
    """Refuses to mix the demo's invented numbers with an account's real ones."""
    others = loaded - {account}
    if DEMO_ACCOUNT in others:
        raise WarehouseError(
            f"{path} holds the demo's invented numbers: delete it, or choose another file with "
            "--warehouse"
        )
    if account == DEMO_ACCOUNT and others:
        raise WarehouseError(
            f"{path} holds a real account ({', '.join(sorted(others))}): give the demo another "
            "file with --warehouse"
        )
