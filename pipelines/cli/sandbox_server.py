"""Serves the sandbox account and prints how to reach it."""

from __future__ import annotations

import json
import shlex
import signal
import threading
from collections.abc import Mapping
from datetime import datetime
from pathlib import Path
from typing import Any

import click

from sources.help_scout.catalog.reports import REPORTS
from sources.help_scout.planning.request_plan import API_ROOT

from ..settings.errors import UsageError
from ..warehouse.database_file import DEMO_ACCOUNT

REPLAYED_ACCOUNT = "replay"


def surprise_rows() -> list[tuple[str, str]]:
    """The names of the sandbox's surprises and what each does; none without the sandbox."""
    try:
        from sources.help_scout_sandbox.history.surprises import surprises_told
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
    stopped = _stopped_by_signals()
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


def serve_replay(file: Path, *, port: int, rate_limit: int) -> None:
    """Serves a file of `report-problem` until SIGINT or SIGTERM, and prints how to load it."""
    try:
        from sources.help_scout_sandbox.http.problem_replay import Replay
    except ImportError as error:
        raise UsageError(
            f"the sandbox needs {error.name}: install help-scout-reports[sandbox]"
        ) from error
    stopped = _stopped_by_signals()
    try:
        replay = Replay(file, rate_limit=rate_limit, on_missing=_print_missing)
    except ValueError as error:
        raise UsageError(str(error)) from error
    options = {
        "client_id": replay.client_id,
        "client_secret": replay.client_secret,
        "account": REPLAYED_ACCOUNT,
        **replay.header["options"],
    }
    try:
        with replay.serve(port) as server:
            options["base_url"] = server.base_url
            if replay.header["docs"]:
                options |= {"docs_base_url": server.base_url, "docs_api_key": replay.docs_api_key}
            for name, value in options.items():
                click.echo(f"export SOURCES__HELP_SCOUT__{name.upper()}={_for_shell(value)}")
            click.echo("export HELP_SCOUT_WAREHOUSE=data/replay.duckdb")
            click.echo("# serving; stop with Ctrl-C. Into an empty warehouse, in this order:")
            for load in replay.header["loads"]:
                click.echo(f"# {_command(load)}")
                if load["ended_early"]:
                    click.echo("# (that load was ended early, and asked for less than this one)")
            stopped.wait()
    except OSError as error:
        raise UsageError(f"cannot serve on port {port}: {error.strerror}") from error


def _print_missing(asked: str) -> None:
    click.echo(f"not in the file: {asked}", err=True)


def _for_shell(value: Any) -> str:
    if isinstance(value, str):
        return shlex.quote(value)
    return shlex.quote(json.dumps(value))


def _command(load: Mapping[str, Any]) -> str:
    """The command that does a load of the file again."""
    words = ["help-scout", "backfill" if load.get("backfill") else "load", "--now", load["now"]]
    if load["reports"]:
        words += ["--reports", ",".join(load["reports"])]
    for name in ("since", "until"):
        if load.get(name):
            words += [f"--{name}", load[name]]
    if load.get("newest_first"):
        words.append("--newest-first")
    return shlex.join(words)


def _stopped_by_signals() -> threading.Event:
    """What is set when the process is to end."""
    stopped = threading.Event()
    for number in (signal.SIGINT, signal.SIGTERM):
        signal.signal(number, lambda *_: stopped.set())
    return stopped
