"""Jobs as the command line starts them: a load or backfill from its options to its summary."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import datetime
from pathlib import Path
from typing import Any

from dlt.pipeline.pipeline import Pipeline
from rich.console import Console

from sources.help_scout.budget import Budget
from sources.help_scout.client import utc_now
from sources.help_scout.run import Run
from sources.help_scout.settings import find_report

from .agenda import LoadRequest, source_state
from .errors import STOPPED
from .load import configured_run, load
from .progress import LoadProgress
from .summary import print_summary, summarize
from .warehouse import check_warehouse, open_pipeline


@dataclass(frozen=True, kw_only=True)
class Job:
    """What to load, where, how much of it, and with which options besides the configured ones."""

    warehouse: Path
    request: LoadRequest = field(default_factory=LoadRequest)
    options: dict[str, Any] = field(default_factory=dict)
    budget: Budget = field(default_factory=Budget)
    clock: Callable[[], datetime] = utc_now


def run_job(
    console: Console, job: Job, after_load: Callable[[Pipeline], None] = lambda _: None
) -> int:
    """Runs a job and prints its summary; returns the exit code."""
    progress = LoadProgress(console)
    run = configured_run(clock=job.clock, on_outcome=progress.on_outcome, **job.options)
    run.budget = job.budget
    try:
        check_warehouse(job.warehouse, run.settings.account)
        run.lists.list_of("users")  # before a file is made: credentials and host are right
        if not job.warehouse.exists():
            run.time.check_start()
            run.time.interval(job.request.since, job.request.until)
        with open_pipeline(job.warehouse) as pipeline:
            run.time.pin(source_state(pipeline))
            console.print(_about_time(run))
            with progress:
                load(pipeline, run, job.request, progress.on_chunk)
            summary = summarize(pipeline, run.run_id)
            print_summary(console, summary)
            if not job.request.backfill and not run.budget.was_hit:
                for name in job.request.report_names:
                    if not any(line.report == name for line in summary.lines):
                        console.print(f"{name}: nothing was due{_why_nothing(run, name, job)}")
            elif not summary.lines and not run.budget.was_hit:
                console.print("nothing to fill: whatever is wanted is there")
            console.print(f"in {job.warehouse}, dataset {pipeline.dataset_name}")
            after_load(pipeline)
            if run.budget.was_hit:
                console.print(
                    f"stopped by the budget after {run.client.sent:,} requests: what was read is "
                    "loaded, the same command goes on from there"
                )
                return STOPPED
            return summary.exit_code(run.settings.expect_unavailable)
    finally:
        run.close()


def _why_nothing(run: Run, name: str, job: Job) -> str:
    if job.request.since is None:
        return ""
    grains = " or ".join(run.settings.grains_of(find_report(name)))
    return f": no {grains} ends in the interval"


def _about_time(run: Run) -> str:
    source = "configured" if run.settings.timezone else "the commonest of the account's users"
    return f"time zone {run.time.zone.key} ({source}), history from {run.time.first_day}"
