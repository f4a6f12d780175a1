"""Marts are read from files that say what they come from, and made where their tables are."""

from __future__ import annotations

import shutil
from collections.abc import Callable
from pathlib import Path

import duckdb
import pytest
from dlt.common.configuration.container import Container
from dlt.common.configuration.specs.pluggable_run_context import PluggableRunContext

from pipelines.models.mart_runner import Place, all_marts, plan_marts, read_mart, told
from pipelines.models.placeholder_tables import empty_table
from pipelines.models.sla_targets import Targets
from pipelines.quality.check_results import CHECK_RESULTS
from pipelines.settings.errors import UsageError
from pipelines.warehouse.postgres import Postgres
from sources.help_scout.catalog.dimensions import DIMENSIONS
from sources.help_scout.catalog.reports import REPORTS

HOURS = {"first_response_hours": 6, "response_hours": 12}
ALWAYS = frozenset({"report_windows", "people", "labels", "check_results"})


def written(folder: Path, text: str) -> Path:
    path = folder / "trial.sql"
    path.write_text(text)
    return path


def place(
    there: frozenset[str] = ALWAYS,
    loaded: frozenset[str] = frozenset(),
    translate: Callable[[str], str] = str,
) -> Place:
    return Place(dataset="ours", there=there, loaded=loaded, translate=translate)


def test_a_mart_says_what_it_answers_and_what_each_column_means(tmp_path: Path) -> None:
    mart = read_mart(
        written(
            tmp_path,
            "-- How many,\n-- and when?\n-- grain: one row a day\n-- from: chat, marts.volume\n"
            "-- optional: phone\n-- chat_count: Chats,\n--   all of them\n"
            "select 1 from reports.chat, reports.phone, marts.volume",
        )
    )
    assert mart.sentence == "How many, and when?"
    assert mart.sources == ("reports.chat", "marts.volume")
    assert mart.optional == ("reports.phone",)
    assert mart.meaning("chat_count") == "Chats, all of them"
    assert mart.meaning("previous_chat_count") == "The window compared with: chats, all of them"
    assert mart.meaning("delta_closed_pct") == (
        "Change against the window compared with: conversations closed"
    )
    with pytest.raises(KeyError, match=r"marts/trial\.sql does not say what secrets means"):
        mart.meaning("secrets")
    with pytest.raises(KeyError, match="does not say what delta_secrets_pct means"):
        mart.meaning("delta_secrets_pct")


def test_a_header_that_names_other_tables_than_the_query_is_refused(tmp_path: Path) -> None:
    text = "-- How many?\n-- grain: one row a day\n-- from: chat\nselect 1 from reports.phone"
    with pytest.raises(ValueError, match=r"says it comes from reports\.chat, but its query names"):
        read_mart(written(tmp_path, text))


def test_every_mart_can_be_made_of_empty_tables_alone() -> None:
    statements, outcome = plan_marts(all_marts(), place(loaded=frozenset(REPORTS)))

    assert outcome.skipped == {}
    with duckdb.connect() as connection:
        connection.execute("create schema ours; create schema marts")
        ledger = (
            "account, report, slice, grain, status, last_attempt_status, last_error, window_date, "
            "window_start, window_end, covered_until, fetched_at"
        )
        people = "account, user_id, user_name, user_kind"
        checks = ", ".join(column.name for column in CHECK_RESULTS.columns)
        named = (("report_windows", ledger), ("people", people), ("check_results", checks))
        for name, columns in named:
            typed = ", ".join(f"null as {column}" for column in columns.split(", "))
            connection.execute(
                f"create view ours.{name} as select {typed}, true as is_final, "
                "true as is_listed where 1 = 0"
            )
        connection.execute(f"create view marts.targets as {Targets.of(HOURS).sql()}")
        for statement in statements:
            connection.execute(statement)
        for name in outcome.made:
            assert connection.execute(f"select * from marts.{name}").fetchall() == []


def test_a_mart_whose_report_was_never_loaded_is_skipped_with_those_made_of_it() -> None:
    loaded = frozenset(REPORTS) - {"conversations_drilldown", "chat"}
    _, outcome = plan_marts(all_marts(), place(loaded=loaded))

    assert outcome.skipped == {
        "chat_health": ["chat_by_inbox"],
        "conversations": ["conversations_drilldown"],
        "conversation_metrics": ["conversations"],
        "ratings": ["conversations"],
    }
    assert "mart chat_health: not made, chat_by_inbox not loaded" in told(outcome)


def test_what_is_optional_to_a_mart_does_not_keep_it_from_being_made() -> None:
    there = ALWAYS | {"conversations_overall_by_inbox"}
    statements, outcome = plan_marts(all_marts(), place(there=there))

    assert "kpi_daily" in outcome.made
    (made,) = (text for text in statements if text.startswith("create or replace view marts.kpi"))
    assert "from ours.conversations_overall_by_inbox as c" in made
    assert "reports." not in made


def test_other_destinations_get_their_own_sql() -> None:
    there = ALWAYS | {"productivity_overall_by_inbox"}
    statements, _ = plan_marts(
        all_marts(), place(there=there, translate=Postgres("main").translate)
    )

    start = "create or replace view marts.responsiveness as "
    (made,) = (text for text in statements if text.startswith(start))
    assert "FROM ours.productivity_overall_by_inbox" in made
    assert "100 * resolved_on_first_reply_ratio" in made


def test_the_catalogs_tables_have_empty_ones() -> None:
    for report in REPORTS.values():
        for table in report.tables:
            empty = empty_table(table.name)
            assert empty is not None
            assert empty.report == report.name
    assert all(empty_table(name) is not None for name in DIMENSIONS)
    assert empty_table("no_table") is None


def test_targets_are_bounds_of_the_ranges_that_help_scout_counts() -> None:
    with duckdb.connect() as connection:
        rows = connection.execute(Targets.of(HOURS).sql()).fetchall()
    assert rows == [
        ("firstResponseTime", "first response time", 6, 21_600),
        ("responseTime", "response time", 7, 43_200),
    ]
    with pytest.raises(UsageError, match=r"service_targets\.response_hours = 5: Help Scout counts"):
        Targets.of({"response_hours": 5})


@pytest.mark.parametrize(
    ("text", "message"),
    [
        (
            "[service_target]\nresponse_hours = 6",
            r"unknown section \[service_target\] .* did you mean \[service_targets\]",
        ),
        (
            "[service_targets]\nresponse_hour = 6",
            r"'response_hour' .* did you mean 'response_hours'",
        ),
        (
            "[service_targets]\nresponse_hours = 'six'",
            r"service_targets\.response_hours = 'six': write a number",
        ),
    ],
)
def test_misspelt_targets_are_refused(tmp_path: Path, text: str, message: str) -> None:
    (tmp_path / ".dlt").mkdir()
    (tmp_path / ".dlt" / "config.toml").write_text(text)
    Container()[PluggableRunContext].reload(str(tmp_path))
    try:
        with pytest.raises(UsageError, match=message):
            Targets.configured()
    finally:
        shutil.rmtree(tmp_path / ".dlt")
        Container()[PluggableRunContext].reload(str(tmp_path))
