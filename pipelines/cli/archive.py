"""The command that makes a file for a bug report from the archive."""

from __future__ import annotations

import sys
from pathlib import Path

import click

from ..settings.errors import UsageError
from .options import Target, console, file_options, handle_errors, report_names, reports_option


@click.command("report-problem")
@file_options
@click.option(
    "--from-archive",
    "folder",
    metavar="DIR",
    type=click.Path(file_okay=False, path_type=Path),
    help="The archive. [default: the configured one]",
)
@click.option(
    "--out",
    metavar="FILE",
    type=click.Path(dir_okay=False, path_type=Path),
    default=Path("help-scout-problem.jsonl.gz"),
    show_default=True,
    help="The file to write.",
)
@reports_option
@click.option("--since", metavar="DATE", help="Only loads that ran on this day or later.")
@click.option("--yes", is_flag=True, help="Write it without asking.")
def report_problem(
    target: Target,
    folder: Path | None,
    out: Path,
    reports: str | None,
    since: str | None,
    yes: bool,
) -> None:
    """Writes one small file for a bug report: the API's answers without names, texts and ids."""
    with handle_errors():
        from sources.help_scout.planning.settings import parse_date

        from ..from_archive.rebuild_from_archive import archive_folder
        from ..from_archive.report_problem import gather_problem, write_problem
        from ..jobs.load_loop import configured_run
        from .render.problem import print_contents

        if not yes and not sys.stdin.isatty():
            raise UsageError("there is nobody to ask whether to write the file: give --yes")
        run = configured_run(**target.silent_options)
        run.close()
        contents = gather_problem(
            archive_folder(run, folder),
            warehouse=target.file,
            reports=report_names(reports),
            since=parse_date("since", since),
        )
        screen = console()
        print_contents(screen, contents, out)
        if not (yes or click.confirm("Write this file?")):
            screen.print("nothing was written")
            return
        write_problem(contents, out)
        screen.print(f"{out} is written: look into it with zcat, then attach it", markup=False)
