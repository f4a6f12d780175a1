"""Through storms of faults and `kill -9`: after the next clean run nothing lacks, nothing doubles.

Each run is drawn from its seed: CHAOS_RUNS says how many runs there are (`make chaos`).
"""

from __future__ import annotations

import os
import re
import time
from collections.abc import Callable, Iterator
from contextlib import ExitStack
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime, timedelta
from pathlib import Path
from random import Random

import pytest

from sources.help_scout.catalog.reports import REPORTS
from sources.help_scout.planning.request_plan import API_ROOT
from sources.help_scout_sandbox import Fault, Sandbox
from tests.chaos.life import Ended, is_loading, live
from tests.chaos.weather import storm
from tests.helpers.commands import reaching
from tests.helpers.loads import SMALL, Rows, differing, missing_counts, numbers, query

RUNS = int(os.environ.get("CHAOS_RUNS", "40"))
REPORTS_EACH = 4
LONGEST_LIFE_SECONDS, LONGEST_LOADING_SECONDS = 2.5, 0.7
ENDS = (0, 1, 2, 3)
REPORT_TABLES = {table.name: report for report in REPORTS.values() for table in report.tables}


@dataclass
class World:
    """An account behind a server that can go away and come back at the same address."""

    sandbox: Sandbox
    stack: ExitStack = field(default_factory=ExitStack)
    port: int = 0
    env: dict[str, str] = field(default_factory=dict)
    start_date: str = ""
    timezone: str = ""
    everything: dict[str, Rows] = field(default_factory=dict)
    windows: Rows = field(default_factory=list)

    def open(self) -> None:
        server = self.stack.enter_context(self.sandbox.serve(self.port))
        self.port = server.port

    def close(self) -> None:
        self.stack.close()

    def calm(self) -> None:
        """Ends every trouble."""
        self.sandbox.faults.clear()
        self.sandbox.clock_skew_seconds = 0

    def expected(self, reports: tuple[str, ...]) -> dict[str, Rows]:
        """The tables that an undisturbed load of the reports makes."""
        return {
            table: rows
            for table, rows in self.everything.items()
            if table not in REPORT_TABLES or REPORT_TABLES[table].name in reports
        }


def windows_of(warehouse: Path) -> Rows:
    key = "report, slice, grain, window_start, window_end"
    return query(warehouse, f"select {key}, status, rows from report_windows order by all")


@pytest.fixture(scope="module")
def world(tmp_path_factory: pytest.TempPathFactory) -> Iterator[World]:
    """The account, and what a load that nothing disturbs makes of it."""
    now = datetime.now(UTC)
    noon = f"Etc/GMT{now.hour - 12:+d}"  # where it is about noon: no day begins while tests run
    spec = replace(SMALL, until=now - timedelta(hours=1), days=30, timezone=noon)
    folder = tmp_path_factory.mktemp("undisturbed")
    warehouse = folder / "w.duckdb"
    with Sandbox(spec) as sandbox:
        world = World(sandbox)
        world.open()
        world.timezone = noon
        world.start_date = (now - timedelta(days=2)).date().isoformat()
        world.env = reaching(
            sandbox,
            f"http://127.0.0.1:{world.port}",
            timezone=noon,
            start_date=world.start_date,
        )
        ended = live(("load", "--warehouse", str(warehouse)), world.env, folder, patient=True)
        assert ended.code == 0, ended
        world.everything, world.windows = numbers(warehouse), windows_of(warehouse)
        yield world
        world.close()


@pytest.mark.slow(minutes=5)
@pytest.mark.xdist_group("chaos")
@pytest.mark.parametrize("seed", range(RUNS), ids="seed-{}".format)
def test_after_any_storm_the_next_run_has_everything(
    world: World, tmp_path: Path, seed: int, record_property: Callable[[str, object], None]
) -> None:
    dice = Random(seed)
    reports = tuple(sorted(dice.sample(sorted(REPORTS), REPORTS_EACH)))
    warehouse = tmp_path / "w.duckdb"
    load = ("load", "--warehouse", str(warehouse), "--reports", ",".join(reports))

    for number in range(dice.choice((1, 1, 1, 2))):
        faults = storm(dice, [API_ROOT + REPORTS[name].path for name in reports])
        ended = stormy_life(dice, world, load, tmp_path, faults)
        world.calm()
        kinds = ", ".join(sorted({fault.kind for fault in faults}))
        end = f"exit code {ended.code}"
        if ended.was_killed:
            end = "killed while loading" if is_loading(tmp_path) else "killed"
        record_property("story", f"seed {seed:3}, load {number + 1}: {kinds}: {end}")
        assert ended.was_killed or ended.code in ENDS, ended
        assert "Traceback" not in ended.out + ended.err, ended
        assert ended.code != 2 or "credentials" in ended.err, ended
        if ended.code == 0:  # it says that all is there
            assert is_whole(world, warehouse, reports)
        if ended.code in (0, 3):
            assert counts_of_missing_windows(world, warehouse, reports, ended) == {told(ended)}

    ended = live(load, world.env, tmp_path, patient=True)
    assert ended.code == 0, ended
    assert is_whole(world, warehouse, reports)


def counts_of_missing_windows(
    world: World, warehouse: Path, reports: tuple[str, ...], ended: Ended
) -> set[int]:
    """How many windows are missing by plan, status and backfill, and by what was published."""
    options = {"start_date": world.start_date, "timezone": world.timezone}
    counts = missing_counts(
        warehouse, reports, account="demo", clock=lambda: datetime.now(UTC), **options
    )
    if "published for readers" in ended.out:
        published = warehouse.with_suffix(".published.duckdb")
        ((everywhere,),) = query(published, "select missing_windows from publication")
        # It counts the windows of all reports: those that this load did not ask for, too.
        assert everywhere >= max(counts)
    return counts


def told(ended: Ended) -> int:
    """How many windows the load says are missing."""
    said = re.search(r"^([\d,]+) windows? (?:is|are) missing", ended.out, re.MULTILINE)
    return int(said[1].replace(",", "")) if said else 0


def stormy_life(
    dice: Random, world: World, load: tuple[str, ...], folder: Path, faults: list[Fault]
) -> Ended:
    """A load in bad weather; it may be killed, and the server may go away for a while."""
    for fault in faults:
        world.sandbox.faults.add(fault)
    world.sandbox.clock_skew_seconds = dice.choice((0, 0, -400, 400))
    moment = dice.uniform(0.1, LONGEST_LIFE_SECONDS)
    killed_after = dice.choice((None, moment, dice.uniform(0.0, LONGEST_LOADING_SECONDS)))

    def go_away() -> None:
        world.close()
        time.sleep(dice.uniform(0.05, 1.0))
        world.open()

    return live(
        load,
        world.env,
        folder,
        killed_after=killed_after,
        in_loading=killed_after is not None and killed_after != moment,
        events=[(dice.uniform(0.1, moment), go_away)] if dice.random() < 0.3 else [],
    )


def is_whole(world: World, warehouse: Path, reports: tuple[str, ...]) -> bool:
    """Whether no row lacks and none is doubled, and the ledger says so."""
    assert differing(numbers(warehouse), world.expected(reports)) == {}
    assert windows_of(warehouse) == [row for row in world.windows if row[0] in reports]
    key = "report, slice, grain, window_start, run_id"
    doubles = f"select {key} from window_reads group by all having count(*) > 1"
    assert query(warehouse, doubles) == []
    return True
