"""Many accounts: a process for each, so many at a time, and one account's failure its own."""

from __future__ import annotations

import signal
import subprocess
import sys
import threading
from collections.abc import Callable, Iterable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from dataclasses import dataclass
from time import monotonic
from types import FrameType

from ..settings.configuration import Alerts
from ..settings.errors import COMPLETE, FAILED, PARTIAL, STOPPED, USAGE, UsageError
from ..warehouse.open import destination_class
from .events import Emit
from .signals import SIGNALS
from .webhook import send_alert

WORDS = {
    COMPLETE: "complete",
    FAILED: "failed",
    USAGE: "wrong options or configuration",
    PARTIAL: "loaded, but something lacks or disagrees",
    STOPPED: "stopped early, to be gone on with",
}


@dataclass(frozen=True, slots=True)
class AccountResult:
    """How an account's process ended; a negative exit code is the signal that killed it."""

    account: str
    exit_code: int
    seconds: float

    @property
    def words(self) -> str:
        """The exit code in words."""
        if self.exit_code < 0:
            return f"killed by signal {-self.exit_code}"
        return WORDS.get(self.exit_code, f"exit code {self.exit_code}")


class Workers:
    """Runs a command for accounts, each in a process of its own."""

    def __init__(
        self, command: str, options: Sequence[str], on_line: Callable[[str, str], None]
    ) -> None:
        self._on_line = on_line
        self._command = command
        self._options = options
        self._children: list[subprocess.Popen[str]] = []
        self._is_stopping = threading.Event()

    def run(self, account: str) -> AccountResult:
        """Runs the command for the account, and hands on what it prints."""
        begun = monotonic()
        if self._is_stopping.is_set():
            return AccountResult(account, STOPPED, 0)
        command = [sys.executable, "-m", "pipelines", self._command, "--account", account]
        with subprocess.Popen(  # noqa: S603  of our own words and checked options
            [*command, *self._options], stdout=subprocess.PIPE, stderr=subprocess.STDOUT,
            text=True, start_new_session=True,
        ) as child:  # fmt: skip
            self._children.append(child)
            if self._is_stopping.is_set():
                child.terminate()
            assert child.stdout is not None
            for line in child.stdout:
                self._on_line(account, line.rstrip())
        return AccountResult(account, child.returncode, monotonic() - begun)

    def stop(self, _number: int, _frame: FrameType | None) -> None:
        """Has the processes end as one that got the signal itself, and begins no other."""
        self._is_stopping.set()
        for child in list(self._children):
            if child.poll() is None:
                child.terminate()


def run_all(
    names: Sequence[str],
    command: str,
    options: Sequence[str],
    *,
    workers: int,
    destination: str,
    on_line: Callable[[str, str], None],
) -> list[AccountResult]:
    """Runs the command for the accounts, `workers` at a time. `on_line` gets each account's name
    with each line that its process prints."""
    if workers > 1 and not destination_class(destination).loads_in_parallel:
        raise UsageError(
            f"{destination} takes one account at a time: leave --workers out. Its catalog lies in "
            "the folder, and of two who write at once one would lose, in silence"
        )
    at_work = Workers(command, options, on_line)
    with _handling_signals(at_work.stop), ThreadPoolExecutor(workers) as pool:
        return list(pool.map(at_work.run, names))


def alert_of_killed(ends: Sequence[AccountResult], command: str, emit: Emit) -> None:
    """Sends an alert for each account whose process was killed: it could not send one itself."""
    for end in ends:
        if end.exit_code < 0:
            words = f"{end.words}; the same command goes on from what it had loaded"
            text = f"help-scout {command} of account {end.account}: {words}"
            send_alert(Alerts.configured(), text, emit)


def worst(codes: Iterable[int]) -> int:
    """The exit code of all: 0 when all were complete; what was wrongly configured, or killed, has
    failed."""
    found = set(codes)
    if not found <= {COMPLETE, PARTIAL, STOPPED}:
        return found.pop() if found == {USAGE} else FAILED
    return next((code for code in (PARTIAL, STOPPED) if code in found), COMPLETE)


@contextmanager
def _handling_signals(handle: Callable[[int, FrameType | None], None]) -> Iterator[None]:
    before = {number: signal.signal(number, handle) for number in SIGNALS}
    try:
        yield
    finally:
        for number, handler in before.items():
            signal.signal(number, handler)
