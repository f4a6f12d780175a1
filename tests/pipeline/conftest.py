"""One load of everything, shared by the tests that only look at it."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from sources.help_scout_sandbox import Sandbox

from .support import SMALL, load_into, serving


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
