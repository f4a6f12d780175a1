"""A dozen invented accounts, each behind a server of its own, and commands over all of them."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, replace
from itertools import islice
from pathlib import Path

from sources.help_scout_sandbox import AccountSpec, Sandbox
from tests.helpers.commands import environment
from tests.helpers.loads import SMALL, serving

TINY = replace(SMALL, users=2, inboxes=1, conversations_per_day=4, days=70, tags=3)


@dataclass(frozen=True)
class Fleet:
    """Accounts by name, and the variables by which commands reach them."""

    sandboxes: dict[str, Sandbox]
    env: dict[str, str]

    def first(self, count: int) -> Fleet:
        """The first of the accounts, as if there were no others."""
        sandboxes = dict(islice(self.sandboxes.items(), count))
        others = tuple(f"ACCOUNTS__{n.upper()}__" for n in self.sandboxes if n not in sandboxes)
        env = {name: value for name, value in self.env.items() if not name.startswith(others)}
        return Fleet(sandboxes, env)

    def start(self, *arguments: str, **env: str) -> subprocess.Popen[str]:
        """A `help-scout` command, under way."""
        return subprocess.Popen(
            [sys.executable, "-m", "pipelines", *arguments],
            env=environment() | self.env | env,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
        )

    def run(self, *arguments: str, **env: str) -> tuple[int, str]:
        """A command's exit code and all that it printed."""
        process = self.start(*arguments, **env)
        printed, _ = process.communicate(timeout=1_200)
        return process.returncode, printed


@contextmanager
def fleet(count: int, spec: AccountSpec = TINY, rate_limit: int = 100_000) -> Iterator[Fleet]:
    """So many accounts, each with another history."""
    with ExitStack() as stack:
        env: dict[str, str] = {"SOURCES__HELP_SCOUT__START_DATE": "2026-10-26"}
        sandboxes: dict[str, Sandbox] = {}
        for number in range(1, count + 1):
            name = f"a{number:02}"
            sandbox = Sandbox(replace(spec, seed=number), rate_limit=rate_limit)
            address = stack.enter_context(serving(sandbox))
            own = {"CLIENT_ID": sandbox.client_id, "CLIENT_SECRET": sandbox.client_secret}
            for option, value in {**own, "BASE_URL": address}.items():
                env[f"ACCOUNTS__{name.upper()}__{option}"] = value
            sandboxes[name] = sandbox
        yield Fleet(sandboxes, env)


def kill_worker(parent: int, account: str) -> bool:
    """Kills the account's process, a child of the given one, if there is one by now."""
    for folder in Path("/proc").glob("[0-9]*"):
        try:
            words = (folder / "cmdline").read_bytes().split(b"\0")
            status = (folder / "stat").read_text()
        except OSError:
            continue  # it has ended meanwhile
        is_child = int(status.rpartition(")")[2].split()[1]) == parent
        if is_child and account.encode() in words:
            os.kill(int(folder.name), signal.SIGKILL)
            return True
    return False
