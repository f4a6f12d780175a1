"""The result of a load by report, as Dagster's assets show it."""

from __future__ import annotations

from datetime import date
from typing import Any
from zoneinfo import ZoneInfo

import dlt
from dlt.pipeline.pipeline import Pipeline

from sources.help_scout.extract.result import Status
from sources.help_scout.planning.windows import local_midnight

from ...jobs.load_job import JobResult
from ...jobs.run_summary import Summary
from ...planning.load_plan import source_state
from ...warehouse.sql import sql_client

LISTS = "lists"
MONTH = f"""
select report, count(*), sum("rows") from report_windows
where account = %s and window_end > %s and window_end <= %s group by report
union all
select '{LISTS}', count(*), sum("rows") from list_reads
where account = %s and fetched_at = (select max(fetched_at) from list_reads where account = %s)
"""
"""Windows of each report that end within the local days, the latest lists, and the rows of each."""


def read_metadata(
    pipeline: Pipeline, account: str, bounds: tuple[date, date]
) -> dict[str, dict[str, int]]:
    """The windows and rows that are loaded of each report within the days, and of the lists."""
    zone = ZoneInfo(source_state(pipeline)["timezone"])
    instants = [local_midnight(day, zone) for day in bounds]
    with sql_client(pipeline) as client:
        rows = client.execute_sql(MONTH, account, *instants, account, account)
    return {
        name: {"reads": int(reads), "dagster/partition_row_count": int(count or 0)}
        for name, reads, count in rows or ()
    }


def find_incomplete(ended: JobResult, options: dict[str, Any]) -> dict[str, str]:
    """The reports that were not read whole, and the lists, each with the reason. A report in
    `optional_reports` is not among them."""
    expected = options.get("optional_reports") or dlt.config.get(
        "sources.help_scout.optional_reports", list
    )
    incomplete = {
        line.report: line.problem or "incomplete"
        for line in ended.summary.lines
        if Summary([line], {}).exit_code(expected or ())
    }
    lists = [f"{name}: {problem}" for name, problem in ended.summary.list_problems.items()]
    return incomplete | ({LISTS: "; ".join(lists)} if lists else {})


def can_retry(ended: JobResult) -> bool:
    """Whether a retry may help. What the API reports as unavailable stays unavailable."""
    return bool(ended.summary.list_problems) or any(
        line.count(Status.FAILED) or line.count(Status.INCOMPLETE) for line in ended.summary.lines
    )
