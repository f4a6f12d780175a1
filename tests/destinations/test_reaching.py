"""Destinations as configured: what the README has to copy, and what is said of mistakes."""

from __future__ import annotations

import os
import re
import shutil
import tomllib
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import duckdb
import pytest
from dlt.pipeline.pipeline import Pipeline

from pipelines import packages
from pipelines.errors import without_passwords
from pipelines.hosted import Hosted, lake_files
from pipelines.kinds import KINDS
from pipelines.modes import open_to_readers
from sources.help_scout_sandbox import Fault, Sandbox
from tests.cli.support import help_scout
from tests.pipeline.support import SMALL, load_into, serving

from .fleet import Fleet, fleet

pytestmark = pytest.mark.xdist_group("reaching")

ROOT = Path(__file__).parents[2]
ACCOUNT = {
    "SOURCES__HELP_SCOUT__CLIENT_ID": "sandbox-id",
    "SOURCES__HELP_SCOUT__CLIENT_SECRET": "sandbox-secret",
}
NOWHERE = "postgresql://loader:secretword@127.0.0.1:9/warehouse"


@pytest.fixture(scope="module")
def accounts() -> Iterator[Fleet]:
    with fleet(3) as found:
        yield found


def uncommented(path: Path) -> str:
    """The sections on destinations of a file whose examples are comments."""
    lines = path.read_text().splitlines()
    first = next(n for n, line in enumerate(lines) if line.startswith("# [destination."))
    examples = [line for line in lines[first:] if re.match(r"# (\[[a-z]|[a-z_]+ = )", line)]
    return "\n".join(line.removeprefix("# ") for line in examples)


def test_each_destination_has_a_block_to_copy() -> None:
    blocks = [
        tomllib.loads(uncommented(ROOT / ".dlt" / name)).get("destination", {})
        for name in ("config.toml", "example.secrets.toml")
    ]

    assert {*KINDS} == {*blocks[0], *blocks[1]}
    assert blocks[0]["postgres"]["staging_dataset_name_layout"] == "%s_staging_{account}"


def test_the_readmes_blocks_are_toml() -> None:
    readme = (ROOT / "README.md").read_text()
    found = re.findall(r"```toml\n(.*?)```", readme, re.DOTALL)
    destinations = next(block for block in found if "[destination." in block)

    assert set(tomllib.loads(destinations)["destination"]) == {
        name for name, kind in KINDS.items() if kind.is_tested
    }


def test_a_server_that_does_not_answer_is_named_and_no_password_is(tmp_path: Path) -> None:
    for env in (
        {"DESTINATION__POSTGRES__CREDENTIALS": NOWHERE},
        {
            "DESTINATION__DUCKLAKE__CREDENTIALS__CATALOG": NOWHERE,
            "DESTINATION__DUCKLAKE__CREDENTIALS__STORAGE__BUCKET_URL": str(tmp_path / "lake"),
        },
    ):
        name = next(iter(env)).split("__")[1].lower()
        told = help_scout("status", "--destination", name, env=ACCOUNT | env)

        assert told.code == 1
        assert told.err.startswith(f"error: {name}: ")
        assert "Connection refused" in told.err
        assert f"[destination.{name}]" in told.err
        assert "secretword" not in told.err


def test_of_accounts_that_cannot_be_looked_at_nothing_is_claimed(accounts: Fleet) -> None:
    env = accounts.env | {"DESTINATION__POSTGRES__CREDENTIALS": NOWHERE}
    told = help_scout("status", "--all", "--destination", "postgres", env=env)

    assert (told.code, told.out.count("unknown"), "never" in told.out) == (1, 3, False), told
    assert "secretword" not in told.out
    told = help_scout("check", env=accounts.env)
    assert (told.code, "which account? Name one with --account" in told.err) == (2, True), told


@pytest.mark.parametrize("text", [NOWHERE, "host=h password=secretword dbname=d", "u:secretword@h"])
def test_passwords_are_left_out_of_what_is_told(text: str) -> None:
    assert "secretword" not in without_passwords(text)


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        (("--destination", "postgres"), "credentials under [destination.postgres]"),
        (("--destination", "parquet"), "bucket_url under [destination.parquet]"),
        (("--destination", "mysql"), "unknown destination 'mysql'"),
        (("--destination", "postgres", "--warehouse", "w.duckdb"), "leave one of them out"),
    ],
)
def test_what_is_not_configured_is_told(arguments: tuple[str, ...], words: str) -> None:
    told = help_scout("load", *arguments, env=ACCOUNT)

    assert told.code == 2
    assert words in told.err


def test_a_machine_that_begins_empty_goes_on_where_the_last_one_stood(
    accounts: Fleet, tmp_path: Path
) -> None:
    env = accounts.env | {"DESTINATION__PARQUET__BUCKET_URL": str(tmp_path / "bucket")}
    env["HELP_SCOUT_WAREHOUSE"] = "another.duckdb"  # which is no matter of other destinations
    load = ("load", "--account", "a01", "--destination", "parquet", "--reports", "company_overall")
    sandbox = accounts.sandboxes["a01"]

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
    accounts: Fleet, tmp_path: Path
) -> None:
    env = accounts.env | {"DESTINATION__PARQUET__BUCKET_URL": str(tmp_path / "bucket")}
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


def test_an_account_is_checked_by_its_own_rows(accounts: Fleet, tmp_path: Path) -> None:
    env = accounts.env | {"DESTINATION__PARQUET__BUCKET_URL": str(tmp_path / "bucket")}
    at = ("--destination", "parquet")
    load = ("load", *at, "--since", "2026-11-02", "--until", "2026-11-09", "--reports")

    def rate_one_more(body: Any) -> Any:
        body["current"]["greatCount"] += 1
        return body

    wrong = Fault(
        path="/v2/reports/happiness", kind="change_body", change=rate_one_more, times=None
    )
    accounts.sandboxes["a01"].faults.add(wrong)
    told = help_scout(*(*load, "happiness_overall,happiness_ratings", "--account", "a01"), env=env)
    accounts.sandboxes["a01"].faults.clear()
    assert (told.code, "ratings_are_the_happiness_counts failed" in told.out) == (3, True), told
    told = help_scout(*load, "happiness_overall", "--account", "a02", env=env)
    assert told.code == 0, told

    check = ("check", *at, "--only", "ratings_are_the_happiness_counts", "--account")
    told = help_scout(*check, "a01", env=env)
    assert (told.code, "1 fail" in told.out) == (3, True), told
    told = help_scout(*check, "a02", env=env)
    assert told.code == 0, told
    assert "not checked, happiness_ratings not loaded" in told.out

    refused = Fault(path="/v2/reports/*", kind="status", status=403, times=None)
    accounts.sandboxes["a03"].faults.add(refused)
    told = help_scout(*load, "happiness_overall", "--account", "a03", env=env)
    accounts.sandboxes["a03"].faults.clear()
    assert (told.code, "happiness_overall: 1 unavailable" in told.out) == (3, True), told
    told = help_scout(*check, "a03", env=env)
    assert (told.code, "happiness_overall, happiness_ratings not loaded" in told.out) == (0, True)


def test_a_first_account_that_gets_nothing_is_told_so(accounts: Fleet, tmp_path: Path) -> None:
    env = accounts.env | {"DESTINATION__PARQUET__BUCKET_URL": str(tmp_path / "bucket")}
    refused = Fault(path="/v2/reports/*", kind="status", status=403, times=None)
    accounts.sandboxes["a03"].faults.add(refused)
    told = help_scout(
        *("load", "--destination", "parquet", "--account", "a03"),
        *("--since", "2026-11-02", "--until", "2026-11-09", "--reports", "happiness_overall"),
        env=env,
    )
    accounts.sandboxes["a03"].faults.clear()

    assert (told.code, "happiness_overall: 1 unavailable" in told.out) == (3, True), told
    assert "checks hold" in told.out


def test_the_readers_of_one_folder_are_not_shown_another(accounts: Fleet, tmp_path: Path) -> None:
    load = (
        *("load", "--account", "a01", "--destination", "parquet"),
        *("--reports", "company_overall", "--since", "2026-11-05", "--until", "2026-11-06"),
    )
    url = "DESTINATION__PARQUET__BUCKET_URL"
    two = tmp_path / "two"
    one = tmp_path / "one's" / str(two).lstrip("/")  # it ends as the other does
    first, second = (accounts.env | {url: str(folder)} for folder in (one, two))
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
    accounts: Fleet, destination: str, mode: int, tmp_path: Path
) -> None:
    env = {
        **accounts.env,
        f"DESTINATION__{destination.upper()}__BUCKET_URL": str(tmp_path / "all"),
        "PUBLISH__MODE": f"{mode:04o}",
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
    told = help_scout("status", *load[1:5], env=env | {"PUBLISH__MODE": "0600"})
    assert {path.stat().st_mode & 0o077 for path in found} == {0}, told
    (working,) = Path("data").glob(f".{destination}-*.pipelines")
    assert working.stat().st_mode & 0o777 == 0o700


def test_what_else_lies_beside_a_lakes_files_keeps_its_mode(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("DESTINATION__DUCKLAKE__CREDENTIALS__STORAGE__BUCKET_URL", str(tmp_path))
    ours = lake_files("ducklake") / "chat" / "rows.parquet"
    ours.parent.mkdir(parents=True)
    for file in (ours, tmp_path / "letter"):
        file.touch(mode=0o600)
    open_to_readers(lake_files("ducklake"), 0o640)

    assert ours.stat().st_mode & 0o777 == 0o640
    assert (tmp_path / "letter").stat().st_mode & 0o777 == 0o600


def test_folders_that_libraries_read_otherwise_are_refused(tmp_path: Path) -> None:
    for name, folder in (("parquet", "b[1]"), ("iceberg", "with space")):
        env = ACCOUNT | {f"DESTINATION__{name.upper()}__BUCKET_URL": str(tmp_path / folder)}
        told = help_scout("load", "--destination", name, env=env)

        assert (told.code, "choose a folder without" in told.err) == (2, True), told


def test_a_lake_without_a_storage_is_refused(tmp_path: Path) -> None:
    env = ACCOUNT | {
        "DESTINATION__DUCKLAKE__CREDENTIALS__CATALOG": NOWHERE,
        "DESTINATION__DUCKLAKE__CREDENTIALS__STORAGE": str(tmp_path / "lake"),
    }
    told = help_scout("load", "--destination", "ducklake", env=env)

    assert (told.code, "lacks storage.bucket_url" in told.err) == (2, True), told


def test_commands_for_files_do_not_take_another_place_for_one(tmp_path: Path) -> None:
    told = help_scout("forget", "12", env=ACCOUNT | {"HELP_SCOUT_DESTINATION": "parquet"})

    assert (told.code, "works on a DuckDB file" in told.err) == (2, True), told


def test_stricter_privacy_is_refused_where_nothing_can_be_rewritten(
    accounts: Fleet, tmp_path: Path
) -> None:
    env = accounts.env | {"DESTINATION__PARQUET__BUCKET_URL": str(tmp_path / "bucket")}
    load = (
        *("load", "--account", "a01", "--destination", "parquet"),
        *("--reports", "company_overall", "--since", "2026-11-05", "--until", "2026-11-06"),
    )
    assert help_scout(*load, env=env).code == 0
    told = help_scout(*load, env=env | {"SOURCES__HELP_SCOUT__PRIVACY": "drop"})

    assert told.code == 2
    assert "privacy is stricter now" in told.err


def test_accounts_whose_names_look_alike_do_not_share_a_pipeline() -> None:
    assert Hosted("postgres", "ac me").slug != Hosted("postgres", "ac_me").slug


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
    monkeypatch.setattr(packages, "LARGE_PACKAGE_ROWS", large)
    monkeypatch.setattr(Pipeline, "load", noted)
    with serving(Sandbox(SMALL)) as base_url:
        load_into(Hosted("parquet", "main"), base_url, reports=("happiness_ratings",))
    assert used == [workers]
    assert os.environ["LOAD__WORKERS"] == "4"
