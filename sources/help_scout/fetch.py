"""Reads a window from the API, completely: pages to their end, buckets matched to windows.

`fetch_read` never raises for what the API does: a window that could not be read comes back as
an outcome that says so. It runs in worker threads; all it shares is the client.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta
from enum import StrEnum
from itertools import pairwise
from typing import Any, Protocol

from .catalog import PAGED, Report, Shape
from .client import Answer
from .errors import (
    ApiError,
    BucketMismatch,
    HelpScoutError,
    ReportUnavailable,
    RequestRefused,
    ValueMisfit,
)
from .flatten import Flattened, Row, flatten_report, unwrap, whole_number
from .plan import Part, Read, Request
from .windows import Window

MAX_READS_OF_SHIFTING_PAGES = 3


class Status(StrEnum):
    """What a read of a window came to."""

    LOADED = "loaded"
    EMPTY = "empty"  # read well, nothing there
    INCOMPLETE = "incomplete"  # pages kept shifting: all that was seen is kept
    UNAVAILABLE = "unavailable"  # the API has no such numbers for us
    FAILED = "failed"

    @property
    def succeeded(self) -> bool:
        """Whether the window's rows are to be replaced by what was read."""
        return self in (Status.LOADED, Status.EMPTY, Status.INCOMPLETE)


@dataclass(slots=True, kw_only=True)
class Outcome:
    """What reading one slice of one window came to: the rows of all its tables, and the story."""

    read: Read
    window: Window
    status: Status
    fetched_at: datetime
    rows: Mapping[str, list[Row]] = field(default_factory=dict)
    extra: Mapping[str, list[Any]] = field(default_factory=dict)
    unknown: frozenset[str] = frozenset()
    query: str = ""
    requests: int = 0
    pages: int = 0
    api_count: int | None = None
    error: str | None = None
    correlation_id: str | None = None
    blocks_report: bool = False

    @property
    def row_count(self) -> int:
        """Rows over all tables."""
        return sum(len(rows) for rows in self.rows.values())


class Getter(Protocol):
    """What answers requests: the client, or a stand-in."""

    def get(self, request: Request) -> Answer:
        """The answer to one request."""


@dataclass(slots=True)
class _Tally:
    """What a read has cost so far, kept also when it fails."""

    client: Getter
    fetched_at: datetime
    requests: int = 0
    pages: int = 0
    correlation_id: str | None = None

    def get(self, request: Request) -> Any:
        try:
            answer = self.client.get(request)
        except ApiError as error:
            self.requests += error.requests
            self.correlation_id = error.correlation_id or self.correlation_id
            raise
        self.requests += answer.requests
        self.pages += 1
        self.fetched_at = answer.fetched_at
        self.correlation_id = answer.correlation_id
        return answer.body


def fetch_read(client: Getter, read: Read, now: datetime) -> list[Outcome]:
    """One outcome for each wanted window, in order. `now` stamps reads that get no answer."""
    tally = _Tally(client, now)
    try:
        if read.report.shape is Shape.SERIES:
            return _fetch_series(tally, read)
        if read.report.shape in PAGED:
            return [_fetch_rows(tally, read)]
        part = read.parts[0]
        flat = flatten_report(read.report, [(tally.get(part.request), part.stamps)])
        return [_outcome(tally, read, read.windows[0], flat)]
    except HelpScoutError as error:
        return [
            _failure(tally, read, window, error, first=window is read.wanted[0])
            for window in read.wanted
        ]


def _outcome(
    tally: _Tally,
    read: Read,
    window: Window,
    flat: Flattened,
    *,
    api_count: int | None = None,
    complete: bool = True,
) -> Outcome:
    rows = any(flat.rows.values())
    status = Status.LOADED if rows else Status.EMPTY
    return Outcome(
        read=read,
        window=window,
        status=status if complete else Status.INCOMPLETE,
        fetched_at=tally.fetched_at,
        rows=flat.rows,
        extra=flat.extra,
        unknown=frozenset(flat.unknown),
        query=_query_text(read),
        requests=tally.requests,
        pages=tally.pages,
        api_count=api_count,
        correlation_id=tally.correlation_id,
    )


def _failure(
    tally: _Tally, read: Read, window: Window, error: HelpScoutError, *, first: bool
) -> Outcome:
    # A user that a report names but that cannot be asked for (an AI agent, say) must not keep
    # the others' windows from being loaded.
    refused = isinstance(error, RequestRefused) and error.status in (400, 404)
    unknown_user = refused and "user" in dict(read.slice.values)
    unavailable = unknown_user or isinstance(error, ReportUnavailable | BucketMismatch)
    return Outcome(
        read=read,
        window=window,
        status=Status.UNAVAILABLE if unavailable else Status.FAILED,
        fetched_at=tally.fetched_at,
        query=_query_text(read),
        requests=tally.requests if first else 0,
        pages=tally.pages if first else 0,
        error=str(error),
        correlation_id=tally.correlation_id,
        blocks_report=not (unknown_user or isinstance(error, BucketMismatch)),
    )


def _query_text(read: Read) -> str:
    """The read's query; of several parts the first, which tells all but the item."""
    return read.parts[0].request.query_text if read.parts else ""


# --- row reports: pages ---------------------------------------------------------------------


@dataclass(slots=True)
class _Pages:
    """The pages of one part, read once through."""

    bodies: list[Any]
    rows: int
    count: int
    is_stable: bool
    repeats_across_pages: bool


def _fetch_rows(tally: _Tally, read: Read) -> Outcome:
    bodies: list[tuple[Any, Mapping[str, int]]] = []
    count: int | None = None
    complete = True
    for part in read.parts:
        pages = _read_until_stable(tally, read.report, part)
        bodies.extend((body, part.stamps) for body in pages.bodies)
        complete = complete and pages.is_stable
        count = (count or 0) + pages.count
    flat = flatten_report(read.report, bodies)
    return _outcome(tally, read, read.windows[0], flat, api_count=count, complete=complete)


def _read_until_stable(tally: _Tally, report: Report, part: Part) -> _Pages:
    """The part's pages, read again while they shift; after three reads all that was seen.

    Drilldowns cannot be sorted, so a conversation that moves while pages are read can be missed
    or met twice. Their rows have ids, so the reads are united; the lists are sorted and their
    rows may repeat, so there the longest read stands. A list that repeats a row across two pages
    is read again: when it says the same twice, the row is there twice.
    """
    seen: dict[Any, Any] = {}
    longest: _Pages | None = None
    last: _Pages | None = None
    for _ in range(MAX_READS_OF_SHIFTING_PAGES):
        pages = _read_pages(tally, report, part.request)
        says_the_same = last is not None and pages.bodies == last.bodies
        if pages.is_stable and (says_the_same or not pages.repeats_across_pages):
            return pages
        last = pages
        if report.shape is Shape.DRILLDOWN:
            _unite(seen, pages.bodies)
        if longest is None or pages.rows > longest.rows:
            longest = pages
    assert longest is not None
    longest.is_stable = False
    if report.shape is Shape.DRILLDOWN:
        longest.bodies[0]["conversations"]["results"] = list(seen.values())
        for body in longest.bodies[1:]:
            body["conversations"]["results"] = []
    return longest


def _unite(seen: dict[Any, Any], bodies: Iterable[Any]) -> None:
    """Adds the pages' conversations to those seen; a later sight of one replaces the earlier."""
    for body in bodies:
        for row in body["conversations"]["results"]:
            seen[row["id"]] = row


def _read_pages(tally: _Tally, report: Report, first: Request) -> _Pages:
    """All pages, and whether they held still: as many distinct rows as the API counts, before
    and after."""
    bodies: list[Any] = []
    counts: list[int] = []
    pages_of_rows: list[list[Any]] = []
    page, last = 1, 1
    while page <= last:
        body = unwrap(report, tally.get(first.with_params(page=str(page))))
        envelope = body["conversations"] if report.shape is Shape.DRILLDOWN else body
        bodies.append(body)
        pages_of_rows.append(envelope["results"])
        counts.append(_paging_number(report, envelope, "count"))
        last = _paging_number(report, envelope, "pages")
        if not envelope["results"]:
            break  # whatever `pages` says: nothing comes after an empty page
        page += 1
    rows = sum(len(results) for results in pages_of_rows)
    repeats = any(
        before and after and before[-1] == after[0] for before, after in pairwise(pages_of_rows)
    )
    distinct = rows
    if report.shape is Shape.DRILLDOWN:
        distinct = len({_row_id(report, row) for results in pages_of_rows for row in results})
    steady = counts[0] == counts[-1] == distinct == rows
    return _Pages(bodies, rows, counts[-1], steady, repeats and report.shape is Shape.LIST)


def _row_id(report: Report, row: Any) -> int:
    found = row.get("id") if isinstance(row, dict) else None
    if isinstance(found, bool) or not isinstance(found, int):
        raise ValueMisfit(f"{report.name}: a row has no id to tell it by")
    return found


def _paging_number(report: Report, envelope: Mapping[str, Any], name: str) -> int:
    """`count` or `pages`; without them nobody can tell whether the rows are all there."""
    number = whole_number(envelope.get(name))
    if number is None or number < 0:
        raise ValueMisfit(f"{report.name}: the answer has no usable {name!r}: cannot tell its end")
    return number


# --- series: buckets ------------------------------------------------------------------------


def _fetch_series(tally: _Tally, read: Read) -> list[Outcome]:
    """The windows of a span from one request; one by one when the buckets do not line up."""
    part = read.parts[0]
    flat = flatten_report(read.report, [(tally.get(part.request), part.stamps)])
    table = read.report.name
    try:
        matched = match_buckets(read.windows, flat.rows[table])
    except BucketMismatch:
        if len(read.windows) > 1:
            return _fetch_one_by_one(tally, read)
        return [_fetch_unbucketed(tally, read)]
    outcomes = []
    for window in read.wanted:
        rows = [matched[window]] if window in matched else []
        mine = Flattened({table: rows}, flat.extra, flat.unknown)
        outcomes.append(_outcome(tally, read, window, mine))
        # The request is counted with the first window, so that sums over the ledger are right.
        tally.requests = tally.pages = 0
    return outcomes


def match_buckets(windows: tuple[Window, ...], rows: list[Row]) -> dict[Window, Row]:
    """The row of each window; windows whose bucket the API left out are missing.

    A bucket belongs to the window that starts at the same instant. Anything else (an anchor of
    its own, two buckets in one window) is a BucketMismatch: matching by date alone would take a
    UTC day for a company day in zones where they share a date. So is a single bucket for
    several windows: it may be the sum of the span.
    """
    by_start = {window.start: window for window in windows}
    matched: dict[Window, Row] = {}
    for row in rows:
        start = row.get("bucket_start_at")
        window = by_start.get(start) if start is not None else None
        if window is None or window in matched:
            raise BucketMismatch("a bucket starts where no window does, or two start in one")
        matched[window] = row
    if len(windows) > 1 and len(rows) == 1:
        raise BucketMismatch("one bucket for several windows")
    return matched


def _fetch_one_by_one(tally: _Tally, read: Read) -> list[Outcome]:
    """The wanted windows each by a request of its own, up to the first that blocks the report."""
    outcomes: list[Outcome] = []
    for window in read.wanted:
        outcomes.append(_fetch_alone(tally.client, read, window, tally))
        if outcomes[-1].blocks_report:
            break
    return outcomes


def _fetch_alone(client: Getter, read: Read, window: Window, spent: _Tally) -> Outcome:
    """One window of a span by a request of its own."""
    part = read.parts[0]
    last = window.end - timedelta(seconds=1)
    request = part.request.with_params(
        start=f"{window.start:%Y-%m-%dT%H:%M:%SZ}", end=f"{last:%Y-%m-%dT%H:%M:%SZ}"
    )
    alone = replace(read, windows=(window,), wanted=(window,), parts=(Part(request, part.stamps),))
    outcome = fetch_read(client, alone, spent.fetched_at)[0]
    outcome.read = read
    outcome.requests += spent.requests
    outcome.pages += spent.pages
    spent.requests = spent.pages = 0
    return outcome


def _fetch_unbucketed(tally: _Tally, read: Read) -> Outcome:
    """One window without viewBy: a single bucket over exactly the window needs no matching."""
    part, window = read.parts[0], read.windows[0]
    request = part.request.without("viewBy")
    flat = flatten_report(read.report, [(tally.get(request), part.stamps)])
    rows = flat.rows[read.report.name]
    starts = [row.get("bucket_start_at") for row in rows]
    starts_inside = all(start and window.start <= start < window.end for start in starts)
    if len(rows) > 1 or not starts_inside:
        raise BucketMismatch(
            f"{read.report.name}: the API's buckets do not line up with {window} in this time "
            "zone, asked together and alone: the window is left out rather than guessed"
        )
    return _outcome(tally, replace(read, parts=(Part(request),)), window, flat)
