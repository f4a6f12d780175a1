"""Nights in memory: the real planning and holding back, over a ledger and a state that are dicts.

Only dlt and HTTP are left out. `Api` says what becomes of each window that is asked for, `Nights`
does what `pipelines.jobs.load_loop.load` does with an agenda.
"""

from __future__ import annotations

import random
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import replace
from datetime import date, datetime, timedelta
from types import SimpleNamespace
from typing import Any, NamedTuple, TypeAlias, cast
from zoneinfo import ZoneInfo

import pytest
from dlt.pipeline.pipeline import Pipeline

from pipelines.planning.load_plan import (
    Chunk,
    LoadPlan,
    LoadRequest,
    due_from,
    has_reads,
    plan_agenda,
    planned_reads,
    use,
)
from sources.help_scout.api.client import Client
from sources.help_scout.catalog.reports import REPORTS
from sources.help_scout.catalog.stored_tables import CURSOR
from sources.help_scout.extract.result import Status, WindowResult, WindowResults
from sources.help_scout.load.batch import Batch
from sources.help_scout.planning.budget import Budget
from sources.help_scout.planning.request_plan import Read
from sources.help_scout.planning.settings import Settings
from sources.help_scout.planning.windows import Grain, Window, first_day, next_first_day, window_of
from sources.help_scout.state.coverage import Coverage, Key, WindowState
from sources.help_scout.state.dry_run import DryRun
from sources.help_scout.state.ledger import WINDOW_READS
from sources.help_scout.state.run import Run

Asked: TypeAlias = tuple[str, str, Window]
"""Report, slice and window."""


class Trouble(NamedTuple):
    """What a window comes to instead of being loaded, by which answer, and whether what is stored
    of it stays."""

    status: Status
    http_status: int | None = None
    keeps_stored: bool = False


DOWN = Trouble(Status.FAILED, 500)
FORBIDDEN = Trouble(Status.UNAVAILABLE, 403)
MISMATCHED = Trouble(Status.UNAVAILABLE)
SHIFTING = Trouble(Status.INCOMPLETE)
ABSENT = Trouble(Status.INCOMPLETE, keeps_stored=True)


class Api:
    """What answers a run. `troubles` say which of the windows asked for, counted from 0, come
    out otherwise than loaded; each answer takes `seconds`."""

    def __init__(self, troubles: Mapping[int, Trouble] | None = None, seconds: float = 0) -> None:
        self.limiter = SimpleNamespace(connections=8)
        self._troubles = troubles or {}
        self._seconds = seconds
        self.sent = 0
        self.reads: list[Read] = []
        self.asked: list[Asked] = []

    def close(self) -> None:
        """Nothing to close."""

    def results(self, read: Read, now: datetime) -> WindowResults:
        """What the read's windows come to."""
        self.sent += 1
        self.reads.append(read)
        found = []
        for window in read.wanted:
            trouble = self._troubles.get(len(self.asked), Trouble(Status.LOADED))
            self.asked.append((read.report.name, read.slice.text, window))
            found.append(
                WindowResult(
                    read=read,
                    window=window,
                    fetched_at=now + timedelta(seconds=self.sent * self._seconds),
                    requests=1,
                    **trouble._asdict(),
                )
            )
        return found


class Nights:
    """One warehouse, and the loads into it."""

    def __init__(self, settings: Settings, *reports: str) -> None:
        self.settings = settings
        self.night = LoadRequest(reports=reports)
        self.ledger: dict[Key, WindowState] = {}
        self.refusals: dict[tuple[str, str], datetime] = {}
        self.kept: dict[str, Any] = {}

    # --- what the agenda asks of a pipeline -------------------------------------------------

    @property
    def state(self) -> dict[str, Any]:
        """The pipeline's state, with what the source keeps in it."""
        return {"sources": {"help_scout": self.kept}}

    def sync_destination(self) -> None:
        """There is no destination."""

    def stored(self) -> SimpleNamespace:
        """What is stored now, as far as these reports' planning asks: the ledger."""
        coverage = Coverage(dict(self.ledger), dict(self.refusals))
        return SimpleNamespace(coverage=coverage, forgotten=set, known_list=lambda _list: None)

    # --- loads ------------------------------------------------------------------------------

    @contextmanager
    def run_at(
        self, now: datetime, api: Api | None = None, **asked_for: Any
    ) -> Iterator[tuple[Run, LoadPlan]]:
        """A run at that instant, and its agenda: a night's, unless something else is asked for."""
        run = Run(self.settings, cast("Client", api or Api()), "r1", now=now)
        try:
            run.reconcile_state(self.kept)
            request = replace(self.night, **asked_for)
            yield run, plan_agenda(cast("Pipeline", self), run, request)
        finally:
            run.close()

    def load(
        self,
        now: datetime,
        api: Api,
        *,
        max_requests: int | None = None,
        killed_in: int | None = None,
        **asked_for: Any,
    ) -> None:
        """Loads what is due, or asked for. Of the chunk that it is killed in nothing is stored."""
        with self.run_at(now, api, **asked_for) as (run, agenda):
            run.budget, run.round = Budget(max_requests=max_requests), agenda.round
            wanted = [c for c in agenda.chunks if not c.is_optional or has_reads(run, agenda, c)]
            for number, chunk in enumerate(wanted):
                use(run, agenda, chunk)
                rows = [row for name in chunk.reports for row in self._read(run, api, name, chunk)]
                if number == killed_in:
                    return
                for row in rows:
                    self._store(row, chunk)
                if run.round is not None:
                    run.round.keep(self.kept, run.now)
                if run.budget.was_hit:
                    return

    def _read(self, run: Run, api: Api, name: str, chunk: Chunk) -> list[dict[str, Any]]:
        """The ledger's rows of what the report's resource reads of a chunk."""
        report = REPORTS[name]
        after = chunk.interval[0] if chunk.is_explicit else self.due_from(run, name)
        until = chunk.interval[1] if chunk.is_explicit else None
        batch = Batch(report, run)
        for read in run.reads(report, run.spans(report, after, until)):
            results = read if isinstance(read, list) else api.results(read, run.now)
            list(batch.add(results))
            run.note(results)
        run.note_read(report)
        return [row for table, rows in batch.flush() if table == WINDOW_READS for row in rows]

    def due_from(self, run: Run, report: str) -> datetime:
        """From where the report's windows are due."""
        return due_from(self.kept, run, report)

    def _store(self, row: dict[str, Any], chunk: Chunk) -> None:
        """Takes a row over as the view `report_windows` and dlt's cursor do."""
        key = (row["report"], row["slice"], Grain(row["grain"]), row["window_start"])
        status, before, at = Status(row["status"]), self.ledger.get(key), row["fetched_at"]
        is_whole = row[CURSOR] is not None and status in (Status.LOADED, Status.EMPTY)
        since = before.failing_since if before is not None else None
        latest = WindowState(
            status=status,
            last_attempt=status,
            last_attempt_at=at,
            failing_since=None if is_whole else since or at,
        )
        if row[CURSOR] is not None:
            latest = replace(
                latest,
                is_final=row["is_final"],
                fetched_at=at,
                covered_until=row[CURSOR],
                pages=row["pages"],
            )
        elif before is not None and before.is_loaded:
            latest = replace(
                before,
                last_attempt=status,
                last_attempt_at=at,
                failing_since=latest.failing_since,
            )
        self.ledger[key] = latest
        if row["requests"] and status is Status.UNAVAILABLE and row["http_status"]:
            self.refusals[key[0], key[1]] = at
        elif row["requests"]:
            self.refusals.pop((key[0], key[1]), None)
        if row[CURSOR] is not None and not chunk.is_explicit:
            reports = self.kept.setdefault("resources", {})
            cursor = reports.setdefault(row["report"], {"incremental": {CURSOR: {}}})
            value = cursor["incremental"][CURSOR]
            value["last_value"] = max(value.get("last_value", row[CURSOR]), row[CURSOR])

    def plan(self, now: datetime) -> list[Read]:
        """The reads that a load would make."""
        with self.run_at(now) as (run, agenda):
            dry = DryRun(run, agenda.stored)
            return [r for chunk in agenda.chunks for r in planned_reads(run, agenda, chunk, dry)]

    def shuffle(self, seed: int) -> None:
        """Puts the ledger into another order."""
        keys = list(self.ledger)
        random.Random(seed).shuffle(keys)
        self.ledger = {key: self.ledger[key] for key in keys}


@contextmanager
def without_dlt() -> Iterator[None]:
    """Has agendas read the ledger of `Nights`."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(
            "pipelines.planning.load_plan.stored_of", lambda nights, _account: nights.stored()
        )
        yield


def key_of(asked: Asked) -> Key:
    """The ledger's key of what was asked."""
    report, slice_text, window = asked
    return report, slice_text, window.grain, window.start


def windows_since(first: date, grain: Grain, zone: ZoneInfo, until: datetime) -> Iterator[Window]:
    """Every window from the one that holds the local day, that begins before `until`."""
    day = first_day(grain, first)
    while (window := window_of(grain, day, zone)).start < until:
        if window.start < window.end:
            yield window
        day = next_first_day(grain, day)
