"""The environments of the orchestrators, each made by uv from its own lock file."""

from __future__ import annotations

import os
import subprocess
from pathlib import Path

from tests.helpers.commands import environment
from tests.helpers.schedules import CHECKOUT, SCHEDULES, Done

UV = CHECKOUT / ".uv" / "bin" / "uv"
LIMIT_SECONDS = 1_800


def programs_of(orchestrator: str) -> Path:
    """The folder of the orchestrator's programs, installed if need be."""
    folder = SCHEDULES / orchestrator
    env = {name: value for name, value in os.environ.items() if name != "VIRTUAL_ENV"}
    subprocess.run(
        [UV, "sync", "--quiet", "--locked", "--compile-bytecode", "--project", folder],
        env=env,
        check=True,
    )
    return folder / ".venv" / "bin"


def run_in(programs: Path, program: str, *arguments: str | Path, **env: str) -> Done:
    """The program as it ended; what it says on either channel is in stdout."""
    return subprocess.run(
        [programs / program, *arguments],
        env=environment() | env,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        timeout=LIMIT_SECONDS,
        check=False,
    )
