"""One load of everything, shared by the tests that only look at it."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path
from shutil import copy

import pytest
from dlt.pipeline.pipeline import Pipeline

from pipelines.models.base_views import create_views
from pipelines.models.mart_runner import create_marts
from pipelines.models.sla_targets import Targets
from pipelines.warehouse.open import open_pipeline
from sources.help_scout_sandbox import Sandbox
from tests.helpers.loads import NOW, SMALL, load_days, load_into, running, serving
from tests.helpers.postgres import postgres_server
from tests.helpers.truth import WINDOWS, Key, Truth
from tests.helpers.twin import copy_into_postgres


@pytest.fixture(scope="session")
def small_account() -> Iterator[tuple[Sandbox, str]]:
    """A sandbox that no test changes, and its address."""
    sandbox = Sandbox(SMALL)
    with serving(sandbox) as base_url:
        yield sandbox, base_url


@pytest.fixture(scope="session")
def loaded(small_account: tuple[Sandbox, str], tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A warehouse with sixteen days of everything, across a clock change."""
    warehouse = tmp_path_factory.mktemp("loaded") / "loaded.duckdb"
    load_into(warehouse, small_account[1])
    return warehouse


@pytest.fixture(scope="session")
def year_before() -> Iterator[tuple[Sandbox, str]]:
    """The same account as it was a year before: its days are those of a longer history."""
    sandbox = Sandbox(replace(SMALL, until=datetime(2025, 11, 8, 5, tzinfo=UTC), days=20))
    with serving(sandbox) as base_url:
        yield sandbox, base_url


@pytest.fixture(scope="session")
def marts(
    loaded: Path,
    small_account: tuple[Sandbox, str],
    year_before: tuple[Sandbox, str],
    tmp_path_factory: pytest.TempPathFactory,
) -> Path:
    """The loaded warehouse with the marts; besides, the volume of five days of the year before,
    and a week of the teams."""
    warehouse = tmp_path_factory.mktemp("marts") / "all.duckdb"
    copy(loaded, warehouse)
    volume = ("conversations_overall", "conversations_volume_by_channel")
    with open_pipeline(warehouse) as pipeline:
        with running(year_before[1]) as run:
            load_days(pipeline, run, volume, "2025-10-27", "2025-11-01")
        with running(small_account[1], breakdowns={"user_overall": ["team"]}) as run:
            load_days(pipeline, run, ("user_overall",), "2026-11-02", "2026-11-09")
            create_views(pipeline, run.settings)
        create_marts(pipeline, Targets.configured())
    return warehouse


@pytest.fixture(scope="session")
def postgres() -> Iterator[str]:
    """The address of a PostgreSQL server of the tests' own."""
    with postgres_server() as address:
        yield address


@pytest.fixture(scope="session")
def twin(marts: Path, postgres: str, tmp_path_factory: pytest.TempPathFactory) -> Pipeline:
    """A pipeline into PostgreSQL, where the warehouse's rows stand too, with views and marts."""
    pipeline = copy_into_postgres(marts, postgres, tmp_path_factory.mktemp("twin"))
    with running("http://127.0.0.1:9") as run:
        create_views(pipeline, run.settings)
        create_marts(pipeline, Targets.configured())
    return pipeline


@pytest.fixture(scope="session")
def truth(small_account: tuple[Sandbox, str]) -> Truth:
    """The history of the account that was loaded."""
    return Truth(small_account[0], NOW)


@pytest.fixture(scope="session")
def before(year_before: tuple[Sandbox, str]) -> Truth:
    """The history of the year before."""
    return Truth(year_before[0], NOW)


@pytest.fixture(scope="session")
def keys(truth: Truth) -> list[Key]:
    """Every window of the loaded year, for each inbox and for all."""
    return truth.of_inboxes(WINDOWS)
