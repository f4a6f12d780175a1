"""What the commands share: options, the console, an opened warehouse, and words for any failure."""

from __future__ import annotations

import os
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, replace
from datetime import datetime
from functools import wraps
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click
from rich.console import Console

from ..settings.constants import DEFAULT_DESTINATION, PLACEHOLDERS
from ..settings.errors import UsageError, explain

if TYPE_CHECKING:
    from dlt.pipeline.pipeline import Pipeline

    from sources.help_scout.state.run import Run

    from ..warehouse.base import Destination

LEAST_WIDTH = 140

warehouse_option = click.option(
    "--warehouse",
    type=click.Path(path_type=Path),
    envvar="HELP_SCOUT_WAREHOUSE",
    help="The DuckDB file.  [default: data/help_scout.duckdb, of a named account data/NAME.duckdb]",
)
_account_option = click.option(
    "--account", metavar="NAME", help="The account of the section [accounts.NAME]."
)
_destination_option = click.option(
    "--destination",
    metavar="NAME",
    default=DEFAULT_DESTINATION,
    show_default=True,
    envvar="HELP_SCOUT_DESTINATION",
    help="Where the tables are: duckdb, postgres, ducklake, parquet, iceberg.",
)
all_option = click.option(
    "--all", "all_accounts", is_flag=True, help="Every account that is configured."
)


def all_and_workers(command: Callable[..., None]) -> Callable[..., None]:
    """`--all` and `--workers` as one argument, `workers`: how many accounts at a time it is run
    for; None for a single account."""

    @wraps(command)
    def with_workers(*args: Any, all_accounts: bool, workers: int | None, **kwargs: Any) -> None:
        if workers is not None and not all_accounts:
            raise click.UsageError(
                "--workers says how many accounts at a time: give --all with it, or leave it out"
            )
        command(*args, workers=(workers or 1) if all_accounts else None, **kwargs)

    workers_option = click.option(
        "--workers",
        type=click.IntRange(min=1),
        help="With --all: so many accounts at a time, a process for each.  [default: 1]",
    )
    return all_option(workers_option(with_workers))


@dataclass(frozen=True, slots=True, kw_only=True)
class Target:
    """What the options say of the account and its warehouse; `destination` is the default one for
    commands that work on a file only. `is_from_environment` says that `warehouse` is."""

    warehouse: Path | None
    account: str | None
    destination: str = DEFAULT_DESTINATION
    takes_destination: bool = False
    is_from_environment: bool = False

    @property
    def options(self) -> dict[str, Any]:
        """The named account's own options; none when none is named."""
        return self._own_options(sends=True)

    @property
    def silent_options(self) -> dict[str, Any]:
        """The same for commands that send nothing: no credentials."""
        return {**self._own_options(sends=False), **PLACEHOLDERS}

    def _own_options(self, *, sends: bool) -> dict[str, Any]:
        if self.account is None:
            return {}
        from ..settings.accounts import account_options

        return account_options(self.account, sends=sends)

    def check(self) -> None:
        """UsageError when accounts are configured and none is named: whose credentials are meant
        cannot be told."""
        from ..jobs.load_loop import has_credentials
        from ..settings.accounts import account_names

        if self.account is None and not has_credentials() and (names := account_names()):
            takes_all = "all_accounts" in click.get_current_context().params
            raise UsageError(
                f"which account? Name one with --account ({', '.join(names[:5])}"
                f"{', …' if len(names) > 5 else ''}){', or give --all' if takes_all else ''}"
            )

    def each_account(self) -> list[Target]:
        """The same of each configured account; UsageError when there is none, or when a single one,
        or its file, is named."""
        from ..settings.accounts import account_names

        if self.account is not None or self.named_file is not None:
            raise UsageError(
                "--all is every account, each with a file of its own or at the destination: leave "
                "--account and --warehouse out, and unset HELP_SCOUT_WAREHOUSE"
            )
        names = account_names()
        if not names:
            raise UsageError(
                "no accounts are configured: write a section [accounts.NAME] for each, or leave "
                "--all out"
            )
        return [replace(self, account=name) for name in names]

    @property
    def named_file(self) -> Path | None:
        """The file that is named. One that only the environment names is for commands that work on
        files."""
        from ..warehouse.open import destination_class

        is_meant = not self.is_from_environment or destination_class(self.destination).takes_file
        return self.warehouse if is_meant else None

    @property
    def file(self) -> Path:
        """The DuckDB file, for a command that works on a file only."""
        found = self.place.file
        assert found is not None
        return found

    @property
    def place(self) -> Destination:
        """The account's tables at the destination; UsageError when the environment names another
        one for a command that works on a file only."""
        elsewhere = os.environ.get("HELP_SCOUT_DESTINATION", DEFAULT_DESTINATION)
        if not self.takes_destination and elsewhere != self.destination:
            raise UsageError(
                f"this command works on a DuckDB file, and HELP_SCOUT_DESTINATION is {elsewhere}: "
                "unset it to mean the file. README, Destinations, says what to do elsewhere"
            )
        from ..jobs.load_loop import configured_account
        from ..warehouse.open import destination_class

        destination = destination_class(self.destination)
        return destination.at(self.account, self.named_file, configured_account)


def _given(command: Callable[..., None]) -> Callable[..., None]:
    """Has the command get its options about the warehouse as one argument, `target`."""

    @wraps(command)
    def with_target(*args: Any, **kwargs: Any) -> None:
        names = [name for name in ("warehouse", "account", "destination") if name in kwargs]
        takes_destination = "destination" in names
        given = {name: kwargs.pop(name) for name in names}
        source = click.get_current_context().get_parameter_source("warehouse")
        target = Target(
            **given,
            takes_destination=takes_destination,
            is_from_environment=source is click.core.ParameterSource.ENVIRONMENT,
        )
        command(*args, target=target, **kwargs)

    return with_target


def file_options(command: Callable[..., None]) -> Callable[..., None]:
    """The options of commands that work on a DuckDB file."""
    return warehouse_option(_account_option(_given(command)))


def target_options(command: Callable[..., None]) -> Callable[..., None]:
    """The options of commands that work on any destination."""
    return warehouse_option(_destination_option(_account_option(_given(command))))


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


def _instant(_: click.Context, __: click.Parameter, value: str | None) -> datetime | None:
    if value is None:
        return None
    try:
        instant = datetime.fromisoformat(value)
    except ValueError:
        instant = None
    if instant is None or instant.tzinfo is None:
        raise click.BadParameter("expected an instant like 2026-11-10T15:00:00+00:00")
    return instant


now_option = click.option(
    "--now",
    metavar="INSTANT",
    callback=_instant,
    hidden=True,
    help="Load as if it were this instant: for files of report-problem.",
)


def console() -> Console:
    """A console as wide as the terminal, but never so narrow that the tables lose figures."""
    width = Console().width if sys.stdout.isatty() else LEAST_WIDTH
    return Console(width=max(width, LEAST_WIDTH), highlight=False)


@contextmanager
def handle_errors() -> Iterator[None]:
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
    from sources.help_scout.planning.settings import find_report

    names = tuple(name.strip() for name in (text or "").split(",") if name.strip())
    if text is not None and not names:
        raise UsageError("--reports names no report: write --reports chat,email")
    return tuple(find_report(name).name for name in names)


@contextmanager
def looking(target: Target) -> Iterator[tuple[Run, Destination]]:
    """A run that sends nothing, of the account that the warehouse holds."""
    from ..jobs.load_loop import configured_run

    place, options = target.place, target.silent_options
    if place.file is None or not place.file.exists():
        target.check()
    options.setdefault("account", place.sole_account())
    run = configured_run(**options)
    try:
        yield run, place
    finally:
        run.close()


@contextmanager
def opened(target: Target) -> Iterator[tuple[Run, Pipeline]]:
    """A run that sends nothing, and the pipeline of a warehouse that holds a load; its views are
    made anew, since an older version may have made them."""
    from ..models.base_views import create_views
    from ..planning.load_plan import loaded_state

    with looking(target) as (run, place):
        place.require_loaded()
        with place.open() as pipeline:
            run.reconcile_state(loaded_state(pipeline, place))
            create_views(pipeline, run.settings)
            yield run, pipeline
