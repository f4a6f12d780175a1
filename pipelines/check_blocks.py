"""The subqueries that the checks share: written from the catalog, named in braces in their SQL."""

from __future__ import annotations

from collections.abc import Iterator

from sources.help_scout.catalog import COUNT, Report
from sources.help_scout.reports import REPORTS
from sources.help_scout.restatements import compared_measures
from sources.help_scout.slices import SLICE_PARAMS, slice_params
from sources.help_scout.tables import WINDOW_KEY


def building_blocks(there: set[str]) -> dict[str, str]:
    """The subqueries that checks name in braces, over the tables that are there.

    `read_well` are the windows read whole and to their end, with the run that did; of two reports
    `read_together` those that one run read, so that nothing can have moved in between by more
    than minutes. `previous_blocks` sets each count of an overall report's previous block beside
    the window loaded for that period. The others put the tables of all reports into one.
    """
    tables = [
        (report, table)
        for report in REPORTS.values()
        for table in report.tables
        if table.name in there
    ]
    key = ", ".join(WINDOW_KEY)
    read_well = (
        f"(select report, {key}, run_id from report_windows "
        "where status in ('loaded', 'empty') and covered_until >= window_end)"
    )
    same = " and ".join(f"own.{name} = other.{name}" for name in (*WINDOW_KEY, "run_id"))
    return {
        "read_well": read_well,
        "read_together": (
            "(select own.report, other.report as other, "
            f"{', '.join(f'own.{name}' for name in WINDOW_KEY)} "
            f"from {read_well} as own inner join {read_well} as other on {same})"
        ),
        "previous_blocks": _previous_blocks(read_well, there),
        "rows_of_reports": _union(
            f"select '{report.name}' as report, '{table.name}' as table_name, {key}, "
            f"count(*) as found from {table.name} group by {key}"
            for report, table in tables
        ),
        "doubled_rows": _union(
            f"select '{table.name}' as table_name, {key}, count(*) as found from {table.name} "
            f"group by {', '.join((*WINDOW_KEY, *table.key))} having count(*) > 1"
            for _, table in tables
        ),
        "windows_of_reports": _union(
            f"select distinct account, grain, window_start, window_end, window_date from {name}"
            for name in [*(table.name for _, table in tables), "report_windows"]
        ),
        "slices_of_reports": _union(
            f"select distinct '{table.name}' as table_name, account, slice, "
            f"{_slice_by_columns(report)} as columns_say from {table.name}"
            for report, table in tables
        ),
    }


def _union(queries: Iterator[str]) -> str:
    return f"({' union all '.join(queries)})"


def _slice_by_columns(report: Report) -> str:
    """The slice's text as its columns give it; where several items are asked for as one, the text
    itself: its columns name the group only."""
    terms = []
    for param in slice_params(report):
        column = param.column.name
        terms.append(
            f"case when {column} is not null "
            f"then '{param.name}=' || lower(cast({column} as varchar)) end"
            if param.name == "office_hours"
            else f"case when {column} is not null "
            f"then '{param.name}=' || cast({column} as varchar) end"
        )
    text = f"coalesce(nullif(concat_ws(',', {', '.join(terms)}), ''), 'all')" if terms else "'all'"
    if any(SLICE_PARAMS[param.name].joins for param in slice_params(report)):
        return f"case when slice_group is not null then slice else {text} end"
    return text


def _previous_blocks(read_well: str, there: set[str]) -> str:
    """Counts only: they are never rounded."""
    differences = [
        f"select '{report.name}' as report, '{now}' as measure, later.*, "
        f"earlier.{now} as expected, later.{then} as found, earlier.fetched_at as earlier_at "
        f"from {report.name} as later inner join {report.name} as earlier "
        "on earlier.account = later.account and earlier.slice = later.slice "
        "and earlier.grain = later.grain and earlier.window_start = later.previous_window_start "
        "and earlier.window_end = later.previous_window_end"
        for report in REPORTS.values()
        if report.name in there
        for now, then in compared_measures(report).items()
        if report.tables[0].column(now).unit is COUNT
    ]
    columns = (
        "account, report, measure, slice, grain, window_date, window_start, "
        "previous_window_start, fetched_at, earlier_at, expected, found"
    )
    read = " and ".join(
        f"{{0}}.{name} = both_say.{name}" for name in ("report", "account", "slice", "grain")
    )
    return (
        f"(select both_say.*, later.run_id, earlier.run_id as earlier_run_id from "
        f"({' union all '.join(f'select {columns} from ({one}) as one' for one in differences)}) "
        f"as both_say inner join {read_well} as later on {read.format('later')} "
        "and later.window_start = both_say.window_start "
        f"inner join {read_well} as earlier on {read.format('earlier')} "
        "and earlier.window_start = both_say.previous_window_start)"
    )
