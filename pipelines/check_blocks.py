"""The subqueries that the checks share: written from the catalog, named in braces in their SQL."""

from __future__ import annotations

from collections.abc import Iterator, Mapping

from sources.help_scout.catalog import COUNT, Report, Shape
from sources.help_scout.reports import REPORTS
from sources.help_scout.restatements import compared_measures
from sources.help_scout.slices import SLICE_PARAMS, slice_params
from sources.help_scout.tables import WINDOW_KEY

SUMS = {
    "company_overall": ("total_replies", "closed"),
    "conversations_overall": ("total_conversations", "conversations_created"),
    "productivity_overall": ("resolved", "replies_sent"),
    "happiness_overall": ("great_count", "okay_count", "not_good_count"),
}
"""What is counted in one inbox, and of one channel, only."""

DISTINCT_COUNTS = {
    "company_overall": ("customers_helped", "total_users"),
    "conversations_overall": ("customer_count",),
}
AVERAGES = {
    "productivity_overall": (
        "response_time_seconds",
        "first_response_time_seconds",
        "resolution_time_seconds",
        "handle_time_seconds",
        "replies_to_resolve",
    )
}


def building_blocks(there: set[str]) -> dict[str, str]:
    """The subqueries that checks name in braces, over the tables that are there.

    `read_well` are the windows read whole and to their end, with the run that did; of two reports
    `read_together` those that one run read, so that nothing can have moved in between by more
    than minutes. `sums_of_slices`, `distinct_counts_of_slices` and `averages_of_slices` set a total
    beside what its inboxes, or channels, come to, where all of them were read. `previous_blocks`
    sets each count of an overall report's previous block beside the window loaded for that period.
    `counts_of_reports` has every count of every overall report. The others put the tables of all
    reports into one.
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
    families = {
        name: _parts_of_totals(read_well, measures, there)
        for name, measures in (
            ("sums_of_slices", SUMS),
            ("distinct_counts_of_slices", DISTINCT_COUNTS),
            ("averages_of_slices", AVERAGES),
        )
        if any(table in there for table in measures)
    }
    counts = [
        f"select '{report.name}' as report, '{column.name}' as measure, account, slice, grain, "
        f"window_date, {column.name} as found from {report.name}"
        for report, table in tables
        if report.shape is Shape.OVERALL and table is report.tables[0]
        for column in table.columns
        if column.unit is COUNT and column.paths[0].startswith("current.")
    ]
    return {
        **families,
        **({"counts_of_reports": _union(iter(counts))} if counts else {}),
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
            f"select distinct '{table.name}' as table_name, account, slice, slice_kind, "
            f"{_slice_by_columns(report)} as columns_say, {_kind_by_columns(report)} as "
            f"kind_by_columns from {table.name}"
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


def _kind_by_columns(report: Report) -> str:
    """The slice's kind as its columns give it; of a group only that its kind says so."""
    terms = [
        f"case when {param.column.name} is not null then '{param.name}' end"
        for param in slice_params(report)
    ]
    kind = f"coalesce(nullif(concat_ws(',', {', '.join(terms)}), ''), 'all')" if terms else "'all'"
    if any(SLICE_PARAMS[param.name].joins for param in slice_params(report)):
        of_group = "case when slice_kind like '%%_group%%' then slice_kind else 'a group' end"
        return f"case when slice_group is not null then {of_group} else {kind} end"
    return kind


def _parts_of_totals(
    read_well: str, measures: Mapping[str, tuple[str, ...]], there: set[str]
) -> str:
    """Totals beside their inboxes and channels, of windows in which every one of these was read.

    By one run, but for those that have nothing: an inbox that came later is read by a later run.
    """
    figures = " union all ".join(
        f"select '{table}' as report, '{measure}' as measure, account, slice, slice_kind, "
        f"slice_mailbox_id, grain, window_start, window_date, {measure} as figure from {table}"
        for table, names in measures.items()
        if table in there
        for measure in names
    )
    window = ("account", "grain", "window_start")
    same_window = " and ".join(f"part.{name} = total.{name}" for name in window)

    def read(side: str) -> str:
        key = ("report", "account", "slice", "grain", "window_start")
        return (
            f"inner join {read_well} as {side}_read on "
            + " and ".join(f"{side}_read.{name} = {side}.{name}" for name in key)
        )  # fmt: skip

    return (
        "(select total.account, total.report, total.measure, total.grain, total.window_date, "
        "part.slice_kind as by_what, total.figure as total, sum(part.figure) as parts_sum, "
        "min(part.figure) as least_part, max(part.figure) as greatest_part "
        f"from ({figures}) as total inner join ({figures}) as part "
        f"on part.report = total.report and part.measure = total.measure and {same_window} "
        "and part.slice_kind in ('mailbox', 'type') "
        f"{read('total')} {read('part')} and (part_read.run_id = total_read.run_id "
        "or coalesce(part.figure, 0) = 0) "
        "left join (select account, mailbox_id from inboxes where last_seen_at = "
        "(select max(last_seen_at) from inboxes)) as listed "
        "on listed.account = part.account and listed.mailbox_id = part.slice_mailbox_id "
        "where total.slice = 'all' "
        "group by total.account, total.report, total.measure, total.grain, total.window_date, "
        "part.slice_kind, total.figure "
        "having case part.slice_kind when 'type' then count(*) = 3 else "
        "count(listed.mailbox_id) = (select count(*) from inboxes as every_one where "
        "every_one.account = total.account and every_one.last_seen_at = "
        "(select max(last_seen_at) from inboxes)) end)"
    )


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
