"""Marts as a whole: all are made and described, and coverage is what the ledger says."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from pipelines.models.mart_runner import SCHEMA, all_marts
from tests.helpers.loads import query, query_each
from tests.helpers.mart_rows import difference, rows_of
from tests.helpers.truth import LOOKBACK, Row, Truth

MARTS = all_marts()
pytestmark = pytest.mark.xdist_group("loaded")


def test_every_column_is_described_and_nothing_else(marts: Path) -> None:
    columns: dict[str, list[str]] = {}
    for mart_name, column in query(
        marts,
        "select table_name, column_name from information_schema.columns "
        f"where table_schema = '{SCHEMA}'",
    ):
        columns.setdefault(mart_name, []).append(column)
    described = {mart.name: [n for n in columns[mart.name] if mart.meaning(n)] for mart in MARTS}
    idle = {mart.name: set(mart.columns) - set(columns[mart.name]) for mart in MARTS}

    assert described == {name: columns[name] for name in described}
    assert {name: left for name, left in idle.items() if left} == {}


def test_a_mart_s_rows_are_told_apart_by_what_its_grain_says(marts: Path) -> None:
    keys = {
        "agent_teams": "team_id, user_id",
        "agents": "grain, window_date, user_id",
        "busy_hours": "grain, window_date, inbox_id, weekday, hour",
        "conversation_metrics": "conversation_id",
        "conversations": "conversation_id",
        "coverage": "report, slice_kind, grain",
        "docs_gaps": "grain, window_date, search_term",
        "docs_health": "grain, window_date",
        "kpi_daily": "window_date, inbox_id",
        "ratings": "thread_id, customer_id, rated_at, occurrence",
        "response_distribution": "grain, window_date, inbox_id, metric, range_id",
        "service_targets": "grain, window_date, inbox_id, metric",
        "team_performance": "grain, window_date, team_id",
        "topics": "grain, window_date, inbox_id, topic_kind, topic_id",
        "volume_daily": "window_date, inbox_id, channel",
    }
    by_window = "grain, window_date, inbox_id"
    doubled = query_each(
        marts,
        {
            mart.name: f"select {keys.get(mart.name, by_window)} from {SCHEMA}.{mart.name} "
            "group by all having count(*) > 1"
            for mart in MARTS
        },
    )

    assert {name: rows for name, rows in doubled.items() if rows} == {}


def test_coverage_is_what_the_ledger_says(marts: Path, truth: Truth) -> None:
    names = ("report", "slice", "grain", "window_date", "window_start", "window_end", "status",
             "fetched_at", "covered_until")  # fmt: skip
    groups: dict[tuple[str, ...], list[Row]] = {}
    for values in query(marts, f"select {', '.join(names)} from window_reads"):
        row = dict(zip(names, values, strict=True))
        kind = ",".join(re.sub("=.*", "", term) for term in row["slice"].split(","))
        groups.setdefault((row["report"], kind, row["grain"]), []).append(row)
    expected = [
        {
            "account": "main",
            "report": report,
            "slice_kind": kind,
            "grain": grain,
            "first_date": min(row["window_date"] for row in rows),
            "last_date": max(row["window_date"] for row in rows),
            "window_count": len(rows),  # each was read once
            "loaded_count": len(rows),
            "open_count": sum(row["window_end"] > truth.now for row in rows),
            "provisional_count": sum(row["window_end"] + LOOKBACK > truth.now for row in rows),
            "incomplete_count": 0,
            "unavailable_count": 0,
            "failed_count": 0,
            "refused_items": None,
            "last_fetched_at": max(row["fetched_at"] for row in rows),
            "covered_until": max(row["covered_until"] for row in rows),
            "last_error": None,
            "disagreeing_checks": None,
            "disagrees_since": None,
            "largest_difference_pct": None,
        }
        for (report, kind, grain), rows in groups.items()
    ]

    assert len(groups) > 80
    assert difference(rows_of(marts, "coverage"), expected) == {}
