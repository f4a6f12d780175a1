"""The archive's files: written, read back, and rewritten where personal data must go."""

from __future__ import annotations

import json
import os
from collections import OrderedDict
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq

from ..errors import ArchiveError
from ..planning.request_plan import Request
from .file_names import FORMAT, LOADED, PENDING, UNFINISHED, mark_loaded, put_safely

ZSTD_LEVEL = 3
MANIFEST = b"help_scout"
GROUPS_IN_MEMORY = 6
SCHEMA = pa.schema(
    [
        ("asked_by", pa.string()),
        ("path", pa.string()),
        ("query", pa.string()),
        ("status", pa.int16()),
        ("error_kind", pa.string()),
        ("error", pa.string()),
        ("requests", pa.int32()),
        ("correlation_id", pa.string()),
        ("headers", pa.string()),
        ("fetched_at", pa.timestamp("us", "UTC")),
        ("body", pa.large_string()),
    ]
)


@dataclass(frozen=True, slots=True)
class Kept:
    """One answer of the archive; `place` is the row group and the row in it where its body is."""

    asked_by: str
    path: str
    query: str
    status: int | None
    error_kind: str | None
    error: str | None
    requests: int
    correlation_id: str | None
    headers: Mapping[str, str]
    fetched_at: datetime
    place: tuple[int, int]

    @property
    def request(self) -> Request:
        """What was requested."""
        return _request_of(self.path, self.query)


def _request_of(path: str, query: str) -> Request:
    pairs = (pair.partition("=") for pair in query.split("&") if pair)
    return Request(path, tuple((name, value) for name, _, value in pairs))


@dataclass(frozen=True, slots=True)
class Manifest:
    """What a file says of its package: the run, its instant, what was asked of it."""

    path: Path
    entries: Mapping[str, Any]

    @property
    def now(self) -> datetime:
        """The instant that decided what was due."""
        return datetime.fromisoformat(self.entries["now"])

    @property
    def session(self) -> str:
        """What tells runs of one process: they share the account's lists."""
        return str(self.entries["session"])

    @property
    def chain(self) -> str:
        """The warehouse that the package was loaded into."""
        return str(self.entries["chain"])

    @property
    def run_id(self) -> str:
        """The run, as the ledger calls it."""
        return str(self.entries.get("run_id", ""))

    @property
    def load_ids(self) -> list[str]:
        """The load packages whose answers these are."""
        return list(self.entries["load_ids"])


class ArchiveWriter:
    """A new file of the archive, for its owner only."""

    def __init__(self, path: Path) -> None:
        os.close(os.open(path, os.O_CREAT | os.O_WRONLY | os.O_TRUNC, 0o600))
        self._file = pq.ParquetWriter(
            path, SCHEMA, compression="zstd", compression_level=ZSTD_LEVEL, use_dictionary=False
        )

    def write(self, rows: list[tuple[Any, ...]]) -> None:
        """Writes the answers as a row group."""
        columns = zip(*rows, strict=True) if rows else [()] * len(SCHEMA)
        arrays = [
            pa.array(list(values), type=field.type)
            for values, field in zip(columns, SCHEMA, strict=True)
        ]
        self.write_table(pa.Table.from_arrays(arrays, schema=SCHEMA))

    def write_table(self, table: pa.Table) -> None:
        """Writes a table as a row group."""
        self._file.write_table(table)

    def finish(self, manifest: str | bytes) -> None:
        """Writes the manifest and closes the file."""
        self._file.add_key_value_metadata({MANIFEST: manifest})
        self._file.close()

    def close(self) -> None:
        """Closes the file as it is."""
        self._file.close()


def read_manifest(path: Path) -> Manifest:
    """The manifest of a file; ArchiveError when it is no file of an archive."""
    try:
        found = pq.read_metadata(path).metadata or {}
        entries = json.loads(found[MANIFEST])
    except (OSError, KeyError, ValueError, pa.ArrowException) as error:
        raise ArchiveError(f"{path} is no whole file of an archive: move it away") from error
    if entries.get("format") != FORMAT:
        raise ArchiveError(f"{path} was written by another version, which can read it")
    return Manifest(path, entries)


def manifests_in(account_folder: Path, *, pending: bool = False) -> list[Manifest]:
    """The manifests of the folder's loaded files, oldest first; or of those that are pending."""
    paths = [p for p in account_folder.glob(f"*{LOADED}") if p.name.endswith(PENDING) is pending]
    found = [read_manifest(path) for path in paths]
    return sorted(found, key=lambda one: (one.now, one.session, one.entries["package"]))


def settle_pending(account_folder: Path, is_loaded: Callable[[Iterable[str]], bool]) -> None:
    """Keeps the pending files whose packages were loaded. Deletes the others: their windows are
    requested again."""
    for path in sorted(account_folder.glob(f"*{PENDING}")):
        if is_loaded(read_manifest(path).load_ids):
            mark_loaded(path)
        else:
            path.unlink()


class ArchiveFile:
    """One file of the archive, opened to be read: answers at once, bodies when they are wanted."""

    def __init__(self, path: Path) -> None:
        self._file = pq.ParquetFile(path)
        self._groups: OrderedDict[int, pa.ChunkedArray] = OrderedDict()

    def answers(self) -> Iterator[Kept]:
        """All answers, in the order in which they came."""
        names = [name for name in SCHEMA.names if name != "body"]
        for group in range(self._file.num_row_groups):
            rows = self._file.read_row_group(group, columns=names).to_pylist()
            for place, row in enumerate(rows):
                row["headers"] = json.loads(row["headers"] or "{}")
                yield Kept(**row, place=(group, place))

    def body(self, answer: Kept) -> str | None:
        """The body of an answer as it was kept; None for one that was refused."""
        group, place = answer.place
        if group not in self._groups:
            self._groups[group] = self._file.read_row_group(group, columns=["body"]).column(0)
            while len(self._groups) > GROUPS_IN_MEMORY:
                self._groups.popitem(last=False)
        self._groups.move_to_end(group)
        text: str | None = self._groups[group][place].as_py()
        return text

    def close(self) -> None:
        """Closes the file."""
        self._file.close()


def rewrite(account_folder: Path, change: Callable[[Request, Any], Any]) -> int:
    """Has every body of the folder be what `change` makes of it; how many bodies changed.

    A file in which nothing changes stays as it is. A kill leaves each file old or new.
    """
    paths = [*account_folder.glob(f"*{LOADED}")]
    return sum(_rewrite_file(path, change) for path in sorted(paths))


def _rewrite_file(path: Path, change: Callable[[Request, Any], Any]) -> int:
    new, changed = path.with_name(path.name + UNFINISHED), 0
    source = pq.ParquetFile(path)
    writer = ArchiveWriter(new)
    try:
        for group in range(source.num_row_groups):
            table = source.read_row_group(group)
            bodies = table.column("body").to_pylist()
            keys = zip(table.column("path").to_pylist(), table.column("query").to_pylist(),
                       strict=True)  # fmt: skip
            for place, (where, query) in enumerate(keys):
                text = _changed(where, query, bodies[place], change)
                changed += text != bodies[place]
                bodies[place] = text
            column = pa.array(bodies, type=pa.large_string())
            writer.write_table(table.set_column(SCHEMA.get_field_index("body"), "body", column))
        writer.finish(source.metadata.metadata[MANIFEST])
        if changed:
            put_safely(new, path)
        return changed
    finally:
        source.close()
        writer.close()
        new.unlink(missing_ok=True)


def _changed(
    path: str, query: str, text: str | None, change: Callable[[Request, Any], Any]
) -> str | None:
    if text is None:
        return None
    body = json.loads(text)
    after = change(_request_of(path, query), body)
    return text if after == json.loads(text) else json.dumps(after, separators=(",", ":"))
