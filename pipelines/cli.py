"""The command line, `help-scout`. Only here is the clock read.

Exit codes: 0 complete, 1 failed, 2 usage or configuration, 3 loaded but not everything, 75
stopped by a budget.
"""

from __future__ import annotations

import os
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import date, datetime, time, timedelta
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Any
from zoneinfo import ZoneInfo

import click
from rich.console import Console

from .errors import UsageError, explain

if TYPE_CHECKING:
    from dlt.pipeline.pipeline import Pipeline

    from .agenda import LoadRequest

LEAST_WIDTH = 140
DLT_DEFAULTS = {
    "RUNTIME__DLTHUB_TELEMETRY": "false",
    "RUNTIME__LOG_LEVEL": "ERROR",
    "LOAD__WORKERS": "4",
}
"""Ours where the user's environment is silent; with four workers a load takes a quarter."""

_warehouse_option = click.option(
    "--warehouse",
    type=click.Path(path_type=Path),
    default=Path("data/help_scout.duckdb"),
    show_default=True,
    envvar="HELP_SCOUT_WAREHOUSE",
    help="The DuckDB file.",
)
_reports_option = click.option(
    "--reports", metavar="A,B", help="Only these reports, comma-separated. [default: all 32]"
)
_since_option = click.option(
    "--since", metavar="DATE", help="First local day to load instead of what is due."
)
_until_option = click.option("--until", metavar="DATE", help="First local day not to load.")
_max_requests_option = click.option(
    "--max-requests",
    type=click.IntRange(min=1),
    metavar="N",
    help="Stop after about so many requests; the next run goes on.",
)
_max_minutes_option = click.option(
    "--max-minutes",
    type=click.FloatRange(min=0, min_open=True),
    metavar="M",
    help="Stop after so many minutes; the next run goes on.",
)


def _console() -> Console:
    """A console as wide as the terminal, but never so narrow that the tables lose figures."""
    width = Console().width if sys.stdout.isatty() else LEAST_WIDTH
    return Console(width=max(width, LEAST_WIDTH), highlight=False)


@contextmanager
def _told_in_words() -> Iterator[None]:
    """Turns any failure into one message and an exit code."""
    try:
        yield
    except (click.ClickException, click.exceptions.Exit, SystemExit):
        raise
    except KeyboardInterrupt:
        click.echo("interrupted: what was loaded stays, the rest is still due", err=True)
        sys.exit(1)
    except Exception as error:
        if os.environ.get("HELP_SCOUT_TRACEBACK"):
            raise
        message, code = explain(error)
        click.echo(f"error: {message}", err=True)
        sys.exit(code)


@click.group("help-scout", context_settings={"help_option_names": ["-h", "--help"]})
@click.version_option(package_name="help-scout-reports")
def main() -> None:
    """Loads every Help Scout report into DuckDB, complete and provably so."""
    for name, value in DLT_DEFAULTS.items():
        os.environ.setdefault(name, value)


@main.command()
@_warehouse_option
@click.option("--days", default=60, show_default=True, help="Days to load.")
@click.option("--today", metavar="DATE", help="Day on which the demo plays. [default: today]")
def demo(warehouse: Path, days: int, today: str | None) -> None:
    """Loads an invented account and shows what comes of it."""
    with _told_in_words():
        from sources.help_scout.client import utc_now
        from sources.help_scout.settings import parse_date

        from .demo import DEMO_TIMEZONE, QUERIES, look_around, sandbox_process
        from .jobs import Job, run_job
        from .summary import print_query
        from .warehouse import forget_demo

        console = _console()
        given = parse_date("today", today)
        clock = utc_now if given is None else partial(_noon, given, DEMO_TIMEZONE)
        day = given or _today(DEMO_TIMEZONE)
        forget_demo(warehouse)
        console.print("starting an invented account: 6 users, 3 inboxes, 60 conversations a day")
        with sandbox_process(day, days) as options:
            start = (day - timedelta(days=days)).isoformat()

            def show(pipeline: Pipeline) -> None:
                for title, sql in QUERIES:
                    print_query(console, pipeline, title, sql)

            options["start_date"] = start
            job = Job(warehouse=warehouse, options=options, clock=clock)
            code = run_job(console, job, after_load=show)
        console.print(f"\nEverything is in {warehouse}, for any DuckDB client. Look around:")
        console.print(look_around(warehouse), markup=False, soft_wrap=True)
        console.print("(The invented history ends last midnight: today is still empty.)")
    sys.exit(code)


@main.command()
@_warehouse_option
@_reports_option
@_since_option
@_until_option
@_max_requests_option
@_max_minutes_option
def load(
    warehouse: Path,
    reports: str | None,
    since: str | None,
    until: str | None,
    max_requests: int | None,
    max_minutes: float | None,
) -> None:
    """Loads what is due: the nightly job. Credentials come from configuration."""
    with _told_in_words():
        from .agenda import LoadRequest

        request = LoadRequest(reports=_report_names(reports), since=since, until=until)
        code = _run(warehouse, request, max_requests, max_minutes)
    sys.exit(code)


@main.command()
@_warehouse_option
@_reports_option
@click.option("--newest-first", is_flag=True, help="The latest months first.")
@_max_requests_option
@_max_minutes_option
def backfill(
    warehouse: Path,
    reports: str | None,
    newest_first: bool,
    max_requests: int | None,
    max_minutes: float | None,
) -> None:
    """Fills what is wanted and not there: `status` shows it."""
    with _told_in_words():
        from .agenda import LoadRequest

        request = LoadRequest(
            reports=_report_names(reports), backfill=True, newest_first=newest_first
        )
        code = _run(warehouse, request, max_requests, max_minutes)
    sys.exit(code)


@main.command()
@_warehouse_option
@_max_requests_option
@_max_minutes_option
def rebuild(warehouse: Path, max_requests: int | None, max_minutes: float | None) -> None:
    """Loads everything anew, in another time zone say, and then replaces the file."""
    with _told_in_words():
        from sources.help_scout.budget import Budget

        from .jobs import Job, run_rebuild

        budget = Budget(max_requests=max_requests, max_minutes=max_minutes)
        code = run_rebuild(_console(), Job(warehouse=warehouse, budget=budget))
    sys.exit(code)


def _run(
    warehouse: Path, request: LoadRequest, max_requests: int | None, max_minutes: float | None
) -> int:
    from sources.help_scout.budget import Budget

    from .jobs import Job, run_job

    budget = Budget(max_requests=max_requests, max_minutes=max_minutes)
    return run_job(_console(), Job(warehouse=warehouse, request=request, budget=budget))


@main.command()
@_warehouse_option
@_reports_option
@_since_option
@_until_option
@click.option("--backfill", is_flag=True, help="Plan a backfill instead of a load.")
@click.option("--requests", is_flag=True, help="Print every request, one a line.")
def plan(
    warehouse: Path,
    reports: str | None,
    since: str | None,
    until: str | None,
    backfill: bool,
    requests: bool,
) -> None:
    """Shows what `load` would request. Sends nothing."""
    with _told_in_words():
        from .agenda import LoadRequest
        from .load import configured_run
        from .planning import plan_load, print_plan, print_requests

        if backfill and (since or until):
            raise UsageError("--backfill fills all gaps: leave --since and --until out")
        request = LoadRequest(
            reports=_report_names(reports), since=since, until=until, backfill=backfill
        )
        run = configured_run(**_placeholders())
        try:
            found = plan_load(run, warehouse, request)
            if requests:
                print_requests(found.requests)
            else:
                print_plan(_console(), found, run)
        finally:
            run.close()


@main.command()
@_warehouse_option
@_reports_option
@click.option("--slices", is_flag=True, help="A line for each slice, not for each kind of slice.")
@click.option("--json", "as_json", is_flag=True, help="Everything, for machines.")
def status(warehouse: Path, reports: str | None, slices: bool, as_json: bool) -> None:
    """Shows what is loaded and what lacks; exit code 3 when anything does."""
    with _told_in_words():
        from sources.help_scout.reports import REPORTS

        from .load import configured_run
        from .status import look_at, status_json
        from .status_table import print_status
        from .warehouse import sole_account

        run = configured_run(account=sole_account(warehouse), **_placeholders())
        try:
            found = look_at(run, warehouse, _report_names(reports) or REPORTS)
            if as_json:
                click.echo(status_json(found))
            else:
                print_status(_console(), found, each_slice=slices)
            code = found.exit_code
        finally:
            run.close()
    sys.exit(code)


@main.command()
@click.option("--port", default=8765, show_default=True, help="0 picks a free one.")
@click.option("--users", default=6, show_default=True)
@click.option("--inboxes", default=3, show_default=True)
@click.option("--conversations", default=60, show_default=True, help="Conversations a day.")
@click.option("--days", default=130, show_default=True, help="Days of history.")
@click.option("--seed", default=7, show_default=True)
@click.option("--rate-limit", default=100_000, show_default=True, help="Requests a minute.")
@click.option("--timezone", default="America/New_York", show_default=True)
@click.option("--until", metavar="DATE", help="First day without history. [default: today]")
@click.option(
    "--forbid",
    metavar="REPORT",
    multiple=True,
    help="Answer 403 for this report, as on a plan without it; can be repeated.",
)
def sandbox(
    port: int,
    users: int,
    inboxes: int,
    conversations: int,
    days: int,
    seed: int,
    rate_limit: int,
    timezone: str,
    until: str | None,
    forbid: tuple[str, ...],
) -> None:
    """Serves an invented account over HTTP until it is stopped."""
    with _told_in_words():
        from sources.help_scout.settings import parse_date, zone_of

        from .sandbox import serve_sandbox

        last = parse_date("until", until) or _today(timezone)
        serve_sandbox(
            port=port,
            rate_limit=rate_limit,
            forbidden=_report_names(",".join(forbid) or None),
            until=datetime(last.year, last.month, last.day, tzinfo=zone_of(timezone)),
            users=users,
            inboxes=inboxes,
            conversations_per_day=conversations,
            days=days,
            seed=seed,
            timezone=timezone,
        )


def _today(timezone: str) -> date:
    return datetime.now(ZoneInfo(timezone)).date()


def _noon(day: date, timezone: str) -> datetime:
    return datetime.combine(day, time(12), ZoneInfo(timezone))


def _report_names(text: str | None) -> tuple[str, ...]:
    """The reports named, checked; empty for all."""
    from sources.help_scout.settings import find_report

    names = tuple(name.strip() for name in (text or "").split(",") if name.strip())
    if text is not None and not names:
        raise UsageError("--reports names no report: write --reports chat,email")
    return tuple(find_report(name).name for name in names)


def _placeholders() -> dict[str, Any]:
    """Credentials for commands that send nothing and so need none."""
    return {"client_id": "-", "client_secret": "-"}
