"""A new inbox and a new user are loaded from their first window, no configuration changed."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest

from pipelines.jobs.load_loop import load
from pipelines.planning.load_plan import LoadRequest
from pipelines.warehouse.open import open_pipeline
from sources.help_scout.planning.budget import Budget
from sources.help_scout_sandbox import Sandbox
from tests.helpers.loads import (
    NOW,
    SMALL,
    Rows,
    differing,
    load_into,
    numbers,
    query,
    running,
    serving,
    status_of,
    ticking,
)

pytestmark = pytest.mark.slow

REPORTS = ("company_overall", "conversations_new", "user_overall", "user_replies")
START = "2026-10-08"
LIFETIME: dict[str, Rows] = {"user_overall": []}  # it has a figure that grows with each fetch


def load_nightly(target: Path, base_url: str, number: int, **options: Any) -> None:
    options = {"reports": REPORTS, "start_date": START} | options
    load_into(target, base_url, clock=ticking(NOW + timedelta(days=number)), **options)


def test_a_new_inbox_is_filled_for_those_who_left_too(tmp_path: Path) -> None:
    warehouse = tmp_path / "nightly.duckdb"
    options: dict[str, Any] = {
        "reports": ("company_overall", "user_replies"),
        "start_date": "2026-10-26",
        "breakdowns": {"user_replies": ["user,mailbox"]},
    }
    sandbox = Sandbox(replace(SMALL, days=90))
    with serving(sandbox) as base_url:
        sandbox.account.user_leaves(4003)
        load_nightly(warehouse, base_url, 0, **options)
        inbox = sandbox.account.add_inbox("Returns")
        load_nightly(warehouse, base_url, 1, **options)
    left = f"select count(*) from report_windows where slice = 'mailbox={inbox},user=4003'"
    assert query(warehouse, left)[0][0] > 3
    options["clock"] = ticking(NOW + timedelta(days=1))
    status = status_of(warehouse, options.pop("reports"), **options)
    assert status.exit_code == 0


def test_a_widened_breakdown_is_no_newcomer_but_a_gap(tmp_path: Path) -> None:
    warehouse = tmp_path / "nightly.duckdb"
    narrow = {"company_overall": ["all", "mailbox=85001"]}
    options: dict[str, Any] = {"reports": ("company_overall",), "start_date": "2026-10-08"}
    with serving(Sandbox(replace(SMALL, days=90))) as base_url:
        load_nightly(warehouse, base_url, 0, breakdowns=narrow, **options)
        wide = {"company_overall": ["all", "mailbox"]}
        load_nightly(warehouse, base_url, 1, breakdowns=wide, **options)
    first = "select cast(min(window_date) as varchar) from report_windows where grain = 'day' and "
    assert query(warehouse, first + "slice = 'mailbox=85001'") == [("2026-10-08",)]
    assert query(warehouse, first + "slice = 'mailbox=85002'")[0][0] > "2026-11-01"


def test_tonights_numbers_do_not_wait_for_the_history_of_a_new_inbox(tmp_path: Path) -> None:
    warehouse = tmp_path / "nightly.duckdb"
    options: dict[str, Any] = {"reports": ("company_overall",), "start_date": "2026-09-10"}
    sandbox = Sandbox(replace(SMALL, days=90))
    with serving(sandbox) as base_url:
        load_nightly(warehouse, base_url, 0, **options)
        inbox = sandbox.account.add_inbox("Returns")
        with running(
            base_url, clock=ticking(NOW + timedelta(days=1)), start_date="2026-09-10"
        ) as run:
            run.budget = Budget(max_requests=70)
            with open_pipeline(warehouse) as pipeline:
                load(pipeline, run, LoadRequest(reports=("company_overall",)))
            assert run.budget.was_hit
    latest = "select cast(max(window_date) as varchar) from report_windows where grain = 'day' and "
    assert query(warehouse, latest + "slice = 'all'") == [("2026-11-11",)]
    assert query(warehouse, f"select count(*) from report_windows where slice = 'mailbox={inbox}'")[
        0
    ] > (8,)


def test_a_new_inbox_and_a_new_agent_are_there_from_their_first_window(tmp_path: Path) -> None:
    warehouse, fresh = tmp_path / "nightly.duckdb", tmp_path / "fresh.duckdb"
    sandbox = Sandbox(replace(SMALL, days=90))
    with serving(sandbox) as base_url:

        def night(number: int, target: Path = warehouse) -> None:
            sandbox_time = NOW + timedelta(days=number)
            options: dict[str, Any] = {"reports": REPORTS, "start_date": START}
            load_into(target, base_url, clock=ticking(sandbox_time), **options)

        night(0)  # a month and more
        known = set(query(warehouse, "select distinct slice from report_windows"))
        inbox, agent = sandbox.account.add_inbox("Returns"), sandbox.account.add_user("Kim New")
        for number in (1, 2):
            sandbox.account.advance(NOW + timedelta(days=number))
            night(number)
        night(2, fresh)

    slices = set(query(warehouse, "select distinct slice from report_windows")) - known
    assert slices == {(f"mailbox={inbox}",), (f"user={agent}",)}
    nightly, whole = numbers(warehouse), numbers(fresh)
    assert differing(nightly | LIFETIME, whole | LIFETIME) == {}
    first: dict[Any, Any] = dict(
        query(
            warehouse,
            "select slice, cast(min(window_date) as varchar) from report_windows "
            f"where grain = 'day' and slice in ('mailbox={inbox}', 'user={agent}') group by 1",
        )
    )
    # All of the history for the inbox, where older conversations may be moved to; of the user,
    # since the day of the invitation.
    assert first == {f"mailbox={inbox}": START, f"user={agent}": "2026-11-10"}
    assert query(
        warehouse,
        "select sum(conversation_count) > 0 from conversations_new "
        f"where slice = 'mailbox={inbox}'",
    ) == [(True,)]
    assert query(
        warehouse, f"select sum(replies_sent) > 0 from user_replies where slice = 'user={agent}'"
    ) == [(True,)]
    status = status_of(
        warehouse,
        REPORTS,
        start_date=START,
        clock=ticking(NOW + timedelta(days=2)),
    )
    assert status.exit_code == 0
    assert {one.coverage_pct for one in status.slices} == {100.0}
