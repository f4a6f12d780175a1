"""Drilldowns as DuckDB's own reader of JSON has them: equal tables, row by row."""

from __future__ import annotations

from pathlib import Path

from tests.bench.throughput import measured, require_equal, write_bodies

ROWS = 3_000


def test_three_days_of_conversations_are_what_the_bodies_say(tmp_path: Path) -> None:
    bodies = tmp_path / "bodies.ndjson"
    write_bodies(bodies, ROWS)
    ours, same = tmp_path / "ours.duckdb", tmp_path / "same.duckdb"
    measured("ours", bodies, ours, ROWS)
    measured("DuckDB, same tables", bodies, same, ROWS)
    require_equal(ours, same)
