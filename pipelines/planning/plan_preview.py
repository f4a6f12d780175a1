"""What a load would request, without sending anything."""

from __future__ import annotations

import math
from collections import defaultdict
from dataclasses import dataclass, field

from dlt.pipeline.pipeline import Pipeline

from sources.help_scout.catalog.dimensions import DIMENSIONS
from sources.help_scout.catalog.model import PAGED
from sources.help_scout.planning.request_plan import ROWS_PER_PAGE, Read, Request
from sources.help_scout.planning.windows import Grain, Window
from sources.help_scout.state.coverage import Coverage
from sources.help_scout.state.dry_run import DryRun
from sources.help_scout.state.run import Run
from sources.help_scout.state.snapshot import READ_STATUSES

from ..probes.account_facts import give_facts
from ..settings.errors import UsageError
from ..warehouse.base import Destination
from ..warehouse.sql import sql_client, stored_of
from .load_plan import (
    LoadRequest,
    count_missing,
    know_lists,
    loaded_state,
    plan_agenda,
    planned_reads,
)


@dataclass(slots=True, kw_only=True)
class PlanLine:
    """What a load would ask of one report: no windows where it only names others' items.
    `is_exact` is False where pages are estimated."""

    report: str
    is_exact: bool
    windows: set[Window] = field(default_factory=set)
    slices: set[str] = field(default_factory=set)
    requests: float = 0


@dataclass(slots=True, kw_only=True)
class Plan:
    """What a load would request: a line a report, what the lists cost about, and the requests
    themselves (of row reports the first page of each read)."""

    lines: dict[str, PlanLine]
    list_requests: int
    requests: list[Request]
    limit_per_minute: int | None
    asked_for: tuple[str, ...]
    has_pending_load: bool
    missing: int

    @property
    def total(self) -> int:
        """Requests of the reports and lists."""
        return math.ceil(sum(line.requests for line in self.lines.values())) + self.list_requests


class PageCounts:
    """How many pages row reports took when they were last read, as a measure of the next time."""

    def __init__(self, coverage: Coverage) -> None:
        self._coverage = coverage
        self._seen: dict[tuple[str, ...], list[int]] = defaultdict(list)
        for (report, slice_text, grain, start), state in coverage.items().items():
            if state.is_loaded:
                weekday = str(start.weekday()) if grain is Grain.DAY else ""
                self._seen[report, slice_text, grain, weekday].append(state.pages)
                self._seen[report, slice_text, grain].append(state.pages)
                self._seen[report, grain].append(state.pages)

    def estimate(self, read: Read) -> float:
        """Pages of the read: as many as last time, else the mean of the slice's same weekdays, of
        the slice, of the report; one where nothing is known."""
        report, slice_text, window = read.report.name, read.slice.text, read.windows[0]
        state = self._coverage.window_state(report, slice_text, window)
        if state is not None and state.was_closed(window):
            return state.pages
        weekday = str(window.start.weekday()) if window.grain is Grain.DAY else ""
        for key in (
            (report, slice_text, window.grain, weekday),
            (report, slice_text, window.grain),
            (report, window.grain),
        ):
            if seen := self._seen.get(key):
                return sum(seen) / len(seen)
        return 1


def plan_load(run: Run, warehouse: Destination, request: LoadRequest) -> Plan:
    """The plan of a load into the warehouse, from what it already holds."""
    if not warehouse.exists():
        raise UsageError(
            f"{warehouse} does not exist yet, so the account's users and inboxes are not known: "
            "load once, for example with --since yesterday's date, then plan"
        )
    warehouse.check_account(run.settings.account)
    with warehouse.open() as pipeline:
        state = loaded_state(pipeline, warehouse)
        stored = stored_of(pipeline, run.settings.account)
        if stored is None:
            raise UsageError(f"{warehouse} holds no load yet: load once, then plan")
        give_facts(pipeline, run)
        run.reconcile_state(state)
        know_lists(stored, run.lists)
        agenda = plan_agenda(pipeline, run, request)
        lines: dict[str, PlanLine] = {}
        requests: list[Request] = []
        pages = PageCounts(stored.coverage)
        dry = DryRun(run, agenda.stored)
        for read in (r for chunk in agenda.chunks for r in planned_reads(run, agenda, chunk, dry)):
            name, is_exact = read.report.name, read.report.shape not in PAGED
            line = lines.setdefault(name, PlanLine(report=name, is_exact=is_exact))
            line.requests += len(read.parts) if is_exact else pages.estimate(read)
            requests += [part.request for part in read.parts]
        for read in dry.own:
            lines[read.report.name].windows.update(read.wanted)
            lines[read.report.name].slices.add(read.slice.text)
        reads_lists = bool(lines) or not request.backfill
        if reads_lists:  # yesterday's conversations report names tags that no list has
            requests.append(run.offered_tags_request())
        return Plan(
            lines=lines,
            list_requests=_list_requests(pipeline, run) + 1 if reads_lists else 0,
            requests=requests,
            limit_per_minute=state.get("requests_per_minute"),
            asked_for=request.report_names,
            has_pending_load=pipeline.has_pending_data,
            missing=count_missing(pipeline, run, request.reports),
        )


def _list_requests(pipeline: Pipeline, run: Run) -> int:
    """About how many requests the lists take: their pages, of each parent where they have one."""
    with sql_client(pipeline) as client:
        rows = client.execute_sql(
            "select list, rows from list_reads where account = %s "
            f"and status in {READ_STATUSES} order by fetched_at",
            run.settings.account,
        )
        counts = {str(name): int(count) for name, count in rows or []}
    total = 0
    for dimension in DIMENSIONS.values():
        if dimension.inside is None and run.lists.has(dimension):
            parents = 1 if dimension.parent is None else counts.get(dimension.parent, 0)
            total += max(parents, math.ceil(counts.get(dimension.name, 0) / ROWS_PER_PAGE))
    return total
