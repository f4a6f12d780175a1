"""What reading a window came to, and what it cost."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime
from enum import StrEnum
from typing import Any, Protocol, TypeAlias

from ..api.client import Answer
from ..catalog.slices import SLICE_PARAMS
from ..errors import ApiError, BucketMismatch, HelpScoutError, ReportUnavailable, RequestRefused
from ..parsing.coerce import Row, TableRows
from ..parsing.flatten import Flattened
from ..parsing.repairs import Repairs
from ..parsing.row_batches import join_rows
from ..planning.request_plan import Read, Request
from ..planning.windows import Window
from .spool import Spool

SENT, LEFT_OUT = "sent", "left_out"
"""Whether an account's series say of a day without anything that it is zero, or say nothing."""


class Status(StrEnum):
    """What a read of a window came to."""

    LOADED = "loaded"
    EMPTY = "empty"  # read well, nothing there
    INCOMPLETE = "incomplete"  # some of it may be missing: what was seen is kept
    UNAVAILABLE = "unavailable"  # the API has no such numbers for us
    FAILED = "failed"

    @property
    def succeeded(self) -> bool:
        """Whether the window's rows are to be replaced by what was read."""
        return self in (Status.LOADED, Status.EMPTY, Status.INCOMPLETE)


@dataclass(slots=True, kw_only=True)
class WindowResult:
    """What reading one slice of one window came to: the rows of all its tables, and the story.

    Of a window with very many rows `blocks` holds those that are not in memory, `spooled` of them.
    `http_status` is that of the answer that ended the read, None when it was read or nothing
    answered. With `keeps_stored` the rows that the warehouse holds of the window stay.
    `echo_shift_seconds` is by how much the dates in the answer differ from those asked for;
    `zero_buckets` what the read shows of the account's habit: sent, left_out, or nothing;
    `bucket_anchor` from where it shows that buckets are counted, nothing where it does not.
    """

    read: Read
    window: Window
    status: Status
    fetched_at: datetime
    rows: TableRows = field(default_factory=dict)
    blocks: Spool[TableRows] | None = None
    spooled: int = 0
    extra: Mapping[str, list[Any]] = field(default_factory=dict)
    unknown: frozenset[str] = frozenset()
    repairs: Repairs = field(default_factory=Repairs)
    query: str = ""
    requests: int = 0
    pages: int = 0
    api_count: int | None = None
    error: str | None = None
    correlation_id: str | None = None
    http_status: int | None = None
    keeps_stored: bool = False
    echo_shift_seconds: int | None = None
    zero_buckets: str = ""
    bucket_anchor: str = ""

    @property
    def replaces_rows(self) -> bool:
        """Whether what was read takes the place of what is stored of the window."""
        return self.status.succeeded and not self.keeps_stored

    @property
    def is_refused(self) -> bool:
        """Whether the API refused the slice, or the report."""
        return self.status is Status.UNAVAILABLE and self.http_status is not None

    @property
    def row_count(self) -> int:
        """Rows over all tables."""
        return self.spooled + sum(len(rows) for rows in self.rows.values())

    def row_blocks(self) -> Iterator[TableRows]:
        """All rows, a block at a time."""
        yield self.rows
        if self.blocks is not None:
            yield from self.blocks


WindowResults: TypeAlias = list[WindowResult]
"""What one read came to: a result for each window that it was for."""


class Getter(Protocol):
    """What answers requests: the client, or a stand-in."""

    def get(self, request: Request, *, most_tries: int | None = None) -> Answer:
        """The answer to one request, tried as often as may help or `most_tries` times."""


@dataclass(slots=True)
class RequestStats:
    """What a read has cost so far, kept also when it fails."""

    client: Getter
    fetched_at: datetime
    requests: int = 0
    pages: int = 0
    correlation_id: str | None = None
    zero_buckets: str = ""
    bucket_anchor: str = ""

    def get(self, request: Request, *, most_tries: int | None = None) -> Any:
        """The body of the answer; its cost is counted, in vain or not."""
        try:
            answer = self.client.get(request, most_tries=most_tries)
        except ApiError as error:
            self.requests += error.requests
            self.correlation_id = error.correlation_id or self.correlation_id
            raise
        self.requests += answer.requests
        self.pages += 1
        self.fetched_at = answer.fetched_at
        self.correlation_id = answer.correlation_id
        return answer.body


def result_of(
    stats: RequestStats,
    read: Read,
    window: Window,
    flat: Flattened,
    *,
    blocks: Spool[TableRows] | None = None,
    row_count: int = 0,
    api_count: int | None = None,
    complete: bool = True,
) -> WindowResult:
    """The result of a window that was read well, empty or not; its rows are those of `flat`, or
    `row_count` in `blocks`."""
    rows = any(flat.rows.values()) or row_count > 0
    if blocks is not None and blocks.is_in_memory:
        flat = replace(flat, rows=_joined(blocks))
        blocks, row_count = None, 0
    status = Status.LOADED if rows else Status.EMPTY
    return WindowResult(
        read=read,
        window=window,
        status=status if complete else Status.INCOMPLETE,
        fetched_at=stats.fetched_at,
        rows=flat.rows,
        blocks=blocks,
        spooled=row_count,
        extra=flat.extra,
        unknown=frozenset(flat.unknown),
        repairs=flat.repairs,
        query=query_text(read),
        requests=stats.requests,
        pages=stats.pages,
        api_count=api_count,
        correlation_id=stats.correlation_id,
        zero_buckets=stats.zero_buckets,
        bucket_anchor=stats.bucket_anchor,
    )


def _joined(blocks: Iterable[TableRows]) -> TableRows:
    parts: dict[str, list[Sequence[Row]]] = {}
    for block in blocks:
        for table, rows in block.items():
            parts.setdefault(table, []).append(rows)
    return {table: join_rows(found) for table, found in parts.items()}


def failure_of(
    stats: RequestStats, read: Read, window: Window, error: HelpScoutError, *, first: bool
) -> WindowResult:
    """The result of a window that could not be read; the cost stands with the `first` one."""
    status = error.status if isinstance(error, ApiError) else None
    is_refused = isinstance(error, ReportUnavailable) or _refuses_item(error, read)
    is_unavailable = is_refused or isinstance(error, BucketMismatch)
    return WindowResult(
        read=read,
        window=window,
        status=Status.UNAVAILABLE if is_unavailable else Status.FAILED,
        fetched_at=stats.fetched_at,
        query=query_text(read),
        requests=stats.requests if first else 0,
        pages=stats.pages if first else 0,
        error=f"slice {read.slice.text}: {error}"
        if is_refused and read.slice.values
        else str(error),
        correlation_id=stats.correlation_id,
        http_status=status,
    )


def _refuses_item(error: HelpScoutError, read: Read) -> bool:
    """Whether the API refuses an item that a report or the configuration names: an AI agent asked
    for as a user, an inbox that is gone. The total of a report that is not found has failed."""
    if not isinstance(error, RequestRefused) or error.status not in (400, 404):
        return False
    return any(SLICE_PARAMS[name].listed for name, _ in read.slice.values)


def query_text(read: Read) -> str:
    """The read's query; of several parts the first, which tells all but the item."""
    return read.parts[0].request.query_text if read.parts else ""
