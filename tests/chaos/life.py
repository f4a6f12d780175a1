"""One `help-scout load` in a process of its own: it may have little patience, and be killed."""

from __future__ import annotations

import os
import signal
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path

import httpx

from pipelines.cli.main import main
from sources.help_scout.api import client, rate_limit, retries
from tests.helpers.forks import FORKS

LONGEST_SECONDS = 180.0
"""What lasts longer hangs: undisturbed, a load takes three seconds."""
TIMEOUT_SECONDS = 0.5


@dataclass(frozen=True, kw_only=True)
class Ended:
    """How a life ended and what it said."""

    code: int
    out: str
    err: str

    @property
    def was_killed(self) -> bool:
        return self.code == -signal.SIGKILL


def live(
    arguments: Sequence[str],
    env: dict[str, str],
    folder: Path,
    *,
    patient: bool = False,
    killed_after: float | None = None,
    in_loading: bool = False,
    events: Sequence[tuple[float, Callable[[], None]]] = (),
) -> Ended:
    """Runs the command to its end, or kills it after so many seconds, from its start or from that
    of the loading step; `events` happen meanwhile, each at its second."""
    process = FORKS.Process(target=_run, args=(list(arguments), env, folder, patient))
    began = time.monotonic()
    process.start()
    for seconds, happen in events:
        process.join(max(0.0, began + seconds - time.monotonic()))
        happen()
    if in_loading:
        while process.is_alive() and not is_loading(folder):
            time.sleep(0.002)
    process.join(LONGEST_SECONDS if killed_after is None else killed_after)
    is_hung = process.is_alive() and killed_after is None
    process.kill()
    process.join()
    out, err = ((folder / name).read_text() for name in ("out", "err"))
    assert not is_hung, f"still running after {LONGEST_SECONDS:.0f} s:\n{out}\n{err}"
    assert process.exitcode is not None
    return Ended(code=process.exitcode, out=out, err=err)


def is_loading(folder: Path) -> bool:
    """Whether a load package is whole on disk, and so is just being written to the warehouse."""
    return any(folder.glob(".*.pipelines/*/load/normalized/*/new_jobs/*"))


def _run(arguments: list[str], env: dict[str, str], folder: Path, patient: bool) -> None:
    os.environ.update(env)
    os.chdir(folder)
    for number, name in ((1, "out"), (2, "err")):
        os.dup2(os.open(folder / name, os.O_WRONLY | os.O_CREAT | os.O_TRUNC), number)
    if not patient:
        client.TIMEOUT = httpx.Timeout(TIMEOUT_SECONDS)
        client.ANSWER_SECONDS = 4 * TIMEOUT_SECONDS
        retries.FIRST_WAIT_SECONDS = 0.01
        retries.MAX_WAIT_SECONDS = 0.1
        rate_limit.DEFAULT_RETRY_AFTER_SECONDS = 0.1
    main(arguments)
