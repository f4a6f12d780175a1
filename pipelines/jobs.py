"""Jobs as the command line starts them: a load or backfill from its options to its summary."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field, replace
from datetime import datetime
from pathlib import Path
from typing import Any

from dlt.pipeline.pipeline import Pipeline
from rich.console import Console

from sources.help_scout.budget import Budget
from sources.help_scout.client import utc_now
from sources.help_scout.errors import ConfigurationError
from sources.help_scout.privacy import Forgotten
from sources.help_scout.reports import REPORTS
from sources.help_scout.resources import stored_of
from sources.help_scout.run import Run
from sources.help_scout.settings import find_report
from sources.help_scout.slices import SLICE_PARAMS

from .agenda import LoadRequest, count_gaps, source_state
from .checks import Verdict, all_checks, query_of, run_checks
from .comments import write_comments
from .errors import COMPLETE, PARTIAL, STOPPED, UsageError
from .forgetting import keep_forgotten
from .load import configured_run, load
from .packages import finish_pending
from .privacy import changed_modes, copy_without_traces, make_stricter, owe_copy, owes_copy
from .progress import LoadProgress
from .status import look_at
from .stopping import stopping_at_signals
from .summary import Summary, print_summary, summarize
from .warehouse import (
    being_rebuilt,
    check_warehouse,
    open_pipeline,
    put_in_place,
)

MOST_SKEW_SECONDS = 120
OFFICE_HOURS_CHECK = "office_hours_make_a_difference"


@dataclass(frozen=True, kw_only=True)
class Job:
    """What to load, where, how much of it, with which options besides the configured ones, and whom
    to leave out besides those whom the warehouse was told to forget."""

    warehouse: Path
    request: LoadRequest = field(default_factory=LoadRequest)
    options: dict[str, Any] = field(default_factory=dict)
    budget: Budget = field(default_factory=Budget)
    forgotten: frozenset[Forgotten] = frozenset()
    clock: Callable[[], datetime] = utc_now


def run_job(
    console: Console, job: Job, after_load: Callable[[Pipeline], None] = lambda _: None
) -> int:
    """Runs a job and prints its summary; returns the exit code."""
    progress = LoadProgress(console)
    run = configured_run(clock=job.clock, on_outcome=progress.on_outcome, **job.options)
    run.budget = job.budget
    try:
        run.privacy = run.privacy.with_forgotten(job.forgotten)
        check_warehouse(job.warehouse, run.settings.account)
        run.lists.list_of("users")  # before a file is made: credentials and host are right
        if not job.warehouse.exists():
            run.time.check_start()
            run.time.interval(job.request.since, job.request.until)
        if job.warehouse.exists():
            _keep_privacy(console, job.warehouse, run)
        with stopping_at_signals(run, console), open_pipeline(job.warehouse) as pipeline:
            run.pin(source_state(pipeline))
            console.print(_about_time(run))
            with progress:
                load(pipeline, run, job.request, progress.on_chunk)
            summary = summarize(pipeline, run.run_id)
            print_summary(console, summary)
            ended_early = run.budget.was_hit or run.is_stopping
            if not ended_early:
                _tell_what_was_not_asked(console, pipeline, run, job.request, summary)
            if job.clock is utc_now:
                _warn_of_clock(console, run)
            _warn_of_unlisted_items(console, run, job.request)
            _warn_of_office_hours(console, pipeline, run)
            write_comments(pipeline)
            console.print(f"in {job.warehouse}, dataset {pipeline.dataset_name}")
            after_load(pipeline)
            if ended_early:
                by = "a signal" if run.is_stopping else "the budget"
                console.print(
                    f"stopped by {by} after {run.client.sent:,} requests: what was read is loaded, "
                    "the same command goes on from there"
                )
                return STOPPED
            return summary.exit_code(run.settings.expect_unavailable)
    finally:
        run.close()


def run_rebuild(console: Console, job: Job) -> int:
    """Loads everything anew into a file beside the warehouse and puts it in its place.

    For what cannot be changed in place, the time zone above all. Nothing is put in place before
    `status` finds nothing lacking in it; the old file is kept, under a name of its own.
    """
    old, new = job.warehouse, being_rebuilt(job.warehouse)
    if not old.exists():
        raise UsageError(f"{old} does not exist: there is nothing to rebuild, load instead")
    run = configured_run(clock=job.clock, **job.options)
    try:
        check_warehouse(old, run.settings.account)
        with open_pipeline(old) as pipeline:
            start_date = source_state(pipeline).get("start_date")
            stored = stored_of(pipeline, run.settings.account)
            forgotten = frozenset(stored.forgotten() if stored is not None else ())
        run.privacy.with_forgotten(forgotten)
        if new.exists():
            _check_begun(new, run)
    finally:
        run.close()
    options = dict(job.options)
    if run.settings.start_date is None and start_date is not None:
        options["start_date"] = start_date
    anew = replace(job, warehouse=new, options=options, forgotten=forgotten)
    code = run_job(console, anew)
    if code != STOPPED and not _is_complete(anew):
        code = run_job(console, replace(anew, request=LoadRequest(backfill=True)))
    if code == STOPPED or not _is_complete(anew):
        console.print(
            f"{old} was left as it is, since {new} is not complete: rebuild again to go on, "
            f"help-scout status --warehouse {new} shows what lacks"
        )
        return code or PARTIAL
    with open_pipeline(new) as pipeline:
        keep_forgotten(pipeline, run.settings.account, forgotten, job.clock())
    kept = put_in_place(new, old, job.clock())
    console.print(f"{old} is rebuilt; the file that it was, with its change log, is {kept}")
    return COMPLETE


def _check_begun(new: Path, run: Run) -> None:
    """Refuses to go on with a half-built file whose numbers mean something else."""
    try:
        run.pin(_state_of(new))
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


def _keep_privacy(console: Console, warehouse: Path, run: Run) -> None:
    """Makes what is loaded as strict about personal data as the configuration is now, and tells
    what stays stricter."""
    if owes_copy(warehouse):
        copy_without_traces(warehouse)
    with open_pipeline(warehouse) as pipeline:
        state = source_state(pipeline)
        before = state.get("privacy", {})
        if before in ({}, run.privacy.modes()):
            return
        run.pin_privacy(dict(state))
        stricter, looser = changed_modes(before, run.privacy)
        if stricter:
            console.print(f"privacy: rewriting {len(stricter)} columns of what is loaded")
            finish_pending(pipeline)
            owe_copy(warehouse)
            make_stricter(pipeline, stricter, run.privacy)
    if stricter:
        copy_without_traces(warehouse)
    if looser:
        console.print(
            f"privacy: {len(looser)} columns stay hashed or dropped in what is loaded so far "
            f"({looser[0]}, …), new rows come as configured now: help-scout rebuild loads all anew"
        )


def _tell_what_was_not_asked(
    console: Console, pipeline: Pipeline, run: Run, request: LoadRequest, summary: Summary
) -> None:
    """Prints which reports had nothing to read, and after a nightly load how much is missing."""
    if request.backfill:
        if not summary.lines:
            console.print("nothing to fill: whatever is wanted is there")
        return
    for name in request.report_names:
        if not any(line.report == name for line in summary.lines):
            console.print(f"{name}: nothing was due{_why_nothing(run, name, request)}")
    if request.since is None and (missing := count_gaps(pipeline, run, request.reports)):
        console.print(
            f"{missing:,} windows are wanted and not there: help-scout status shows which, "
            "help-scout backfill fills them"
        )


def _warn_of_clock(console: Console, run: Run) -> None:
    """Tells when this machine's clock is wrong: what is due and final is told by it."""
    skew = run.client.clock_skew_seconds
    if skew is not None and abs(skew) > MOST_SKEW_SECONDS:
        console.print(
            f"this machine's clock is {abs(skew):,.0f} s {'behind' if skew > 0 else 'ahead'}: what "
            "is due, and what is final, was told by it. Set it, then load again"
        )


def _warn_of_unlisted_items(console: Console, run: Run, request: LoadRequest) -> None:
    """Tells of items in the configuration that the account lacks: the API may answer zeros."""
    if run.is_stopping:
        return
    reports = (REPORTS[name] for name in request.report_names)
    for name, items in run.planner.unlisted_items(reports).items():
        console.print(
            f"breakdowns name {name} {', '.join(sorted(map(str, items)))}, which the account's "
            f"{SLICE_PARAMS[name].listed} lack: is it gone, or misspelt?"
        )


def _warn_of_office_hours(console: Console, pipeline: Pipeline, run: Run) -> None:
    """Tells when durations in office hours are those around the clock: Help Scout ignores the
    question where office hours are not set up."""
    asked = any(
        "office_hours" in breakdown.names
        for report in REPORTS.values()
        for breakdown in run.settings.breakdowns_of(report)
    )
    if not asked:
        return
    (result,) = run_checks(query_of(pipeline), all_checks([OFFICE_HOURS_CHECK]))
    if result.verdict is Verdict.NOTICE:
        console.print(
            "office hours: all durations are the same as around the clock. Are office hours set up "
            "in Help Scout? Where they are not, it ignores the question"
        )


def _why_nothing(run: Run, name: str, request: LoadRequest) -> str:
    if request.since is None:
        return ""
    grains = " or ".join(run.settings.grains_of(find_report(name)))
    return f": no {grains} ends in the interval"


def _about_time(run: Run) -> str:
    source = "configured" if run.settings.timezone else "the commonest of the account's users"
    return f"time zone {run.time.zone.key} ({source}), history from {run.time.first_day}"
