"""A new inbox and a new user are loaded from their first window, no configuration changed."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest

from sources.help_scout_sandbox import Sandbox

from .support import (
    NOW,
    SMALL,
    Rows,
    differing,
    load_into,
    numbers,
    query,
    serving,
    status_of,
    ticking,
)

pytestmark = pytest.mark.slow

REPORTS = ("company_overall", "conversations_new", "user_overall", "user_replies")
START = "2026-10-08"
LIFETIME: dict[str, Rows] = {"user_overall": []}  # it has a figure that grows with each fetch


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
