"""The agenda of a load: its chunks, and which windows each of them reads.

What a night asks for is what the cursors leave open, less what is final; before that what the
ledger says failed or never became final, and after it the history of items that are new. A backfill
asks for what is missing, an explicit interval for all of it. Nothing here sends or loads anything.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import asdict, dataclass
from datetime import UTC, date, datetime, timedelta
from functools import partial
from typing import Any

from dlt.pipeline.pipeline import Pipeline

from sources.help_scout.catalog.reports import REPORTS
from sources.help_scout.catalog.slices import SLICE_PARAMS
from sources.help_scout.catalog.stored_tables import CURSOR
from sources.help_scout.errors import AnswerError, ApiError
from sources.help_scout.extract.dimension_lists import AccountLists
from sources.help_scout.extract.result import Status, WindowResults
from sources.help_scout.planning.request_plan import Read, Request
from sources.help_scout.planning.session import LoadSession
from sources.help_scout.planning.windows import Grain, Window, local_midnight, window_of
from sources.help_scout.state.coverage import Coverage, Freshness
from sources.help_scout.state.dry_run import DryRun
from sources.help_scout.state.run import Interval, Run
from sources.help_scout.state.selections import (
    NewItemWindows,
    Refusals,
    Selection,
    due,
    everything,
    missing,
    only,
    repairs,
    unread,
    windows_to_repair,
)
from sources.help_scout.state.snapshot import WarehouseSnapshot

from ..settings.errors import NothingLoaded, UsageError
from ..warehouse.sql import stored_of

CHUNK_DAYS = 60  # as many as a request for days may span
LISTS_IN_PLANS = (
    *(param.listed for param in SLICE_PARAMS.values() if param.listed),
    "system_users",  # for who is no person
)


@dataclass(frozen=True, slots=True, kw_only=True)
class LoadRequest:
    """What one load was asked for: reports by name (all when empty), an interval, or what is
    missing.

    Of an interval only the `windows`, by grain and first local day, where any are named.
    """

    reports: tuple[str, ...] = ()
    since: str | None = None
    until: str | None = None
    backfill: bool = False
    newest_first: bool = False
    windows: frozenset[tuple[Grain, date]] = frozenset()

    @property
    def report_names(self) -> tuple[str, ...]:
        """The reports asked for."""
        return self.reports or tuple(REPORTS)

    def as_json(self) -> dict[str, Any]:
        """The request as the archive keeps it."""
        windows = sorted((str(grain), first.isoformat()) for grain, first in self.windows)
        return {**asdict(self), "reports": list(self.reports), "windows": [*map(list, windows)]}

    @classmethod
    def from_json(cls, told: Mapping[str, Any]) -> LoadRequest:
        """The request that the archive keeps."""
        windows = ((Grain(grain), date.fromisoformat(first)) for grain, first in told["windows"])
        names = tuple(told["reports"])
        return cls(**{**told, "reports": names, "windows": frozenset(windows)})


@dataclass(frozen=True, slots=True, kw_only=True)
class Chunk:
    """What one load package holds: the windows of an interval that the selection takes.

    An explicit one leaves the reports' cursors alone. An optional one is left out when there is
    nothing to read in it. With `asks_refused` what the API refused lately is asked all the same.
    """

    what: str
    interval: Interval
    selects: Selection
    reports: tuple[str, ...]
    is_explicit: bool = True
    is_optional: bool = False
    asks_refused: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class LoadPlan:
    """The chunks of a load in order.

    `after` is from where each report's windows are due; `round` the night or interval that the
    load goes through, None for a backfill, which the ledger alone tells what is left.
    """

    chunks: list[Chunk]
    after: Mapping[str, datetime]
    stored: WarehouseSnapshot | None
    round: LoadSession | None = None


def plan_agenda(pipeline: Pipeline, run: Run, request: LoadRequest) -> LoadPlan:
    """The chunks that the request asks for, from the cursors and the ledger."""
    state = source_state(pipeline)
    stored = stored_of(pipeline, run.settings.account)
    names = request.report_names
    since, until = run.time.interval(request.since, request.until)
    coverage = Coverage() if stored is None else stored.coverage
    if since is not None:
        interval = (since, min(until or run.now, run.now))
        asked_for = f"{request.since}..{request.until or ''}"
        round_ = LoadSession.of(state, run.now, names, interval=asked_for, until=interval[1])
        selects = unread(coverage, round_.resumed_from)
        if request.windows:
            selects = only(request.windows)
        chunks = [
            Chunk(what="loading", interval=piece, selects=selects, reports=names, asks_refused=True)
            for piece in pieces(run, interval)
            if not request.windows or _holds_any(run, piece, request.windows)
        ]
        after = dict.fromkeys(names, since)
        return LoadPlan(chunks=chunks, after=after, stored=stored, round=round_)
    if request.backfill:
        chunks = [
            Chunk(
                what="filling",
                interval=piece,
                selects=missing(coverage, run.now),
                reports=names,
                is_optional=True,
                asks_refused=True,
            )
            for piece in pieces(run, (run.time.start, run.now))
        ]
        if request.newest_first:
            chunks.reverse()
        return LoadPlan(chunks=chunks, after=dict.fromkeys(names, run.time.start), stored=stored)
    after = {name: due_from(state, run, name) for name in names}
    round_ = LoadSession.of(state, run.now, names)
    return LoadPlan(
        chunks=[
            *_repair_chunks(run, coverage, after, round_),
            *_due_chunks(run, coverage, after, round_),
            *_new_item_chunks(run, stored, after),
        ],
        after=after,
        stored=stored,
        round=round_,
    )


def _repair_chunks(
    run: Run, coverage: Coverage, after: Mapping[str, datetime], round_: LoadSession
) -> list[Chunk]:
    """Chunks for what the ledger says failed before the windows that are due anyway."""
    failed = [
        start
        for report, _, grain, start in windows_to_repair(coverage, run.now)
        if report in after and _end_of(run, grain, start) <= after[report]
    ]
    if not failed:
        return []
    return [
        Chunk(
            what="repairing",
            interval=piece,
            selects=repairs(coverage, after, run.now, round_.resumed_from),
            reports=tuple(after),
            is_optional=True,
        )
        for piece in pieces(run, (min(failed), max(after.values())))
    ]


def _new_item_chunks(
    run: Run, stored: WarehouseSnapshot | None, after: Mapping[str, datetime]
) -> list[Chunk]:
    """Chunks for the history of items that are new: last, since it is long and tonight's numbers
    must not wait for it."""
    if stored is None:
        return []
    run.attach_snapshot(stored)
    end_of = partial(_end_of, run)
    new = NewItemWindows(stored.coverage, dict(_listed_slices(run, after)), after, end_of)
    if new.first is None:
        return []
    return [
        Chunk(
            what="filling what is new",
            interval=piece,
            selects=new,
            reports=tuple(after),
            is_optional=True,
        )
        for piece in pieces(run, (new.first, max(after.values())))
    ]


def _holds_any(run: Run, piece: Interval, windows: Iterable[tuple[Grain, date]]) -> bool:
    ends = (window_of(grain, first, run.time.zone).end for grain, first in windows)
    return any(piece[0] < end <= piece[1] for end in ends)


def _end_of(run: Run, grain: Grain, start: datetime) -> datetime:
    return window_of(grain, start.astimezone(run.time.zone).date(), run.time.zone).end


def _listed_slices(run: Run, names: Iterable[str]) -> Iterator[tuple[str, Mapping[str, datetime]]]:
    """The slices that the reports have by lists; none where a list is not to be had: reading it
    is told by its own resource."""
    for name in names:
        try:
            yield name, run.planner.listed_slices(REPORTS[name])
        except (ApiError, AnswerError):
            continue


def _due_chunks(
    run: Run, coverage: Coverage, after: Mapping[str, datetime], round_: LoadSession
) -> list[Chunk]:
    return [
        Chunk(
            what="loading",
            interval=piece,
            selects=due(coverage, run.settings.lookback, round_.resumed_from, run.now),
            reports=tuple(name for name, since in after.items() if since < piece[1]),
            is_explicit=False,
        )
        for piece in pieces(run, (min(after.values()), run.now))
    ]


def use(run: Run, agenda: LoadPlan, chunk: Chunk) -> None:
    """Has the run read the chunk's windows."""
    run.chunk = chunk.interval
    run.planner.selects = chunk.selects
    coverage = None if agenda.stored is None else agenda.stored.coverage
    run.planner.refusals = Refusals(coverage, run.now, all_again=chunk.asks_refused)
    run.attach_snapshot(agenda.stored)


def planned_reads(run: Run, agenda: LoadPlan, chunk: Chunk, dry: DryRun) -> list[Read]:
    """The reads that loading the chunk would make, as far as the warehouse can tell; `dry.own` has
    those of them that are loaded."""
    use(run, agenda, chunk)
    reads: list[Read] = []
    before = len(dry.own)
    for name in chunk.reports:
        after = chunk.interval[0] if chunk.is_explicit else agenda.after[name]
        reads += dry.reads(REPORTS[name], run.spans(REPORTS[name], after, chunk.interval[1]))
    dry.forget_shared()
    has_own = len(dry.own) > before
    return reads if has_own or not chunk.is_optional else []  # else: only who is named was asked


def has_reads(run: Run, agenda: LoadPlan, chunk: Chunk) -> bool:
    """Whether there is anything to read in the chunk, or it cannot be told."""
    dry = DryRun(run, agenda.stored)
    reads = planned_reads(run, agenda, chunk, dry)
    failed = [one for one in dry.unplanned if one.status is Status.FAILED]
    return bool(reads or failed or dry.resolved)


def wanted_windows(
    run: Run, stored: WarehouseSnapshot, names: Iterable[str], unnamed: WindowResults | None = None
) -> Iterator[tuple[Read, Window, Freshness]]:
    """Every window that the configuration wants of these reports, and how it stands, by what the
    warehouse knows of the account: not by what the API happened to list tonight.

    Windows whose slices the warehouse cannot name are added to `unnamed`.
    """
    dry = DryRun(run, stored, stored_lists(run, stored))
    run.planner.selects, run.planner.refusals = everything, Refusals()
    run.chunk = None
    for name in names:
        report = REPORTS[name]
        for read in dry.reads(report, run.spans(report, run.time.start, run.now)):
            if read.report is report:  # and not one that names its users
                for window in read.wanted:
                    how = stored.coverage.freshness(name, read.slice.text, window, run.now)
                    yield read, window, how
    if unnamed is not None:
        unnamed += dry.unplanned


def count_missing(pipeline: Pipeline, run: Run, reports: tuple[str, ...] = ()) -> int:
    """How many windows are missing: wanted, and not loaded though a load should have done it."""
    stored = stored_of(pipeline, run.settings.account)
    if stored is None:
        return 0
    unnamed: WindowResults = []
    windows = wanted_windows(run, stored, reports or tuple(REPORTS), unnamed)
    missing_ones = sum(how is Freshness.MISSING for _, _, how in windows)
    return missing_ones + sum(one.status is Status.FAILED for one in unnamed)


def stored_lists(run: Run, stored: WarehouseSnapshot) -> AccountLists:
    """The account's lists as the warehouse has them, so that nothing is asked for."""

    def refuse(request: Request) -> Any:
        raise AssertionError(f"{request.path} is not asked for: the warehouse answers")

    lists = AccountLists(refuse, lambda: (), now=run.now)
    know_lists(stored, lists)
    return lists


def know_lists(stored: WarehouseSnapshot, lists: AccountLists) -> None:
    """Gives the lists what the warehouse has of them, so that nothing is asked."""
    for name in LISTS_IN_PLANS:
        items = stored.list_items(name)
        if items is None and stored.is_refused(name):
            lists.know_refused(name)
        else:
            lists.know_list(name, items)


def source_state(pipeline: Pipeline) -> dict[str, Any]:
    """The source's state as the pipeline has it; a copy, changes to it are not kept."""
    return dict(pipeline.state.get("sources", {}).get("help_scout", {}))


def loaded_state(pipeline: Pipeline, place: object) -> dict[str, Any]:
    """The same, of an account that was loaded; NothingLoaded for one that was not."""
    state = source_state(pipeline)
    if "timezone" not in state:
        raise NothingLoaded(f"{place} holds no load of this account yet: load once, then look")
    return state


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
