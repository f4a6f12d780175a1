"""Reads a window from the API, completely: pages to their end, buckets matched to windows.

`fetch_read` never raises for what the API does: a window that could not be read comes back as
an outcome that says so. It runs in worker threads; all it shares is the client.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from datetime import datetime
from tempfile import gettempdir
from typing import Any

from .catalog import PAGED, Shape
from .errors import BucketMismatch, HelpScoutError, NoRoom
from .flatten import Flattened, flatten_report
from .outcome import Getter, Outcome, Tally, failure_of, outcome_of
from .pages import fetch_rows
from .plan import VIEW_BY, Part, Read, Request, wire_instant
from .values import Row
from .windows import Window


def fetch_read(client: Getter, read: Read, now: datetime) -> list[Outcome]:
    """One outcome for each wanted window, in order. `now` stamps reads that get no answer."""
    tally = Tally(client, now)
    try:
        if read.report.shape is Shape.SERIES:
            return _fetch_series(tally, read)
        if read.report.shape in PAGED:
            return [fetch_rows(tally, read)]
        part = read.parts[0]
        flat = _flattened(read, tally.get(part.request))
        return [outcome_of(tally, read, read.windows[0], flat)]
    except (HelpScoutError, OSError) as error:
        if isinstance(error, OSError):  # rows wait in a temporary file
            error = NoRoom(f"{read.report.name}: {error.strerror} in {gettempdir()}: TMPDIR names "
                           "another folder")  # fmt: skip
        return [
            failure_of(tally, read, window, error, first=window is read.wanted[0])
            for window in read.wanted
        ]


def _fetch_series(tally: Tally, read: Read) -> list[Outcome]:
    """The windows of a span from one request; one by one when the buckets do not line up, and one
    alone with its bucket asked for in the other way."""
    request = read.parts[0].request
    try:
        return _fetch_buckets(tally, read, request)
    except BucketMismatch:
        if len(read.windows) > 1:
            return _fetch_one_by_one(tally, read)
        return _fetch_otherwise(tally, read, request)


def _fetch_otherwise(tally: Tally, read: Read, request: Request) -> list[Outcome]:
    """One window with its bucket asked for in the other way; BucketMismatch when it fails too."""
    window = read.windows[0]
    if VIEW_BY in dict(request.query):
        other = request.without(VIEW_BY)
    else:
        other = request.with_params(**{VIEW_BY: str(window.grain)})
    try:
        return _fetch_buckets(tally, read, other)
    except BucketMismatch as error:
        raise BucketMismatch(
            f"{read.report.name}: the API's buckets do not line up with {window} in this time "
            "zone, asked together and alone: the window is left out rather than guessed"
        ) from error


def _fetch_buckets(tally: Tally, read: Read, request: Request) -> list[Outcome]:
    """The windows that the request's buckets are for; BucketMismatch when they are for others."""
    read = replace(read, parts=(Part(request, read.parts[0].stamps),))
    flat = _flattened(read, tally.get(request))
    table = read.report.name
    if VIEW_BY in dict(request.query):
        matched = match_buckets(read.windows, flat.rows[table])
    else:
        matched = match_whole_window(read, flat.rows[table])
    outcomes = []
    for window in read.wanted:
        rows = [matched[window]] if window in matched else []
        mine = Flattened({table: rows}, flat.extra, flat.unknown, flat.repairs.made_in(rows))
        outcomes.append(outcome_of(tally, read, window, mine))
        # The request is counted with the first window, so that sums over the ledger are right.
        tally.requests = tally.pages = 0
    return outcomes


def _flattened(read: Read, body: Any) -> Flattened:
    compares = read.previous is not None
    return flatten_report(read.report, [(body, read.parts[0].stamps)], compares=compares)


def match_buckets(windows: tuple[Window, ...], rows: Sequence[Row]) -> dict[Window, Row]:
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


def _fetch_one_by_one(tally: Tally, read: Read) -> list[Outcome]:
    """The wanted windows each by a request of its own, up to the first that blocks the report."""
    outcomes: list[Outcome] = []
    for window in read.wanted:
        outcomes.append(_fetch_alone(tally.client, read, window, tally))
        if outcomes[-1].blocks_report:
            break
    return outcomes


def _fetch_alone(client: Getter, read: Read, window: Window, spent: Tally) -> Outcome:
    """One window of a span by a request of its own."""
    part = read.parts[0]
    request = part.request.with_params(
        start=wire_instant(window.start), end=wire_instant(window.last_second)
    )
    alone = replace(read, windows=(window,), wanted=(window,), parts=(Part(request, part.stamps),))
    outcome = fetch_read(client, alone, spent.fetched_at)[0]
    outcome.read = read
    outcome.requests += spent.requests
    outcome.pages += spent.pages
    spent.requests = spent.pages = 0
    return outcome


def match_whole_window(read: Read, rows: Sequence[Row]) -> dict[Window, Row]:
    """The one bucket of a window asked for without `viewBy`: it needs no matching, wherever in the
    window it says that it starts."""
    window = read.windows[0]
    starts = [row.get("bucket_start_at") for row in rows]
    starts_inside = all(start and window.start <= start < window.end for start in starts)
    if len(rows) > 1 or not starts_inside:
        raise BucketMismatch("more than one bucket for one window, or one of another time")
    return {window: rows[0]} if rows else {}
