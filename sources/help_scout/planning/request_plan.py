"""The plan: which requests answer which windows. Nothing else decides what is requested.

`plan_spans` cuts a report's windows into spans (the windows of one request), `plan_read` turns a
span and a slice into a `Read`. Both are pure; a plan can be printed without sending anything.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime
from zoneinfo import ZoneInfo

from ..catalog.model import PAGED, Report, Shape
from ..catalog.reports.blocks import RANGE_LABEL, RANGE_LABELS
from ..catalog.slices import Slice
from .windows import Grain, Window, previous_window, windows_ending_in

API_ROOT = "/v2/reports/"
VIEW_BY = "viewBy"
ROWS_PER_PAGE = 50
MAX_SERIES_LENGTH = {Grain.DAY: 60, Grain.WEEK: 52}
"""Windows a series request may span: the contract allows 60 days by day, a year by week."""


@dataclass(frozen=True, slots=True)
class Request:
    """One GET: a path and its query, each parameter once. Equal requests get equal answers."""

    path: str
    query: tuple[tuple[str, str], ...]

    @classmethod
    def of(cls, path: str, query: Mapping[str, str]) -> Request:
        """The request with its parameters in a fixed order."""
        return cls(path, tuple(sorted(query.items())))

    def with_params(self, **params: str) -> Request:
        """The same request with more or other parameters."""
        return Request.of(self.path, dict(self.query) | params)

    def without(self, *names: str) -> Request:
        """The same request less some parameters."""
        return Request(self.path, tuple((k, v) for k, v in self.query if k not in names))

    @property
    def query_text(self) -> str:
        """The query as the ledger keeps it."""
        return "&".join(f"{name}={value}" for name, value in self.query)


@dataclass(frozen=True, slots=True)
class Part:
    """One request of a read (for row reports: its first page) and the columns it stamps."""

    request: Request
    stamps: Mapping[str, int | str] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Read:
    """What answers one slice of one or more windows of a report.

    Overall reports and row reports read one window, series many at once. `wanted` are the windows
    whose numbers are kept: all, except for a user whom only some windows of a span name. All
    parts together answer the windows; only the fields drilldown has more than one, or none.
    `held` are the windows of which the warehouse holds rows; `zeros_left_out` says that the account
    is known to leave buckets out that are zero; `users` are those of the account, of a read for one
    of them.
    """

    report: Report
    slice: Slice
    windows: tuple[Window, ...]
    wanted: tuple[Window, ...]
    previous: Window | None
    parts: tuple[Part, ...]
    held: frozenset[Window] = frozenset()
    zeros_left_out: bool = False
    users: frozenset[int | str] = frozenset()

    def of(self, *wanted: Window) -> Read:
        """The read of these windows alone, of a series."""
        first, last = self.windows.index(wanted[0]), self.windows.index(wanted[-1])
        windows, part = self.windows[first : last + 1], self.parts[0]
        request = part.request.with_params(
            start=wire_instant(windows[0].start), end=wire_instant(windows[-1].last_second)
        )
        return replace(self, windows=windows, wanted=wanted, parts=(Part(request, part.stamps),))

    def __str__(self) -> str:
        first, last = self.windows[0], self.windows[-1]
        period = f"{first}" if first is last else f"{first} to {last.local_date}"
        return f"{self.report.name} [{self.slice.text}] {period}"


def wire_instant(instant: datetime) -> str:
    """The instant as the wire writes it: UTC, whole seconds."""
    return instant.astimezone(UTC).strftime("%Y-%m-%dT%H:%M:%SZ")


def plan_spans(
    report: Report,
    grains: Iterable[Grain],
    zone: ZoneInfo,
    after: datetime,
    until: datetime,
    *,
    now: datetime,
    include_open: bool = True,
) -> list[tuple[Window, ...]]:
    """The windows due in (after, until], grouped as they are requested, oldest coverage first.

    The order matters: a budget ends a load between spans, and the cursor is the latest coverage
    loaded, so nothing unasked may come before it. A span comes where its first window does.
    """
    spans: list[tuple[Window, ...]] = []
    for grain in grains:
        due = windows_ending_in(grain, zone, after, until, now=now)
        windows = [window for window in due if include_open or window.end <= now]
        if report.shape is Shape.SERIES:
            spans.extend(pack_series(windows))
        else:
            spans.extend((window,) for window in windows)
    return sorted(
        spans, key=lambda span: (span[0].covered_until(now), span[-1].covered_until(now), span)
    )


def pack_series(windows: list[Window]) -> Iterator[tuple[Window, ...]]:
    """The windows in spans that one series request may cover.

    A span ends with a window that has a clock change: should the provider count its buckets in
    steps of 24 hours from the start, the later ones would be an hour off. A prolonged window
    stands alone: its last hour would then be a bucket of its own, and spoil the span for all.
    """
    span: list[Window] = []
    for window in windows:
        if span and (
            span[-1].end != window.start
            or span[-1].has_clock_change
            or window.is_prolonged
            or len(span) == MAX_SERIES_LENGTH[window.grain]
        ):
            yield tuple(span)
            span = []
        span.append(window)
    if span:
        yield tuple(span)


def plan_read(
    report: Report,
    span: tuple[Window, ...],
    slice_: Slice,
    *,
    zone: ZoneInfo,
    compare_to: str = "none",
    sort: Mapping[str, str] | None = None,
    items: Iterable[int] | None = None,
    wanted: tuple[Window, ...] | None = None,
    held: frozenset[Window] = frozenset(),
    zeros_left_out: bool = False,
    as_a_whole: bool = False,
) -> Read:
    """The read of one slice of a span. `items` are the fields drilldown's, one part each;
    `wanted` the windows to keep, all by default; `sort` replaces the report's own order; `held` and
    `zeros_left_out` are as in `Read`. `as_a_whole` asks for a series without buckets: one window,
    where the account's buckets would not fit it."""
    query = {
        "start": wire_instant(span[0].start),
        "end": wire_instant(span[-1].last_second),
        **(report.sort if sort is None else sort),
        **slice_.query(),
    }
    previous = None
    if report.shape is Shape.SERIES:
        # Counted in steps of 24 hours, the last hour of a prolonged window would be a bucket of
        # its own; without viewBy the whole of it is one.
        if not span[0].is_prolonged and not as_a_whole:
            query[VIEW_BY] = str(span[0].grain)
    elif report.compares and report.shape is Shape.OVERALL:
        previous = previous_window(span[0], compare_to, zone)
    if previous is not None:
        query["previousStart"] = wire_instant(previous.start)
        query["previousEnd"] = wire_instant(previous.last_second)
    if report.shape is Shape.DRILLDOWN:
        query["rows"] = str(ROWS_PER_PAGE)
    request = Request.of(API_ROOT + report.path, query)
    if report.shape in PAGED:
        request = request.with_params(page="1")
    parts: tuple[Part, ...] = (Part(request, _labels(slice_)),)
    if items is not None:
        parts = tuple(
            Part(request.with_params(fieldid=str(item)), {"field_id": item}) for item in items
        )
    return Read(report, slice_, span, wanted or span, previous, parts, held, zeros_left_out)


def _labels(slice_: Slice) -> Mapping[str, str]:
    """What the slice says in words of the rows that it is asked for."""
    labels = RANGE_LABELS.get(str(slice_.get("range")), {})
    label = labels.get(int(str(slice_.get("range_id") or 0)))
    return {} if label is None else {RANGE_LABEL: label}
