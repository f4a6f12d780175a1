"""What a load would request, without sending anything."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import Any

from dlt.pipeline.pipeline import Pipeline
from rich import box
from rich.console import Console
from rich.table import Table

from sources.help_scout.catalog import PAGED
from sources.help_scout.dimensions import DIMENSIONS
from sources.help_scout.reports import REPORTS
from sources.help_scout.run import Run

from .errors import UsageError
from .load import due_from, source_state
from .warehouse import check_account, open_pipeline

LIMITS_PER_MINUTE = (200, 400)  # what the sources name; the API tells the account's own
LISTS_IN_PLANS = ("users", "inboxes", "tags", "inbox_folders")


@dataclass(frozen=True, slots=True, kw_only=True)
class PlanLine:
    """What a load would ask of one report. `is_exact` is False where pages come on top."""

    report: str
    windows: int
    slices: int
    requests: int
    is_exact: bool
    first: datetime | None
    last: datetime | None


def know_lists(pipeline: Pipeline, run: Run) -> bool:
    """Gives the run the account's lists as the warehouse has them; False when it has none."""
    with pipeline.sql_client() as client:
        if not client.has_dataset():
            return False
        for name in LISTS_IN_PLANS:
            key = DIMENSIONS[name].stored_table.primary_key[-1]
            rows = client.execute_sql(
                f'select "{key}" from {name} where account = %s order by 1', run.settings.account
            )
            run.lists.know_list(name, [int(row[0]) for row in rows or []])
    return True


def plan_lines(
    run: Run, reports: Iterable[str], after: Mapping[str, datetime], until: datetime | None
) -> list[PlanLine]:
    """A line for each report. `after` is from where each report is due."""
    lines = []
    for name in reports:
        report = REPORTS[name]
        spans = run.spans(report, after[name], until)
        slices = len(run.known_slices(report))
        windows = [window for span in spans for window in span]
        lines.append(
            PlanLine(
                report=name,
                windows=len(windows),
                slices=slices,
                requests=len(spans) * slices,
                is_exact=report.shape not in PAGED,
                first=min((w.start for w in windows), default=None),
                last=max((w.end for w in windows), default=None),
            )
        )
    return lines


def print_plan(console: Console, lines: list[PlanLine], run: Run) -> None:
    """Prints the plan and how long it takes at the usual limits."""
    table = Table(box=box.SIMPLE_HEAD, pad_edge=False)
    table.add_column("report", no_wrap=True)
    for name in ("windows", "slices", "requests"):
        table.add_column(name, justify="right")
    table.add_column("from")
    table.add_column("to")

    def day(instant: datetime | None) -> str:
        return "" if instant is None else f"{instant.astimezone(run.zone):%Y-%m-%d}"

    for line in lines:
        requests: Any = f"{line.requests:,}" + ("" if line.is_exact else "+")
        table.add_row(
            line.report, f"{line.windows:,}", f"{line.slices:,}", requests,
            day(line.first), day(line.last),
        )  # fmt: skip
    total = sum(line.requests for line in lines)
    table.add_section()
    more = "" if all(line.is_exact for line in lines) else "+"
    table.add_row(f"{len(lines)} reports", "", "", f"{total:,}{more}", "", "")
    console.print(table)
    times = ", ".join(f"{total / limit:,.0f} min at {limit}" for limit in LIMITS_PER_MINUTE)
    console.print(f"Time zone {run.zone.key}. At least {total:,} requests: {times} a minute.")
    if more:
        console.print("+ one request a page of rows; how many pages there are only the API knows.")


def plan_load(
    run: Run, warehouse: Path, names: tuple[str, ...], since: str | None, until: str | None
) -> list[PlanLine]:
    """The plan of a load into the warehouse, from what it already holds."""
    if not warehouse.exists():
        raise UsageError(
            f"{warehouse} does not exist yet, so the account's users and inboxes are not known: "
            "load once, for example with --since yesterday's date, then plan"
        )
    check_account(warehouse, run.settings.account)
    with open_pipeline(warehouse) as pipeline:
        state = source_state(pipeline)
        run.pin(state)
        know_lists(pipeline, run)
        reports = names or tuple(REPORTS)
        start, end = run.interval(since, until)
        after = {name: start or due_from(pipeline, run, [name]) for name in reports}
    return plan_lines(run, reports, after, end)
