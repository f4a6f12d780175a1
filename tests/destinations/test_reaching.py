"""Destinations as configured: what the README has to copy, and what is said of mistakes."""

from __future__ import annotations

import re
import tomllib
from pathlib import Path

import pytest
from dlt.destinations.exceptions import DatabaseTransientException

from pipelines.settings.errors import DestinationDown, without_passwords
from pipelines.warehouse.ducklake import lake_files
from pipelines.warehouse.file_permissions import open_to_readers
from pipelines.warehouse.open import DESTINATIONS
from pipelines.warehouse.postgres import Postgres
from tests.helpers.commands import help_scout
from tests.helpers.fleet import Fleet

pytestmark = pytest.mark.xdist_group("reaching")

ROOT = Path(__file__).parents[2]
ACCOUNT = {
    "SOURCES__HELP_SCOUT__CLIENT_ID": "sandbox-id",
    "SOURCES__HELP_SCOUT__CLIENT_SECRET": "sandbox-secret",
}
NOWHERE = "postgresql://loader:secretword@127.0.0.1:9/warehouse"


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

    assert {*DESTINATIONS} - {"duckdb"} == {*blocks[0], *blocks[1]}
    assert blocks[0]["postgres"]["staging_dataset_name_layout"] == "%s_staging_{account}"


def test_the_readmes_blocks_are_toml() -> None:
    readme = (ROOT / "README.md").read_text()
    found = re.findall(r"```toml\n(.*?)```", readme, re.DOTALL)
    destinations = next(block for block in found if "[destination." in block)

    assert {*tomllib.loads(destinations)["destination"]} == {*DESTINATIONS} - {"duckdb"}


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
        assert "?." not in told.err
        assert f"[destination.{name}]" in told.err
        assert "secretword" not in told.err


def test_what_a_destination_fails_with_says_where_and_what_becomes_of_the_load() -> None:
    lost = DatabaseTransientException(OSError("server closed u:secretword@h"))
    with (
        pytest.raises(
            DestinationDown, match=r"^postgres: .* closed .*the same command goes on$"
        ) as e,
        Postgres("main").explaining_losses(),
    ):
        raise lost from lost.dbapi_exception
    assert "secretword" not in str(e.value)


def test_of_accounts_that_cannot_be_looked_at_nothing_is_claimed(three_accounts: Fleet) -> None:
    env = three_accounts.env | {"DESTINATION__POSTGRES__CREDENTIALS": NOWHERE}
    told = help_scout("status", "--all", "--destination", "postgres", env=env)

    assert (told.code, told.out.count("unknown"), "never" in told.out) == (1, 3, False), told
    assert "secretword" not in told.out
    told = help_scout("check", env=three_accounts.env)
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
        (("--destination", "bigquery"), "the source loads into any destination of dlt"),
        (("--destination", "postgres", "--warehouse", "w.duckdb"), "leave one of them out"),
    ],
)
def test_what_is_not_configured_is_told(arguments: tuple[str, ...], words: str) -> None:
    told = help_scout("load", *arguments, env=ACCOUNT)

    assert told.code == 2
    assert words in told.err


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


def test_credentials_that_cannot_be_read_are_told_and_not_shown() -> None:
    env = {"DESTINATION__POSTGRES__CREDENTIALS": "secretword"}
    told = help_scout("load", "--destination", "postgres", env=ACCOUNT | env)

    assert (told.code, "under [destination.postgres]" in told.err) == (2, True), told
    assert "cannot be read" in told.err
    assert "secretword" not in told.err


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


def test_accounts_whose_names_look_alike_do_not_share_a_pipeline() -> None:
    assert Postgres("ac me").slug != Postgres("ac_me").slug
