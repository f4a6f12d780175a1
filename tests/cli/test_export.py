"""The marts as files: whole, right for spreadsheets, and refused in words when there are none."""

from __future__ import annotations

import codecs
import csv
from pathlib import Path

import duckdb
import pytest

from pipelines.publishing.mart_export import export_marts
from pipelines.publishing.published_copy import published_path
from tests.helpers.commands import help_scout

SUBJECTS = (
    '=HYPERLINK("http://evil","click")',
    "+1 555 0100",
    "-1+1",
    "@SUM(A1)",
    " =1",
    "\t=1",
    "\uff1d1",
    'Größe, "42"\nnot = found',
    "",
)


def published(warehouse: Path, *statements: str) -> Path:
    """A published copy that holds what the statements make."""
    path = published_path(warehouse)
    with duckdb.connect(str(path)) as connection:
        connection.execute("create schema marts")
        for statement in statements:
            connection.execute(statement)
    return path


@pytest.fixture
def warehouse(tmp_path: Path) -> Path:
    """A warehouse whose published copy has two marts."""
    listed = ", ".join(f"({n}, '{text}')" for n, text in enumerate(SUBJECTS))
    path = tmp_path / "o'clock" / "w.duckdb"
    path.parent.mkdir()
    published(
        path,
        f"create view marts.ratings as select * from (values {listed}) as t (rating_id, subject) "
        "order by rating_id desc",
        "create view marts.volume as select date '2026-03-04' as window_date, "
        "timestamptz '2026-03-04 05:00:00.5+00' as window_start, -3 as change_count, "
        "-2.5::double as change_pct, null::varchar as inbox_name, true as is_open",
    )
    return path


def test_parquet_files_hold_what_the_marts_hold(warehouse: Path, tmp_path: Path) -> None:
    folder = tmp_path / "not" / "there's"
    done = help_scout("export", str(folder), "--warehouse", str(warehouse))

    assert done.out == (
        f"{folder}/ratings.parquet: {len(SUBJECTS)} rows\n{folder}/volume.parquet: 1 rows\n"
    )
    assert done.code == 0
    with duckdb.connect(str(published_path(warehouse)), read_only=True) as connection:
        for name in ("ratings", "volume"):
            mart = connection.sql(f"select * from marts.{name} order by all")
            file = connection.read_parquet(str(folder / f"{name}.parquet"))
            assert (file.columns, file.types) == (mart.columns, mart.types)
            assert connection.execute(
                "select count(*) from ((from mart except all from file) "
                "union all (from file except all from mart))"
            ).fetchall() == [(0,)]
    assert sorted(path.name for path in folder.iterdir()) == ["ratings.parquet", "volume.parquet"]


def test_csv_is_as_a_spreadsheet_reads_it_and_no_cell_is_a_formula(
    warehouse: Path, tmp_path: Path
) -> None:
    assert (
        help_scout(
            "export", str(tmp_path / "csv"), "--format", "csv", "--warehouse", str(warehouse)
        ).code
        == 0
    )

    assert (tmp_path / "csv" / "volume.csv").read_bytes() == codecs.BOM_UTF8 + (
        b"window_date,window_start,change_count,change_pct,inbox_name,is_open\n"
        b"2026-03-04,2026-03-04 05:00:00.5,-3,-2.5,,true\n"
    )
    with (tmp_path / "csv" / "ratings.csv").open(encoding="utf-8-sig", newline="") as file:
        header, *rows = csv.reader(file)
    assert header == ["rating_id", "subject"]
    assert [row[0] for row in rows] == [str(n) for n in range(len(SUBJECTS))]
    assert [row[1] for row in rows] == [
        *(f"'{text}" for text in SUBJECTS[:7]),
        *SUBJECTS[7:],
    ]


def test_an_export_that_fails_leaves_all_files_as_they_were(
    warehouse: Path, tmp_path: Path
) -> None:
    folder = tmp_path / "out"
    assert [one.name for one in export_marts(warehouse, folder, "parquet").written] == [
        "ratings",
        "volume",
    ]
    before = {path.name: path.read_bytes() for path in folder.iterdir()}
    with duckdb.connect(str(published_path(warehouse))) as connection:
        connection.execute("create or replace view marts.ratings as select 'other' as subject")
        connection.execute(
            "create or replace view marts.volume as select error('broken') as window_date"
        )

    with pytest.raises(duckdb.Error, match="broken"):
        export_marts(warehouse, folder, "parquet")

    assert {path.name: path.read_bytes() for path in folder.iterdir()} == before


def test_a_broken_view_of_somebodys_own_is_named_and_keeps_nothing_else_back(
    warehouse: Path, tmp_path: Path
) -> None:
    with duckdb.connect(str(published_path(warehouse))) as connection:
        connection.execute(
            "create table gone (a int); create view marts.mine as from gone; drop table gone; "
            "create view marts.works as select 1 as a; "
            "create view marts.zero as select error('broken') as a"
        )
    folder = tmp_path / "out"

    done = help_scout("export", str(folder), "--warehouse", str(warehouse))

    names = ["ratings.parquet", "volume.parquet", "works.parquet"]
    lines = done.out.splitlines()
    assert [line.split(":")[0] for line in lines[:3]] == [f"{folder}/{name}" for name in names]
    assert lines[3:] == [
        "not exported: marts.mine: Catalog Error: Table with name gone does not exist!",
        "not exported: marts.zero: Invalid Input Error: broken",
    ]
    assert (done.code, done.err) == (3, "")
    assert sorted(path.name for path in folder.iterdir()) == names


def test_files_whose_marts_are_gone_are_named(warehouse: Path, tmp_path: Path) -> None:
    stale = tmp_path / "happiness.parquet"
    stale.write_bytes(b"old")
    (tmp_path / "notes.parquet").write_bytes(b"the user's own")

    done = help_scout("export", str(tmp_path), "--warehouse", str(warehouse))

    assert done.out.splitlines()[2:] == [
        f"{stale} is of an earlier export: its mart is not published any more"
    ]
    assert stale.read_bytes() == b"old"


def test_nothing_published_is_refused_in_words(tmp_path: Path) -> None:
    warehouse = tmp_path / "w.duckdb"
    done = help_scout("export", str(tmp_path / "out"), "--warehouse", str(warehouse))

    assert (done.code, done.out) == (2, "")
    assert done.err == (
        f"error: {published_path(warehouse)} does not exist: nothing is published yet. help-scout "
        "load publishes once its checks hold; --warehouse names another file\n"
    )
    assert not (tmp_path / "out").exists()


def test_a_copy_without_marts_and_one_that_is_no_database_are_refused(tmp_path: Path) -> None:
    bare, letter = tmp_path / "bare.duckdb", tmp_path / "letter.duckdb"
    published(bare)
    published_path(letter).write_text("Dear Sir")
    folder = str(tmp_path / "out")

    no_marts = help_scout("export", folder, "--warehouse", str(bare))
    no_database = help_scout("export", folder, "--warehouse", str(letter))

    assert (no_marts.code, no_database.code) == (2, 2)
    assert "holds no marts: help-scout marts says what lacks" in no_marts.err
    assert no_database.err.startswith(f"error: cannot open {published_path(letter)}: ")


def test_a_folder_that_cannot_be_made_is_refused(warehouse: Path, tmp_path: Path) -> None:
    (tmp_path / "file").write_text("in the way")
    under = tmp_path / "file" / "out"

    done = help_scout("export", str(under), "--warehouse", str(warehouse))

    assert (done.code, done.err) == (2, f"error: cannot make the folder {under}: Not a directory\n")
