"""Serves the sandbox account and prints how to reach it."""

from __future__ import annotations

import signal
import threading
from datetime import datetime

import click

from sources.help_scout.plan import API_ROOT
from sources.help_scout.reports import REPORTS

from .duckdb_file import DEMO_ACCOUNT
from .errors import UsageError


def surprise_rows() -> list[tuple[str, str]]:
    """The names of the sandbox's surprises and what each does; none without the sandbox."""
    try:
        from sources.help_scout_sandbox.surprises import surprises_told
    except ImportError:
        return []
    return list(surprises_told().items())


def serve_sandbox(
    *,
    port: int,
    rate_limit: int,
    forbidden: tuple[str, ...],
    until: datetime,
    surprises: tuple[str, ...] = (),
    like_live: bool = False,
    **size: int | str,
) -> None:
    """Serves an invented account until SIGINT or SIGTERM.

    `surprises` are the names of what it does as live accounts do; `like_live` means all of them.
    Prints the lines that make `help-scout load` reach it. The account is called like the demo's,
    so that its numbers never mix with a real account's.
    """
    try:
        from sources.help_scout_sandbox import AccountSpec, Sandbox, Surprises
    except ImportError as error:
        raise UsageError(
            f"the sandbox needs {error.name}: install help-scout-reports[sandbox]"
        ) from error
    try:
        spec = AccountSpec(until=until, **size)  # type: ignore[arg-type]
        chosen = Surprises.like_live(*surprises) if like_live else Surprises.named(surprises)
    except ValueError as error:
        raise UsageError(str(error)) from error
    stopped = threading.Event()
    for number in (signal.SIGINT, signal.SIGTERM):
        signal.signal(number, lambda *_: stopped.set())
    try:
        paths = {API_ROOT + REPORTS[name].path for name in forbidden}
        with (
            Sandbox(spec, rate_limit=rate_limit, forbidden=paths, surprises=chosen) as sandbox,
            sandbox.serve(port) as server,
        ):
            for name, value in (
                ("BASE_URL", server.base_url),
                ("CLIENT_ID", sandbox.client_id),
                ("CLIENT_SECRET", sandbox.client_secret),
                ("DOCS_BASE_URL", server.base_url),
                ("DOCS_API_KEY", sandbox.docs_api_key),
                ("ACCOUNT", DEMO_ACCOUNT),
            ):
                click.echo(f"export SOURCES__HELP_SCOUT__{name}={value}")
            click.echo("export HELP_SCOUT_WAREHOUSE=data/sandbox.duckdb")
            click.echo("# serving; stop with Ctrl-C")
            stopped.wait()
    except OSError as error:
        raise UsageError(f"cannot serve on port {port}: {error.strerror}") from error
