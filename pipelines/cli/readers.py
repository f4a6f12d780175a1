"""Commands for those who read the numbers: marts, dashboard."""

from __future__ import annotations

import sys
from pathlib import Path

import click

from ..settings.errors import COMPLETE, PARTIAL
from .options import Target, console, file_options, handle_errors, opened, target_options


@click.command()
@target_options
def marts(target: Target) -> None:
    """Makes the marts anew, as every load does, and lists them with what they answer."""
    with handle_errors():
        from ..models.mart_runner import all_marts, create_marts, told
        from ..models.sla_targets import Targets
        from ..models.warehouse_comments import write_comments

        targets = Targets.configured()
        with opened(target) as (_, pipeline):
            outcome = create_marts(pipeline, targets)
            write_comments(pipeline)
        screen = console()
        for mart in sorted(all_marts(), key=lambda mart: mart.name):
            if mart.name in outcome.made:
                screen.print(f"{mart.name:<22} {mart.sentence}", soft_wrap=True)
        for line in told(outcome):
            screen.print(line, soft_wrap=True)


@click.command()
@file_options
@click.option(
    "--out",
    metavar="FILE",
    type=click.Path(dir_okay=False, path_type=Path),
    help="The page. [default: beside the warehouse, as .html]",
)
@click.option("--no-open", is_flag=True, help="Do not open it in the browser.")
def dashboard(target: Target, out: Path | None, no_open: bool) -> None:
    """Makes one HTML page of the published figures, and opens it."""
    with handle_errors():
        from ..publishing.dashboard import make_dashboard

        page = make_dashboard(target.file, out)
        size = page.stat().st_size / 1e6
        console().print(f"{page}: {size:.1f} MB, needs no network", soft_wrap=True, markup=False)
        if not no_open:
            click.launch(page.resolve().as_uri())


@click.command()
@file_options
@click.argument("folder", metavar="DIR", type=click.Path(file_okay=False, path_type=Path))
@click.option(
    "--format",
    "file_format",
    type=click.Choice(["parquet", "csv"]),
    default="parquet",
    show_default=True,
    help="CSV is for spreadsheets: UTF-8 with its mark, no cell is a formula.",
)
def export(target: Target, folder: Path, file_format: str) -> None:
    """Writes the published marts into DIR, one file each; exit code 3 when a view beside them that
    somebody made cannot be read."""
    with handle_errors():
        from ..publishing.mart_export import export_marts, left_behind

        outcome = export_marts(target.file, folder, file_format)
        screen = console()
        for one in outcome.written:
            screen.print(f"{one.path}: {one.rows:,} rows", soft_wrap=True, markup=False)
        for path in left_behind(folder, file_format, outcome.written):
            screen.print(
                f"{path} is of an earlier export: its mart is not published any more",
                soft_wrap=True,
                markup=False,
            )
        for name, why in outcome.failed.items():
            screen.print(f"not exported: marts.{name}: {why}", soft_wrap=True, markup=False)
    sys.exit(PARTIAL if outcome.failed else COMPLETE)
