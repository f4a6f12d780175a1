"""Each check holds on a clean load and fails, by its name, when its kind of damage is done."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import duckdb
import pytest

from pipelines.checks import Check, Query, Result, Verdict, all_checks, exit_code, run_checks

pytestmark = pytest.mark.xdist_group("loaded")

CHECKS = {check.name: check for check in all_checks()}
DAY = "grain = 'day' and window_date = '2026-11-05'"
WEEK = "grain = 'week' and window_date = '2026-11-02'"
OVER = "covered_until = window_end"  # checks compare no window that was open

DAMAGE = {
    "counts_are_there": f"""
        update conversations_overall set total_conversations = null
        where slice = 'all' and {DAY}""",
    "drilldown_lists_every_conversation": f"""
        delete from conversations_drilldown where rowid =
        (select min(rowid) from conversations_drilldown where {DAY})""",
    "new_drilldown_lists_every_new_conversation": f"""
        delete from conversations_new_drilldown where rowid =
        (select min(rowid) from conversations_new_drilldown where {DAY})""",
    "range_drilldown_lists_every_range": f"""
        update company_drilldown set slice = 'range=firstResponseTime,range_id=10'
        where rowid = (select min(rowid) from company_drilldown
            where {DAY} and slice_range_id < 10)""",
    "field_drilldown_lists_every_use": f"""
        update conversations_fields_drilldown set field_id = field_id + 1
        where rowid = (select min(rowid) from conversations_fields_drilldown where {DAY})""",
    "channels_add_up": f"""
        update conversations_volume_by_channel set email_count = email_count + 1
        where slice = 'all' and {DAY}""",
    "company_users_are_the_user_reports": f"""
        update user_overall set total_replies = total_replies + 1
        where {WEEK} and slice_user_id = 4001""",
    "users_add_up_to_the_company": f"""
        delete from company_overall_users where slice = 'all' and {DAY} and user_id = 4001""",
    "ratings_are_the_happiness_counts": f"""
        update happiness_ratings set rating_id = rating_id % 3 + 1
        where rowid = (select min(rowid) from happiness_ratings where grain = 'week' and {OVER})""",
    "user_ratings_are_the_user_happiness_counts": f"""
        delete from user_ratings where rowid =
        (select min(rowid) from user_ratings where {OVER})""",
    "series_are_the_overall_reports": f"""
        update productivity_resolution_time
        set resolution_time_seconds = resolution_time_seconds + 2
        where slice = 'all' and {DAY}""",
    "user_series_are_the_company_report": f"""
        update user_replies set replies_sent = replies_sent + 1
        where {DAY} and slice_user_id = 4001""",
    "ranges_add_up": f"""
        delete from productivity_overall_ranges where rowid =
        (select min(rowid) from productivity_overall_ranges
            where slice = 'all' and conversation_count > 0 and {DAY})""",
    # the numbers of one inbox under another's name, where that one's were
    "slices_add_up": f"""
        update company_overall set total_replies = (
            select total_replies + 1 from company_overall
            where slice = 'mailbox=85001' and {DAY})
        where slice = 'mailbox=85002' and {DAY}""",
    "distinct_counts_stay_within_their_slices": f"""
        update company_overall set customers_helped = 1000
        where slice = 'mailbox=85002' and {DAY}""",
    "averages_lie_between_their_slices": f"""
        update productivity_overall set resolution_time_seconds = 1e9
        where slice = 'all' and {WEEK}""",
    "previous_blocks_are_the_windows_before": f"""
        update company_overall set previous_total_replies = previous_total_replies + 1
        where slice = 'all' and {DAY}""",
    "previous_blocks_drift": f"""
        update company_overall set previous_total_replies = previous_total_replies + 1,
            fetched_at = fetched_at + interval 1 day where slice = 'all' and {DAY};
        update window_reads set run_id = 'another', fetched_at = fetched_at + interval 1 day
        where report = 'company_overall' and slice = 'all' and {DAY}""",
    "ids_are_known": f"""
        update conversations_drilldown set mailbox_id = 99999
        where rowid = (select min(rowid) from conversations_drilldown where {DAY})""",
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
    "office_hours_make_a_difference": """
        insert into productivity_overall by name
        select * replace ('office_hours=true' as slice, 'office_hours' as slice_kind,
            true as slice_office_hours)
        from productivity_overall where slice = 'all'""",
}
VERDICTS = {
    "previous_blocks_drift": Verdict.DRIFT,
    "office_hours_make_a_difference": Verdict.NOTICE,
}


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


def test_every_check_has_its_damage() -> None:
    assert set(DAMAGE) == set(CHECKS)


def test_every_check_holds_on_a_clean_load(connection: Any) -> None:
    results = run_checks(asking(connection), list(CHECKS.values()))
    assert {result.check.name: result.examples for result in results if result.rows} == {}
    assert {result.verdict for result in results} == {Verdict.HOLDS}
    assert exit_code(results) == 0


@pytest.mark.parametrize("name", CHECKS)
def test_a_check_fails_by_its_name_when_its_damage_is_done(connection: Any, name: str) -> None:
    connection.execute("begin")
    try:
        connection.execute(DAMAGE[name])
        result = result_of(connection, CHECKS[name])
    finally:
        connection.execute("rollback")
    assert result.verdict is VERDICTS.get(name, Verdict.FAILS)
    assert result.rows > 0
    assert exit_code([result]) == (0 if name in VERDICTS else 3)


def test_a_later_difference_is_drift_and_no_failure(connection: Any) -> None:
    connection.execute("begin")
    try:
        connection.execute(DAMAGE["previous_blocks_drift"])
        result = result_of(connection, CHECKS["previous_blocks_are_the_windows_before"])
    finally:
        connection.execute("rollback")
    assert result.verdict is Verdict.HOLDS


def test_a_check_whose_tables_are_not_loaded_is_skipped_and_says_so(connection: Any) -> None:
    connection.execute("begin")
    try:
        connection.execute("drop table happiness_ratings")
        result = result_of(connection, CHECKS["ratings_are_the_happiness_counts"])
    finally:
        connection.execute("rollback")
    assert (result.verdict, result.lacking) == (Verdict.SKIPPED, ("happiness_ratings",))
    assert exit_code([result]) == 0


@pytest.mark.parametrize("check", CHECKS.values(), ids=CHECKS)
def test_every_check_says_what_it_proves_and_what_it_needs(check: Check) -> None:
    assert check.sentence.endswith(".")
    assert check.needs
    assert check.sql.lstrip().startswith(("select", "with"))
