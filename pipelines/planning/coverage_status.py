"""What is loaded and what is missing: every wanted window of every slice against the ledger."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any, TypeAlias

import orjson
from dlt.common.schema import Schema

from sources.help_scout.catalog.reports import REPORTS
from sources.help_scout.catalog.slices import Slice
from sources.help_scout.extract.result import Status, WindowResult
from sources.help_scout.planning.windows import Window
from sources.help_scout.state.coverage import ALL, ONE_NIGHT, Freshness
from sources.help_scout.state.restatements import RESTATEMENTS, compared_measures
from sources.help_scout.state.run import Run
from sources.help_scout.state.snapshot import WarehouseSnapshot

from ..settings.errors import COMPLETE, PARTIAL, NothingLoaded
from ..warehouse.base import Destination
from ..warehouse.sql import stored_of
from .item_names import Names, item_names
from .load_plan import loaded_state, wanted_windows

ALARMS = (Freshness.MISSING, Freshness.BEHIND, Freshness.INCOMPLETE)

Counts: TypeAlias = Counter[Freshness]


@dataclass(slots=True, kw_only=True)
class SliceStatus:
    """How the wanted windows of one slice of a report stand, in all and by month."""

    report: str
    slice: Slice
    counts: Counts = field(default_factory=Counter)
    months: dict[str, Counts] = field(default_factory=dict)
    gaps: list[Window] = field(default_factory=list)
    first: Window | None = None
    last: Window | None = None
    last_loaded_at: datetime | None = None
    last_failure: tuple[datetime, str] | None = None

    def add(self, window: Window, how: Freshness, fetched_at: datetime | None) -> None:
        """Counts a wanted window."""
        self.counts[how] += 1
        self.months.setdefault(f"{window.local_date:%Y-%m}", Counter())[how] += 1
        if how in (Freshness.MISSING, Freshness.BEHIND):
            self.gaps.append(window)
        if fetched_at is not None:
            self.first = min(self.first or window, window)
            self.last = max(self.last or window, window)
            self.last_loaded_at = max(self.last_loaded_at or fetched_at, fetched_at)

    @property
    def coverage_pct(self) -> float:
        """The windows that are there, in percent of those that should be; 0 to 100."""
        return coverage_pct(self.counts)


def coverage_pct(counts: Counts) -> float:
    """The windows that are there, in percent of those that should be by now."""
    wanted = counts.total() - counts[Freshness.DUE]
    there = counts[Freshness.FINAL] + counts[Freshness.PROVISIONAL]
    return 100.0 * there / wanted if wanted else 100.0


@dataclass(frozen=True, slots=True, kw_only=True)
class Moved:
    """Windows of a report that moved after they were called final."""

    compared: int
    windows: int
    lookback_days: int


@dataclass(frozen=True, slots=True, kw_only=True)
class StatusReport:
    """What `status` tells of one account's warehouse.

    `failures` are when and why slices failed that have not been loaded since. `names` are those of
    items that the API refuses.
    """

    now: datetime
    run: Run
    slices: list[SliceStatus]
    failures: dict[str, tuple[datetime, str]]
    restated: list[tuple[str, int, int]]
    moved: dict[str, Moved]
    names: Names

    @property
    def exit_code(self) -> int:
        """0 when all is loaded, 3 when anything is missing that the configuration does not expect
        to be. An item that the API refuses, an inbox say, is no alarm; a report of which it
        refuses the total, or everything, is."""
        expected = self.run.settings.optional_reports
        alarming = [status for status in self.slices if status.report not in expected]
        if any(status.counts[how] for status in alarming for how in ALARMS):
            return PARTIAL
        return PARTIAL if unavailable_reports(alarming) else COMPLETE

    @property
    def missing(self) -> int:
        """How many windows are missing."""
        return sum(status.counts[Freshness.MISSING] for status in self.slices)


def unavailable_reports(slices: Sequence[SliceStatus]) -> list[str]:
    """The reports of which the API refuses the total, or everything."""
    refused: dict[str, list[bool]] = {}
    totals = set()
    for status in slices:
        is_refused = bool(status.counts[Freshness.UNAVAILABLE]) and status.first is None
        refused.setdefault(status.report, []).append(is_refused)
        if status.slice.text == ALL and is_refused:
            totals.add(status.report)
    return [report for report, found in refused.items() if all(found) or report in totals]


def refused_items(slices: Sequence[SliceStatus]) -> dict[str, list[str]]:
    """The slices that the API refuses while it answers for others, with the reports that it
    refuses them for."""
    unavailable, found = unavailable_reports(slices), dict[str, list[str]]()
    for status in slices:
        if status.counts[Freshness.UNAVAILABLE] and status.report not in unavailable:
            found.setdefault(status.slice.text, []).append(status.report)
    return found


def look_at(run: Run, warehouse: Destination, names: Iterable[str]) -> StatusReport:
    """How the warehouse stands against what the configuration wants of it."""
    warehouse.require_loaded()
    with warehouse.open() as pipeline:
        state = loaded_state(pipeline, warehouse)
        stored = stored_of(pipeline, run.settings.account)
        if stored is None:
            raise NothingLoaded(f"{warehouse} holds no load yet: nothing was loaded")
        run.reconcile_state(state)
        names, schema = tuple(names), pipeline.default_schema
        slices = list(_slices(run, stored, names))
        return StatusReport(
            now=run.now,
            run=run,
            slices=slices,
            failures=_open_failures(stored, slices),
            restated=[row for row in stored.restated() if row[0] in names]
            if RESTATEMENTS.name in schema.tables
            else [],
            moved=dict(_moved(schema, stored, names)),
            names=item_names(pipeline, run.settings.account) if refused_items(slices) else {},
        )


def _open_failures(
    stored: WarehouseSnapshot, slices: Sequence[SliceStatus]
) -> dict[str, tuple[datetime, str]]:
    """The failures later than what was loaded, one a report: its latest.

    Slices that could not even be told (`?mailbox`) count against what the report loaded.
    """
    loaded: dict[tuple[str, str], datetime] = {}
    for status in slices:
        if status.last_loaded_at is not None:
            for key in ((status.report, status.slice.text), (status.report, "")):
                loaded[key] = max(loaded.get(key, status.last_loaded_at), status.last_loaded_at)
    found: dict[str, tuple[datetime, str]] = {}
    reports = {status.report for status in slices}
    refused = {(name, text) for text, names in refused_items(slices).items() for name in names}
    for (report, text), (at, error) in stored.last_failures().items():
        if (report, text) in refused:
            continue
        slack = ONE_NIGHT / 2 if text.startswith("?") else timedelta(0)
        since = loaded.get((report, "" if text.startswith("?") else text))
        if report in reports and (since is None or at + slack > since):
            found[report] = max(found.get(report, (at, error)), (at, error), key=_says_more)
    return found


def _says_more(failure: tuple[datetime, str]) -> tuple[bool, datetime]:
    """The order of failures: what the API answered says more than that it was not asked."""
    at, error = failure
    return not error.startswith("not asked"), at


def _slices(run: Run, stored: WarehouseSnapshot, names: Iterable[str]) -> Iterator[SliceStatus]:
    """The wanted windows of every slice, against the ledger."""
    failures, unnamed = stored.last_failures(), list[WindowResult]()
    found: dict[str, dict[str, SliceStatus]] = {name: {} for name in names}
    for read, window, how in wanted_windows(run, stored, found, unnamed):
        name, text = read.report.name, read.slice.text
        status = found[name].setdefault(text, SliceStatus(report=name, slice=read.slice))
        state = stored.coverage.window_state(name, text, window)
        status.add(window, how, state.fetched_at if state else None)
    for result in unnamed:
        name, slice_ = result.read.report.name, result.read.slice
        status = found[name].setdefault(slice_.text, SliceStatus(report=name, slice=slice_))
        is_refused = result.status is Status.UNAVAILABLE
        how = Freshness.UNAVAILABLE if is_refused else Freshness.MISSING
        status.add(result.window, how, None)
    for by_slice in found.values():
        for status in by_slice.values():
            status.last_failure = failures.get((status.report, status.slice.text))
            yield status


def _moved(
    schema: Schema, stored: WarehouseSnapshot, names: Iterable[str]
) -> Iterator[tuple[str, Moved]]:
    for name in names:
        pairs, table = compared_measures(REPORTS[name]), schema.tables.get(name)
        if pairs and table is not None and pairs.keys() <= table["columns"].keys():
            compared, windows, days = stored.moved_after_final(REPORTS[name], pairs)
            yield name, Moved(compared=compared, windows=windows, lookback_days=days)


def status_json(status: StatusReport) -> str:
    """The status as JSON: every slice, its months, and every window that lacks."""
    time = status.run.time
    body: dict[str, Any] = {
        "account": status.run.settings.account,
        "timezone": time.zone.key,
        "start_date": time.first_day,
        "lookback_days": status.run.settings.lookback_days,
        "now": status.now,
        "is_complete": status.exit_code == COMPLETE,
        "missing_windows": status.missing,
        "refused_items": refused_items(status.slices),
        "slices": [_slice_json(one) for one in status.slices],
        "failures": {
            name: {"at": at, "error": error} for name, (at, error) in status.failures.items()
        },
        "restated": {
            report: {"windows": windows, "measures": measures}
            for report, windows, measures in status.restated
        },
        "moved_after_final": {
            report: {
                "compared_windows": moved.compared,
                "windows": moved.windows,
                "lookback_days_that_catches_them": moved.lookback_days or None,
            }
            for report, moved in status.moved.items()
        },
    }
    return orjson.dumps(body, option=orjson.OPT_INDENT_2).decode()


def _slice_json(status: SliceStatus) -> Mapping[str, Any]:
    failure = status.last_failure
    return {
        "report": status.report,
        "slice": status.slice.text,
        "windows": status.counts.total(),
        "coverage_pct": round(status.coverage_pct, 3),
        **{str(how): status.counts[how] for how in Freshness},
        "first_window_date": status.first.local_date if status.first else None,
        "last_window_date": status.last.local_date if status.last else None,
        "last_loaded_at": status.last_loaded_at,
        "last_failure": failure and {"at": failure[0], "error": failure[1]},
        "coverage_pct_by_month": {
            month: round(coverage_pct(counts), 3) for month, counts in status.months.items()
        },
        "windows_to_load": [
            {"grain": str(window.grain), "window_date": window.local_date} for window in status.gaps
        ],
    }
