"""One browser and one page of a year for all tests here."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import duckdb
import pytest
from click.testing import CliRunner
from playwright.sync_api import Browser

from pipelines.cli.main import main
from pipelines.publishing.published_copy import page_path, published_path
from tests.helpers.browser import Opened, chromium, opened
from tests.helpers.year import make_year


@pytest.fixture(scope="session")
def browser() -> Iterator[Browser]:
    with chromium() as running:
        yield running


@pytest.fixture(scope="session")
def warehouse(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Where the warehouse would be whose published copy holds a year."""
    path = tmp_path_factory.mktemp("year") / "year.duckdb"
    make_year(published_path(path))
    return path


@pytest.fixture(scope="session")
def html(warehouse: Path) -> Path:
    """The page, made by the command."""
    made = CliRunner().invoke(main, ["dashboard", "--warehouse", str(warehouse), "--no-open"])
    assert (made.exit_code, made.output) == (
        0,
        f"{page_path(warehouse)}: 1.0 MB, needs no network\n",
    )
    return page_path(warehouse)


@pytest.fixture(scope="session")
def marts(warehouse: Path) -> Iterator[duckdb.DuckDBPyConnection]:
    with duckdb.connect(str(published_path(warehouse)), read_only=True) as connection:
        connection.execute("set schema = 'marts'")
        yield connection


@pytest.fixture(scope="session")
def shared(browser: Browser, html: Path) -> Iterator[Opened]:
    with opened(browser, html) as found:
        yield found


@pytest.fixture
def page(shared: Opened) -> Iterator[Opened]:
    """The page as it opens; whatever it does, it must complain of nothing and stay on the
    machine."""
    shared.choose(grain="week", inbox="All inboxes", team="All teams", preset="91")
    yield shared
    assert shared.complaints == []
    assert [url for url in shared.requests if not url.startswith("file://")] == []
