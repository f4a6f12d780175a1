"""Jobs as the command line starts them: a load or backfill from its options to its summary."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import KW_ONLY, dataclass, field, replace
from datetime import datetime
from functools import partial
from pathlib import Path
from typing import Any

from dlt.pipeline.pipeline import Pipeline
from rich.console import Console

from sources.help_scout.api.client import utc_now
from sources.help_scout.archive.archive_files import rewrite
from sources.help_scout.archive.body_privacy import protect_body
from sources.help_scout.catalog.reports import REPORTS
from sources.help_scout.errors import AnswerError, ApiError, ConfigurationError
from sources.help_scout.parsing.redaction import Forgotten
from sources.help_scout.planning.budget import Budget
from sources.help_scout.state.run import Run

from ..cli.render.progress import LoadProgress
from ..planning.coverage_status import look_at
from ..planning.load_plan import LoadRequest, source_state
from ..probes.account_facts import fact_rows, keep_facts
from ..probes.busiest_hours import compare_zone
from ..publishing.published_copy import is_published, unpublish
from ..quality.check_runner import Result
from ..settings.errors import COMPLETE, PARTIAL, STOPPED, UsageError
from ..warehouse.duckdb import being_rebuilt, check_path, put_in_place
from ..warehouse.load_packages import finish_pending
from ..warehouse.open import Warehouse, check_warehouse, is_there, open_pipeline, place_of
from ..warehouse.redaction import changed_modes, is_purge_pending, make_stricter, mark_purge_pending
from ..warehouse.remote import RemoteWarehouse
from ..warehouse.sql import stored_of
from .advisories import (
    tell_what_was_not_asked,
    warn_of_clock,
    warn_of_office_hours,
    warn_of_unlisted_items,
)
from .erasure import keep_forgotten
from .finalize import (
    FinalizeOptions,
    PublishDecision,
    evaluate_load,
    make_marts,
    publish_or_report,
    purge_overwritten,
)
from .load_loop import configured_run, load
from .run_summary import Summary, print_summary, summarize
from .signals import stopping_at_signals


@dataclass(frozen=True)
class Job:
    """What to load, where, how much of it, with which options besides the configured ones, whom to
    leave out besides those whom the warehouse was told to forget, and whether to publish it."""

    warehouse: Warehouse
    _: KW_ONLY
    request: LoadRequest = field(default_factory=LoadRequest)
    options: dict[str, Any] = field(default_factory=dict)
    budget: Budget = field(default_factory=Budget)
    forgotten: frozenset[Forgotten] = frozenset()
    clock: Callable[[], datetime] = utc_now
    publishes: bool = True


@dataclass(frozen=True, slots=True, kw_only=True)
class JobResult:
    """How a job ended: its exit code, what it read of each report, what the checks came to, and
    how many windows are wanted and not there, where that was counted."""

    exit_code: int
    summary: Summary
    checks: Sequence[Result]
    missing: int | None


def run_job(
    console: Console, job: Job, after_load: Callable[[Pipeline], None] = lambda _: None
) -> JobResult:
    """Runs a job, prints its summary and publishes what it has loaded."""
    closing = FinalizeOptions.configured()
    progress = LoadProgress(console)
    run = configured_run(clock=job.clock, on_result=progress.on_result, **job.options)
    run.budget = job.budget
    try:
        run.privacy = run.privacy.with_forgotten(job.forgotten)
        check_warehouse(job.warehouse)
        if not is_there(job.warehouse):
            run.lists.read_of("users")  # before a file is made: credentials and host are right
            run.time.check_start()
            run.time.interval(job.request.since, job.request.until)
        with (
            stopping_at_signals(run, console),
            _opened(console, job.warehouse, run, closing.mode) as pipeline,
        ):
            run.attach_snapshot(stored_of(pipeline, run.settings.account))
            run.lists.read_of("users")  # of an account that nobody else is loading
            run.reconcile_state(source_state(pipeline))
            console.print(_about_time(run))
            with progress:
                load(pipeline, run, job.request, progress.on_chunk)
            make_marts(console, pipeline, closing.targets)
            summary = summarize(pipeline, run.run_id)
            print_summary(console, summary)
            ended_early = run.budget.was_hit or run.is_stopping
            missing = _tell(console, pipeline, run, job, None if ended_early else summary)
            after_load(pipeline)
            judgement = PublishDecision(None, "the load is not whole yet")
            if job.publishes and _is_published(job.warehouse, closing.mode):
                judgement = PublishDecision(None, is_published=True)
            elif job.publishes and not ended_early:
                judgement = evaluate_load(console, pipeline, run, job.clock(), progress, missing)
        ended_early = ended_early or judgement.ended_early
        if ended_early:
            by = "a signal" if run.is_stopping else "the budget"
            console.print(
                f"stopped by {by} after {run.client.sent:,} requests: what was read is loaded, "
                "the same command goes on from there"
            )
        published = (
            publish_or_report(console, job.warehouse, judgement, closing.mode)
            if job.publishes
            else 0
        )
        code = published or summary.exit_code(run.settings.optional_reports)
        if ended_early:
            code = STOPPED
        return JobResult(exit_code=code, summary=summary, checks=judgement.results, missing=missing)
    finally:
        run.close()


def _is_published(warehouse: Warehouse, mode: int) -> bool:
    return not isinstance(warehouse, RemoteWarehouse) and is_published(warehouse, mode)


def _tell(
    console: Console, pipeline: Pipeline, run: Run, job: Job, summary: Summary | None
) -> int | None:
    """Prints what the job did not ask, what does not look right, and where it all is; `summary` is
    None when it ended early. Returns how many windows are missing, where that was counted."""
    missing = None
    if summary is not None:
        missing = tell_what_was_not_asked(console, pipeline, run, job.request, summary)
    if job.clock is utc_now:
        warn_of_clock(console, run)
    warn_of_unlisted_items(console, run, job.request)
    warn_of_office_hours(console, pipeline, run)
    console.print(f"in {place_of(job.warehouse)}", markup=False, soft_wrap=True)
    return missing


def run_rebuild(console: Console, job: Job) -> int:
    """Loads everything anew into a file beside the warehouse and puts it in its place.

    For what cannot be changed in place, the time zone above all. Nothing is put in place before
    `status` finds nothing lacking in it; the old file is kept, under a name of its own.
    """
    assert isinstance(job.warehouse, Path)
    old, new, closing = job.warehouse, being_rebuilt(job.warehouse), FinalizeOptions.configured()
    if not old.exists():
        raise UsageError(f"{old} does not exist: there is nothing to rebuild, load instead")
    run = configured_run(clock=job.clock, **job.options)
    try:
        check_path(old)
        with open_pipeline(old, run.settings.account) as pipeline:
            start_date = source_state(pipeline).get("start_date")
            modes = source_state(pipeline).get("privacy", {})
            stored = stored_of(pipeline, run.settings.account)
            forgotten = frozenset(stored.forgotten() if stored is not None else ())
            facts = fact_rows(pipeline, run.settings.account)
        run.privacy.with_forgotten(forgotten)
        if is_purge_pending(old):
            purge_overwritten(console, old, run, closing.mode)
        if new.exists():
            _check_begun(new, run)
    finally:
        run.close()
    options = dict(job.options)
    if run.settings.start_date is None and start_date is not None:
        options["start_date"] = start_date
    anew = replace(job, warehouse=new, options=options, forgotten=forgotten, publishes=False)
    code = run_job(console, anew).exit_code
    if code != STOPPED and not _is_complete(anew):
        code = run_job(console, replace(anew, request=LoadRequest(backfill=True))).exit_code
    if code == STOPPED or not _is_complete(anew):
        console.print(
            f"{old} was left as it is, since {new} is not complete: rebuild again to go on, "
            f"help-scout status --warehouse {new} shows what lacks"
        )
        return code or PARTIAL
    with open_pipeline(new) as pipeline:
        keep_forgotten(pipeline, run.settings.account, forgotten, job.clock())
        keep_facts(pipeline, facts)
    kept = put_in_place(new, old, job.clock())
    console.print(f"{old} is rebuilt; the file that it was, with its change log, is {kept}")
    return _publish_rebuilt(console, replace(anew, warehouse=old), modes, closing.mode)


def _publish_rebuilt(console: Console, job: Job, modes: Mapping[str, str], mode: int) -> int:
    """Publishes what was rebuilt. Where it is stricter about personal data than by the `modes`
    before, readers do not keep the copy of before either."""
    assert isinstance(job.warehouse, Path)
    progress = LoadProgress(console)
    run = configured_run(clock=job.clock, on_result=progress.on_result, **job.options)
    try:
        with stopping_at_signals(run, console), open_pipeline(job.warehouse) as pipeline:
            run.reconcile_state(source_state(pipeline))
            judgement = evaluate_load(console, pipeline, run, job.clock(), progress)
        if judgement.publication is None and changed_modes(modes, run.privacy)[0]:
            unpublish(job.warehouse)
        return publish_or_report(console, job.warehouse, judgement, mode)
    finally:
        run.close()


def _check_begun(new: Path, run: Run) -> None:
    """Refuses to go on with a half-built file whose numbers mean something else."""
    try:
        run.reconcile_state(_state_of(new))
    except ConfigurationError as error:
        raise UsageError(
            f"{new} was begun with other settings and is not complete: delete it to begin anew, or "
            f"set them back to go on with it. {error}"
        ) from error


def _state_of(warehouse: Path) -> dict[str, Any]:
    with open_pipeline(warehouse) as pipeline:
        return source_state(pipeline)


def _is_complete(job: Job) -> bool:
    run = configured_run(clock=job.clock, **job.options)
    try:
        return look_at(run, job.warehouse, REPORTS).exit_code == COMPLETE
    finally:
        run.close()


@contextmanager
def _opened(console: Console, warehouse: Warehouse, run: Run, mode: int) -> Iterator[Pipeline]:
    """The warehouse's pipeline, with what is loaded as strict about personal data as the
    configuration is now."""
    if isinstance(warehouse, RemoteWarehouse):
        with open_pipeline(warehouse) as pipeline:
            _refuse_stricter(warehouse, pipeline, run)
            _refuse_other_readers(warehouse, pipeline)
            yield pipeline
        return
    if warehouse.exists() and is_purge_pending(warehouse):
        purge_overwritten(console, warehouse, run, mode)
    with open_pipeline(warehouse, run.settings.account) as pipeline:
        if not _make_stricter(console, warehouse, pipeline, run):
            yield pipeline
            return
    purge_overwritten(console, warehouse, run, mode)
    with open_pipeline(warehouse) as pipeline:
        yield pipeline


def _make_stricter(console: Console, warehouse: Path, pipeline: Pipeline, run: Run) -> bool:
    """Rewrites the columns that are to be stricter than they were loaded, and tells what stays
    stricter; whether any were rewritten."""
    state = source_state(pipeline)
    before = state.get("privacy", {})
    if before in ({}, run.privacy.modes()):
        return False
    run.pin_privacy(dict(state))
    stricter, looser = changed_modes(before, run.privacy)
    if looser:
        console.print(
            f"privacy: {len(looser)} columns stay hashed or dropped in what is loaded so far "
            f"({looser[0]}, …), new rows come as configured now: help-scout rebuild loads all anew"
        )
    if stricter:
        console.print(f"privacy: rewriting {len(stricter)} columns of what is loaded")
        finish_pending(pipeline)
        mark_purge_pending(warehouse)
        if run.archive is not None:
            run.attach_snapshot(stored_of(pipeline, run.settings.account))
            rewrite(run.archive.account_folder, partial(protect_body, run.privacy))
        make_stricter(pipeline, stricter, run.privacy)
    return bool(stricter)


def _refuse_stricter(warehouse: RemoteWarehouse, pipeline: Pipeline, run: Run) -> None:
    """UsageError when what is loaded would have to be rewritten."""
    stricter, _ = changed_modes(source_state(pipeline).get("privacy", {}), run.privacy)
    if stricter:
        raise UsageError(
            f"privacy is stricter now for {len(stricter)} columns ({stricter[0]}, …), and what is "
            f"loaded is rewritten in DuckDB files only, not in {warehouse.destination}: set it "
            "back, or load everything anew into an empty place"
        )


def _refuse_other_readers(warehouse: RemoteWarehouse, pipeline: Pipeline) -> None:
    if warehouse.kind.type == "filesystem":
        from ..warehouse.file_views import refuse_other_readers  # noqa: PLC0415  only where there are files

        refuse_other_readers(pipeline, warehouse)


def _about_time(run: Run) -> str:
    """The load's first line: the time zone, where it is from, and on the first load whether it
    looks right."""
    source = " (configured)" if run.settings.timezone else _vote(run)
    line = f"time zone {run.time.zone.key}{source}, history from {run.time.first_day}"
    check = compare_zone(run) if run.time.is_elected else None
    if check is None or check.is_plausible is not False:
        return line
    return f"{line}. WARNING: {check.words}"


def _vote(run: Run) -> str:
    """How many people have set the zone; nothing where the list of users is not to be had."""
    try:
        return f", {run.time.vote()}"
    except (ApiError, AnswerError, ConfigurationError):
        return ""
