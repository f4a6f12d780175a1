"""What the commands share: options, the console, an opened warehouse, and words for any failure."""

from __future__ import annotations

import os
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click
from rich.console import Console

from .errors import UsageError, explain

if TYPE_CHECKING:
    from dlt.pipeline.pipeline import Pipeline

    from sources.help_scout.run import Run

LEAST_WIDTH = 140
PLACEHOLDERS: dict[str, Any] = {"client_id": "-", "client_secret": "-"}
"""Credentials for commands that send nothing and so need none."""

warehouse_option = click.option(
    "--warehouse",
    type=click.Path(path_type=Path),
    default=Path("data/help_scout.duckdb"),
    show_default=True,
    envvar="HELP_SCOUT_WAREHOUSE",
    help="The DuckDB file.",
)
reports_option = click.option(
    "--reports", metavar="A,B", help="Only these reports, comma-separated. [default: all 32]"
)
since_option = click.option(
    "--since", metavar="DATE", help="First local day to load instead of what is due."
)
until_option = click.option("--until", metavar="DATE", help="First local day not to load.")
max_requests_option = click.option(
    "--max-requests",
    type=click.IntRange(min=1),
    metavar="N",
    help="Stop after about so many requests; the next run goes on.",
)
max_minutes_option = click.option(
    "--max-minutes",
    type=click.FloatRange(min=0, min_open=True),
    metavar="M",
    help="Stop after so many minutes; the next run goes on.",
)


def console() -> Console:
    """A console as wide as the terminal, but never so narrow that the tables lose figures."""
    width = Console().width if sys.stdout.isatty() else LEAST_WIDTH
    return Console(width=max(width, LEAST_WIDTH), highlight=False)


@contextmanager
def told_in_words() -> Iterator[None]:
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


def report_names(text: str | None) -> tuple[str, ...]:
    """The reports named, checked; empty for all."""
    from sources.help_scout.settings import find_report

    names = tuple(name.strip() for name in (text or "").split(",") if name.strip())
    if text is not None and not names:
        raise UsageError("--reports names no report: write --reports chat,email")
    return tuple(find_report(name).name for name in names)


@contextmanager
def opened(warehouse: Path) -> Iterator[tuple[Run, Pipeline]]:
    """A run that sends nothing, and the pipeline of a warehouse that holds a load; its views are
    made anew, since an older version may have made them."""
    from .agenda import source_state
    from .load import configured_run
    from .views import create_views
    from .warehouse import open_pipeline, require_loaded, sole_account

    require_loaded(warehouse)
    run = configured_run(account=sole_account(warehouse), **PLACEHOLDERS)
    try:
        with open_pipeline(warehouse) as pipeline:
            run.pin(source_state(pipeline))
            create_views(pipeline, run.settings)
            yield run, pipeline
    finally:
        run.close()
