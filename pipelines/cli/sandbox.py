"""The commands that need no account: the demo and the sandbox."""

from __future__ import annotations

import sys
from datetime import date, datetime, time, timedelta
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING
from zoneinfo import ZoneInfo

import click

from .options import console, handle_errors, report_names, warehouse_option

if TYPE_CHECKING:
    from dlt.pipeline.pipeline import Pipeline
    from rich.console import Console


ODDITIES = (
    "It does what live accounts were seen to do: one inbox and one user are refused, some reports "
    "disagree, some values are odd. All else loads"
)


@click.command()
@warehouse_option
@click.option("--days", default=60, show_default=True, help="Days to load.")
@click.option("--today", metavar="DATE", help="Day on which the demo plays. [default: today]")
def demo(warehouse: Path | None, days: int, today: str | None) -> None:
    """Loads an invented account and shows what comes of it."""
    with handle_errors():
        from sources.help_scout.api.client import utc_now
        from sources.help_scout.planning.settings import parse_date

        from ..jobs.load_job import Job, run_job
        from ..warehouse.database_file import DEFAULT_WAREHOUSE, forget_demo
        from ..warehouse.duckdb import DuckDbFile
        from .demo import DEMO_TIMEZONE, QUERIES, look_around, sandbox_process
        from .render.progress import JobScreen
        from .render.summary import print_query

        screen = console()
        given = parse_date("today", today)
        clock = utc_now if given is None else partial(_noon, given, DEMO_TIMEZONE)
        day = given or _today(DEMO_TIMEZONE)
        warehouse = warehouse or Path(DEFAULT_WAREHOUSE)
        forget_demo(warehouse)
        screen.print("starting an invented account: 6 users, 3 inboxes, 60 conversations a day")
        screen.print(ODDITIES)
        with sandbox_process(day, days) as options:
            start = (day - timedelta(days=days)).isoformat()

            def show(pipeline: Pipeline) -> None:
                for title, sql in QUERIES:
                    print_query(screen, pipeline, title, sql)

            options["start_date"] = start
            job = Job(DuckDbFile(warehouse), options=options, clock=clock)
            with JobScreen(screen) as emit:
                code = run_job(job, emit, after_load=show).exit_code
        screen.print(f"\nEverything is in {warehouse}, for any DuckDB client. Look around:")
        screen.print(look_around(warehouse), markup=False, soft_wrap=True)
        screen.print("(The invented history ends last midnight: today is still empty.)")
        _tell_page(screen, warehouse)
    sys.exit(code)


def _tell_page(screen: Console, warehouse: Path) -> None:
    """Makes the dashboard of what was published, and names it."""
    from ..publishing.dashboard import make_dashboard
    from ..settings.errors import UsageError

    try:
        page = make_dashboard(warehouse)
    except UsageError as error:
        screen.print(f"\nNo dashboard: {error}", soft_wrap=True, markup=False)
        return
    screen.print(f"\nThe dashboard, one page for the browser: {page}", soft_wrap=True, markup=False)


class _SandboxCommand(click.Command):
    """A command whose help ends with the names that --surprise takes."""

    def format_epilog(self, ctx: click.Context, formatter: click.HelpFormatter) -> None:
        from .sandbox_server import surprise_rows

        del ctx
        rows = surprise_rows()
        if rows:
            with formatter.section("Surprises"):
                formatter.write_dl(rows)


@click.command(cls=_SandboxCommand)
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
@click.option(
    "--surprise",
    metavar="NAME",
    multiple=True,
    help="Do what a live account was seen to do; can be repeated. The names are below.",
)
@click.option("--like-live", is_flag=True, help="All that live accounts were seen to do, at once.")
@click.option(
    "--replay",
    metavar="FILE",
    type=click.Path(exists=True, dir_okay=False, path_type=Path),
    help="Serve a file of report-problem instead of an invented account.",
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
    surprise: tuple[str, ...],
    like_live: bool,
    replay: Path | None,
) -> None:
    """Serves an invented account over HTTP until it is stopped."""
    with handle_errors():
        from sources.help_scout.planning.settings import parse_date, zone_of

        from .sandbox_server import serve_replay, serve_sandbox

        if replay is not None:
            serve_replay(replay, port=port, rate_limit=rate_limit)
            return
        last = parse_date("until", until) or _today(timezone)
        serve_sandbox(
            port=port,
            rate_limit=rate_limit,
            forbidden=report_names(",".join(forbid) or None),
            surprises=surprise,
            like_live=like_live,
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
