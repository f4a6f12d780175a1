"""A load or backfill, from its options to its summary."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import KW_ONLY, dataclass, field
from datetime import datetime
from functools import partial
from pathlib import Path
from typing import Any

from dlt.pipeline.pipeline import Pipeline

from sources.help_scout.api.client import utc_now
from sources.help_scout.archive.archive_files import rewrite
from sources.help_scout.archive.body_privacy import protect_body
from sources.help_scout.errors import AnswerError, ApiError, ConfigurationError
from sources.help_scout.parsing.redaction import Forgotten
from sources.help_scout.planning.budget import Budget
from sources.help_scout.state.run import Run

from ..models.sla_targets import Targets
from ..planning.load_plan import LoadRequest, count_missing, source_state
from ..probes.busiest_hours import compare_zone
from ..publishing.published_copy import is_published
from ..quality.check_runner import Result
from ..settings.configuration import Publishing
from ..settings.errors import STOPPED, UsageError
from ..warehouse.base import Destination
from ..warehouse.load_packages import finish_pending
from ..warehouse.redaction import changed_modes, is_purge_pending, make_stricter, mark_purge_pending
from ..warehouse.sql import stored_of
from .advisories import advisories_of, notices_of_nothing
from .events import (
    Advisory,
    Emit,
    LoadedInto,
    Notice,
    Summarized,
    TimeZoneChosen,
    WindowRead,
    ignore,
)
from .finalize import (
    PublishDecision,
    evaluate_load,
    make_marts,
    publish_or_report,
    purge_overwritten,
)
from .load_loop import configured_run, load
from .run_summary import Summary, summarize
from .signals import stopping_at_signals


@dataclass(frozen=True)
class Job:
    """What to load, where, how much of it, with which options besides the configured ones, whom to
    leave out besides those whom the warehouse was told to forget, and whether to publish it."""

    warehouse: Destination
    _: KW_ONLY
    request: LoadRequest = field(default_factory=LoadRequest)
    options: dict[str, Any] = field(default_factory=dict)
    budget: Budget = field(default_factory=Budget)
    forgotten: frozenset[Forgotten] = frozenset()
    clock: Callable[[], datetime] = utc_now
    publishes: bool = True


@dataclass(frozen=True, slots=True, kw_only=True)
class JobResult:
    """How a job ended: its exit code, what it read of each report, whether that is published, how
    many windows are missing where that was counted, and what does not look right."""

    exit_code: int
    summary: Summary
    decision: PublishDecision
    missing: int | None
    advisories: Sequence[Advisory] = ()

    @property
    def checks(self) -> Sequence[Result]:
        """What the checks came to; none where the job published nothing."""
        return self.decision.results


def run_job(
    job: Job, emit: Emit = ignore, *, after_load: Callable[[Pipeline], None] = lambda _: None
) -> JobResult:
    """Runs a job and publishes what it has loaded. `after_load` is called before the checks."""
    publishing, targets = Publishing.configured(), Targets.configured()
    run = configured_run(
        clock=job.clock, on_result=lambda read: emit(WindowRead(read)), **job.options
    )
    run.budget = job.budget
    try:
        run.privacy = run.privacy.with_forgotten(job.forgotten)
        _check_start(run, job)
        with (
            stopping_at_signals(run, emit),
            _opened(job.warehouse, run, publishing, emit) as pipeline,
        ):
            run.attach_snapshot(stored_of(pipeline, run.settings.account))
            run.lists.read_of("users")  # of an account that nobody else is loading
            run.reconcile_state(source_state(pipeline))
            emit(_time_zone_of(run))
            load(pipeline, run, job.request, emit)
            make_marts(pipeline, targets, emit)
            summary = summarize(pipeline, run.run_id)
            emit(Summarized(summary))
            ended_early = _has_ended_early(run)
            missing, advisories = _advise(pipeline, run, job, summary, emit)
            after_load(pipeline)
            decision = PublishDecision(None, "the load is not whole yet")
            if job.publishes and _is_published(job.warehouse, publishing.file_mode):
                decision = PublishDecision(None, is_published=True)
            elif job.publishes and not ended_early:
                decision = evaluate_load(pipeline, run, job.clock(), publishing, emit, missing)
        ended_early = ended_early or decision.ended_early
        if ended_early:
            emit(_stopped_early(run))
        code = summary.exit_code(run.settings.optional_reports)
        if job.publishes:
            code = publish_or_report(job.warehouse, decision, publishing, emit) or code
        return JobResult(
            exit_code=STOPPED if ended_early else code,
            summary=summary,
            decision=decision,
            missing=missing,
            advisories=advisories,
        )
    finally:
        run.close()


def _check_start(run: Run, job: Job) -> None:
    """Refuses what cannot work before a file is created: wrong credentials, host or interval."""
    job.warehouse.check_config()
    if not job.warehouse.exists():
        run.lists.read_of("users")
        run.time.check_start()
        run.time.interval(job.request.since, job.request.until)


def _advise(
    pipeline: Pipeline, run: Run, job: Job, summary: Summary, emit: Emit
) -> tuple[int | None, list[Advisory]]:
    """Emits what was not read, what does not look right, and where it all is. Returns how many
    windows are missing, where that was counted for all reports, and what does not look right."""
    missing = None
    if not _has_ended_early(run):
        for notice in notices_of_nothing(run, job.request, summary):
            emit(notice)
        if job.request.since is None:
            missing = count_missing(pipeline, run, job.request.reports)
    advisories = []
    for advisory in advisories_of(
        pipeline, run, job.request, missing, is_live=job.clock is utc_now
    ):
        advisories.append(advisory)
        emit(advisory)
    emit(LoadedInto(job.warehouse.describe()))
    return None if job.request.reports else missing, advisories


def _has_ended_early(run: Run) -> bool:
    return run.budget.was_hit or run.is_stopping


def _stopped_early(run: Run) -> Notice:
    by = "a signal" if run.is_stopping else "the budget"
    return Notice(
        f"stopped by {by} after {run.client.sent:,} requests: what was read is loaded, "
        "the same command goes on from there"
    )


def _is_published(warehouse: Destination, mode: int) -> bool:
    return warehouse.file is not None and is_published(warehouse.file, mode)


@contextmanager
def _opened(
    warehouse: Destination, run: Run, publishing: Publishing, emit: Emit
) -> Iterator[Pipeline]:
    """The warehouse's pipeline, with what is loaded as strict about personal data as the
    configuration is now."""
    file = warehouse.file
    if file is None:
        with warehouse.open() as pipeline:
            _refuse_stricter(warehouse, pipeline, run)
            warehouse.check_readers(pipeline)
            yield pipeline
        return
    if file.exists() and is_purge_pending(file):
        purge_overwritten(file, run, publishing, emit)
    with warehouse.open(run.settings.account) as pipeline:
        if not _make_stricter(file, pipeline, run, emit):
            yield pipeline
            return
    purge_overwritten(file, run, publishing, emit)
    with warehouse.open() as pipeline:
        yield pipeline


def _make_stricter(warehouse: Path, pipeline: Pipeline, run: Run, emit: Emit) -> bool:
    """Rewrites the columns that are to be stricter than they were loaded, and reports what stays
    stricter; whether any were rewritten."""
    state = source_state(pipeline)
    before = state.get("privacy", {})
    if before in ({}, run.privacy.modes()):
        return False
    run.pin_privacy(dict(state))
    stricter, looser = changed_modes(before, run.privacy)
    if looser:
        emit(
            Notice(
                f"privacy: {len(looser)} columns stay hashed or dropped in what is loaded so far "
                f"({looser[0]}, …), new rows come as configured now: help-scout rebuild loads all "
                "anew"
            )
        )
    if stricter:
        emit(Notice(f"privacy: rewriting {len(stricter)} columns of what is loaded"))
        finish_pending(pipeline)
        mark_purge_pending(warehouse)
        if run.archive is not None:
            run.attach_snapshot(stored_of(pipeline, run.settings.account))
            rewrite(run.archive.account_folder, partial(protect_body, run.privacy))
        make_stricter(pipeline, stricter, run.privacy)
    return bool(stricter)


def _refuse_stricter(warehouse: Destination, pipeline: Pipeline, run: Run) -> None:
    """UsageError when what is loaded would have to be rewritten."""
    stricter, _ = changed_modes(source_state(pipeline).get("privacy", {}), run.privacy)
    if stricter:
        raise UsageError(
            f"privacy is stricter now for {len(stricter)} columns ({stricter[0]}, …), and what is "
            f"loaded is rewritten in DuckDB files only, not in {warehouse}: set it "
            "back, or load everything anew into an empty place"
        )


def _time_zone_of(run: Run) -> TimeZoneChosen:
    """The zone, where it is from, and on the first load whether it looks right."""
    check = compare_zone(run) if run.time.is_elected else None
    return TimeZoneChosen(
        zone=run.time.zone,
        source=" (configured)" if run.settings.timezone else _vote(run),
        first_day=run.time.first_day,
        doubt=None if check is None or check.is_plausible is not False else check.words,
    )


def _vote(run: Run) -> str:
    """How many people have set the zone; empty where the list of users cannot be read."""
    try:
        return f", {run.time.vote()}"
    except (ApiError, AnswerError, ConfigurationError):
        return ""
