"""Every answer that a load reads, kept as it came: one compressed Parquet file per load package.

A file is written before the rows of its package are loaded, so that no row is ever in a warehouse
whose answer is not kept. Personal data is protected before it is written; credentials are in
headers only, which are not kept, and tokens come from an address that is not archived.
"""

from __future__ import annotations

import json
import threading
import uuid
from collections.abc import Callable, Collection, Iterable, Iterator, Mapping
from contextlib import contextmanager, suppress
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from ..errors import ApiError, ArchiveError
from ..parsing.coerce import Row, as_json
from ..planning.findings import Finding
from ..planning.findings import told as told_findings
from ..planning.request_plan import Request
from .file_names import FORMAT, PENDING, UNFINISHED, folder_of, make_folder, mark_loaded, put_safely

KEPT_HEADERS = ("Date", "X-RateLimit-Limit-Minute", "X-RateLimit-Remaining-Minute")
ROWS_PER_GROUP = 2_000
BYTES_PER_GROUP = 4_000_000

LISTS, READS = "lists", "reads"
"""Who asked: the account's lists, or the reads of windows. Both may ask for the same once."""

CHAIN = "archive"
"""Where the source's state keeps what tells its warehouse's files from those of others."""

_asking = threading.local()


@contextmanager
def asking_for_lists() -> Iterator[None]:
    """What this thread asks for meanwhile is for the account's lists."""
    _asking.by = LISTS
    try:
        yield
    finally:
        _asking.by = READS


def asked_by() -> str:
    """Who asks in this thread."""
    return str(getattr(_asking, "by", READS))


class Archive:
    """Keeps the answers of one run, in the folder of its account.

    `about` is what a replay needs to know of the run besides its answers. `protect` gives a body as
    it may be kept; the body itself where it may be kept as it is. Answers come from many threads.
    Where files cannot be written, the load goes on until `finish` says so.
    """

    def __init__(
        self, folder: Path, account: str, *, now: datetime, about: Mapping[str, Any]
    ) -> None:
        self.account_folder = folder_of(folder, account)
        self.protect: Callable[[Request, Any], Any] = lambda _request, body: body
        self._session = uuid.uuid4().hex
        self._now = now
        self._about = {**about, "account": account}
        self._load: dict[str, Any] = {}
        self._packages = 0
        self._reading = 0
        self._windows: list[str] = []
        self._lists: list[str] = []
        self._chain: str | None = None
        self._is_first = False
        self._lock = threading.Lock()
        self._rows: list[tuple[Any, ...]] = []
        self._bytes = 0
        self._writer: Any = None
        self._failure: OSError | None = None
        self._pending: list[Path] = []

    def belong(self, state: dict[str, Any]) -> None:
        """Takes from the source's state which warehouse the answers belong to, and whether this is
        its first load: an archive may hold those of a warehouse that was deleted or rebuilt."""
        if CHAIN not in state and self._chain is None:
            self._is_first = "timezone" not in state
        self._chain = state.setdefault(CHAIN, self._chain or self._session)

    def begin(self, run_id: str, request: Mapping[str, Any], facts: Mapping[str, Finding]) -> None:
        """Notes what is loaded from now on, with the `facts` about the account that are not from
        loads, and deletes what a kill left of unfinished files."""
        self._load = {"run_id": run_id, "request": dict(request), "facts": told_findings(facts)}
        for left in self.account_folder.glob(f"*{UNFINISHED}"):
            if self._session not in left.name:
                left.unlink(missing_ok=True)

    def begin_bare(self, run_id: str, since: str | None, until: str | None) -> None:
        """Notes what a bare pipeline loads: nobody tells when dlt goes on to load."""
        self._about |= {"run_id": run_id, "bare": {"since": since, "until": until}}

    def note_windows(self, ledger: Iterable[Row]) -> None:
        """Notes the windows and lists of the package by their rows of the ledger. Of a load that
        ends early its answers do not tell them: some were asked for in vain, or to name others'
        items."""
        for row in ledger:
            if "list" in row:
                self._lists.append(row["list"])
            else:
                self._windows.append(window_key(row))

    def keep_answer(
        self,
        request: Request,
        body: Any,
        content: bytes,
        *,
        headers: Mapping[str, str],
        fetched_at: datetime,
        requests: int,
        correlation_id: str | None,
    ) -> None:
        """Keeps an answer: its bytes as they came, or the body as it may be kept."""
        protected = self.protect(request, body)
        if protected is not body:
            content = as_json(protected).encode()
        kept = {name: value for name in KEPT_HEADERS if (value := headers.get(name)) is not None}
        self._add(
            (asked_by(), request.path, request.query_text, 200, None, None, requests,
             correlation_id, json.dumps(kept), fetched_at, content)
        )  # fmt: skip

    def keep_failure(self, request: Request, error: ApiError, fetched_at: datetime) -> None:
        """Keeps that a request was refused, not answered to the end, or not sent any more: the
        ledger has a row of each."""
        kind = type(error).__name__
        self._add(
            (asked_by(), request.path, request.query_text, error.status, kind, str(error),
             error.requests, error.correlation_id, "{}", fetched_at, None)
        )  # fmt: skip

    def _add(self, row: tuple[Any, ...]) -> None:
        with self._lock:
            self._rows.append(row)
            self._bytes += len(row[-1] or b"") + 200
            if self._bytes >= BYTES_PER_GROUP or len(self._rows) >= ROWS_PER_GROUP:
                self._flush()

    def _flush(self) -> None:
        """Writes the rows that wait as a group of their own, compressed."""
        rows, self._rows, self._bytes = self._rows, [], 0
        if self._failure is not None:
            return
        try:
            if self._writer is None:
                self._writer = self._open()
            self._writer.write(rows)
        except OSError as error:
            self._failure = error

    def _open(self) -> Any:
        from .archive_files import ArchiveWriter  # noqa: PLC0415  imports Arrow

        make_folder(self.account_folder)
        return ArchiveWriter(self._part)

    @property
    def _part(self) -> Path:
        return self.account_folder / f"{self._stem}{UNFINISHED}"

    @property
    def _stem(self) -> str:
        instant = self._now.astimezone(UTC).strftime("%Y%m%dT%H%M%S.%fZ")
        return f"{instant}-{self._session}-{self._packages + 1:04}"

    def finish(self, load_ids: Collection[str], *, ended_early: bool = False) -> None:
        """Has the disk hold all that was kept since the last time, as the file of these packages.

        ArchiveError when it cannot: the package must not be loaded then.
        """
        with self._lock:
            self._flush()
            if self._failure is None:
                try:
                    self._close(load_ids, ended_early)
                except OSError as error:
                    self._failure = error
            failure, self._failure = self._failure, None
        if failure is not None:
            self.discard()
            raise ArchiveError(
                f"the archive cannot be written ({self.account_folder}: {failure.strerror}), so "
                "nothing is loaded. Make room or fix the folder's permissions, then load again; "
                "or load without the archive"
            )

    def _close(self, load_ids: Collection[str], ended_early: bool) -> None:
        manifest = {
            **self._about,
            **self._load,
            "format": FORMAT,
            "session": self._session,
            "chain": self._chain,
            "is_first": self._is_first and not self._packages,
            "now": self._now.isoformat(),
            "package": self._packages + 1,
            "load_ids": sorted(load_ids),
            "ended_early": ended_early,
            "windows": self._windows if ended_early else [],
            "lists": self._lists,
        }
        self._windows, self._lists = [], []
        self._writer.finish(json.dumps(manifest))
        self._writer = None
        whole = self.account_folder / f"{self._stem}{PENDING}"
        put_safely(self._part, whole)
        self._packages += 1
        self._pending.append(whole)

    def settle(self) -> None:
        """Notes that the packages of all finished files are loaded."""
        for path in self._pending:
            mark_loaded(path)
        self._pending = []

    def discard(self) -> None:
        """Drops what was kept and belongs to no package."""
        with self._lock:
            self._rows, self._bytes = [], 0
            if self._writer is not None:
                with suppress(OSError):
                    self._writer.close()
                self._writer = None
            with suppress(OSError):
                self._part.unlink(missing_ok=True)

    def enter(self) -> None:
        """A resource of a bare pipeline begins to read."""
        self._reading += 1

    def leave(self) -> None:
        """A resource of a bare pipeline has read all: the last one finishes the file, since no one
        else knows when dlt goes on to load."""
        self._reading -= 1
        if not self._load and not self._reading:
            self.finish(())
            self.settle()


def window_key(row: Mapping[str, Any]) -> str:
    """What tells a window of a report's slice from others."""
    start = row["window_start"].astimezone(UTC).isoformat()
    return f"{row['report']} {row['slice']} {row['grain']} {start}"
