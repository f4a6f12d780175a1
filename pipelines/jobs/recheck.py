"""The second look: what checks found to disagree is read once more, and only what was read well
again may be believed. Failing checks have it each time, disagreements of Help Scout's own reports
once until they are gone.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import date, timedelta
from typing import TypeAlias

from dlt.pipeline.pipeline import Pipeline

from sources.help_scout.catalog.reports import REPORTS
from sources.help_scout.planning.windows import Grain, window_of
from sources.help_scout.state.ledger import SUCCEEDED, WINDOW_READS
from sources.help_scout.state.run import Run

from ..planning.load_plan import LoadRequest
from ..quality.check_runner import CheckVerdict, Result
from ..quality.disagreements import Past
from ..warehouse.sql import sql_client

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
