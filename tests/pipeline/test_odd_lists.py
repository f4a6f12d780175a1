"""A list that comes empty or short, for one night and for many, drops no window of its items."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest

from pipelines.jobs.run_summary import Summary
from sources.help_scout_sandbox import Fault, Sandbox
from tests.helpers.loads import NOW, SMALL, load_into, query, serving, ticking

INBOXES = "/v2/mailboxes"
EMPTY: Any = {"_links": {}}


def counting_99(body: Any) -> Any:
    return {**body, "page": {**body["page"], "totalElements": 99}}


@pytest.fixture(scope="module")
def account() -> Iterator[tuple[Sandbox, str]]:
    sandbox = Sandbox(replace(SMALL, days=10))
    with serving(sandbox) as base_url:
        yield sandbox, base_url


@pytest.fixture
def night(account: tuple[Sandbox, str], tmp_path: Path) -> Any:
    """Loads a night of one report by inbox; the list of inboxes is empty when asked to be."""
    sandbox, base_url = account

    def load(number: int, *, empty: bool, too_few_tags: bool = False) -> Summary:
        sandbox.faults.clear()
        if too_few_tags:
            fault = Fault(path="/v2/tags", kind="change_body", change=counting_99, times=None)
            sandbox.faults.add(fault)
        if empty:
            fault = Fault(path=INBOXES, kind="change_body", change=lambda _: EMPTY, times=None)
            sandbox.faults.add(fault)
        return load_into(
            tmp_path / "w.duckdb",
            base_url,
            reports=("email",),
            start_date="2026-11-08",
            breakdowns={"email": ["mailbox"]},
            grains={"email": ["day"]},
            clock=ticking(NOW + timedelta(days=number)),
        )

    yield load
    sandbox.faults.clear()


def test_an_empty_list_is_believed_after_three_nights_and_costs_no_window_before(
    night: Any, tmp_path: Path
) -> None:
    codes = [
        night(number, empty=empty).exit_code()
        for number, empty in enumerate([False, True, True, True, True, False])
    ]
    assert codes == [0, 3, 3, 3, 0, 0]
    warehouse = tmp_path / "w.duckdb"
    lists = query(
        warehouse,
        "select status, rows from list_reads where list = 'inboxes' order by fetched_at",
    )
    assert lists == [("loaded", 2), *[("shrunk", 0)] * 3, ("loaded", 0), ("loaded", 2)]
    reads = query(
        warehouse,
        "select count(distinct slice) from window_reads group by run_id order by max(fetched_at)",
    )
    assert reads == [(2,)] * 5  # the night that believes it asks for none
    assert query(warehouse, "select count(*) from inboxes") == [(2,)]


def test_lists_that_are_not_whole_are_said_and_the_listed_items_stay_listed(
    night: Any, tmp_path: Path
) -> None:
    night(0, empty=False)
    summary = night(1, empty=True, too_few_tags=True)
    assert summary.list_problems.pop("tags") == (
        "incomplete. the API counts 99 items, but its pages hold 5"
    )
    assert summary.list_problems["inboxes"] == (
        "shrunk. 2 of 2 known items are missing: they stay in use, and are taken as gone after 3 "
        "nights"
    )
    assert summary.list_problems.keys() == {"inboxes"}  # folders are asked of the known inboxes
    listed = "select count(*) from inboxes where last_seen_at = (select max(last_seen_at) from "
    assert query(tmp_path / "w.duckdb", f"{listed} inboxes)") == [(2,)]
    assert night(2, empty=False).list_problems == {}
