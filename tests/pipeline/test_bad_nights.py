"""Answers that are wrong, missing or refused, for one night and for ten.

Each report has a trouble of its own. While it lasts nothing else is kept from being read, nothing
that was stored is replaced by nothing, and every count of missing windows is the same. When it is
over, the tables are those of a fresh load.
"""

from __future__ import annotations

from datetime import date, datetime, time, timedelta
from functools import partial
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo

import pytest

from pipelines.planning.load_plan import LoadRequest
from sources.help_scout_sandbox import Fault, Sandbox
from tests.helpers.loads import (
    SMALL,
    carry_out,
    differing,
    load_into,
    missing_counts,
    numbers,
    query,
    serving,
    ticking,
)

NEW_YORK = ZoneInfo("America/New_York")
START = "2026-10-28"
FIRST_NIGHT = date(2026, 11, 1)
BAD_DAY = ("start", "2026-10-30T04:00:00Z")
INBOX = ("mailboxes", "85001")
INBOX_SLICE = "mailbox=85001"
REPORTS = (
    "happiness_overall",
    "phone",
    "chat",
    "company_overall",
    "docs_overall",
    "conversations_new",
    "productivity_resolved",
    "conversations_busy_times",
    "user_overall",
    "user_happiness",
    "happiness_ratings",
)
BY_DAY = ("happiness_overall", "phone", "chat", "company_overall", "docs_overall",
          "conversations_busy_times")  # fmt: skip
GRAINS = {name: ["day"] for name in BY_DAY}
OPTIONS: dict[str, Any] = {
    "start_date": START,
    "timezone": "America/New_York",
    "grains": GRAINS | {"user_overall": ["week"], "user_happiness": ["week"]},
}


def night(number: int) -> datetime:
    return datetime.combine(FIRST_NIGHT + timedelta(days=number), time(3, 15), NEW_YORK)


def of_another_day(body: Any) -> Any:
    dates = {"startDate": "2019-03-04T05:00:00Z", "endDate": "2019-03-05T04:59:59Z"}
    return {**body, "current": {**body["current"], **dates}}


def of_another_user(body: Any) -> Any:
    return {**body, "user": {**body["user"], "id": 4001}}


def of_2019(body: Any) -> Any:
    rows = [{**row, "ratingCreatedAt": "2019-03-04T05:00:00Z"} for row in body["results"]]
    return {**body, "results": rows}


def of_another_report(_body: Any) -> Any:
    return {"current": {"happinessScore": 80, "great": 70, "okay": 20, "notGood": 10}}


def without_the_last_bucket(body: Any) -> Any:
    return {**body, "current": body["current"][:-1]}


def without_anything(body: Any) -> Any:
    return [] if isinstance(body, list) else {**body, "current": []}


def changed(path: str, change: Any, params: tuple[tuple[str, str], ...] = ()) -> Fault:
    path = f"/v2/reports/{path}"
    return Fault(path=path, kind="change_body", times=None, change=change, params=params)


def answering(status: int, path: str, *params: tuple[str, str]) -> Fault:
    path = f"/v2/reports/{path}"
    return Fault(path=path, kind="status", status=status, times=None, params=params)


TROUBLES = [
    answering(500, "happiness", BAD_DAY),  # one day of all slices
    answering(500, "phone", INBOX),  # one inbox, every day
    answering(403, "chat", INBOX),
    changed("company", of_another_day, (BAD_DAY,)),
    changed("docs", of_another_report, (BAD_DAY,)),
    changed("conversations/new", without_anything),
    changed("productivity/resolved", without_the_last_bucket),
    changed("conversations/busy-times", without_anything, (BAD_DAY,)),
    changed("user", of_another_user, (("user", "4002"),)),
    answering(404, "user/happiness", ("user", "4002")),
    changed("happiness/ratings", of_2019),
]


@pytest.mark.slow(minutes=1)
@pytest.mark.parametrize("nights", [1, 10])
def test_troubles_cost_what_they_are_about_and_nothing_when_they_are_over(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, nights: int
) -> None:
    monkeypatch.setattr("sources.help_scout.api.retries.FIRST_WAIT_SECONDS", 0.001)
    monkeypatch.setattr("sources.help_scout.api.retries.MAX_WAIT_SECONDS", 0.01)
    warehouse, fresh = tmp_path / "w.duckdb", tmp_path / "fresh.duckdb"
    sandbox = Sandbox(SMALL)
    load = partial(load_into, reports=REPORTS)
    with serving(sandbox) as base_url:
        load(warehouse, base_url, clock=ticking(night(0)), **OPTIONS)
        good = numbers(warehouse)
        for fault in TROUBLES:
            sandbox.faults.add(fault)
        for number in range(1, nights + 1):
            summary = load(warehouse, base_url, clock=ticking(night(number)), **OPTIONS)
            assert summary.exit_code() == 3
            assert {INBOX_SLICE, "user=4002"} == set(summary.refused)
            assert summary.line("chat").problem is None  # a refused inbox is no alarm
            at_night = OPTIONS | {"clock": ticking(night(number))}
            assert len(missing_counts(warehouse, REPORTS, **at_night)) == 1
        during = numbers(warehouse)
        # What was stored before is still there, and what has nothing wrong is up to date.
        for table in ("conversations_new", "company_overall", "happiness_ratings", "docs_overall"):
            days = {row[:6] for row in good[table]}
            assert days <= {row[:6] for row in during[table]}, table
        loaded = query(
            warehouse,
            "select report, max(window_date) from report_windows where status = 'loaded' "
            f"and grain = 'day' and slice not in ('{INBOX_SLICE}') group by 1",
        )
        up_to_date = {name for name, day in loaded if day == night(nights).date()}
        assert {"happiness_overall", "phone", "chat", "company_overall"} <= up_to_date
        sandbox.faults.clear()
        after = night(nights + 1)
        for wait in (0, 7):  # what was refused is asked again within a week
            later = after + timedelta(days=wait)
            load(warehouse, base_url, clock=ticking(later), **OPTIONS)
        last = after + timedelta(days=8)
        summary = load(warehouse, base_url, clock=ticking(last), **OPTIONS)
        assert (summary.exit_code(), summary.refused) == (0, {})
        assert missing_counts(warehouse, REPORTS, clock=ticking(last), **OPTIONS) == {0}
        carry_out(LoadRequest(reports=REPORTS), fresh, base_url, clock=ticking(last), **OPTIONS)
    different = differing(numbers(warehouse), numbers(fresh))
    # A bucket that stayed away is empty where the overall report says zero: no row, instead of 0.
    ours, theirs = different.pop("productivity_resolved", ([], []))
    assert (ours, different) == ([], {})
    assert all(0 in row for row in theirs)
