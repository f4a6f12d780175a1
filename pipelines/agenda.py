"""The agenda of a load: its chunks, and which windows each of them reads.

What a night asks for is what the cursors leave open, less what is final, and before that what
the ledger says failed or never became final, and the history of items that are new. A backfill
asks for what is wanted and not there, an explicit interval for all of it. Nothing here sends or
loads anything.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any

from dlt.pipeline.pipeline import Pipeline

from sources.help_scout.coverage import (
    Coverage,
    Newcomers,
    Selection,
    due,
    gaps,
    needs_repair,
    repairs,
    unread,
)
from sources.help_scout.dry_run import DryRun
from sources.help_scout.errors import AnswerError, ApiError
from sources.help_scout.plan import Read
from sources.help_scout.reports import REPORTS
from sources.help_scout.resources import stored_of
from sources.help_scout.rounds import Round
from sources.help_scout.run import Interval, Run
from sources.help_scout.stored import Stored
from sources.help_scout.tables import CURSOR
from sources.help_scout.windows import Grain, local_midnight, window_of

from .errors import UsageError

CHUNK_DAYS = 31


@dataclass(frozen=True, slots=True, kw_only=True)
class LoadRequest:
    """What one load was asked for: reports by name (all when empty), an interval, or the gaps."""

    reports: tuple[str, ...] = ()
    since: str | None = None
    until: str | None = None
    backfill: bool = False
    newest_first: bool = False

    @property
    def report_names(self) -> tuple[str, ...]:
        """The reports asked for."""
        return self.reports or tuple(REPORTS)


@dataclass(frozen=True, slots=True, kw_only=True)
class Chunk:
    """What one load package holds: the windows of an interval that the selection takes.

    An explicit one leaves the reports' cursors alone. An optional one is left out when there is
    nothing to read in it.
    """

    what: str
    interval: Interval
    selects: Selection
    reports: tuple[str, ...]
    is_explicit: bool = True
    is_optional: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class Agenda:
    """The chunks of a load in order.

    `after` is from where each report's windows are due; `round` the night or interval that the
    load goes through, None for a backfill, which the ledger alone tells what is left.
    """

    chunks: list[Chunk]
    after: Mapping[str, datetime]
    stored: Stored | None
    round: Round | None = None


def plan_agenda(pipeline: Pipeline, run: Run, request: LoadRequest) -> Agenda:
    """The chunks that the request asks for, from the cursors and the ledger."""
    state = source_state(pipeline)
    stored = stored_of(pipeline, run.settings.account)
    names = request.report_names
    since, until = run.time.interval(request.since, request.until)
    coverage = Coverage() if stored is None else stored.coverage
    if since is not None:
        interval = (since, min(until or run.now, run.now))
        asked_for = f"{request.since}..{request.until or ''}"
        round_ = Round.of(state, run.now, names, interval=asked_for, until=interval[1])
        selects = unread(coverage, round_.resumed_from)
        chunks = [
            Chunk(what="loading", interval=piece, selects=selects, reports=names)
            for piece in pieces(run, interval)
        ]
        after = dict.fromkeys(names, since)
        return Agenda(chunks=chunks, after=after, stored=stored, round=round_)
    if request.backfill:
        chunks = [
            Chunk(
                what="filling",
                interval=piece,
                selects=gaps(coverage),
                reports=names,
                is_optional=True,
            )
            for piece in pieces(run, (run.time.start, run.now))
        ]
        if request.newest_first:
            chunks.reverse()
        return Agenda(chunks=chunks, after=dict.fromkeys(names, run.time.start), stored=stored)
    after = {name: due_from(state, run, name) for name in names}
    round_ = Round.of(state, run.now, names)
    return Agenda(
        chunks=[
            *_repair_chunks(run, coverage, after, round_),
            *_due_chunks(run, coverage, after, round_),
        ],
        after=after,
        stored=stored,
        round=round_,
    )


def _repair_chunks(
    run: Run, coverage: Coverage, after: Mapping[str, datetime], round_: Round
) -> list[Chunk]:
    """Chunks for what lacks before the windows that are due anyway: what the ledger says failed,
    and the history of items that are new."""
    repaired = repairs(coverage, after, round_.resumed_from)

    def end_of(grain: Grain, start: datetime) -> datetime:
        return window_of(grain, start.astimezone(run.time.zone).date(), run.time.zone).end

    new = Newcomers(coverage, dict(_listed_slices(run, after)), after, end_of)
    lacking = [
        start
        for (report, _, grain, start), worth in coverage.items().items()
        if needs_repair(worth) and report in after and end_of(grain, start) <= after[report]
    ]
    if new.first is not None:
        lacking.append(new.first)
    if not lacking:
        return []
    return [
        Chunk(
            what="repairing" if new.first is None else "filling what is new",
            interval=piece,
            selects=lambda *asked: new(*asked) or repaired(*asked),
            reports=tuple(after),
            is_optional=True,
        )
        for piece in pieces(run, (min(lacking), max(after.values())))
    ]


def _listed_slices(run: Run, names: Iterable[str]) -> Iterator[tuple[str, Mapping[str, datetime]]]:
    """The slices that the reports have by lists; none where a list is not to be had: reading it
    is told by its own resource."""
    for name in names:
        try:
            yield name, run.planner.listed_slices(REPORTS[name])
        except (ApiError, AnswerError):
            continue


def _due_chunks(
    run: Run, coverage: Coverage, after: Mapping[str, datetime], round_: Round
) -> list[Chunk]:
    return [
        Chunk(
            what="loading",
            interval=piece,
            selects=due(coverage, run.settings.lookback, round_.resumed_from),
            reports=tuple(name for name, since in after.items() if since < piece[1]),
            is_explicit=False,
        )
        for piece in pieces(run, (min(after.values()), run.now))
    ]


def use(run: Run, agenda: Agenda, chunk: Chunk) -> None:
    """Has the run read the chunk's windows."""
    run.chunk = chunk.interval
    run.planner.selects = chunk.selects
    run.know(agenda.stored)


def planned_reads(run: Run, agenda: Agenda, chunk: Chunk, dry: DryRun) -> list[Read]:
    """The reads that loading the chunk would make, as far as the warehouse can tell."""
    use(run, agenda, chunk)
    reads: list[Read] = []
    for name in chunk.reports:
        after = chunk.interval[0] if chunk.is_explicit else agenda.after[name]
        reads += dry.reads(REPORTS[name], run.spans(REPORTS[name], after, chunk.interval[1]))
    dry.forget_shared()
    own = any(
        read.report.name in chunk.reports
        and chunk.selects(read.report.name, read.slice.text, read.wanted[0])
        for read in reads
    )
    return reads if own or not chunk.is_optional else []  # else: only who is named was asked


def has_reads(run: Run, agenda: Agenda, chunk: Chunk) -> bool:
    """Whether there is anything to read in the chunk, or it cannot be told."""
    dry = DryRun(run, agenda.stored)
    return bool(planned_reads(run, agenda, chunk, dry)) or bool(dry.unplanned)


def count_gaps(pipeline: Pipeline, run: Run, reports: tuple[str, ...] = ()) -> int:
    """How many windows a backfill would read."""
    request = LoadRequest(reports=reports, backfill=True)
    agenda, total = plan_agenda(pipeline, run, request), 0
    for chunk in agenda.chunks:
        for read in planned_reads(run, agenda, chunk, DryRun(run, agenda.stored)):
            if read.report.name in request.report_names:
                total += len(read.wanted)
    return total


def source_state(pipeline: Pipeline) -> dict[str, Any]:
    """The source's state as the pipeline has it; a copy, changes to it are not kept."""
    return dict(pipeline.state.get("sources", {}).get("help_scout", {}))


def due_from(state: Mapping[str, Any], run: Run, report: str) -> datetime:
    """The instant from which the report has windows due: its cursor, less the lookback, but not
    before the history's start."""
    cursor = state.get("resources", {}).get(report, {}).get("incremental", {}).get(CURSOR, {})
    last = cursor.get("last_value")
    if last is None:
        return run.time.start
    reached = _instant(last)
    if reached > run.now:
        raise UsageError(
            f"{report} is loaded up to {reached:%Y-%m-%d %H:%M} UTC, which is in the "
            "future: is this machine's clock behind, or was it ahead at an earlier load? "
            "Until that time, load with --since"
        )
    return max(run.time.start, reached - run.settings.lookback)


def _instant(value: Any) -> datetime:
    instant = value if isinstance(value, datetime) else datetime.fromisoformat(str(value))
    return instant.astimezone(UTC)


def pieces(run: Run, interval: Interval) -> Iterator[Interval]:
    """(start, end] in pieces of `CHUNK_DAYS` local days, so that a killed load loses little."""
    start, end = interval
    while start < end:
        day = start.astimezone(run.time.zone).date() + timedelta(days=CHUNK_DAYS)
        edge = min(local_midnight(day, run.time.zone), end)
        yield start, edge
        start = edge
