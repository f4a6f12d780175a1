"""The second look: what checks found to disagree is read once more, and only what was read well
again may be believed. Failing checks have it each time, disagreements of Help Scout's own reports
once until they are gone.

An account moves while it is read: a number of a closed window may change between two requests of
one night, and then a check finds a difference though nothing is wrong.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, timedelta
from typing import TypeAlias

from dlt.pipeline.pipeline import Pipeline

from sources.help_scout.catalog.reports import REPORTS
from sources.help_scout.planning.windows import Grain, window_of
from sources.help_scout.state.ledger import SUCCEEDED, WINDOW_READS
from sources.help_scout.state.run import Run

from ..planning.load_plan import LoadRequest
from ..quality.check_runner import CheckVerdict, Result, all_checks, check_pipeline
from ..quality.disagreements import Past, pasts_of
from ..warehouse.sql import sql_client
from .events import Emit, SecondLook

MOST_DAYS = 8
"""Days that are read once more at most: where more disagrees, it is not for the time of reading."""

ReportWindow: TypeAlias = tuple[str, Grain, date]
"""A report's window: report, grain and first local day."""


def failed_of(results: Sequence[Result]) -> list[Result]:
    """The results of checks that fail."""
    return [result for result in results if result.verdict is CheckVerdict.FAILS]


def worth_reading_again(
    run: Run, results: Sequence[Result], pasts: Mapping[str, Past]
) -> list[Result]:
    """The results whose windows a second look reads: all failures, and the disagreements that have
    had no second look since their check last held, where it can settle them."""
    chosen = failed_of(results)
    for result in results:
        past = pasts.get(result.check.name)
        if result.verdict is not CheckVerdict.DISAGREES or past is None or past.was_read_again:
            continue
        if second_look(run, [*chosen, result]) is not None:
            chosen.append(result)
    return chosen


def second_look(run: Run, doubtful: Sequence[Result]) -> LoadRequest | None:
    """What to read once more of what these checks found: all windows that were set side by side
    and disagree, of the reports that were compared. In one run, since checks compare what one run
    read: a check must not hold for want of a comparison. None where that would not settle it: where
    windows are not named, not over, or too many.
    """
    disagreeing = disagreeing_windows(doubtful)
    names = {report for report, _, _ in disagreeing}
    ends = [window_of(grain, first, run.time.zone) for _, grain, first in disagreeing]
    days = {window.last_second.astimezone(run.time.zone).date() for window in ends}
    if not doubtful or not all(result.compared and result.windows for result in doubtful):
        return None
    if any(window.end > run.now for window in ends) or len(days) > MOST_DAYS or run.is_stopping:
        return None
    return LoadRequest(
        reports=tuple(name for name in REPORTS if name in names),
        since=min(days).isoformat(),
        until=(max(days) + timedelta(days=1)).isoformat(),
        windows=frozenset((grain, first) for _, grain, first in disagreeing),
    )


def disagreeing_windows(results: Sequence[Result]) -> set[ReportWindow]:
    """The windows that the checks found to disagree."""
    return {
        (report, Grain(grain), first)
        for result in results
        for report in result.compared
        for grain, first in result.windows or ()
    }


def left_unread(
    pipeline: Pipeline, account: str, run_id: str, doubtful: set[ReportWindow]
) -> list[str]:
    """Those of the doubtful windows that are loaded, and that the run has not read well: of them
    checks that hold prove nothing."""
    with sql_client(pipeline) as client:
        loaded = client.execute_sql(
            "select distinct report, grain, window_date from report_windows "
            f"where account = %s and {SUCCEEDED}",
            account,
        )
        read = client.execute_sql(
            "select report, grain, window_date, bool_and(status in ('loaded', 'empty')) "
            f"from {WINDOW_READS.name} where run_id = %s group by 1, 2, 3",
            run_id,
        )
    well = {tuple(window) for *window, is_well in read or () if is_well}
    lacking = doubtful & {tuple(window) for window in loaded or ()} - well
    return sorted(f"{report} of the {grain} {first}" for report, grain, first in lacking)


@dataclass(frozen=True, slots=True)
class Checked:
    """What the checks came to at last, the names of those of which a second look has read what
    disagreed, and the windows of failures that it could not read."""

    results: Sequence[Result]
    read_again: Sequence[str] = ()
    unread: Sequence[str] = ()


def check_twice(
    pipeline: Pipeline,
    run: Run,
    look_again: Callable[[LoadRequest], None] | None,
    emit: Emit,
    *,
    strict: bool,
) -> Checked | None:
    """Checks what is loaded, and again after a second look; None when that ended early and so did
    not settle a failure."""
    account = run.settings.account

    def check() -> list[Result]:
        return check_pipeline(pipeline, all_checks(), account, strict=strict)

    found = check()
    if look_again is None:
        return Checked(found)
    doubtful = worth_reading_again(run, found, pasts_of(pipeline, account, found, run.time.zone))
    again = second_look(run, doubtful)
    if again is None:
        return Checked(found)
    failed = failed_of(doubtful)
    emit(SecondLook([result.check.name for result in doubtful], has_failure=bool(failed)))
    look_again(again)
    if failed and (run.budget.was_hit or run.is_stopping):
        return None
    return Checked(
        _of_both_looks(pipeline, run, doubtful, check()),
        [result.check.name for result in doubtful],
        left_unread(pipeline, account, run.run_id, disagreeing_windows(failed)),
    )


def _of_both_looks(
    pipeline: Pipeline, run: Run, doubtful: Sequence[Result], second: Sequence[Result]
) -> list[Result]:
    """The results of the second look. Where windows that disagreed could not be read again, nothing
    compares them any more: there the disagreement of the first look stays."""
    account, kept = run.settings.account, dict[str, Result]()
    for result in doubtful:
        windows = disagreeing_windows([result])
        is_agreement = result.verdict is CheckVerdict.DISAGREES
        if is_agreement and left_unread(pipeline, account, run.run_id, windows):
            kept[result.check.name] = result
    return [
        kept.get(result.check.name, result) if result.verdict is CheckVerdict.HOLDS else result
        for result in second
    ]
