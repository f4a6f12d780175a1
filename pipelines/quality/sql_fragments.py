"""The subqueries that the checks share: written from the catalog, named in braces in their SQL."""

from __future__ import annotations

from collections.abc import Iterator, Mapping

from sources.help_scout.catalog.model import COUNT, Additivity, Column, Report, Shape, Table
from sources.help_scout.catalog.reports import REPORTS
from sources.help_scout.catalog.slices import GROUP, SLICE_PARAMS, slice_params
from sources.help_scout.catalog.stored_tables import WINDOW_KEY

from .previous_blocks import PREVIOUS_BLOCKS, previous_block_tables

WINDOWS, READ_WELL = "checked_windows", "checked_reads"
ROWS, FIGURES = "checked_rows", "checked_figures"

PARTS_OF_TOTALS: Mapping[str, frozenset[Additivity]] = {
    "sums_of_slices": frozenset((Additivity.ADDITIVE, Additivity.TOUCHED)),
    "distinct_counts_of_slices": frozenset((Additivity.DISTINCT,)),
    "averages_of_slices": frozenset((Additivity.AVERAGE,)),
}
"""The blocks that set totals beside their slices, with the measures of each. A conversation is in
one inbox, and of one channel: however often days count it, slices count it once."""


def read_by_checks() -> frozenset[str]:
    """What the blocks read, in addition to what a check says that it needs."""
    tables = (table.name for report in REPORTS.values() for table in report.tables)
    return frozenset((*tables, "report_windows"))


def shared_tables(there: set[str]) -> dict[str, str]:
    """The tables that checks share and name in braces, each with the query that makes it; those
    before it may be named in it.

    `windows` are `report_windows`; `read_well` those read whole and to their end, with the run that
    did. `rows_of_reports` has the windows and slices of every table with the rows that they hold,
    `figures` what each slice of an overall report comes to, a row a measure.
    `previous_blocks` sets each count of an overall report's previous block beside the window
    loaded for that period. None where no report has rows.
    """
    if "report_windows" not in there or not _tables(there):
        return {}
    tables = {
        WINDOWS: "select * from report_windows",
        READ_WELL: f"select report, {', '.join(WINDOW_KEY)}, run_id from {WINDOWS} "
        "where status in ('loaded', 'empty') and covered_until >= window_end",
        ROWS: " union all ".join(_rows_of(report, table) for report, table in _tables(there)),
    }
    if figures := _figures(there):
        tables[FIGURES] = figures
    return tables | previous_block_tables(there, READ_WELL)


def building_blocks(there: set[str]) -> dict[str, str]:
    """The subqueries that checks name in braces, over the tables that are there.

    Of two reports `read_together` are the windows that one run read, so that nothing can have moved
    in between by more than minutes. `sums_of_slices`, `distinct_counts_of_slices` and
    `averages_of_slices` set a total beside what its inboxes, or channels, come to, where all of
    them were read. `counts_of_reports` has every count of every overall report. The others put the
    tables of all reports into one.
    """
    tables = _tables(there)
    key = ", ".join(WINDOW_KEY)
    same = " and ".join(f"own.{name} = other.{name}" for name in (*WINDOW_KEY, "run_id"))
    sliced = {block for block, _, _ in _sliced_measures(there)}
    counts = [
        f"select '{report.name}' as report, '{column.name}' as measure, account, slice, grain, "
        f"window_date, {column.name} as found from {report.name}"
        for report, table in tables
        if report.shape is Shape.OVERALL and table is report.tables[0]
        for column in table.columns
        if column.unit == COUNT and column.paths[0].startswith("current.")
    ]
    return {
        **{block: _parts_of_totals(block) for block in PARTS_OF_TOTALS if block in sliced},
        **({"counts_of_reports": _union(iter(counts))} if counts else {}),
        "windows": WINDOWS,
        "read_well": READ_WELL,
        "read_together": (
            "(select own.report, other.report as other, "
            f"{', '.join(f'own.{name}' for name in WINDOW_KEY)} "
            f"from {READ_WELL} as own inner join {READ_WELL} as other on {same})"
        ),
        "previous_blocks": PREVIOUS_BLOCKS,
        "rows_of_reports": ROWS,
        "doubled_rows": _union(
            f"select '{table.name}' as table_name, {key}, count(*) as found from {table.name} "
            f"group by {', '.join((*WINDOW_KEY, *table.row_key))} having count(*) > 1"
            for _, table in tables
        ),
        "windows_of_reports": _union(
            f"select account, grain, window_start, window_end, window_date from {name}"
            for name in (ROWS, WINDOWS)
        ),
        "slices_of_reports": _slices_of_reports(),
    }


def _tables(there: set[str]) -> list[tuple[Report, Table]]:
    return [
        (report, table)
        for report in REPORTS.values()
        for table in report.tables
        if table.name in there
    ]


def _union(queries: Iterator[str]) -> str:
    return f"({' union all '.join(queries)})"


_SLICE_COLUMNS = (*(param.column for param in SLICE_PARAMS.values()), GROUP)


def _rows_of(report: Report, table: Table) -> str:
    """How many rows the table holds of each window and slice."""
    params = slice_params(report)
    own = [param.column.name for param in params]
    if any(SLICE_PARAMS[param.name].joins for param in params):
        own.append(GROUP.name)
    listed = ", ".join(
        column.name if column.name in own else f"cast(null as {column.unit.type}) as {column.name}"
        for column in _SLICE_COLUMNS
    )
    key = ", ".join((*WINDOW_KEY, "window_end", "window_date", "slice_kind"))
    return (
        f"select '{report.name}' as report, '{table.name}' as table_name, {key}, {listed}, "
        f"count(*) as found from {table.name} group by {', '.join((key, *own))}"
    )


def _slices_of_reports() -> str:
    """The slices of each table, with their text and kind as the slice's columns give them.

    Where several items are requested as one, that is the text itself, and of the kind only that it
    says so: the columns name the group alone.
    """
    columns = {name: param.column.name for name, param in SLICE_PARAMS.items()}

    def first_of(terms: Iterator[str], group: str) -> str:
        text = f"coalesce(nullif(concat_ws(',', {', '.join(terms)}), ''), 'all')"
        return f"case when {GROUP.name} is not null then {group} else {text} end"

    texts = {name: f"cast({column} as varchar)" for name, column in columns.items()}
    texts["office_hours"] = f"lower({texts['office_hours']})"
    says = first_of((f"'{name}=' || {text}" for name, text in texts.items()), "slice")
    kind = first_of(
        (f"case when {column} is not null then '{name}' end" for name, column in columns.items()),
        "case when slice_kind like '%%_group%%' then slice_kind else 'a group' end",
    )
    stored = "table_name, account, slice, slice_kind"
    return (
        f"(select {stored}, {says} as columns_say, {kind} as kind_by_columns "
        f"from (select distinct {stored}, {', '.join(column.name for column in _SLICE_COLUMNS)} "
        f"from {ROWS}) as stored)"
    )


def _sliced_measures(there: set[str]) -> Iterator[tuple[str, Report, Column]]:
    """What overall reports of the whole account say, by the block that it belongs to."""
    for report in REPORTS.values():
        is_total = report.shape is Shape.OVERALL and not report.requires
        if not is_total or "mailboxes" not in report.filters or report.name not in there:
            continue
        for table, column in report.measures():
            for block, additivities in PARTS_OF_TOTALS.items():
                is_current = table is report.tables[0] and column.paths[0].startswith("current.")
                if is_current and column.additivity in additivities:
                    yield block, report, column


def _figures(there: set[str]) -> str:
    """What each slice of an overall report counts, or averages, a row a measure."""
    return " union all ".join(
        f"select '{block}' as family, '{report.name}' as report, '{column.name}' as measure, "
        "account, slice, slice_kind, slice_mailbox_id, grain, window_start, window_date, "
        f"cast({column.name} as double precision) as figure from {report.name}"
        for block, report, column in _sliced_measures(there)
    )


def _parts_of_totals(block: str) -> str:
    """Totals beside their inboxes and channels, of windows in which every one of these was read.

    By one run, but for those that have nothing: an inbox that came later is read by a later run.
    """
    kind = "double precision" if block == "averages_of_slices" else "bigint"
    figures = ", ".join(
        f"cast({figure} as {kind}) as {name}"
        for figure, name in (
            ("total.figure", "total"),
            ("sum(part.figure)", "parts_sum"),
            ("min(part.figure)", "least_part"),
            ("max(part.figure)", "greatest_part"),
        )
    )
    window = ("account", "grain", "window_start")
    same_window = " and ".join(f"part.{name} = total.{name}" for name in window)

    def read(side: str) -> str:
        key = ("report", "account", "slice", "grain", "window_start")
        return (
            f"inner join {READ_WELL} as {side}_read on "
            + " and ".join(f"{side}_read.{name} = {side}.{name}" for name in key)
        )  # fmt: skip

    return (
        "(select total.account, total.report, total.measure, total.grain, total.window_date, "
        f"part.slice_kind as by_what, {figures} "
        f"from {FIGURES} as total inner join {FIGURES} as part on part.family = total.family "
        f"and part.report = total.report and part.measure = total.measure and {same_window} "
        "and part.slice_kind in ('mailbox', 'type') "
        f"{read('total')} {read('part')} and (part_read.run_id = total_read.run_id "
        "or coalesce(part.figure, 0) = 0) "
        "left join (select account, mailbox_id from inboxes as one where last_seen_at = "
        "(select max(last_seen_at) from inboxes as all_of where all_of.account = one.account)) "
        "as listed "
        "on listed.account = part.account and listed.mailbox_id = part.slice_mailbox_id "
        f"where total.slice = 'all' and total.family = '{block}' "
        "group by total.account, total.report, total.measure, total.grain, total.window_date, "
        "part.slice_kind, total.figure "
        "having case part.slice_kind when 'type' then count(*) = 3 else "
        "count(listed.mailbox_id) = (select count(*) from inboxes as every_one where "
        "every_one.account = total.account and every_one.last_seen_at = "
        "(select max(last_seen_at) from inboxes as all_of where all_of.account = total.account)) "
        "end)"
    )
