"""A PostgreSQL server of the tests' own: started in a folder of its own, gone at the end."""

from __future__ import annotations

import os
import shutil
import socket
import subprocess
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

SUPERUSER = "postgres"
LACKING = (
    "the tests start a PostgreSQL server, and there is none to start: install it "
    "(apt-get install postgresql), or put its initdb and pg_ctl on the PATH"
)
SPEED = "-c fsync=off -c synchronous_commit=off -c full_page_writes=off -c jit=off"
"""Nothing here outlives the test run, so nothing need reach the disk."""


@contextmanager
def postgres_server() -> Iterator[str]:
    """The connection string of a server that holds nothing yet.

    It listens on a free port of the loopback interface: dlt knows no servers without a host.
    PostgreSQL refuses to run as root: then it runs as the user that its package made.
    """
    programs = programs_of_postgres()
    owner: dict[str, Any] = {"user": SUPERUSER, "group": SUPERUSER} if os.geteuid() == 0 else {}
    folder = Path(tempfile.mkdtemp(prefix="help_scout_pg_"))  # short: a socket's path is limited
    if owner:
        shutil.chown(folder, **owner)

    def run(program: str, *arguments: str) -> None:
        done = subprocess.run(
            [programs / program, *arguments],
            cwd=folder,
            stdin=subprocess.DEVNULL,
            stdout=(folder / f"{program}.log").open("wb"),
            stderr=subprocess.STDOUT,
            check=False,
            **owner,
        )
        if done.returncode:
            said = "\n".join(log.read_text() for log in folder.glob("*.log"))
            raise RuntimeError(f"{program} failed: {said}")

    data = str(folder / "data")
    try:
        run("initdb", "-D", data, "-U", SUPERUSER, "-A", "trust", "--no-sync", "--locale=C.UTF-8")
        port = _free_port()
        options = f"-c listen_addresses=127.0.0.1 -c port={port} {SPEED} -k {folder}"
        run("pg_ctl", "start", "-w", "-D", data, "-l", str(folder / "server.log"), "-o", options)
        try:
            yield f"postgresql://{SUPERUSER}:none@127.0.0.1:{port}/{SUPERUSER}"
        finally:
            run("pg_ctl", "stop", "-D", data, "-m", "immediate")
    finally:
        shutil.rmtree(folder)


def programs_of_postgres(versions: Path = Path("/usr/lib/postgresql")) -> Path:
    """The folder with PostgreSQL's programs: Debian keeps those of each version off the PATH."""
    found = shutil.which("initdb")
    if found is not None:
        return Path(found).parent
    newest = max(
        versions.glob("*/bin/initdb"), key=lambda path: float(path.parts[-3]), default=None
    )
    if newest is None:
        raise RuntimeError(LACKING)
    return newest.parent


def _free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port: int = probe.getsockname()[1]
        return port
