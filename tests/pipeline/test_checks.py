"""Each check holds on a clean load; where integrity is damaged, the copy is kept back."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from dataclasses import replace
from io import StringIO
from pathlib import Path
from typing import Any

import duckdb
import pytest
from rich.console import Console

from pipelines.cli.render.progress import JobScreen
from pipelines.jobs.finalize import evaluate, publish_or_report
from pipelines.planning.load_plan import source_state
from pipelines.publishing.published_copy import published_path
from pipelines.quality.check_results import CHECK_RESULTS, Earlier, earlier_results, store_results
from pipelines.quality.check_runner import (
    Check,
    CheckKind,
    CheckVerdict,
    Query,
    Result,
    all_checks,
    exit_code,
    read_check,
    run_checks,
)
from pipelines.settings.configuration import Publishing
from pipelines.warehouse.duckdb import DuckDbFile
from pipelines.warehouse.open import open_pipeline
from tests.helpers.loads import NOW, query, running

pytestmark = pytest.mark.xdist_group("loaded")

CHECKS = {check.name: check for check in all_checks()}
INTEGRITY = [name for name, check in CHECKS.items() if check.kind is CheckKind.INTEGRITY]
DAY = "grain = 'day' and window_date = '2026-11-05'"
OVER = "covered_until = window_end"  # checks compare no window that was open

DAMAGE = {
    "tables_hold_what_the_ledger_says": f"""
        delete from conversations_overall_tags where rowid =
        (select min(rowid) from conversations_overall_tags where {OVER})""",
    "drilldowns_are_whole": f"""
        delete from user_drilldown where rowid =
        (select min(rowid) from user_drilldown where {DAY})""",
    "no_row_is_doubled": f"""
        insert into phone_users select * from phone_users
        where rowid = (select min(rowid) from phone_users where {DAY})""",
    # half an hour late, as when a window was cut in the wrong zone
    "windows_follow_one_another": f"""
        update email set window_start = window_start + interval 30 minutes
        where slice = 'all' and {DAY}""",
    "slice_columns_say_the_slice": f"""
        update chat set slice_mailbox_id = 85002 where slice = 'mailbox=85001' and {DAY}""",
}
DRIFT = f"""
    update company_overall set previous_total_replies = previous_total_replies + 1,
        fetched_at = fetched_at + interval 1 day where slice = 'all' and {DAY};
    update window_reads set run_id = 'another', fetched_at = fetched_at + interval 1 day
    where report = 'company_overall' and slice = 'all' and {DAY}"""


@pytest.fixture(scope="module")
def connection(loaded: Path, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Any]:
    """A copy of the loaded warehouse that may be damaged."""
    copy = tmp_path_factory.mktemp("checks") / "damaged.duckdb"
    copy.write_bytes(loaded.read_bytes())
    with duckdb.connect(str(copy)) as connection:
        connection.execute("use reports")
        yield connection


def asking(connection: Any) -> Query:
    def query(sql: str) -> list[dict[str, Any]]:
        cursor = connection.execute(sql)
        names = [column[0] for column in cursor.description]
        return [dict(zip(names, row, strict=True)) for row in cursor.fetchall()]

    return query


def result_of(connection: Any, check: Check) -> Result:
    (result,) = run_checks(asking(connection), [check])
    return result


def test_every_check_of_integrity_has_its_damage() -> None:
    assert set(DAMAGE) == set(INTEGRITY)


def test_every_check_holds_on_a_clean_load(connection: Any) -> None:
    results = run_checks(asking(connection), list(CHECKS.values()))
    assert {result.check.name: result.examples for result in results if result.rows} == {}
    assert {result.verdict for result in results} == {CheckVerdict.HOLDS}
    assert exit_code(results) == 0


@pytest.mark.parametrize("name", INTEGRITY)
def test_a_check_of_integrity_that_fails_keeps_the_copy_back(
    loaded: Path, tmp_path: Path, name: str
) -> None:
    warehouse = tmp_path / "w.duckdb"
    warehouse.write_bytes(loaded.read_bytes())
    with duckdb.connect(str(warehouse)) as connection:
        connection.execute("use reports")
        connection.execute(DAMAGE[name])
    console = Console(record=True, width=400, file=StringIO())
    publishing, screen = Publishing.configured(), JobScreen(console)
    with running("http://127.0.0.1:9") as run, open_pipeline(warehouse) as pipeline:
        run.reconcile_state(source_state(pipeline))
        decision = evaluate(pipeline, run, NOW, publishing, screen)

    assert publish_or_report(DuckDbFile(warehouse), decision, publishing, screen) == 3
    assert re.search(f"not published: the checks? [^:]*{name}.* failed", console.export_text())
    assert not published_path(warehouse).exists()
    assert result_of_name(decision.results, name).verdict is CheckVerdict.FAILS


def result_of_name(results: Sequence[Result], name: str) -> Result:
    return next(result for result in results if result.check.name == name)


def test_a_later_difference_is_drift_and_no_failure(connection: Any) -> None:
    connection.execute("begin")
    try:
        connection.execute(DRIFT)
        result = result_of(connection, CHECKS["previous_blocks_are_the_windows_before"])
    finally:
        connection.execute("rollback")
    assert result.verdict is CheckVerdict.HOLDS


def test_a_check_whose_tables_are_not_loaded_is_skipped_and_says_so(connection: Any) -> None:
    connection.execute("begin")
    try:
        connection.execute("drop table happiness_ratings")
        result = result_of(connection, CHECKS["ratings_are_the_happiness_counts"])
    finally:
        connection.execute("rollback")
    assert (result.verdict, result.lacking) == (CheckVerdict.SKIPPED, ("happiness_ratings",))
    assert exit_code([result]) == 0


def test_the_table_of_an_older_version_gets_the_columns_that_it_lacks(
    loaded: Path, tmp_path: Path
) -> None:
    warehouse = tmp_path / "w.duckdb"
    warehouse.write_bytes(loaded.read_bytes())
    names = [column.name for column in CHECK_RESULTS.columns]
    of_before = replace(CHECK_RESULTS, columns=CHECK_RESULTS.columns[: names.index("kind")])
    with duckdb.connect(str(warehouse)) as connection:
        connection.execute(f"create table reports.check_results ({of_before.sql_columns})")
        connection.execute(
            "insert into reports.check_results by name select $1 as checked_at, 'main' as account, "
            "'ranges_add_up' as check_name, 'holds' as verdict",
            [NOW],
        )
    held = Result(check=CHECKS["ranges_add_up"], verdict=CheckVerdict.HOLDS)
    with open_pipeline(warehouse) as pipeline:
        (earlier,) = earlier_results(pipeline, "main", ["ranges_add_up"])["ranges_add_up"]
        store_results(pipeline, [held], NOW, "main")

    assert earlier == Earlier(checked_at=NOW, verdict="holds")
    assert query(warehouse, "select kind, read_again, compared_reports from check_results") == [
        (None, None, None),
        ("agreement", False, "productivity_overall"),
    ]


@pytest.mark.parametrize("check", CHECKS.values(), ids=CHECKS)
def test_every_check_says_what_it_proves_and_what_it_needs(check: Check) -> None:
    assert check.sentence.endswith(".")
    assert check.needs
    assert check.sql.lstrip().startswith(("select", "with"))


@pytest.mark.parametrize(
    ("header", "reason"),
    [
        ("", "trial.sql has no line `-- kind: integrity` or `agreement`"),
        ("-- kind: opinion\n", "has no line `-- kind"),
        ("-- kind: integrity\n-- level: drift\n", "integrity has no level"),
    ],
)
def test_a_check_without_its_kind_is_an_error(tmp_path: Path, header: str, reason: str) -> None:
    trial = tmp_path / "trial.sql"
    trial.write_text(f"-- All is well.\n{header}-- needs: chat\nselect 1 where false")
    with pytest.raises(ValueError, match=reason):
        read_check(trial)
