"""The previous blocks of overall reports beside the windows that were loaded for those periods."""

from __future__ import annotations

from sources.help_scout.catalog.model import COUNT, Report
from sources.help_scout.catalog.reports import REPORTS
from sources.help_scout.state.restatements import compared_measures

PREVIOUS_BLOCKS, BESIDE_PREVIOUS = "checked_blocks", "checked_beside_previous"


def previous_block_tables(there: set[str], read_well: str) -> dict[str, str]:
    """The tables that checks of previous blocks read, each with its query; `read_well` is the table
    of the windows that were read to their end. None where no such report is loaded."""
    beside = _beside_previous(there)
    if not beside:
        return {}
    return {BESIDE_PREVIOUS: beside, PREVIOUS_BLOCKS: _previous_blocks(read_well)}


def _beside_previous(there: set[str]) -> str:
    """What overall reports say of the window before, and what that one says. Counts only: they are
    never rounded. Empty when no report that has them is loaded."""
    return " union all ".join(
        f"select '{report.name}' as report, measure, account, slice, grain, window_date, "
        "window_start, previous_window_start, previous_window_date, fetched_at, earlier_at, "
        "expected, found "
        f"from {_report_beside_previous(report)} as one"
        for report in REPORTS.values()
        if report.name in there and _compared_counts(report)
    )


def _previous_blocks(read_well: str) -> str:
    read = " and ".join(
        f"{{0}}.{name} = both_say.{name}" for name in ("report", "account", "slice", "grain")
    )
    return (
        "select both_say.*, later.run_id, earlier.run_id as earlier_run_id "
        f"from {BESIDE_PREVIOUS} as both_say "
        f"inner join {read_well} as later on {read.format('later')} "
        "and later.window_start = both_say.window_start "
        f"inner join {read_well} as earlier on {read.format('earlier')} "
        "and earlier.window_start = both_say.previous_window_start"
    )


def _compared_counts(report: Report) -> dict[str, str]:
    return {
        now: then
        for now, then in compared_measures(report).items()
        if report.tables[0].column(now).unit == COUNT
    }


def _report_beside_previous(report: Report) -> str:
    """Each count of the report, one a row, as its window has it and as the next one says it was."""
    values = ", ".join(
        f"('{now}', earlier.{now}, later.{then})" for now, then in _compared_counts(report).items()
    )
    return (
        "(select later.*, earlier.fetched_at as earlier_at, "
        "earlier.window_date as previous_window_date, figures.measure, figures.expected, "
        f"figures.found from {report.name} as later inner join {report.name} as earlier "
        "on earlier.account = later.account and earlier.slice = later.slice "
        "and earlier.grain = later.grain and earlier.window_start = later.previous_window_start "
        "and earlier.window_end = later.previous_window_end "
        f"cross join lateral (values {values}) as figures (measure, expected, found))"
    )
