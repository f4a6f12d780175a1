"""A file that takes another's place: nothing of either is lost, whatever was going on."""

from __future__ import annotations

from datetime import UTC, datetime
from pathlib import Path

import duckdb
import pytest

from pipelines.settings.errors import WarehouseError
from pipelines.warehouse.database_file import put_in_place

NOW = datetime(2026, 11, 21, 3, 15, tzinfo=UTC)


def file_of(path: Path, word: str) -> Path:
    with duckdb.connect(str(path)) as connection:
        connection.execute("create table t as select ? as word", [word])
    return path


def words(path: Path) -> list[str]:
    with duckdb.connect(str(path), read_only=True) as connection:
        return [row[0] for row in connection.execute("select word from t order by 1").fetchall()]


def test_the_new_file_takes_the_place_and_the_old_one_is_kept_each_time(tmp_path: Path) -> None:
    old = file_of(tmp_path / "ours.duckdb", "first")
    kept = []
    for number, word in enumerate(("second", "third")):
        new = file_of(tmp_path / "ours.rebuilding.duckdb", word)
        kept.append(put_in_place(new, old, NOW.replace(minute=number)))

    assert words(old) == ["third"]
    assert [words(path) for path in kept] == [["first"], ["second"]]
    assert sorted(path.name for path in tmp_path.iterdir()) == [
        "ours.before-20261121T030015.duckdb".replace("0015", "0000"),
        "ours.before-20261121T030100.duckdb",
        "ours.duckdb",
    ]


def test_what_a_killed_writer_left_beside_the_old_file_stays_with_it(tmp_path: Path) -> None:
    old = file_of(tmp_path / "ours.duckdb", "old")
    log = Path(f"{old}.wal")
    writer = duckdb.connect(str(old))
    writer.execute("insert into t values ('written last')")
    left = (old.read_bytes(), log.read_bytes())
    writer.close()
    old.write_bytes(left[0])
    log.write_bytes(left[1])  # as a kill leaves them
    kept = put_in_place(file_of(tmp_path / "ours.rebuilding.duckdb", "new"), old, NOW)

    assert (words(old), words(kept)) == (["new"], ["old", "written last"])


def test_a_file_that_is_being_written_is_not_replaced(tmp_path: Path) -> None:
    old = file_of(tmp_path / "ours.duckdb", "old")
    new = file_of(tmp_path / "ours.rebuilding.duckdb", "new")
    log = Path(f"{old}.wal")
    log.mkdir()  # as good as a log that does not go away
    with pytest.raises(WarehouseError):
        put_in_place(new, old, NOW)
    log.rmdir()

    assert (words(old), words(new)) == (["old"], ["new"])
