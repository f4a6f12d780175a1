"""Pages that shift under the reader: no row is lost, none doubled, and what may lack says so."""

from __future__ import annotations

from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest

from pipelines.quality.check_runner import CheckVerdict, all_checks, check_pipeline
from pipelines.warehouse.open import open_pipeline
from sources.help_scout.catalog.reports import REPORTS
from sources.help_scout.planning.request_plan import API_ROOT
from sources.help_scout_sandbox import AccountSpec, Fault, Sandbox
from tests.helpers.loads import NOW, UNTIL, differing, load_into, numbers, query, serving, ticking

pytestmark = pytest.mark.slow(minutes=1)

BUSY = AccountSpec(until=UNTIL, users=3, inboxes=2, conversations_per_day=110, days=80, tags=5)
ROWS = (
    *("company_drilldown", "conversations_drilldown", "conversations_fields_drilldown"),
    *("conversations_new_drilldown", "user_drilldown", "user_conversation_history"),
    *("user_ratings", "happiness_ratings"),
)
OPTIONS: dict[str, Any] = {
    "reports": ROWS,
    "since": "2026-11-02",
    "until": "2026-11-04",
    "breakdowns": {
        "conversations_fields_drilldown": ["field"],
        "company_drilldown": ["range,range_id", "range"],
        "user_conversation_history": ["user", "team"],
        "user_ratings": ["user", "team"],
    },
}
OLDEST = """
select conversation_id from conversation as c where hidden = 0 and exists (
    select 1 from event as e
    where e.conversation_id = c.conversation_id and e.ts between ? and ?
) order by modified_at limit 1
"""
DRILLDOWNS = f"{API_ROOT}*"


def shifting(times: int | None) -> Fault:
    """Every 30 requests the conversation at the end of a drilldown is moved to its top."""
    return Fault(path=DRILLDOWNS, kind="page_shift", every=30, times=times)


def test_rows_are_complete_when_the_shifts_have_ended(tmp_path: Path) -> None:
    shifted, quiet = tmp_path / "shifted.duckdb", tmp_path / "quiet.duckdb"
    sandbox = Sandbox(BUSY)
    with serving(sandbox) as base_url:
        sandbox.faults.add(shifting(times=12))
        first = load_into(shifted, base_url, **OPTIONS)
        moved = sandbox.account.version
        load_into(quiet, base_url, **OPTIONS)

    assert moved >= 5
    assert first.exit_code() == 0
    assert sum(line.rows for line in first.lines) > 3_000
    # A conversation that was moved was changed too: when, is all that may differ.
    assert differing(ids(shifted), ids(quiet)) == {}


def test_conversations_that_arrive_meanwhile_are_there_after_the_next_load(tmp_path: Path) -> None:
    warehouse, fresh = tmp_path / "growing.duckdb", tmp_path / "fresh.duckdb"
    sandbox = Sandbox(BUSY)
    options = {**OPTIONS, "since": "2026-11-09", "until": None}
    requests = 0

    def grow(body: Any) -> Any:
        nonlocal requests
        requests += 1
        if requests % 30 == 0 and requests <= 300:
            minutes = timedelta(minutes=20 * requests // 30)
            sandbox.account.advance(UNTIL + minutes)
        return body

    with serving(sandbox) as base_url:
        sandbox.faults.add(Fault(path=DRILLDOWNS, kind="change_body", times=None, change=grow))
        load_into(warehouse, base_url, **options)
        sandbox.faults.clear()
        later = ticking(NOW + timedelta(minutes=30))
        load_into(warehouse, base_url, **options, clock=later)
        load_into(fresh, base_url, **options, clock=ticking(NOW + timedelta(minutes=30)))

    assert sandbox.account.until > UNTIL.timestamp()
    assert differing(numbers(warehouse), numbers(fresh)) == {}


def test_endless_shifts_leave_an_incomplete_window_that_lost_nothing_it_saw(
    tmp_path: Path,
) -> None:
    warehouse = tmp_path / "endless.duckdb"
    sandbox = Sandbox(BUSY)
    sent: set[tuple[int]] = set()

    def shift(body: Any) -> Any:
        sent.update((row["id"],) for row in body["conversations"]["results"])
        for start in (1_793_595_600, 1_793_682_000):  # 2 and 3 November, in New York
            ((last,),) = sandbox.account.query(OLDEST, (start, start + 86_399))
            sandbox.account.touch(last)
        return body

    with serving(sandbox) as base_url:
        sandbox.faults.add(
            Fault(
                path=f"{API_ROOT}conversations/drilldown",
                kind="change_body",
                times=None,
                change=shift,
            )
        )
        summary = load_into(
            warehouse, base_url, **{**OPTIONS, "reports": ("conversations_drilldown",)}
        )

    assert summary.exit_code() == 3
    assert query(warehouse, "select distinct status from report_windows") == [("incomplete",)]
    stored = query(warehouse, "select distinct conversation_id from conversations_drilldown")
    assert set(stored) == sent
    assert len(sent) > 200
    with open_pipeline(warehouse) as pipeline:
        (doubled,) = check_pipeline(pipeline, all_checks(["no_row_is_doubled"]))
    assert doubled.verdict is CheckVerdict.HOLDS


def ids(warehouse: Path) -> dict[str, Any]:
    """The keys of every row of the reports' tables."""
    return {
        table.name: query(
            warehouse,
            f"select slice, grain, window_start, {', '.join(table.key)} from {table.name} "
            "order by all",
        )
        for name in ROWS
        for table in REPORTS[name].tables
    }
