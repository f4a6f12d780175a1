"""The schedules, the tools that read them, and a load that only seems to be one."""

from __future__ import annotations

import shutil
import subprocess
from collections.abc import Mapping
from pathlib import Path

CHECKOUT = Path(__file__).parents[2]
SCHEDULES = CHECKOUT / "pipelines" / "orchestration"
SERVICE = SCHEDULES / "systemd" / "help-scout.service"
TIMER = SCHEDULES / "systemd" / "help-scout.timer"
CRONTAB = SCHEDULES / "cron" / "help-scout.cron"
WORKFLOW = SCHEDULES / "github" / "help-scout.yml"
Done = subprocess.CompletedProcess[str]


def run(
    program: str | Path,
    *arguments: str | Path,
    cwd: Path | None = None,
    env: Mapping[str, str] | None = None,
    stdin: str = "",
) -> Done:
    """The program as it ended; what it says on either channel is in stdout."""
    return subprocess.run(
        [program, *arguments],
        cwd=cwd,
        env=env,
        input=stdin,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        timeout=60,
        check=False,
    )


def tool(name: str, package: str) -> str:
    """Where the tool is; the test fails, and says what to install, when it is not."""
    found = shutil.which(name)
    assert found is not None, f"the test asks {name}: apt-get install {package}"
    return found


def changed(file: Path, folder: Path, old: str = "", new: str = "") -> Path:
    """A copy of the file in the folder, with the old text replaced, which must be there."""
    text = file.read_text()
    assert old in text
    copy = folder / file.name
    copy.parent.mkdir(parents=True, exist_ok=True)
    copy.write_text(text.replace(old, new) if old else text)
    return copy


def stand_in(folder: Path, script: str) -> Path:
    """A folder in which `.venv/bin/help-scout` is the script."""
    command = folder / ".venv" / "bin" / "help-scout"
    command.parent.mkdir(parents=True)
    command.write_text(f"#!/bin/sh\n{script}\n")
    command.chmod(0o755)
    (folder / "data").mkdir()
    return folder
