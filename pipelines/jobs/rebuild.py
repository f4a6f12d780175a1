"""A rebuild: everything is loaded again into a new file, which then replaces the warehouse."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path
from typing import Any

from sources.help_scout.catalog.reports import REPORTS
from sources.help_scout.errors import ConfigurationError
from sources.help_scout.state.run import Run

from ..planning.coverage_status import look_at
from ..planning.load_plan import LoadRequest, source_state
from ..probes.account_facts import fact_rows, keep_facts
from ..publishing.published_copy import unpublish
from ..settings.configuration import Publishing
from ..settings.errors import COMPLETE, PARTIAL, STOPPED, UsageError
from ..warehouse.database_file import being_rebuilt, check_path, put_in_place
from ..warehouse.duckdb import DuckDbFile
from ..warehouse.open import open_pipeline
from ..warehouse.redaction import changed_modes, is_purge_pending
from ..warehouse.sql import stored_of
from .erasure import keep_forgotten
from .events import Emit, Notice, WindowRead, ignore
from .finalize import evaluate_load, publish_or_report, purge_overwritten
from .load_job import Job, run_job
from .load_loop import configured_run
from .signals import stopping_at_signals


def run_rebuild(job: Job, emit: Emit = ignore) -> int:
    """Loads everything again into a file beside the warehouse and puts it in its place; the exit
    code.

    For what cannot be changed in place, the time zone above all. Nothing is put in place before
    `status` finds nothing missing in it. The old file is kept, under a name of its own.
    """
    assert job.warehouse.file is not None
    old, publishing = job.warehouse.file, Publishing.configured()
    new = being_rebuilt(old)
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
            purge_overwritten(old, run, publishing, emit)
        if new.exists():
            _check_begun(new, run)
    finally:
        run.close()
    options = dict(job.options)
    if run.settings.start_date is None and start_date is not None:
        options["start_date"] = start_date
    there = DuckDbFile(new)
    new_job = replace(job, warehouse=there, options=options, forgotten=forgotten, publishes=False)
    code = run_job(new_job, emit).exit_code
    if code != STOPPED and not _is_complete(new_job):
        code = run_job(replace(new_job, request=LoadRequest(backfill=True)), emit).exit_code
    if code == STOPPED or not _is_complete(new_job):
        emit(
            Notice(
                f"{old} was left as it is, since {new} is not complete: rebuild again to go on, "
                f"help-scout status --warehouse {new} shows what lacks"
            )
        )
        return code or PARTIAL
    with open_pipeline(new) as pipeline:
        keep_forgotten(pipeline, run.settings.account, forgotten, job.clock())
        keep_facts(pipeline, facts)
    kept = put_in_place(new, old, job.clock())
    emit(Notice(f"{old} is rebuilt; the file that it was, with its change log, is {kept}"))
    return _publish_rebuilt(replace(new_job, warehouse=DuckDbFile(old)), modes, publishing, emit)


def _publish_rebuilt(job: Job, modes: Mapping[str, str], publishing: Publishing, emit: Emit) -> int:
    """Publishes what was rebuilt. Where it is stricter about personal data than by the previous
    `modes`, readers do not keep the previous copy either."""
    assert job.warehouse.file is not None
    run = configured_run(
        clock=job.clock, on_result=lambda read: emit(WindowRead(read)), **job.options
    )
    try:
        with stopping_at_signals(run, emit), job.warehouse.open() as pipeline:
            run.reconcile_state(source_state(pipeline))
            decision = evaluate_load(pipeline, run, job.clock(), publishing, emit)
        if decision.publication is None and changed_modes(modes, run.privacy)[0]:
            unpublish(job.warehouse.file)
        return publish_or_report(job.warehouse, decision, publishing, emit)
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
