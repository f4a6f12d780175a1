"""Views over the loaded tables: what each window is worth, and one grain at a time.

A table holds several grains and slices, so a bare SUM over one lies. `<table>_daily`, `_weekly`
and `_monthly` hold one grain and the total (for reports that need a user, a range or a field:
those, not narrowed further).
"""

from __future__ import annotations

from collections.abc import Iterator

from dlt.pipeline.pipeline import Pipeline

from sources.help_scout.catalog import Report
from sources.help_scout.ledger import REPORT_WINDOWS, WINDOW_READS
from sources.help_scout.reports import REPORTS
from sources.help_scout.settings import Settings
from sources.help_scout.slices import parse_breakdown
from sources.help_scout.tables import TOMBSTONE
from sources.help_scout.windows import Grain

SUFFIXES = {Grain.DAY: "daily", Grain.WEEK: "weekly", Grain.MONTH: "monthly"}


def base_kind(report: Report) -> str:
    """The slice kind of the report's plain numbers: `all`, or what the report cannot do without."""
    names = [name for name, _ in parse_breakdown(report.slices[0], report).terms]
    return ",".join(names) or "all"


def view_statements(columns: dict[str, list[str]], grains: dict[str, set[Grain]]) -> Iterator[str]:
    """The statements that make all views.

    `columns` are the tables in the warehouse, `grains` those that each report is loaded in: an
    empty view would look like a report without numbers.
    """
    if WINDOW_READS.name in columns:
        yield f"create or replace view report_windows as {REPORT_WINDOWS}"
    for report in REPORTS.values():
        for table in report.tables:
            names = [name for name in columns.get(table.name, []) if name != TOMBSTONE]
            if not names:
                continue
            listed = ", ".join(f'"{name}"' for name in names)
            for grain, suffix in SUFFIXES.items():
                if grain not in grains[report.name]:
                    continue
                yield (
                    f'create or replace view "{table.name}_{suffix}" as select {listed} '
                    f"from \"{table.name}\" where grain = '{grain}' "
                    f"and slice_kind = '{base_kind(report)}'"
                )


def create_views(pipeline: Pipeline, settings: Settings) -> None:
    """Makes the views anew, so that new columns show in them: a view for each grain that a
    report is configured for or has been loaded in."""
    if not pipeline.default_schema_name:
        return  # nothing was ever loaded
    schema = pipeline.default_schema
    columns = {str(table["name"]): list(table["columns"]) for table in schema.data_tables()}
    if WINDOW_READS.name not in columns:
        return
    with pipeline.sql_client() as client:
        grains = {report.name: set(settings.grains_of(report)) for report in REPORTS.values()}
        for report, grain in (
            client.execute_sql("select distinct report, grain from window_reads") or []
        ):
            grains[report].add(Grain(grain))
        client.execute_sql(";\n".join(view_statements(columns, grains)))
