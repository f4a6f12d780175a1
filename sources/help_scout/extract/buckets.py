"""Series: many windows from one request, each bucket matched to its window.

A bucket that does not come is no fact: only an account that is known to leave zeros out, or an
overall report that says zero, makes it one. Otherwise it is asked for alone; and when it does not
come then either, what the warehouse holds of the window stays.
"""

from __future__ import annotations

from collections.abc import Sequence

from ..catalog.model import Report
from ..errors import BucketMismatch, HelpScoutError
from ..parsing.coerce import Row
from ..parsing.envelope import unwrap
from ..parsing.flatten import Flattened, flatten_report
from ..planning.findings import ELSEWHERE, FROM_REQUEST, UTC_MIDNIGHT, fits_anchor, is_utc_midnight
from ..planning.request_plan import VIEW_BY, Part, Read, Request
from ..planning.windows import Window
from .absence import doubted, is_zero_elsewhere
from .answer_checks import check_report
from .result import LEFT_OUT, SENT, RequestStats, WindowResult, WindowResults, failure_of, result_of

MOST_IN_A_ROW = 3
"""Windows in a row that fail, or stay away, after which the others of their span are not asked for
one by one any more."""


def fetch_series(stats: RequestStats, read: Read) -> WindowResults:
    """The windows of a span from one request; one by one when the buckets do not line up, and one
    alone with its bucket asked for in the other way. Raises HelpScoutError."""
    request = read.parts[0].request
    try:
        flat, matched = _ask(stats, read, request)
        if not matched and len(read.windows) > 1 and read.zeros_left_out:
            flat, matched = _ask(stats, read, request)
    except BucketMismatch:
        if len(read.windows) > 1:
            return _fetch_one_by_one(stats, read)
        flat, matched = _ask_otherwise(stats, read, request)
    absent = [window for window in read.wanted if window not in matched]
    stay = _ask_for_absent(stats, read, matched, absent) if absent else {}
    results = []
    for window in read.wanted:
        if window in stay:
            result = stay[window]
            result.requests, result.pages = stats.requests, stats.pages
        else:
            rows = [matched[window]] if window in matched else []
            repairs = flat.repairs.made_in(rows)
            mine = Flattened({read.report.name: rows}, flat.extra, flat.unknown, repairs)
            result = result_of(stats, read, window, mine)
        results.append(result)
        # The request is counted with the first window, so that sums over the ledger are right.
        stats.requests = stats.pages = 0
    return results


def _ask(stats: RequestStats, read: Read, request: Request) -> tuple[Flattened, dict[Window, Row]]:
    """What the request's buckets say, and the windows that they are for; BucketMismatch when they
    are for others."""
    part = Part(request, read.parts[0].stamps)
    body = unwrap(read.report, stats.get(request))
    check_report(read.report, body)
    flat = flatten_report(read.report, [(body, part.stamps)], compares=False)
    rows = flat.rows[read.report.name]
    if any(_is_zero(read.report, row) for row in rows):
        stats.zero_buckets = SENT
    if VIEW_BY in dict(request.query):
        stats.bucket_anchor = anchor_seen(read.windows, rows) or stats.bucket_anchor
        return flat, match_buckets(read.windows, rows)
    return flat, match_whole_window(read, rows)


def _ask_otherwise(
    stats: RequestStats, read: Read, request: Request
) -> tuple[Flattened, dict[Window, Row]]:
    """One window with its bucket asked for in the other way; BucketMismatch when it fails too."""
    window = read.windows[0]
    if VIEW_BY in dict(request.query):
        other = request.without(VIEW_BY)
    else:
        other = request.with_params(**{VIEW_BY: str(window.grain)})
    try:
        return _ask(stats, read, other)
    except BucketMismatch as error:
        raise BucketMismatch(
            f"{read.report.name}: the API's buckets do not line up with {window} in this time "
            "zone, asked together and alone: the window is left out rather than guessed"
        ) from error


# --- buckets that do not come ---------------------------------------------------------------


def _ask_for_absent(
    stats: RequestStats, read: Read, matched: dict[Window, Row], absent: list[Window]
) -> dict[Window, WindowResult]:
    """Asks for each window whose bucket did not come, and adds to `matched` what comes now. The
    windows that stay away though nothing says that they are zero, with their results."""
    stay: dict[Window, WindowResult] = {}
    left_out, in_a_row = read.zeros_left_out, 0
    for window in absent:
        if left_out and window not in read.held:
            continue
        if in_a_row < MOST_IN_A_ROW:
            row = _ask_alone(stats, read, window)
            if row is not None:
                matched[window] = row
                in_a_row = 0
                continue
            if is_zero_elsewhere(stats, read, window, otherwise=left_out):
                left_out, in_a_row = stats.zero_buckets != SENT, 0
                stats.zero_buckets = stats.zero_buckets or LEFT_OUT
                continue
        in_a_row += 1
        stay[window] = doubted(stats, read, window, "the API leaves out")
    return stay


def _ask_alone(stats: RequestStats, read: Read, window: Window) -> Row | None:
    """The window's bucket, asked for alone; None when it does not come."""
    alone = read.of(window)
    try:
        _, found = _ask(stats, alone, alone.parts[0].request)
    except BucketMismatch:
        return None
    return found.get(window)


def _is_zero(report: Report, row: Row) -> bool:
    """Whether a bucket says zero of all that the report measures."""
    measures = [c.name for c in report.tables[0].columns if c.name != "bucket_start_at"]
    return all(row.get(name) == 0 for name in measures)


# --- buckets and windows --------------------------------------------------------------------


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


def anchor_seen(windows: tuple[Window, ...], rows: Sequence[Row]) -> str:
    """From where the buckets show that they are counted; nothing where they do not: a single bucket
    in its place, or days of the company that are UTC days."""
    wanted = {window.start for window in windows}
    starts = {start for row in rows if (start := row.get("bucket_start_at")) is not None}
    if elsewhere := starts - wanted:
        return UTC_MIDNIGHT if all(map(is_utc_midnight, elsewhere)) else ELSEWHERE
    tells = any(not fits_anchor(window, UTC_MIDNIGHT) for window in windows)
    return FROM_REQUEST if len(starts) > 1 and tells else ""


def match_whole_window(read: Read, rows: Sequence[Row]) -> dict[Window, Row]:
    """The one bucket of a window asked for without `viewBy`: it needs no matching, wherever in the
    window it says that it starts."""
    window = read.windows[0]
    starts = [row.get("bucket_start_at") for row in rows]
    starts_inside = all(start and window.start <= start < window.end for start in starts)
    if len(rows) > 1 or not starts_inside:
        raise BucketMismatch("more than one bucket for one window, or one of another time")
    return {window: rows[0]} if rows else {}


def _fetch_one_by_one(stats: RequestStats, read: Read) -> WindowResults:
    """The wanted windows each by a request of its own. When `MOST_IN_A_ROW` have failed one after
    the other, the rest are left to a later load."""
    results: WindowResults = []
    in_a_row = 0
    for window in read.wanted:
        spent = RequestStats(stats.client, stats.fetched_at)
        if in_a_row < MOST_IN_A_ROW:
            result, error = _try_alone(spent, read.of(window))
        else:
            error = HelpScoutError("not asked: the windows before it failed one after the other")
            result = failure_of(spent, read, window, error, first=True)
        in_a_row = 0 if error is None or isinstance(error, BucketMismatch) else in_a_row + 1
        result.read = read
        result.bucket_anchor = result.bucket_anchor or stats.bucket_anchor
        result.requests += stats.requests
        result.pages += stats.pages
        stats.requests = stats.pages = 0
        results.append(result)
    return results


def _try_alone(stats: RequestStats, read: Read) -> tuple[WindowResult, HelpScoutError | None]:
    """What one window of a span comes to, and the error if it failed."""
    try:
        return fetch_series(stats, read)[0], None
    except HelpScoutError as error:
        return failure_of(stats, read, read.windows[0], error, first=True), error
