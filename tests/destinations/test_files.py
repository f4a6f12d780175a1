"""Folders of Parquet and Iceberg as a warehouse: who goes on where, and what readers open."""

from __future__ import annotations

import os
import shutil
from pathlib import Path
from typing import Any

import duckdb
import pytest
from dlt.pipeline.pipeline import Pipeline

from pipelines.warehouse import load_packages
from sources.help_scout_sandbox import Sandbox
from tests.helpers.commands import help_scout
from tests.helpers.fleet import Fleet
from tests.helpers.loads import SMALL, load_into, remote, serving

pytestmark = [pytest.mark.slow(minutes=1), pytest.mark.xdist_group("files")]


def test_a_machine_that_begins_empty_goes_on_where_the_last_one_stood(
    three_accounts: Fleet, tmp_path: Path
) -> None:
    env = three_accounts.env | {"DESTINATION__PARQUET__BUCKET_URL": str(tmp_path / "bucket")}
    env["HELP_SCOUT_WAREHOUSE"] = "another.duckdb"  # which is no matter of other destinations
    load = ("load", "--account", "a01", "--destination", "parquet", "--reports", "company_overall")
    sandbox = three_accounts.sandboxes["a01"]

    first = help_scout(*load, env=env)
    assert first.code == 0, first
    asked = len(sandbox.requests)
    shutil.rmtree("data")
    second = help_scout(*load, env=env)
    assert second.code == 0, second

    assert len(sandbox.requests) - asked < asked * 0.7
    told = help_scout(
        *("status", "--account", "a01", "--destination", "parquet", "--reports", "company_overall"),
        env=env,
    )
    assert (told.code, "100.0%" in told.out) == (0, True), told
    told = help_scout("marts", "--account", "a01", "--destination", "parquet", env=env)
    assert told.code == 0, told
    for command in ("check", "doctor"):
        told = help_scout(command, "--account", "a01", "--destination", "parquet", env=env)
        assert told.code in (0, 3), told
        assert "Traceback" not in told.err
    told = help_scout(
        *("explain", "company_overall", "closed", "2026-11-05"),
        *("--account", "a01", "--destination", "parquet"),
        env=env,
    )
    assert (told.code, "value" in told.out) == (0, True), told


def test_looking_at_one_account_takes_nothing_from_the_readers_of_another(
    three_accounts: Fleet, tmp_path: Path
) -> None:
    env = three_accounts.env | {"DESTINATION__PARQUET__BUCKET_URL": str(tmp_path / "bucket")}
    at = ("--destination", "parquet")
    days = ("--since", "2026-11-05", "--until", "2026-11-06", "--reports")

    told = help_scout("load", "--account", "a01", *at, *days, "company_overall,chat", env=env)
    assert told.code == 0, told
    before = rows_for_readers()
    help_scout("doctor", "--account", "a02", *at, env=env)
    assert rows_for_readers() == before
    told = help_scout("load", "--account", "a02", *at, *days, "company_overall", env=env)
    assert told.code == 0, told
    after = rows_for_readers()

    assert before["chat"] == {"a01": after["chat"]["a01"]}
    assert after["company_overall"].keys() == {"a01", "a02"}


def rows_for_readers() -> dict[str, dict[str, int]]:
    """How many rows of each account two tables have in the file that readers open."""
    with duckdb.connect("data/help_scout.parquet.duckdb", read_only=True) as connection:
        return {
            table: dict(
                connection.execute(
                    f"select account, count(*) from reports.{table} group by 1"
                ).fetchall()
            )
            for table in ("chat", "company_overall")
        }


def test_the_readers_of_one_folder_are_not_shown_another(
    three_accounts: Fleet, tmp_path: Path
) -> None:
    load = (
        *("load", "--account", "a01", "--destination", "parquet"),
        *("--reports", "company_overall", "--since", "2026-11-05", "--until", "2026-11-06"),
    )
    url = "DESTINATION__PARQUET__BUCKET_URL"
    two = tmp_path / "two"
    one = tmp_path / "one's" / str(two).lstrip("/")  # it ends as the other does
    first, second = (three_accounts.env | {url: str(folder)} for folder in (one, two))
    readers = Path("data/help_scout.parquet.duckdb")

    told = help_scout(*load, env=first)
    assert told.code == 0, told
    assert f"in parquet, {first[url]}, dataset reports; readers open {readers}" in told.out
    before = readers.read_bytes()
    told = help_scout(*load, env=second)
    assert (told.code, "move it away" in told.err) == (2, True), told
    told = help_scout("check", *load[1:5], env=second)  # which readers notice nothing of
    assert (told.code, "holds no load of this account yet" in told.err) == (2, True), told
    assert readers.read_bytes() == before
    assert help_scout(*load, env=first).code == 0
    readers.unlink()
    assert help_scout(*load, env=second).code == 0
    assert help_scout(*load, env=second).code == 0


@pytest.mark.parametrize(("destination", "mode"), [("parquet", 0o640), ("iceberg", 0o644)])
def test_who_may_read_the_copy_may_read_the_files(
    three_accounts: Fleet, destination: str, mode: int, tmp_path: Path
) -> None:
    env = {
        **three_accounts.env,
        f"DESTINATION__{destination.upper()}__BUCKET_URL": str(tmp_path / "all"),
        "PUBLISH__FILE_MODE": f"{mode:04o}",
    }
    load = (
        *("load", "--account", "a01", "--destination", destination),
        *("--reports", "company_overall", "--since", "2026-11-05", "--until", "2026-11-06"),
    )

    told = help_scout(*load, env=env)
    assert told.code == 0, told
    found = [*(tmp_path / "all").rglob("*"), Path(f"data/help_scout.{destination}.duckdb")]
    modes = {(path.is_dir(), path.stat().st_mode & 0o777) for path in found}
    assert modes == {(False, mode), (True, mode | (mode & 0o444) >> 2)}
    told = help_scout("status", *load[1:5], env=env | {"PUBLISH__FILE_MODE": "0600"})
    assert {path.stat().st_mode & 0o077 for path in found} == {0}, told
    (working,) = Path("data").glob(f".{destination}-*.pipelines")
    assert working.stat().st_mode & 0o777 == 0o700


def test_stricter_privacy_is_refused_where_nothing_can_be_rewritten(
    three_accounts: Fleet, tmp_path: Path
) -> None:
    env = three_accounts.env | {"DESTINATION__PARQUET__BUCKET_URL": str(tmp_path / "bucket")}
    load = (
        *("load", "--account", "a01", "--destination", "parquet"),
        *("--reports", "company_overall", "--since", "2026-11-05", "--until", "2026-11-06"),
    )
    assert help_scout(*load, env=env).code == 0
    told = help_scout(*load, env=env | {"SOURCES__HELP_SCOUT__PRIVACY": "drop"})

    assert told.code == 2
    assert "privacy is stricter now" in told.err


@pytest.mark.parametrize(("large", "workers"), [(100_000, "4"), (0, "1")])
def test_of_a_large_package_one_table_is_loaded_after_the_other(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path, large: int, workers: str
) -> None:
    """All at once would need their memory at once."""
    used: list[str | None] = []
    load = Pipeline.load

    def noted(pipeline: Pipeline) -> Any:
        used.append(os.environ.get("LOAD__WORKERS"))
        return load(pipeline)

    monkeypatch.setenv("LOAD__WORKERS", "4")
    monkeypatch.setenv("DESTINATION__PARQUET__BUCKET_URL", str(tmp_path / "files"))
    monkeypatch.setattr(load_packages, "LARGE_PACKAGE_ROWS", large)
    monkeypatch.setattr(Pipeline, "load", noted)
    with serving(Sandbox(SMALL)) as base_url:
        load_into(remote("parquet"), base_url, reports=("happiness_ratings",))
    assert used == [workers]
    assert os.environ["LOAD__WORKERS"] == "4"
