"""Many accounts: a process for each, so many at a time, and one account's failure its own."""

from __future__ import annotations

import signal
import subprocess
import sys
import threading
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from dataclasses import dataclass
from time import monotonic
from types import FrameType

from rich import box
from rich.console import Console
from rich.table import Table

from ..settings.errors import COMPLETE, FAILED, PARTIAL, STOPPED, USAGE, UsageError
from ..warehouse.base import check_destination
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

    def __init__(self, console: Console, command: str, options: Sequence[str]) -> None:
        self._console = console
        self._command = command
        self._options = options
        self._children: list[subprocess.Popen[str]] = []
        self._is_stopping = threading.Event()

    def run(self, account: str) -> AccountResult:
        """Runs the command for the account, and prints what it prints after the account's name."""
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
                self._console.print(f"{account} | {line.rstrip()}", markup=False, soft_wrap=True)
        return AccountResult(account, child.returncode, monotonic() - begun)

    def stop(self, _number: int, _frame: FrameType | None) -> None:
        """Has the processes end as one that got the signal itself, and begins no other."""
        self._is_stopping.set()
        for child in list(self._children):
            if child.poll() is None:
                child.terminate()


def run_all(
    console: Console,
    names: Sequence[str],
    command: str,
    options: Sequence[str],
    workers: int,
    destination: str,
) -> int:
    """Runs the command for the accounts, `workers` at a time, and tells how each ended; the exit
    code of the worst."""
    if destination != "duckdb" and workers > 1 and not check_destination(destination).is_shared:
        raise UsageError(
            f"{destination} takes one account at a time: leave --workers out. Its catalog lies in "
            "the folder, and of two who write at once one would lose, in silence"
        )
    at_work = Workers(console, command, options)
    with _handling_signals(at_work.stop), ThreadPoolExecutor(workers) as pool:
        ends = list(pool.map(at_work.run, names))
    _print_ends(console, ends)
    for end in ends:
        if end.exit_code < 0:  # it could not tell anybody itself
            words = f"{end.words}; the same command goes on from what it had loaded"
            send_alert(console, f"help-scout {command} of account {end.account}: {words}")
    return worst(end.exit_code for end in ends)


def worst(codes: Iterator[int]) -> int:
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


def _print_ends(console: Console, ends: Sequence[AccountResult]) -> None:
    table = Table(box=box.SIMPLE_HEAD, pad_edge=False)
    for name in ("account", "how it ended"):
        table.add_column(name, no_wrap=True)
    table.add_column("minutes", justify="right")
    for end in ends:
        table.add_row(end.account, end.words, f"{end.seconds / 60:,.1f}")
    console.print(table)
    complete = sum(end.exit_code == COMPLETE for end in ends)
    console.print(f"{complete} of {len(ends)} accounts are complete")
