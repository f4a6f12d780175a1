"""The load of Help Scout's reports on Airflow: a run loads the days that end in its data interval.

Each account is a task, and each task a process in the project's own environment, so Airflow's
libraries and dlt's may differ.
"""
# ruff: noqa: INP001  Airflow imports it by its path

from __future__ import annotations

import json
import os
import subprocess
from collections import deque
from datetime import datetime, timedelta
from pathlib import Path

import pendulum
from airflow.sdk import CronDataIntervalTimetable, dag, task
from airflow.sdk.exceptions import AirflowException, AirflowFailException, AirflowSkipException

PROJECT = Path(os.environ.get("HELP_SCOUT_PROJECT", Path(__file__).resolve().parents[3]))
PYTHON = PROJECT / ".venv" / "bin" / "python"
ZONE = os.environ.get("HELP_SCOUT_TIMEZONE", "UTC")
FIRST_DAY = os.environ.get("HELP_SCOUT_FIRST_DAY", "2026-01-01")
AT_ONCE = 4
NAMES = """
import json
from pipelines.settings.accounts import account_names
print(json.dumps(account_names()))
"""
USAGE = 2  # the exit code of a wrong configuration: a retry would not help


@dag(
    # An interval, unlike Airflow's own default: the days from one run to the next.
    schedule=CronDataIntervalTimetable("15 3 * * *", timezone=ZONE),
    start_date=pendulum.parse(FIRST_DAY, tz=ZONE),
    catchup=True,  # an interval that is left out is not loaded by the next one
    max_active_runs=1,  # an account is loaded by one process at a time
    default_args={
        "retries": int(os.environ.get("HELP_SCOUT_RETRIES", "3")),
        "retry_delay": timedelta(minutes=10),
        "retry_exponential_backoff": True,
    },
)
def help_scout() -> None:
    """Loads the days that end in the data interval, for every account."""

    @task
    def accounts() -> list[str]:
        said = run("-c", NAMES)
        return [name for line in said if line.startswith("[") for name in json.loads(line)]

    @task(max_active_tis_per_dagrun=AT_ONCE, map_index_template="{{ account }}")
    def load(
        account: str,
        data_interval_start: datetime | None = None,
        data_interval_end: datetime | None = None,
    ) -> None:
        interval = [str(data_interval_start), str(data_interval_end)]
        said = run("-m", "pipelines.orchestration.days", account, *interval)
        days = [line.split() for line in said if line.startswith("--since")]
        if not days:
            raise AirflowSkipException("no day of the account ends in the interval")
        run("-m", "pipelines", "load", "--account", account, *days[0])

    load.expand(account=accounts())


def run(*arguments: str) -> list[str]:
    """The last lines that the project's Python prints. On any exit code but 0 the task fails with
    these lines, and its retry loads the interval again."""
    last: deque[str] = deque(maxlen=100)
    with subprocess.Popen(  # noqa: S603  our own words, and names that are checked
        [PYTHON, *arguments],
        cwd=PROJECT,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
    ) as process:
        assert process.stdout is not None
        try:
            for line in process.stdout:
                print(line, end="")  # noqa: T201  the task's log
                last.append(line.strip())
        except BaseException:  # Airflow ends the task. The load stores what it has read whole
            process.terminate()
            raise
    if process.returncode:
        failure = AirflowFailException if process.returncode == USAGE else AirflowException
        raise failure("\n".join((f"exit code {process.returncode}", *list(last)[-10:])))
    return list(last)


help_scout()
