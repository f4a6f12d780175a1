"""The DAG by Airflow's own test run: an interval, its days, and nothing else."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import pytest

from pipelines.settings.constants import DATASET
from sources.help_scout_sandbox import Fault
from tests.helpers.environments import programs_of, run_in
from tests.helpers.fleet import TINY, Fleet, fleet
from tests.helpers.loads import Rows
from tests.helpers.postgres import postgres_server
from tests.helpers.schedules import CHECKOUT, SCHEDULES, Done
from tests.helpers.twin import connected

pytestmark = [pytest.mark.slow(minutes=2), pytest.mark.xdist_group("airflow")]

LEDGER = f"""
select distinct account, grain, window_date::text from {DATASET}.window_reads order by 1, 2, 3
"""
OF_SUNDAY = [
    (account, *window)
    for account in ("a01", "a02")
    for window in (("day", "2026-10-04"), ("week", "2026-09-28"))
]
"""What ends with the Sunday that ends in the interval."""


@dataclass(frozen=True)
class Scheduled:
    """Accounts, the database that they are loaded into, Airflow's programs and variables."""

    accounts: Fleet
    address: str
    programs: Path
    settings: dict[str, str]

    def airflow(self, *arguments: str, **env: str) -> Done:
        """An `airflow` command."""
        known = {
            "HELP_SCOUT_DESTINATION": "postgres",
            "HELP_SCOUT_TIMEZONE": "America/New_York",
            "HELP_SCOUT_RETRIES": "0",
            "DESTINATION__POSTGRES__CREDENTIALS": self.address,
        }
        env = self.settings | self.accounts.env | known | env
        return run_in(self.programs, "airflow", *arguments, **env)

    def ledger(self) -> Rows:
        """The windows that were read, of any slice and report."""
        with connected(self.address) as connection, connection.cursor() as cursor:
            cursor.execute(LEDGER)
            return list(cursor.fetchall())


@pytest.fixture(scope="module")
def scheduled(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Scheduled]:
    project = tmp_path_factory.mktemp("project")
    (project / ".venv").symlink_to(CHECKOUT / ".venv")
    written = (SCHEDULES / "airflow" / "airflow.env").read_text().splitlines()
    settings = dict(line.split("=", 1) for line in written if line and not line.startswith("#"))
    dags = settings.pop("AIRFLOW__CORE__DAGS_FOLDER").replace("$PWD", str(CHECKOUT))
    settings = {name: value.replace("$PWD", str(project)) for name, value in settings.items()}
    settings["AIRFLOW__CORE__DAGS_FOLDER"] = dags
    with fleet(2, TINY) as accounts, postgres_server() as address:
        found = Scheduled(accounts, address, programs_of("airflow"), settings)
        done = found.airflow("db", "migrate")
        assert done.returncode == 0, done.stdout
        yield found


def test_a_test_run_loads_its_interval_and_nothing_else(scheduled: Scheduled) -> None:
    done = scheduled.airflow("dags", "test", "help_scout", "2026-10-05T03:15:00-04:00")

    assert done.returncode == 0, done.stdout[-5_000:]
    assert "--since 2026-10-04 --until 2026-10-05" in done.stdout
    assert scheduled.ledger() == OF_SUNDAY


def test_an_account_that_fails_fails_the_run(scheduled: Scheduled) -> None:
    odd = Fault(
        path="/v2/reports/happiness", kind="change_body", change=lambda _body: {}, times=None
    )
    scheduled.accounts.sandboxes["a02"].faults.add(odd)
    try:
        done = scheduled.airflow("dags", "test", "help_scout", "2026-10-06")
    finally:
        scheduled.accounts.sandboxes["a02"].faults.clear()

    assert done.returncode == 1, done.stdout[-5_000:]
    told = ("exit code 3", "happiness_overall: 4 failed. First the week 2026-09-28")
    assert all(words in done.stdout for words in told), done.stdout
    assert scheduled.ledger() == OF_SUNDAY
