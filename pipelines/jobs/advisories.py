"""What a job reports when it has loaded: what was not read, and what does not look right."""

from __future__ import annotations

from collections.abc import Iterator

from dlt.pipeline.pipeline import Pipeline

from sources.help_scout.catalog.reports import REPORTS
from sources.help_scout.catalog.slices import SLICE_PARAMS
from sources.help_scout.planning.settings import find_report
from sources.help_scout.state.run import Run

from ..planning.load_plan import LoadRequest
from ..quality.check_runner import CheckVerdict, all_checks, check_pipeline
from .events import Advisory, Notice
from .run_summary import Summary

MOST_SKEW_SECONDS = 120
OFFICE_HOURS_CHECK = "office_hours_make_a_difference"


def notices_of_nothing(run: Run, request: LoadRequest, summary: Summary) -> Iterator[Notice]:
    """Which reports had nothing to read."""
    if request.backfill:
        if not summary.lines:
            yield Notice("nothing to fill: no window is missing")
        return
    read = {line.report for line in summary.lines}
    for name in request.report_names:
        if name not in read:
            yield Notice(f"{name}: nothing was due{_why_nothing(run, name, request)}")


def _why_nothing(run: Run, name: str, request: LoadRequest) -> str:
    if request.since is None:
        return ""
    grains = " or ".join(run.settings.grains_of(find_report(name)))
    return f": no {grains} ends in the interval"


def missing_windows(count: int) -> str:
    """How many windows are missing, in words."""
    return f"{count:,} window is missing" if count == 1 else f"{count:,} windows are missing"


def advisories_of(
    pipeline: Pipeline, run: Run, request: LoadRequest, missing: int | None, *, is_live: bool
) -> Iterator[Advisory]:
    """What does not look right. `is_live` says that the run goes by this machine's clock."""
    if missing:
        yield Advisory(
            f"{missing_windows(missing)}: help-scout status shows which, help-scout backfill loads "
            "them"
        )
    if is_live:
        yield from _of_clock(run)
    yield from _of_unlisted_items(run, request)
    yield from _of_office_hours(pipeline, run)


def _of_clock(run: Run) -> Iterator[Advisory]:
    """That this machine's clock is wrong: what is due and final goes by it."""
    skew = run.client.clock_skew_seconds
    if skew is not None and abs(skew) > MOST_SKEW_SECONDS:
        yield Advisory(
            f"this machine's clock is {abs(skew):,.0f} s {'behind' if skew > 0 else 'ahead'}: what "
            "is due, and what is final, was told by it. Set it, then load again"
        )


def _of_unlisted_items(run: Run, request: LoadRequest) -> Iterator[Advisory]:
    """Items of the configuration that are missing in the account: the API may answer zeros."""
    if run.is_stopping:
        return
    reports = (REPORTS[name] for name in request.report_names)
    for name, items in run.planner.unlisted_items(reports).items():
        yield Advisory(
            f"breakdowns name {name} {', '.join(sorted(map(str, items)))}, which the account's "
            f"{SLICE_PARAMS[name].listed} lack: is it gone, or misspelt?"
        )


def _of_office_hours(pipeline: Pipeline, run: Run) -> Iterator[Advisory]:
    """That durations in office hours are those around the clock: Help Scout ignores the question
    where office hours are not set up."""
    is_asked = any(
        "office_hours" in breakdown.names
        for report in REPORTS.values()
        for breakdown in run.settings.breakdowns_of(report)
    )
    if not is_asked:
        return
    (result,) = check_pipeline(pipeline, all_checks([OFFICE_HOURS_CHECK]), run.settings.account)
    if result.verdict is CheckVerdict.NOTICE:
        yield Advisory(
            "office hours: all durations are the same as around the clock. Are office hours set up "
            "in Help Scout? Where they are not, it ignores the question"
        )
