"""What has not changed since it was published is neither checked nor published again."""

from __future__ import annotations

import shutil
from collections.abc import Callable, Iterator
from pathlib import Path

import duckdb
import pytest

from pipelines.planning.load_plan import LoadRequest
from pipelines.publishing.published_copy import is_published, published_path
from pipelines.warehouse.database_file import state_folder
from pipelines.warehouse.open import open_pipeline
from tests.helpers.loads import query
from tests.helpers.published import REPORTS, Nights, published_nights

pytestmark = pytest.mark.xdist_group("publish")

NOTHING_DUE = LoadRequest(reports=REPORTS, backfill=True)
CHECKED = "select count(distinct check_run_id) from check_results"


@pytest.fixture(scope="module")
def nights(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Nights]:
    with published_nights(tmp_path_factory.mktemp("unchanged")) as found:
        yield found


@pytest.fixture
def warehouse(nights: Nights, tmp_path: Path) -> Path:
    """Loaded, checked and published, with all that stands beside it."""
    shutil.copytree(nights.first.parent, tmp_path, dirs_exist_ok=True)  # dates of files are kept
    return tmp_path / nights.first.name


def test_a_job_that_finds_nothing_new_leaves_it_at_that(nights: Nights, warehouse: Path) -> None:
    before = warehouse.read_bytes(), published_path(warehouse).read_bytes()
    code, told = nights.load(warehouse, request=NOTHING_DUE)
    assert code == 0, told
    assert "nothing has changed since the last load. Readers keep the copy of 2026-11-10" in told
    assert (warehouse.read_bytes(), published_path(warehouse).read_bytes()) == before
    assert query(warehouse, CHECKED) == [(1,)]


def write_to(path: Path) -> None:
    with duckdb.connect(str(path)) as connection:
        connection.execute("create table reports.mine as select 1 as one")


def leave_in_the_log(warehouse: Path) -> None:
    with duckdb.connect(str(warehouse)) as connection:
        connection.execute(
            "set checkpoint_threshold = '1GB'; pragma disable_checkpoint_on_shutdown"
        )
        connection.execute("create table reports.mine as select 1 as one")
    assert warehouse.with_name(f"{warehouse.name}.wal").exists()


def cut_the_note_short(warehouse: Path) -> None:
    (state_folder(warehouse) / "published.json").write_text("[[")


CHANGES: dict[str, Callable[[Path], object]] = {
    "somebody wrote to the warehouse": write_to,
    "and was killed": leave_in_the_log,
    "a reader wrote to the copy": lambda warehouse: write_to(published_path(warehouse)),
    "the copy is gone": lambda warehouse: published_path(warehouse).unlink(),
    "the copy is another one": lambda warehouse: published_path(warehouse).touch(),
    "the copy is open to others": lambda warehouse: published_path(warehouse).chmod(0o644),
    "nothing tells what was published": lambda warehouse: shutil.rmtree(state_folder(warehouse)),
    "what tells it was cut short": cut_the_note_short,
}


@pytest.mark.parametrize("change", CHANGES)
def test_whatever_has_changed_is_checked_and_published(
    nights: Nights, warehouse: Path, change: str
) -> None:
    assert is_published(warehouse, 0o640)
    CHANGES[change](warehouse)
    assert not is_published(warehouse, 0o640)
    code, told = nights.load(warehouse, request=NOTHING_DUE)
    assert code == 0, told
    assert f"published for readers: {published_path(warehouse)}, " in told
    assert query(warehouse, CHECKED) == [(2,)]
    assert is_published(warehouse, 0o640)
    assert published_path(warehouse).stat().st_mode & 0o777 == 0o640


def test_staging_tables_of_an_earlier_version_are_dropped(warehouse: Path) -> None:
    with duckdb.connect(str(warehouse)) as connection:
        connection.execute("create schema reports_staging")
        connection.execute("create table reports_staging.users as select 1 as one")
    with open_pipeline(warehouse):
        pass
    schemas = "select count(*) from duckdb_schemas() where schema_name = 'reports_staging'"
    assert query(warehouse, schemas) == [(0,)]
