"""Opens Dagster's instance, and runs its daemon while a command needs it."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from dagster import DagsterEventType, DagsterInstance, DagsterRunStatus, RunsFilter

FOLDER = Path(__file__).parent
DEFINITIONS = ("-m", f"{__package__}.definitions", "-d", str(Path.cwd()))
"""Where Dagster's programs find the assets."""
HEARTBEAT_SECONDS = 30
STARTED = RunsFilter(statuses=[DagsterRunStatus.STARTED, DagsterRunStatus.CANCELING])


def program(name: str) -> Path:
    """One of Dagster's programs, in the environment that runs this."""
    return Path(sys.executable).parent / name


@contextmanager
def instance_at_home() -> Iterator[DagsterInstance]:
    """The instance of DAGSTER_HOME, by default data/dagster. Our dagster.yaml is copied there."""
    home = Path(os.environ.setdefault("DAGSTER_HOME", str(Path("data/dagster").resolve())))
    home.mkdir(parents=True, exist_ok=True)
    if not (home / "dagster.yaml").exists():
        shutil.copy(FOLDER / "dagster.yaml", home)
    with DagsterInstance.get() as instance:
        yield instance


@contextmanager
def running_daemon(instance: DagsterInstance) -> Iterator[None]:
    """Has a daemon run the queue: the one that is running, or a new one. The new one logs to
    daemon.log in DAGSTER_HOME."""
    if _is_running(instance):
        yield
        return
    _fail_dead_runs(instance)
    with (Path(os.environ["DAGSTER_HOME"]) / "daemon.log").open("a") as log:
        process = subprocess.Popen(  # noqa: S603  our own words
            [program("dagster-daemon"), "run", *DEFINITIONS],
            stdout=log, stderr=log, start_new_session=True,
        )  # fmt: skip
    try:
        yield
    finally:
        process.terminate()
        process.wait()
        instance.wipe_daemon_heartbeats()


def _is_running(instance: DagsterInstance) -> bool:
    """Whether a daemon sends a new heartbeat. The last one may be of a daemon that was killed."""
    last = _last_heartbeat(instance)
    while time.time() < last + HEARTBEAT_SECONDS * 1.5 and _last_heartbeat(instance) == last:
        time.sleep(1)
    return _last_heartbeat(instance) > last


def _last_heartbeat(instance: DagsterInstance) -> float:
    return max((beat.timestamp for beat in instance.get_daemon_heartbeats().values()), default=0)


def _fail_dead_runs(instance: DagsterInstance) -> None:
    """Fails the runs whose process was killed. While they count as running, their account is not
    loaded."""
    for run in instance.get_runs(STARTED):
        pids = [
            str(entry.get_dagster_event().engine_event_data.metadata["pid"].value)
            for entry in instance.all_logs(run.run_id, of_type=DagsterEventType.ENGINE_EVENT)
            if "pid" in entry.get_dagster_event().engine_event_data.metadata
        ]
        if pids and not Path("/proc", pids[-1]).exists():
            instance.report_run_failed(run, "its process is gone")
