"""The command line, `help-scout`. Only commands read the clock.

Exit codes: 0 complete, 1 failed, 2 usage or configuration, 3 something lacks or disagrees, 75
stopped by a budget or a signal.
"""

from __future__ import annotations

import sys
from collections.abc import Mapping
from datetime import datetime
from pathlib import Path
from typing import TYPE_CHECKING

import click

from ..settings.errors import UsageError
from ..settings.process import prepare_process
from .archive import report_problem
from .inspect import check, doctor, explain, plan, status
from .options import (
    Target,
    all_and_workers,
    console,
    file_options,
    handle_errors,
    max_minutes_option,
    max_requests_option,
    now_option,
    report_names,
    reports_option,
    since_option,
    target_options,
    until_option,
)
from .readers import dashboard, export, marts
from .sandbox import demo, sandbox

if TYPE_CHECKING:
    from ..planning.load_plan import LoadRequest


@click.group("help-scout", context_settings={"help_option_names": ["-h", "--help"]})
@click.version_option(package_name="help-scout-reports")
def main() -> None:
    """Loads every Help Scout report into DuckDB, complete and provably so."""
    prepare_process()


COMMANDS = (
    plan, status, check, explain, doctor, marts, dashboard, export, demo, sandbox, report_problem,
)  # fmt: skip

for command in COMMANDS:
    main.add_command(command)


@main.command()
@target_options
@reports_option
@since_option
@until_option
@max_requests_option
@max_minutes_option
@now_option
@all_and_workers
def load(
    target: Target,
    reports: str | None,
    since: str | None,
    until: str | None,
    max_requests: int | None,
    max_minutes: float | None,
    now: datetime | None,
    workers: int | None,
) -> None:
    """Loads what is due: the nightly job. Credentials come from configuration."""
    with handle_errors():
        from ..planning.load_plan import LoadRequest

        request = LoadRequest(reports=report_names(reports), since=since, until=until)
        if workers is not None:
            options = {
                "--reports": reports,
                "--since": since,
                "--until": until,
                "--max-requests": max_requests,
                "--max-minutes": max_minutes,
            }
            code = _run_all(target, "load", options, workers)
        else:
            code = _run(target, request, max_requests, max_minutes, now)
    sys.exit(code)


@main.command()
@target_options
@reports_option
@click.option("--newest-first", is_flag=True, help="The latest months first.")
@max_requests_option
@max_minutes_option
@now_option
@all_and_workers
def backfill(
    target: Target,
    reports: str | None,
    newest_first: bool,
    max_requests: int | None,
    max_minutes: float | None,
    now: datetime | None,
    workers: int | None,
) -> None:
    """Fills what is wanted and not there: `status` shows it."""
    with handle_errors():
        from ..planning.load_plan import LoadRequest

        request = LoadRequest(
            reports=report_names(reports), backfill=True, newest_first=newest_first
        )
        if workers is not None:
            options = {
                "--reports": reports,
                "--newest-first": newest_first,
                "--max-requests": max_requests,
                "--max-minutes": max_minutes,
            }
            code = _run_all(target, "backfill", options, workers)
        else:
            code = _run(target, request, max_requests, max_minutes, now)
    sys.exit(code)


@main.command()
@file_options
@click.option(
    "--from-archive",
    metavar="[DIR]",
    is_flag=False,
    flag_value="",
    help="Make the file from the archive, without a request. [default: the configured archive]",
)
@max_requests_option
@max_minutes_option
def rebuild(
    target: Target, from_archive: str | None, max_requests: int | None, max_minutes: float | None
) -> None:
    """Loads everything anew, in another time zone say, and then replaces the file."""
    with handle_errors():
        from sources.help_scout.planning.budget import Budget

        from ..jobs.load_job import Job
        from ..jobs.rebuild import run_rebuild
        from .render.progress import JobScreen

        if from_archive is not None:
            if max_requests is not None or max_minutes is not None:
                raise UsageError("--from-archive sends no requests: leave the budget out")
            sys.exit(_rebuild_from_archive(target, from_archive))
        budget = Budget(max_requests=max_requests, max_minutes=max_minutes)
        with JobScreen(console()) as emit:
            code = run_rebuild(Job(target.place, options=target.options, budget=budget), emit)
    sys.exit(code)


@main.command()
@file_options
@click.argument("customers", metavar="CUSTOMER...", nargs=-1, required=True)
def forget(target: Target, customers: tuple[str, ...]) -> None:
    """Removes the personal data of customers, by id or e-mail address, and keeps it out."""
    with handle_errors():
        from ..jobs.erasure import run_forget
        from .render.progress import JobScreen

        with JobScreen(console()) as emit:
            code = run_forget(target.file, customers, target.options, emit)
    sys.exit(code)


def _rebuild_from_archive(target: Target, folder: str) -> int:
    from sources.help_scout.api.client import utc_now

    from ..from_archive.rebuild_from_archive import rebuild_from_archive
    from .render.progress import JobScreen

    place = Path(folder) if folder else None
    with JobScreen(console()) as emit:
        return rebuild_from_archive(target.file, place, target.silent_options, utc_now(), emit)


def _run(
    target: Target,
    request: LoadRequest,
    max_requests: int | None,
    max_minutes: float | None,
    now: datetime | None = None,
) -> int:
    from sources.help_scout.api.client import utc_now
    from sources.help_scout.planning.budget import Budget

    from ..jobs.load_job import Job, run_job
    from ..jobs.webhook import alerting
    from .render.progress import JobScreen

    target.check()
    budget = Budget(max_requests=max_requests, max_minutes=max_minutes)
    of = f" of account {target.account}" if target.account else ""
    what = f"help-scout {'backfill' if request.backfill else 'load'}{of}"
    with JobScreen(console()) as emit, alerting(what, emit) as tell:
        clock = utc_now if now is None else lambda: now
        job = Job(target.place, request=request, options=target.options, budget=budget, clock=clock)
        ended = run_job(job, emit)
        tell(ended)
    return ended.exit_code


def _run_all(target: Target, command: str, options: Mapping[str, object], workers: int) -> int:
    """Runs the command for every account, with the options that were given."""
    from ..jobs.account_pool import alert_of_killed, run_all, worst
    from .render.progress import JobScreen, print_ends

    names = [one.account for one in target.each_account() if one.account is not None]
    arguments = ["--destination", target.destination]
    for name, value in options.items():
        if value is True:
            arguments.append(name)
        elif value:
            arguments += [name, str(value)]
    screen = console()
    ends = run_all(
        names,
        command,
        arguments,
        workers=workers,
        destination=target.destination,
        on_line=lambda account, line: screen.print(
            f"{account} | {line}", markup=False, soft_wrap=True
        ),
    )
    print_ends(screen, ends)
    with JobScreen(screen) as emit:
        alert_of_killed(ends, command, emit)
    return worst(end.exit_code for end in ends)
