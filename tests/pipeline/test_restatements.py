"""What moved between two nights: the tables say what is true now, the change log what was."""

from __future__ import annotations

from datetime import date, timedelta
from pathlib import Path

import pytest

from pipelines.planning.coverage_status import StatusReport
from sources.help_scout.catalog.reports import REPORTS
from sources.help_scout.state.restatements import measures_of
from sources.help_scout_sandbox import Sandbox
from tests.helpers.loads import (
    NOW,
    SMALL,
    differing,
    load_into,
    numbers,
    query,
    serving,
    status_of,
    ticking,
)

START = "2026-10-30"
LOGGED = {name: measures_of(report) for name, report in REPORTS.items() if measures_of(report)}
Moved = set[tuple[object, ...]]


def closed_measures(warehouse: Path) -> dict[tuple[object, ...], object]:
    """Every logged measure of every window that had ended at the first load."""
    found: dict[tuple[object, ...], object] = {}
    for report, measures in LOGGED.items():
        listed = ", ".join(f'"{column.name}"' for column in measures)
        rows = query(
            warehouse,
            f"select slice, grain, window_start, {listed} from {report} "
            f"where window_end <= timestamptz '{NOW.isoformat()}'",
        )
        for slice_text, grain, start, *values in rows:
            for column, value in zip(measures, values, strict=True):
                found[report, slice_text, grain, start, column.name] = value
    return found


@pytest.mark.slow(minutes=1)
@pytest.mark.xdist_group("restatements")
def test_a_changed_history_leaves_the_tables_of_a_fresh_load_and_a_log_of_what_moved(
    tmp_path: Path,
) -> None:
    nightly, fresh = tmp_path / "nightly.duckdb", tmp_path / "fresh.duckdb"
    sandbox = Sandbox(SMALL)
    account = sandbox.account
    tomorrow = NOW + timedelta(days=1)
    with serving(sandbox) as base_url:
        load_into(nightly, base_url, start_date=START, lookback_days=30)
        before = closed_measures(nightly)
        replied = account.query(
            "select conversation_id from conversation where created_at > ? "
            "and first_response is not null order by 1 limit 2",
            (int((NOW - timedelta(days=6)).timestamp()),),
        )
        account.rate(replied[0][0], "great", NOW - timedelta(days=2))
        account.mark_spam(replied[1][0])
        ((tag, _),) = query(
            nightly,
            "select tag_id, count(*) from conversations_overall_tags_daily "
            "where tag_id > 1 group by 1 order by 2 desc limit 1",
        )
        tagged = account.query(
            "select distinct conversation_id from tagged where tag_id = ?", (tag,)
        )
        for (conversation,) in tagged:
            account.retag(conversation, [])
        account.empty_day(date(2026, 11, 7))
        ((reply, _),) = query(
            nightly,
            "select saved_reply_id, count(*) from conversations_overall_replies_daily "
            "group by 1 order by 2 desc limit 1",
        )
        account.stop_using_saved_reply(reply, NOW - timedelta(days=30))
        account.advance(tomorrow)
        load_into(nightly, base_url, start_date=START, lookback_days=30, clock=ticking(tomorrow))
        load_into(fresh, base_url, start_date=START, lookback_days=30, clock=ticking(tomorrow))

    assert differing(numbers(nightly), numbers(fresh)) == {}
    after = closed_measures(nightly)
    moved = {
        (*key, before.get(key), after.get(key))
        for key in before.keys() | after.keys()
        if before.get(key) != after.get(key)
    }
    logged = query(
        nightly,
        "select report, slice, grain, window_start, measure, old_value, new_value "
        "from restatements order by all",
    )
    assert len(moved) > 500
    assert len({report for report, *_ in moved}) > 15
    assert set(logged) == moved
    assert len(logged) == len(moved)
    assert query(fresh, "select count(*) from restatements") == [(0,)]
    # The tag and the reply were in the top lists of most days; new conversations may use the tag.
    for table, column, item in (
        ("conversations_overall_tags", "tag_id", tag),
        ("conversations_overall_replies", "saved_reply_id", reply),
    ):
        left = f"select count(*) from {table}_daily where {column} = {item} and window_date < "
        assert query(nightly, f"{left} '2026-11-09'") == [(0,)]


def test_a_window_that_moves_after_it_was_called_final_is_told_with_the_lookback_that_catches_it(
    tmp_path: Path,
) -> None:
    warehouse = tmp_path / "late.duckdb"
    reports = ("company_overall", "conversations_overall")
    sandbox = Sandbox(SMALL)
    tomorrow = NOW + timedelta(days=1)
    days_ago = 9  # its week and its month are those before the current ones
    with serving(sandbox) as base_url:
        load_into(warehouse, base_url, reports=reports, start_date="2026-10-12")
        before = status_of(warehouse, reports, start_date="2026-10-12")
        ((conversation,),) = sandbox.account.query(
            "select conversation_id from conversation where created_at between ? and ? "
            "order by 1 limit 1",
            (
                int((NOW - timedelta(days=days_ago + 1)).timestamp()),
                int((NOW - timedelta(days=days_ago)).timestamp()),
            ),
        )
        sandbox.account.delete_conversation(conversation)
        sandbox.account.advance(tomorrow)
        clock = {"start_date": "2026-10-12", "clock": ticking(tomorrow)}
        load_into(warehouse, base_url, reports=reports, **clock)  # type: ignore[arg-type]
        late = status_of(warehouse, reports, **clock)
        days = max(moved.lookback_days for moved in late.moved.values())
        caught_by = clock | {"lookback_days": days}
        load_into(warehouse, base_url, reports=reports, **caught_by)  # type: ignore[arg-type]
        caught = status_of(warehouse, reports, **caught_by)

    def moved(status: StatusReport) -> set[str]:
        return {name for name, moved in status.moved.items() if moved.windows}

    assert (moved(before), moved(late), moved(caught)) == (set(), set(reports), set())
    assert all(m.compared > 20 for m in before.moved.values())
    assert days == 11  # from the end of October to the night of 11 November, begun days counted
    late_ones = "select distinct measure from restatements where was_final and days_after_end = 11"
    assert ("new_conversations",) in query(warehouse, late_ones)
