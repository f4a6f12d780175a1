"""Accounts by months on Dagster: its queue, its partitions, its checks, over real servers."""

from __future__ import annotations

import json
import os
from collections import defaultdict
from collections.abc import Iterator
from contextlib import ExitStack
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo

import pytest

from pipelines.quality.check_runner import all_checks
from pipelines.settings.constants import DATA_FOLDER, DATASET
from sources.help_scout.catalog.reports import REPORTS
from sources.help_scout_sandbox import Fault
from tests.helpers.environments import programs_of, run_in
from tests.helpers.fleet import TINY, Fleet, fleet
from tests.helpers.loads import READ_TIMES, Rows, differing, numbers, query
from tests.helpers.postgres import postgres_server
from tests.helpers.schedules import Done
from tests.helpers.twin import comparable, connected

pytestmark = [pytest.mark.slow(minutes=3), pytest.mark.xdist_group("dagster")]

DESTINATION = os.environ.get("ORCHESTRATION_DESTINATION", "duckdb")
ACCOUNTS = int(os.environ.get("ORCHESTRATION_ACCOUNTS", "3"))
MONTHS = ("2026-10", "2026-09", "2026-08")[: int(os.environ.get("ORCHESTRATION_MONTHS", "2"))]
SPEC = replace(TINY, until=datetime(2026, 11, 1, 4, tzinfo=UTC), conversations_per_day=2, days=100)
REFUSED, ODD = "a02", "a03"
"""The account that is refused once, and the one of which one answer of September is no report."""
OFFERS_TAGS = "/v2/reports/conversations"  # which loads ask for the list of tags
NO_REPORT = Fault(
    path="/v2/reports/happiness",
    kind="change_body",
    change=lambda _body: {},
    params=(("start", "2026-09-02T04:00:00Z"),),
    times=None,
)


@dataclass(frozen=True)
class Orchestrated:
    """Accounts, the place that they are loaded into, and Dagster's programs."""

    accounts: Fleet
    place: dict[str, str]
    programs: Path
    home: Path

    def run(self, *arguments: str | Path, **env: str) -> Done:
        """A module or file, by the Python of Dagster's environment."""
        known = {
            "DAGSTER_HOME": str(self.home),
            "HELP_SCOUT_DESTINATION": DESTINATION,
            "SOURCES__HELP_SCOUT__START_DATE": "2026-08-01",
        }
        return run_in(
            self.programs, "python", *arguments, **self.accounts.env | self.place | known | env
        )

    def backfill(self, **env: str) -> Done:
        """The one command."""
        module = "pipelines.orchestration.dagster.backfill"
        return self.run("-m", module, "--months", ",".join(MONTHS), **env)

    def told(self, *arguments: str) -> Any:
        """What the instance holds, or the schedule asks for."""
        done = self.run(Path(__file__).with_name("dagster_instance.py"), *arguments)
        assert done.returncode == 0, done.stdout
        return json.loads(done.stdout.splitlines()[-1])

    def ask(self, sql: str) -> Rows:
        """Rows of the database, or of the accounts' files."""
        if not self.place:
            files = [Path(DATA_FOLDER) / f"{name}.duckdb" for name in self.accounts.sandboxes]
            return [row for file in files for row in query(file, sql)]
        (address,) = self.place.values()
        with connected(address) as connection, connection.cursor() as cursor:
            cursor.execute(sql)
            return list(cursor.fetchall())


@pytest.fixture(scope="module")
def orchestrated(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Orchestrated]:
    with fleet(ACCOUNTS, SPEC) as accounts, ExitStack() as stack:
        place = {}
        if DESTINATION == "postgres":
            place["DESTINATION__POSTGRES__CREDENTIALS"] = stack.enter_context(postgres_server())
        home = tmp_path_factory.mktemp("dagster")
        yield Orchestrated(accounts, place, programs_of("dagster"), home)


def test_one_command_loads_all_and_again_what_failed_alone(
    orchestrated: Orchestrated, tmp_path: Path
) -> None:
    sandboxes = orchestrated.accounts.sandboxes
    wanted = [f"{account}|{month}-01" for account in sandboxes for month in MONTHS]
    refusal = Fault(path="/v2/users", kind="status", status=403, times=1)
    sandboxes[REFUSED].faults.add(refusal)
    sandboxes[ODD].faults.add(NO_REPORT)

    done = orchestrated.backfill(HELP_SCOUT_RETRIES="0")
    assert done.returncode == 3, done.stdout
    told = (
        f"{ODD}|2026-09-01: failure\nhappiness_overall: First the day 2026-09-02 of",
        f"{len(wanted) - 2} of {len(wanted)} partitions are loaded whole",
    )
    assert all(words in done.stdout for words in told), done.stdout
    first = orchestrated.told(*wanted)
    lacking = {
        partition: {name for name, status in assets.items() if status == "FAILED"}
        for partition, assets in first["statuses"].items()
        if set(assets.values()) != {"MATERIALIZED"}
    }
    (refused,) = (partition for partition in lacking if partition.startswith(REFUSED))
    assert lacking == {f"{ODD}|2026-09-01": {"happiness_overall"}, refused: {*REPORTS, "lists"}}
    assert sorted(run["partition"] for run in first["runs"]) == sorted(wanted)
    assert overlapping(first["runs"]) == []

    before = {name: len(sandbox.requests) for name, sandbox in sandboxes.items()}
    sandboxes[ODD].faults.clear()
    sandboxes[ODD].faults.add(replace(NO_REPORT, times=1))
    done = orchestrated.backfill(HELP_SCOUT_RETRIES="1", HELP_SCOUT_RETRY_SECONDS="0.1")
    assert (done.returncode, done.stdout.splitlines()[-1]) == (
        0,
        f"{len(wanted)} of {len(wanted)} partitions are loaded whole",
    ), done.stdout
    asked = {name for name, sandbox in sandboxes.items() if len(sandbox.requests) > before[name]}
    assert asked == {REFUSED, ODD}
    reports = {r.path for r in sandboxes[ODD].requests[before[ODD] :] if "/reports/" in r.path}
    assert reports == {"/v2/reports/happiness", OFFERS_TAGS}
    then = orchestrated.told(*wanted)
    again = [(r["partition"], r["assets"], r["restarts"]) for r in then["runs"][len(wanted) :]]
    assert sorted(again) == sorted([(refused, 33, 0), (f"{ODD}|2026-09-01", 1, 1)])

    assert {*then["statuses"]} == {*wanted}
    assert {s for assets in then["statuses"].values() for s in assets.values()} == {"MATERIALIZED"}
    for partition in wanted:
        assert then["checks"][partition] == {check.name: True for check in all_checks()}
    assert rows_of(then) == counted(orchestrated, wanted)

    plain = tmp_path / "plain.duckdb"
    interval = ("--since", f"{MONTHS[-1]}-01", "--until", "2026-11-01")
    code, printed = orchestrated.accounts.run(
        "load", "--account", ODD, "--warehouse", str(plain), *interval
    )
    assert code == 0, printed
    assert loaded_differently(orchestrated, plain) == {}

    quiet = {name: len(sandbox.requests) for name, sandbox in sandboxes.items()}
    assert orchestrated.backfill().returncode == 0
    assert {name: len(sandbox.requests) for name, sandbox in sandboxes.items()} == quiet


def test_nights_load_the_month_of_the_day_that_has_ended(orchestrated: Orchestrated) -> None:
    tags = {"help_scout/nightly": "true"}

    assert orchestrated.told("nightly", "2026-11-01T03:15") == [
        {"partition": f"{account}|2026-10-01", "tags": tags}
        for account in orchestrated.accounts.sandboxes
    ]


def overlapping(runs: list[dict[str, Any]]) -> list[tuple[str, str]]:
    """Runs of one account that were under way at once."""
    ordered = sorted(runs, key=lambda run: run["start"])
    return [
        (run["partition"], later["partition"])
        for place, run in enumerate(ordered)
        for later in ordered[place + 1 :]
        if later["account"] == run["account"] and later["start"] < run["end"]
    ]


def rows_of(instance: dict[str, Any]) -> dict[tuple[str, str], int]:
    """The rows that the assets tell of, by partition and report."""
    return {
        (partition, name): count
        for partition, counts in instance["rows"].items()
        for name, count in counts.items()
        if count and name in REPORTS
    }


def counted(orchestrated: Orchestrated, wanted: list[str]) -> dict[tuple[str, str], int]:
    """The rows of the reports' tables, by the month in which their windows end."""
    counts: dict[tuple[str, str], int] = defaultdict(int)
    for report in REPORTS.values():
        for table in report.tables:
            for account, end, count in orchestrated.ask(
                f"select account, window_end, count(*) from {DATASET}.{table.name} group by 1, 2"
            ):
                last = (end - timedelta(seconds=1)).astimezone(ZoneInfo("America/New_York"))
                counts[f"{account}|{last:%Y-%m}-01", report.name] += count
    assert {partition for partition, _ in counts} == {*wanted}
    return dict(counts)


def loaded_differently(orchestrated: Orchestrated, plain: Path) -> dict[str, tuple[Rows, Rows]]:
    """The tables of the account that differ from those of a plain load into a file."""
    ours, theirs = {}, {}
    for table in numbers(plain):
        columns = [
            f'"{name}"'
            for (name,) in query(
                plain,
                "select column_name from information_schema.columns where table_schema = "
                f"'{DATASET}' and table_name = '{table}' order by 1",
            )
            if name not in READ_TIMES
        ]
        listed = f"select {', '.join(columns)} from {DATASET}.{table} where account = '{ODD}'"
        ours[table] = comparable(orchestrated.ask(listed))
        theirs[table] = comparable(query(plain, listed))
    assert sum(map(len, theirs.values())) > 5_000
    return differing(ours, theirs)
