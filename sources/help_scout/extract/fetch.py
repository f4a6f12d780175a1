"""Reads a window from the API, completely: pages to their end, buckets matched to windows.

`fetch_read` never raises for what the API does: a window that could not be read comes back as
a result that says so. It runs in worker threads; all it shares is the client.
"""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime
from tempfile import gettempdir

from ..api.client import Answer
from ..catalog.model import PAGED, Shape
from ..errors import (
    ApiError,
    HelpScoutError,
    NoRoom,
    ReportUnavailable,
    RequestRefused,
    Unreachable,
)
from ..parsing.envelope import unwrap
from ..parsing.flatten import flatten_report
from ..planning.request_plan import Read, Request
from .absence import doubted, is_zero_elsewhere
from .answer_checks import check_report, check_user, echo_shift_seconds
from .buckets import fetch_series
from .pagination import fetch_rows
from .result import Getter, RequestStats, Status, WindowResult, WindowResults, failure_of, result_of

SPLIT = (Unreachable, ReportUnavailable, RequestRefused)
"""What a request for a span of windows may come to because of one of them."""


def fetch_read(client: Getter, read: Read, now: datetime) -> WindowResults:
    """One result for each wanted window, in order. `now` stamps reads that get no answer."""
    stats = RequestStats(client, now)
    try:
        if read.report.shape is Shape.SERIES:
            return fetch_series(stats, read)
        return [_fetch_window(stats, read)]
    except (HelpScoutError, OSError) as error:
        if isinstance(error, OSError):  # rows wait in a temporary file
            error = NoRoom(f"{read.report.name}: {error.strerror} in {gettempdir()}: TMPDIR names "
                           "another folder")  # fmt: skip
        failed = [
            failure_of(stats, read, window, error, first=window is read.wanted[0])
            for window in read.wanted
        ]
        if len(read.wanted) > 1 and isinstance(error, SPLIT) and _may_be_of_one(error):
            return _fetch_apart(_Once(client), read, now, failed)
        return failed


def _may_be_of_one(error: ApiError) -> bool:
    """Whether fewer windows might be answered: not where nothing was sent, credentials are refused
    or the rate limit is reached."""
    return error.requests > 0 and error.status not in (401, 429)


def _fetch_window(stats: RequestStats, read: Read) -> WindowResult:
    """The result of one window. Where the warehouse holds rows of it and none come, it is asked
    once more: that something is gone is believed when it is said twice, and the overall report does
    not count it."""
    fetch: Callable[[RequestStats, Read], WindowResult] = (
        fetch_rows if read.report.shape in PAGED else _fetch_body
    )
    result, window = fetch(stats, read), read.windows[0]
    if result.status is not Status.EMPTY or window not in read.held or not read.parts:
        return result
    again = fetch(stats, read)
    if again.status is Status.EMPTY and not is_zero_elsewhere(stats, read, window, otherwise=True):
        return doubted(stats, read, window, "nothing came of")
    return again


def _fetch_body(stats: RequestStats, read: Read) -> WindowResult:
    """The result of a report that is one body."""
    part = read.parts[0]
    body = unwrap(read.report, stats.get(part.request))
    check_report(read.report, body)
    check_user(read, body)
    shift = echo_shift_seconds(read, body, stats.fetched_at)
    compares = read.previous is not None
    flat = flatten_report(read.report, [(body, part.stamps)], compares=compares)
    result = result_of(stats, read, read.windows[0], flat)
    result.echo_shift_seconds = shift
    return result


class _Once:
    """The client, each request tried once."""

    def __init__(self, client: Getter) -> None:
        self._client = client

    def get(self, request: Request, *, most_tries: int | None = None) -> Answer:
        """The answer to one request."""
        return self._client.get(request, most_tries=1 if most_tries is None else most_tries)


def _fetch_apart(client: Getter, read: Read, now: datetime, failed: WindowResults) -> WindowResults:
    """The windows of a span whose request fails, by requests for fewer of them: one day that always
    fails must not keep the others of its span from being read.

    When neither the last window nor the first can be had alone, the report itself is down, and
    `failed` stands.
    """
    tries = 0
    for window in (read.wanted[-1], read.wanted[0]):
        tried = fetch_read(client, read.of(window), now)
        tries += tried[0].requests
        if tried[0].status.succeeded:
            break
    else:
        failed[0].requests += tries
        return failed
    found = _halved(client, read, now)
    found[0].requests += failed[0].requests + tries
    return found


def _halved(client: Getter, read: Read, now: datetime) -> WindowResults:
    """The windows of a span, by halves until each failing one is alone."""
    middle = len(read.wanted) // 2
    found: WindowResults = []
    for wanted in (read.wanted[:middle], read.wanted[middle:]):
        half = read.of(*wanted)
        stats = RequestStats(client, now)
        try:
            found += fetch_series(stats, half)
        except HelpScoutError as error:
            if len(wanted) > 1:
                parts = _halved(client, half, now)
                parts[0].requests += stats.requests
                found += parts
            else:
                found.append(failure_of(stats, half, wanted[0], error, first=True))
    return found
