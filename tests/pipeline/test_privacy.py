"""Personal data from the API to the files: what is dropped, hashed or forgotten is nowhere."""

from __future__ import annotations

import shutil
from collections.abc import Iterator
from dataclasses import dataclass, replace
from datetime import timedelta
from io import StringIO
from pathlib import Path
from typing import Any
from unittest.mock import Mock

import pytest
from rich.console import Console

from pipelines.cli.render.progress import JobScreen
from pipelines.jobs.erasure import run_forget
from pipelines.jobs.load_job import Job, run_job
from pipelines.jobs.rebuild import run_rebuild
from pipelines.planning.load_plan import LoadRequest
from pipelines.warehouse.database_file import state_folder
from pipelines.warehouse.duckdb import DuckDbFile
from pipelines.warehouse.redaction import mark_purge_pending
from sources.help_scout.catalog.reports import REPORTS as ALL_REPORTS
from sources.help_scout.errors import ConfigurationError
from sources.help_scout.parsing.redaction import personal_columns
from sources.help_scout_sandbox import Sandbox
from tests.helpers.loads import NOW, SMALL, load_into, query, serving, ticking

pytestmark = [pytest.mark.slow(minutes=1), pytest.mark.xdist_group("privacy")]
KEY = "a key of many characters"
START = "2026-11-07"
REPORTS = (
    "conversations_overall",
    "conversations_drilldown",
    "conversations_new_drilldown",
    "docs_overall",
    "happiness_ratings",
    "user_drilldown",
    "user_overall",
)
SECRETS = ("sandbox-secret", "sandbox-docs-key", "sandbox-token", KEY)


@dataclass(frozen=True)
class Known:
    """A sandbox, a warehouse that keeps everything, and the personal values in it."""

    sandbox: Sandbox
    base_url: str
    kept: Path
    personal: frozenset[str]

    @property
    def telling(self) -> frozenset[str]:
        """Those that no file holds by chance, as dlt's own do `import`."""
        return frozenset(value for value in self.personal if " " in value or "@" in value)


@pytest.fixture(scope="module")
def known(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Known]:
    kept = tmp_path_factory.mktemp("kept") / "w.duckdb"
    with Sandbox(replace(SMALL, days=30)) as sandbox, serving(sandbox) as base_url:
        load_into(kept, base_url, start_date=START, reports=REPORTS)
        yield Known(sandbox, base_url, kept, personal_values(kept))


def text_columns(warehouse: Path) -> list[tuple[str, str]]:
    found = query(
        warehouse,
        "select c.table_name, c.column_name from information_schema.columns as c "
        "inner join information_schema.tables as t using (table_schema, table_name) "
        "where c.table_schema = 'reports' and c.data_type = 'VARCHAR' "
        "and t.table_type = 'BASE TABLE' and not starts_with(c.table_name, '_dlt')",
    )
    return [(table, column) for table, column in found]


def texts_in(warehouse: Path, columns: list[tuple[str, str]]) -> set[str]:
    parts = [f'select distinct "{c}" from "{t}" where "{c}" is not null' for t, c in columns]
    return {value for (value,) in query(warehouse, " union ".join(parts))}


def personal_values(warehouse: Path) -> frozenset[str]:
    """The values of the personal columns that stand nowhere else."""
    marked = {(table, column.name) for table, column, _ in personal_columns()}
    columns = text_columns(warehouse)
    elsewhere = " ".join(texts_in(warehouse, [one for one in columns if one not in marked]))
    found = texts_in(warehouse, [one for one in columns if one in marked])
    values = frozenset(value for value in found if len(value) > 4 and value not in elsewhere)
    assert len(values) > 100
    return values


def found_in_files(folder: Path, values: frozenset[str] | tuple[str, ...]) -> set[str]:
    """Which of the values stand in any file of the folder, byte for byte."""
    files = [path.read_bytes() for path in folder.rglob("*") if path.is_file()]
    assert files
    return {value for value in values if any(value.encode() in content for content in files)}


def found_in_tables(warehouse: Path, values: frozenset[str]) -> set[str]:
    words = "\n".join(texts_in(warehouse, text_columns(warehouse)))
    return {value for value in values if value in words}


def settings_for(known: Known) -> dict[str, Any]:
    return {
        "base_url": known.base_url,
        "client_id": "sandbox-id",
        "client_secret": "sandbox-secret",
        "docs_base_url": known.base_url,
        "docs_api_key": "sandbox-docs-key",
        "start_date": START,
    }


def load(target: Path, known: Known, night: int = 0, **options: Any) -> str:
    """The load as the command line does it; what it printed."""
    console = Console(record=True, width=200, file=StringIO())
    clock = ticking(NOW + timedelta(days=night))
    request = LoadRequest(reports=REPORTS)
    job = Job(
        warehouse=DuckDbFile(target),
        request=request,
        options=settings_for(known) | options,
        clock=clock,
    )
    assert run_job(job, JobScreen(console)).exit_code == 0
    return console.export_text()


def test_the_search_finds_what_is_kept(known: Known) -> None:
    assert found_in_tables(known.kept, known.personal) == known.personal
    assert len(found_in_files(known.kept.parent, known.telling)) > 0


def test_what_is_dropped_is_in_no_table_and_no_file(known: Known, tmp_path: Path) -> None:
    warehouse = tmp_path / "w.duckdb"
    told = load(warehouse, known, privacy="drop")
    assert found_in_tables(warehouse, known.personal) == set()
    assert found_in_files(tmp_path, known.telling) == set()
    assert found_in_files(tmp_path, SECRETS) == set()
    assert [secret for secret in SECRETS if secret in told] == []
    counts = "select count(*) from conversations_drilldown"
    assert query(warehouse, counts) == query(known.kept, counts)
    searches = "select sum(search_count), count(*) from docs_overall_failed_searches"
    assert query(warehouse, searches) == query(known.kept, searches)


def test_hashes_join_and_give_nothing_away(known: Known, tmp_path: Path) -> None:
    warehouse = tmp_path / "w.duckdb"
    load(warehouse, known, privacy="hash", privacy_key=KEY)
    assert found_in_tables(warehouse, known.personal) == set()
    assert found_in_files(tmp_path, (*known.telling, *SECRETS)) == set()
    joined = (
        "select count(*) from conversations_drilldown as a "
        "inner join conversations_new_drilldown as b using (customer_email)"
    )
    assert query(warehouse, joined) == query(known.kept, joined)


def test_a_stricter_mode_rewrites_what_is_loaded_and_a_looser_one_says_it_cannot(
    known: Known, tmp_path: Path
) -> None:
    warehouse = tmp_path / "w.duckdb"
    load(warehouse, known)
    assert "columns of what is loaded" in load(warehouse, known, 1, privacy="hash", privacy_key=KEY)
    assert found_in_tables(warehouse, known.personal) == set()
    assert found_in_files(tmp_path, known.telling) == set()
    hashed = "select count(*) from users where starts_with(email, 'hash:')"
    assert query(warehouse, hashed)[0][0] > 0
    load(warehouse, known, 1, privacy="drop")
    assert query(warehouse, "select count(email) from users") == [(0,)]
    told = load(warehouse, known, 1)
    assert "columns stay hashed or dropped in what is loaded so far" in told
    assert "help-scout rebuild" in told


@dataclass(frozen=True)
class Somebody:
    """A customer with conversations of their own."""

    id: int
    email: str
    name: str


def somebody(known: Known) -> Somebody:
    ((customer, email, name),) = query(
        known.kept,
        "select c.customer_id, d.customer_email, d.customer_name from conversations_drilldown as d "
        "inner join conversations_drilldown_customers as c using (conversation_id) "
        "where c.customer_id > 0 and d.customer_email is not null order by all limit 1",
    )
    return Somebody(customer, email, name)


def copy_of(known: Known, folder: Path) -> Path:
    """A warehouse of its own in which everything is kept."""
    return Path(shutil.copy(known.kept, folder / "w.duckdb"))


@pytest.fixture
def key(monkeypatch: pytest.MonkeyPatch) -> str:
    monkeypatch.setenv("SOURCES__HELP_SCOUT__PRIVACY_KEY", KEY)
    return KEY


def forget(warehouse: Path, *customers: str, code: int = 0) -> str:
    console = Console(record=True, width=200, file=StringIO())
    assert run_forget(warehouse, customers, emit=JobScreen(console)) == code
    return console.export_text()


def about(warehouse: Path, customer: Somebody) -> set[tuple[str | None, ...]]:
    """What is known of the customer's conversations, wherever they are listed: user_drilldown does
    not say whose they are."""
    words = "subject, preview, customer_name, customer_email"
    theirs = (
        "(select conversation_id from conversations_drilldown_customers "
        f"where customer_id = {customer.id})"
    )
    rows = query(
        warehouse,
        f"select {words} from conversations_drilldown where conversation_id in {theirs} "
        f"union all select {words} from user_drilldown where conversation_id in {theirs}",
    )
    return set(rows)


NOTHING = {(None, None, None, None)}


def test_a_forgotten_customer_stays_forgotten(known: Known, tmp_path: Path, key: str) -> None:
    warehouse, customer = copy_of(known, tmp_path), somebody(known)
    assert found_in_tables(warehouse, frozenset({customer.email, customer.name}))
    assert any(email is None and name for _, _, name, email in about(warehouse, customer))
    told = forget(warehouse, customer.email)
    assert "forgotten, by 1 ids and 1 e-mail addresses" in told
    assert customer.email not in told
    for night in (0, 1):  # as it stands, and after a load that reads the days again
        assert found_in_tables(warehouse, frozenset({customer.email})) == set()
        assert found_in_files(tmp_path, (customer.email,)) == set()
        assert about(warehouse, customer) == NOTHING
        load(warehouse, known, night + 1, privacy_key=key)
    assert "0 rows emptied" in forget(warehouse, customer.email)  # told before: no mistake


def test_a_customer_forgotten_by_one_key_is_not_brought_back_by_another(
    known: Known, tmp_path: Path, key: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    warehouse, customer = copy_of(known, tmp_path), somebody(known)
    forget(warehouse, customer.email)
    monkeypatch.delenv("SOURCES__HELP_SCOUT__PRIVACY_KEY")
    for other in (None, KEY[::-1]):
        with pytest.raises(ConfigurationError, match="customers were forgotten"):
            load(warehouse, known, 1, privacy_key=other)
    assert about(warehouse, customer) == NOTHING


@pytest.fixture
def fewer_reports() -> Iterator[None]:
    """A catalog of the reports at hand; afterwards it is whole again, in its order."""
    catalog, every = ALL_REPORTS, dict(ALL_REPORTS)
    for name in set(every) - {"company_overall", *REPORTS}:
        del catalog[name]
    yield
    catalog.clear()
    catalog.update(every)


@pytest.mark.usefixtures("fewer_reports")
def test_a_rebuilt_warehouse_has_not_got_the_forgotten_customer_back(
    known: Known, tmp_path: Path, key: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(
        "pipelines.models.mart_runner.all_marts", tuple
    )  # they are of the whole catalog
    warehouse, customer = copy_of(known, tmp_path), somebody(known)
    forget(warehouse, customer.email)
    console = Console(record=True, width=200, file=StringIO())
    job = Job(warehouse=DuckDbFile(warehouse), options=settings_for(known), clock=ticking(NOW))
    assert run_rebuild(job, JobScreen(console)) == 0
    assert about(warehouse, customer) == NOTHING
    load(warehouse, known, 1, privacy_key=key)
    assert about(warehouse, customer) == NOTHING


def test_a_customer_whose_address_is_hashed_is_found(
    known: Known, tmp_path: Path, key: str
) -> None:
    warehouse, customer = copy_of(known, tmp_path), somebody(known)
    load(warehouse, known, privacy="hash", privacy_key=key)
    assert about(warehouse, customer) != NOTHING
    assert "forgotten, by 1 ids" in forget(warehouse, customer.email.upper())
    assert about(warehouse, customer) == NOTHING


def test_nobody_of_that_name_is_told(known: Known, tmp_path: Path, key: str) -> None:
    told = forget(copy_of(known, tmp_path), "nobody@example.com", code=3)
    assert "nothing of them was found here: is the id or address spelt right?" in told


def test_what_a_killed_forgetting_left_readable_is_overwritten_by_the_next_run(
    known: Known, tmp_path: Path, key: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    warehouse, customer = copy_of(known, tmp_path), somebody(known)
    with monkeypatch.context() as dying:
        dying.setattr(
            "pipelines.jobs.finalize.copy_without_traces", Mock(side_effect=KeyboardInterrupt)
        )
        with pytest.raises(KeyboardInterrupt):
            forget(warehouse, customer.email)
    assert found_in_files(tmp_path, (customer.email,))
    load(warehouse, known, 1, privacy_key=key)
    assert found_in_files(tmp_path, (customer.email,)) == set()


def test_a_deleted_warehouse_owes_no_copy(
    known: Known, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    rewriting = Mock()
    monkeypatch.setattr("pipelines.jobs.finalize.copy_without_traces", rewriting)
    warehouse = tmp_path / "w.duckdb"
    state_folder(warehouse).mkdir()
    mark_purge_pending(warehouse)  # of a file that was there
    load(warehouse, known)
    rewriting.assert_not_called()


def test_a_link_to_a_warehouse_stays_one(known: Known, tmp_path: Path, key: str) -> None:
    (tmp_path / "far").mkdir()
    warehouse, customer = copy_of(known, tmp_path / "far"), somebody(known)
    warehouse.chmod(0o640)
    link = tmp_path / "link.duckdb"
    link.symlink_to(warehouse)
    forget(link, customer.email)
    assert link.is_symlink()
    assert warehouse.stat().st_mode & 0o777 == 0o640
    assert about(warehouse, customer) == NOTHING
    assert found_in_files(tmp_path, (customer.email,)) == set()
