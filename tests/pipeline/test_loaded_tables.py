"""What a load of everything leaves in the warehouse."""

from __future__ import annotations

from pathlib import Path

import pytest

from pipelines.models.base_views import SUFFIXES, base_kind
from pipelines.models.item_views import ITEM_VIEWS
from sources.help_scout.catalog.dimensions import DIMENSIONS
from sources.help_scout.catalog.reports import REPORTS
from sources.help_scout.catalog.stored_tables import stored_table
from sources.help_scout.planning.windows import Grain
from tests.helpers.loads import (
    differing,
    load_into,
    query,
    query_each,
    tables_of,
    views_of,
    whole_tables,
)

pytestmark = pytest.mark.xdist_group("loaded")

EMPTY_IN_THE_SANDBOX = {
    "restatements",  # nothing was read twice
    "unknown_values",  # the sandbox sends nothing that the catalog does not know
    "user_drilldown_customers",  # the documented rows of this one carry no customer ids
}
REPORT_TABLES = [table for report in REPORTS.values() for table in report.tables]


def test_every_report_and_list_has_its_tables_and_they_have_rows(loaded: Path) -> None:
    expected = {table.name for table in REPORT_TABLES} | set(DIMENSIONS)
    counts = query_each(
        loaded, {name: f'select count(*) from "{name}"' for name in tables_of(loaded)}
    )

    ledgers = {"window_reads", "list_reads", "unknown_values", "restatements"}
    assert set(counts) == expected | ledgers
    assert {name for name, rows in counts.items() if rows == [(0,)]} == EMPTY_IN_THE_SANDBOX


def test_every_window_due_has_one_row_in_report_windows_and_none_failed(loaded: Path) -> None:
    windows = query(
        loaded, "select report, slice, grain, strftime(window_start, '%Y-%m-%d %H') "
        "from report_windows",
    )  # fmt: skip
    statuses = query(loaded, "select distinct status, last_error from report_windows")

    assert len(windows) == len(set(windows))
    assert {status for status, _ in statuses} == {"loaded", "empty"}
    assert {error for _, error in statuses} == {None}
    days = [f"2026-10-{d} 04" for d in range(26, 32)] + ["2026-11-01 04"]
    days += [f"2026-11-{d:02} 05" for d in range(2, 11)]
    starts = {
        "day": days,
        "week": ["2026-10-26 04", "2026-11-02 05", "2026-11-09 05"],
        "month": ["2026-10-01 04", "2026-11-01 04"],
    }
    inboxes = [f"mailbox={i}" for (i,) in query(loaded, "select mailbox_id from inboxes")]
    users = [f"user={i}" for (i,) in query(loaded, "select user_id from users")]
    for report in REPORTS.values():
        slices = {
            "all": ["all"],
            "mailbox": inboxes,
            "user": users,
            "range=firstResponseTime,range_id": [
                f"range=firstResponseTime,range_id={i}" for i in range(1, 11)
            ],
        }
        wanted = {
            (report.name, slice_, grain, start)
            for text in report.slices
            for slice_ in slices.get(text, [text])
            for grain in report.grains
            for start in starts[grain]
        }
        had = {window for window in windows if window[0] == report.name}
        # Users who are no longer listed come on top, in the windows that name them.
        assert wanted - had == set()
        assert report.slices == ("user",) or had == wanted


def test_every_user_that_a_window_names_has_user_reports_listed_by_the_account_or_not(
    loaded: Path,
) -> None:
    unlisted = query(
        loaded,
        "select distinct user_id from company_overall_users "
        "where user_id not in (select user_id from users) order by 1",
    )
    lacking = query(
        loaded,
        """
        select u.user_id, r.report, u.grain, u.window_date
        from company_overall_users as u
        cross join (select distinct report, grain from window_reads where report like 'user_%') as r
        left join report_windows as w
            on w.report = r.report and w.slice = 'user=' || u.user_id
            and w.grain = u.grain and w.window_start = u.window_start
        where u.slice = 'all' and u.grain = r.grain and w.status is null
            and r.report <> 'user_ratings'
        """,
    )

    assert unlisted == [(3999,), (900001,)]  # one who left, one AI agent
    assert lacking == []


def test_no_table_needs_an_id_of_the_loader(loaded: Path) -> None:
    columns = query(
        loaded,
        "select table_name, column_name from information_schema.columns "
        "where table_schema = 'reports' and starts_with(column_name, '_dlt') "
        "and not starts_with(table_name, '_dlt')",
    )

    assert columns == []


def test_no_tombstone_is_left_behind(loaded: Path) -> None:
    left = query_each(
        loaded,
        {table.name: f'from "{table.name}" where tombstone' for table in REPORT_TABLES},
    )

    assert {name: rows for name, rows in left.items() if rows} == {}


def test_keys_are_unique_in_every_table(loaded: Path) -> None:
    keys = {
        table.name: ", ".join(stored_table(report, table).primary_key)
        for report in REPORTS.values()
        for table in report.tables
    }
    doubled = query_each(
        loaded,
        {
            name: f'select {key} from "{name}" group by {key} having count(*) > 1'
            for name, key in keys.items()
        },
    )

    assert {name: rows for name, rows in doubled.items() if rows} == {}


def test_each_table_has_its_views_of_one_grain_and_the_plain_slices(loaded: Path) -> None:
    views = {
        (table.name, grain): f"{table.name}_{suffix}"
        for table in REPORT_TABLES
        for grain, suffix in SUFFIXES.items()
    }
    there = {name for name in views_of(loaded) if name.endswith(tuple(SUFFIXES.values()))}
    seen = query_each(
        loaded,
        {view: f'select distinct grain, slice_kind from "{view}"' for view in there},
    )

    expected = {
        views[table.name, grain]: []
        if table.name in EMPTY_IN_THE_SANDBOX
        else [(grain, base_kind(report))]
        for report in REPORTS.values()
        for table in report.tables
        for grain in (Grain(name) for name in report.grains)
    }
    assert seen == expected


def test_views_by_item_hold_every_grain_of_that_item_s_slices_alone(loaded: Path) -> None:
    kinds = {
        "by_inbox": {"all", "mailbox"},
        "by_user": {"user"},
        "by_team": set[str](),  # none was asked
        "totals": {"all"},
    }
    by_item = {
        f"{table.name}_{by}": {(grain, kind) for grain in report.grains for kind in kinds[by]}
        for report in REPORTS.values()
        for table in report.tables
        for by in kinds
        if table.name not in EMPTY_IN_THE_SANDBOX
    }
    there = {name for name in views_of(loaded) if name in by_item}
    seen = query_each(
        loaded,
        {view: f'select distinct grain, slice_kind from "{view}"' for view in there},
    )

    assert {view: set(rows) for view, rows in seen.items()} == {v: by_item[v] for v in there}
    assert {
        "chat_by_inbox", "user_overall_by_user", "user_overall_by_team", "docs_overall_totals"
    } <= there  # fmt: skip


def test_views_have_null_where_there_was_nothing_to_measure_and_tables_the_zero(
    loaded: Path,
) -> None:
    """Every column of every view that the catalog calls nothing at 0, row by row."""
    views = views_of(loaded)
    endings = (*SUFFIXES.values(), *ITEM_VIEWS)
    counts = query_each(
        loaded,
        {
            f"{table.name}_{ending}.{column.name}": f"""
            select
                count(*) filter (where ({measured}) is not true and v."{column.name}" is not null),
                count(*) filter (
                    where {measured} and v."{column.name}" is distinct from t."{column.name}"),
                count(*) filter (where t."{column.name}" = 0 and v."{column.name}" is null)
            from "{table.name}_{ending}" as v join "{table.name}" as t
            on ({", ".join(f'v."{key}"' for key in stored_table(report, table).primary_key)})
            is not distinct from
            ({", ".join(f't."{key}"' for key in stored_table(report, table).primary_key)})"""
            for report in REPORTS.values()
            for table in report.tables
            for ending in endings
            if f"{table.name}_{ending}" in views
            for column in table.columns
            if column.measured_by
            for measured in [" and ".join(f't."{one}" <> 0' for one in column.measured_by)]
        },
    )

    wrong = {name: rows for name, rows in counts.items() if rows[0][:2] != (0, 0)}
    assert wrong == {}
    undone = {name for name, [(_, _, zeros)] in counts.items() if zeros}
    assert {
        "docs_overall_totals.failed_result_pct",
        "happiness_overall_daily.happiness_score",
        "productivity_overall_by_inbox.first_response_time_seconds",
        "productivity_overall_daily.resolved_on_first_reply_ratio",
    } <= undone


def test_previous_windows_stand_beside_the_current_ones(loaded: Path) -> None:
    moved = query(
        loaded,
        "select now.window_date, now.previous_total_conversations, before.total_conversations "
        "from conversations_overall_daily as now join conversations_overall_daily as before "
        "on before.window_start = now.previous_window_start "
        "where now.previous_total_conversations <> before.total_conversations",
    )

    assert moved == []


def test_a_second_load_at_the_same_time_asks_for_the_lookback_only_and_changes_nothing(
    small_account: tuple[object, str], tmp_path: Path
) -> None:
    warehouse = tmp_path / "again.duckdb"
    reports = ("company_overall", "conversations_drilldown", "conversations_new", "user_ratings")
    first = load_into(warehouse, small_account[1], reports=reports)
    before = whole_tables(warehouse)
    second = load_into(warehouse, small_account[1], reports=reports)
    after = whole_tables(warehouse)
    ledger_before, ledger_after = before.pop("window_reads"), after.pop("window_reads")
    del before["list_reads"], after["list_reads"]

    assert differing(before, after) == {}
    assert sum(line.requests for line in second.lines) < sum(line.requests for line in first.lines)
    assert len(ledger_after) > len(ledger_before)


def test_everybody_whom_a_number_is_about_has_a_name(loaded: Path) -> None:
    people = query(loaded, "select user_id, user_kind, is_listed, user_name from people")
    by_id = {user: (kind, is_listed) for user, kind, is_listed, _ in people}
    assert len(by_id) == len(people)
    assert by_id[4001] == ("user", True)
    assert by_id[7001] == ("team", True)
    assert by_id[900001] == ("ai_agent", True)
    assert by_id[3999] == ("not listed", False)  # who left keeps a name
    assert all(name for *_, name in people)
    assert not query(
        loaded,
        "select distinct slice_user_id from user_overall anti join people "
        "on people.user_id = user_overall.slice_user_id",
    )


def test_codes_are_in_words_in_the_rows_and_in_the_labels(loaded: Path) -> None:
    assert query(
        loaded,
        "select distinct slice_range_id, range_label from company_drilldown "
        "where slice_range_id in (1, 4) order by 1",
    ) == [(1, "< 15 min"), (4, "1-2 h")]
    ratings = "select distinct rating_id, rating_label from happiness_ratings order by 1"
    assert query(loaded, ratings) == [(1, "great"), (2, "okay"), (3, "not good")]
    wrong = query(
        loaded,
        "select weekday, weekday_name, label from conversations_busy_times as b "
        "left join labels as l on l.code_of = 'weekday' and l.code = b.weekday "
        "where label is distinct from weekday_name",
    )
    assert wrong == []
    doubled = "select code_of, metric, code from labels group by all having count(*) > 1"
    assert query(loaded, doubled) == []
