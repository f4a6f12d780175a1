"""Full disks and power cuts: a warehouse that opens, and a next run that repairs."""

from __future__ import annotations

import resource
import subprocess
import sys
from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from pipelines.jobs.load_loop import source_of
from pipelines.publishing.published_copy import published_path
from pipelines.warehouse.open import open_pipeline
from sources.help_scout_sandbox import Sandbox
from tests.helpers.commands import Finished, environment, help_scout_process, reaching
from tests.helpers.loads import SMALL, differing, numbers, query, running, serving

pytestmark = [pytest.mark.slow, pytest.mark.xdist_group("cli_crashes")]
Env = dict[str, str]
REPORTS = ("company_overall", "conversations_overall", "conversations_drilldown", "user_replies")
SOME = ("--reports", ",".join(REPORTS))


@dataclass(frozen=True)
class Account:
    """A sandbox that commands reach, and what a load that nothing disturbs makes of it."""

    env: Env
    base_url: str
    undisturbed: Path


@pytest.fixture(scope="module")
def account(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Account]:
    until = datetime.now(UTC) - timedelta(hours=1)
    undisturbed = tmp_path_factory.mktemp("undisturbed") / "w.duckdb"
    with Sandbox(replace(SMALL, until=until, days=30, timezone="UTC")) as sandbox:
        start = (until - timedelta(days=4)).date().isoformat()
        with serving(sandbox) as base_url:
            env = reaching(sandbox, base_url, timezone="UTC", start_date=start)
            done = help_scout_process("load", *SOME, "--warehouse", str(undisturbed), env=env)
            assert done.code == 0, done.err
            yield Account(env, base_url, undisturbed)


def load_limited(warehouse: Path, env: Env, limit: Callable[[], None]) -> Finished:
    """The load in a process that `limit` was called in first."""
    done = subprocess.run(
        [sys.executable, "-m", "pipelines", "load", *SOME, "--warehouse", str(warehouse)],
        env=environment() | env,
        capture_output=True,
        text=True,
        timeout=120,
        check=False,
        preexec_fn=limit,
    )
    return Finished(done.returncode, done.stdout, done.stderr)


def repaired(warehouse: Path, account: Account) -> bool:
    """Whether the next run makes everything good."""
    done = help_scout_process("load", *SOME, "--warehouse", str(warehouse), env=account.env)
    assert done.code == 0, done.err
    assert differing(numbers(warehouse), numbers(account.undisturbed)) == {}
    return True


def test_files_are_for_their_owner_only_but_for_the_published_copy(account: Account) -> None:
    folder = account.undisturbed.parent
    modes = {path: path.stat().st_mode & 0o777 for path in folder.rglob("*")}
    assert len(modes) > 5
    assert oct(modes.pop(published_path(account.undisturbed))) == "0o640"
    assert {path: oct(mode) for path, mode in modes.items() if mode & 0o077} == {}


@pytest.mark.parametrize("room_bytes", [3_000, 300_000])
def test_a_full_disk_loses_nothing(account: Account, tmp_path: Path, room_bytes: int) -> None:
    warehouse = tmp_path / "w.duckdb"

    def no_file_grows_larger() -> None:
        resource.setrlimit(resource.RLIMIT_FSIZE, (room_bytes, room_bytes))

    done = load_limited(warehouse, account.env, no_file_grows_larger)
    assert done.code in (1, 2), done
    assert "cannot" in done.err
    assert "File too large" in done.err
    assert "Traceback" not in done.err
    assert len(done.err.strip().splitlines()) == 1
    assert repaired(warehouse, account)


def test_what_a_power_cut_leaves_half_written_is_asked_again(
    account: Account, tmp_path: Path
) -> None:
    warehouse = tmp_path / "w.duckdb"
    start = account.env["SOURCES__HELP_SCOUT__START_DATE"]
    options = {"timezone": "UTC", "start_date": start, "account": "demo"}
    with (
        running(account.base_url, clock=lambda: datetime.now(UTC), **options) as run,
        open_pipeline(warehouse) as pipeline,
    ):
        source = source_of(run, None, None, REPORTS)
        pipeline.extract(source, loader_file_format="parquet")
    (one, *_) = warehouse.parent.rglob("window_reads.*.parquet")
    one.write_bytes(one.read_bytes()[:100])
    assert repaired(warehouse, account)
    assert query(warehouse, "select count(*) from window_reads where status = 'failed'") == [(0,)]
