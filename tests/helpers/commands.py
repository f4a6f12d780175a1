"""Runs `help-scout` as a user does, configured by the environment."""

from __future__ import annotations

import os
import re
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from click.testing import CliRunner

from pipelines.cli.main import main
from sources.help_scout_sandbox import Sandbox


@dataclass(frozen=True)
class Finished:
    """What a command printed and how it ended."""

    code: int
    out: str
    err: str


def help_scout(*arguments: str, env: dict[str, str] | None = None) -> Finished:
    """The command, run in this process: what it prints and its exit code are the same."""
    done = CliRunner().invoke(main, arguments, env=env, catch_exceptions=False)
    return Finished(done.exit_code, done.stdout, done.stderr)


def help_scout_process(*arguments: str, env: dict[str, str] | None = None) -> Finished:
    """The command in a process of its own, as a shell starts it."""
    done = subprocess.run(
        [sys.executable, "-m", "pipelines", *arguments],
        env=environment() | (env or {}),
        capture_output=True,
        text=True,
        timeout=240,
        check=False,
    )
    return Finished(done.returncode, done.stdout, done.stderr)


def environment() -> dict[str, str]:
    """This environment, with the project importable from any folder."""
    return {**os.environ, "PYTHONPATH": str(Path(__file__).parents[2])}


@contextmanager
def served(*arguments: str) -> Iterator[dict[str, str]]:
    """`help-scout sandbox` in another terminal: the variables that it says to export."""
    command = [sys.executable, "-m", "pipelines", "sandbox", "--port", "0", *arguments]
    with subprocess.Popen(
        command, env=environment(), stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True
    ) as process:
        assert process.stdout is not None
        try:
            exports: dict[str, str] = {}
            for line in process.stdout:
                match = re.fullmatch(r"export (\w+)=(\S+)\n", line)
                if match is None:
                    break
                exports[match[1]] = match[2]
            yield exports
        finally:
            process.terminate()
            process.wait(timeout=15)
    assert process.returncode == 0


def reaching(sandbox: Sandbox, base_url: str, **settings: str) -> dict[str, str]:
    """The variables that make commands reach the sandbox, with more settings as texts."""
    known = {
        "base_url": base_url,
        "client_id": sandbox.client_id,
        "client_secret": sandbox.client_secret,
        "docs_base_url": base_url,
        "docs_api_key": sandbox.docs_api_key,
        "account": "demo",
    }
    return {f"SOURCES__HELP_SCOUT__{k.upper()}": v for k, v in (known | settings).items()}


@contextmanager
def started(*arguments: str, env: dict[str, str]) -> Iterator[subprocess.Popen[str]]:
    """The command in a process of its own, under way; killed if the test leaves it so."""
    with subprocess.Popen(
        [sys.executable, "-m", "pipelines", *arguments],
        env=environment() | env,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    ) as process:
        try:
            yield process
        finally:
            process.kill()
