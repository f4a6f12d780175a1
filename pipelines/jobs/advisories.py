"""What a job tells when it has loaded: what was not asked, and what does not look right."""

from __future__ import annotations

from dlt.pipeline.pipeline import Pipeline
from rich.console import Console

from sources.help_scout.catalog.reports import REPORTS
from sources.help_scout.catalog.slices import SLICE_PARAMS
from sources.help_scout.planning.settings import find_report
from sources.help_scout.state.run import Run

from ..planning.load_plan import LoadRequest, count_missing
from ..planning.plan_preview import missing_windows
from ..quality.check_runner import CheckVerdict, all_checks, check_pipeline
from .run_summary import Summary

MOST_SKEW_SECONDS = 120
OFFICE_HOURS_CHECK = "office_hours_make_a_difference"


def tell_what_was_not_asked(
    console: Console, pipeline: Pipeline, run: Run, request: LoadRequest, summary: Summary
) -> int | None:
    """Prints which reports had nothing to read, and after a nightly load or a backfill how many
    windows are missing; returns that where it was counted for all reports."""
    if request.backfill:
        if not summary.lines:
            console.print("nothing to fill: no window is missing")
    else:
        for name in request.report_names:
            if not any(line.report == name for line in summary.lines):
                console.print(f"{name}: nothing was due{_why_nothing(run, name, request)}")
    if request.since is not None:
        return None
    missing = count_missing(pipeline, run, request.reports)
    if missing:
        console.print(
            f"{missing_windows(missing)}: help-scout status shows which, help-scout backfill loads "
            "them"
        )
    return None if request.reports else missing


def warn_of_clock(console: Console, run: Run) -> None:
    """Tells when this machine's clock is wrong: what is due and final is told by it."""
    skew = run.client.clock_skew_seconds
    if skew is not None and abs(skew) > MOST_SKEW_SECONDS:
        console.print(
            f"this machine's clock is {abs(skew):,.0f} s {'behind' if skew > 0 else 'ahead'}: what "
            "is due, and what is final, was told by it. Set it, then load again"
        )


def warn_of_unlisted_items(console: Console, run: Run, request: LoadRequest) -> None:
    """Tells of items in the configuration that the account lacks: the API may answer zeros."""
    if run.is_stopping:
        return
    reports = (REPORTS[name] for name in request.report_names)
    for name, items in run.planner.unlisted_items(reports).items():
        console.print(
            f"breakdowns name {name} {', '.join(sorted(map(str, items)))}, which the account's "
            f"{SLICE_PARAMS[name].listed} lack: is it gone, or misspelt?"
        )


def warn_of_office_hours(console: Console, pipeline: Pipeline, run: Run) -> None:
    """Tells when durations in office hours are those around the clock: Help Scout ignores the
    question where office hours are not set up."""
    asked = any(
        "office_hours" in breakdown.names
        for report in REPORTS.values()
        for breakdown in run.settings.breakdowns_of(report)
    )
    if not asked:
        return
    (result,) = check_pipeline(pipeline, all_checks([OFFICE_HOURS_CHECK]), run.settings.account)
    if result.verdict is CheckVerdict.NOTICE:
        console.print(
            "office hours: all durations are the same as around the clock. Are office hours set up "
            "in Help Scout? Where they are not, it ignores the question"
        )


def _why_nothing(run: Run, name: str, request: LoadRequest) -> str:
    if request.since is None:
        return ""
    grains = " or ".join(run.settings.grains_of(find_report(name)))
    return f": no {grains} ends in the interval"
