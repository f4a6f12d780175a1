"""A published file with a year of marts, made by SQL: `python -m tests.ui.year FILE`."""

from __future__ import annotations

import sys
from pathlib import Path

import duckdb

TODAY = "2026-11-21"  # a Saturday: the week of 16 November is not over
LAST_WEEK = "2026-11-09"


def make_year(path: Path) -> Path:
    """The path, now a DuckDB file with the schemas `marts` and `reports` of a published copy."""
    sql = Path(__file__).with_name("year.sql").read_text()
    with duckdb.connect(str(path)) as connection:
        connection.execute(sql.format(today=TODAY, slow_week=LAST_WEEK))
    return path


if __name__ == "__main__":
    print(make_year(Path(sys.argv[1])))  # noqa: T201
