"""One load of everything, shared by the tests that only look at it."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest
from dlt.pipeline.pipeline import Pipeline

from pipelines.views import create_views
from sources.help_scout_sandbox import Sandbox
from tests.postgres import postgres_server

from .support import SMALL, load_into, running, serving
from .twin import copy_into_postgres


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
def postgres() -> Iterator[str]:
    """The address of a PostgreSQL server of the tests' own."""
    with postgres_server() as address:
        yield address


@pytest.fixture(scope="session")
def twin(loaded: Path, postgres: str, tmp_path_factory: pytest.TempPathFactory) -> Pipeline:
    """A pipeline into PostgreSQL, where the loaded warehouse's rows stand too, with the views."""
    pipeline = copy_into_postgres(loaded, postgres, tmp_path_factory.mktemp("twin"))
    with running("http://127.0.0.1:9") as run:
        create_views(pipeline, run.settings)
    return pipeline
