"""A plan as people read it."""

from __future__ import annotations

import math
from collections.abc import Sequence
from datetime import datetime

import click
from rich import box
from rich.console import Console
from rich.table import Table

from sources.help_scout.planning.request_plan import Request
from sources.help_scout.planning.windows import Window
from sources.help_scout.state.run import Run

from ...jobs.advisories import missing_windows
from ...planning.plan_preview import Plan

LIMITS_PER_MINUTE = (200, 400)  # what the sources name, until the API has told the account's own


def print_plan(console: Console, plan: Plan, run: Run) -> None:
    """Prints the plan and how long it takes at the account's limit."""
    table = Table(box=box.SIMPLE_HEAD, pad_edge=False)
    table.add_column("report", no_wrap=True)
    for name in ("windows", "slices", "requests"):
        table.add_column(name, justify="right")
    table.add_column("from")
    table.add_column("to")
    for line in plan.lines.values():
        first = min((_day(w.start, run) for w in line.windows), default="")
        last = max((_day(w.last_second, run) for w in line.windows), default="")
        table.add_row(
            line.report, _count(line.windows), _count(line.slices),
            f"{'' if line.is_exact else '~'}{math.ceil(line.requests):,}",
            first, last,
        )  # fmt: skip
    table.add_row("lists", "", "", f"~{plan.list_requests:,}", "", "")
    table.add_section()
    table.add_row(f"{len(plan.lines)} reports", "", "", f"~{plan.total:,}", "", "")
    console.print(table)
    console.print(f"Time zone {run.time.zone.key}. {_minutes(plan)}")
    if plan.missing:
        console.print(f"{missing_windows(plan.missing)}: help-scout backfill loads them.")
    console.print(
        "~ is an estimate, from the pages that earlier reads took; the other figures are exact, "
        "but for users who left and whom only days not loaded yet name."
    )
    if plan.has_pending_load:
        console.print(
            "A load was interrupted: the next one stores first what it had read, which is "
            "planned here once more."
        )


def print_requests(requests: Sequence[Request]) -> None:
    """Prints one line a request: method, path and query. Of row reports the first page."""
    for request in requests:
        click.echo(f"GET {request.path}?{request.query_text}")


def _count(found: set[Window] | set[str]) -> str:
    return f"{len(found):,}" if found else "·"


def _day(instant: datetime, run: Run) -> str:
    return f"{instant.astimezone(run.time.zone):%Y-%m-%d}"


def _minutes(plan: Plan) -> str:
    limits = (plan.limit_per_minute,) if plan.limit_per_minute else LIMITS_PER_MINUTE
    times = " or ".join(f"{math.ceil(plan.total / limit):,} min at {limit:,}" for limit in limits)
    source = "the account's limit" if plan.limit_per_minute else "the usual limits"
    return f"About {plan.total:,} requests: {times} a minute, {source}."
