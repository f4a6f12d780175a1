"""A report from its plan to what is stored: no user's days get past those of another that lack."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import date, datetime, timedelta
from typing import Any

from sources.help_scout.batch import Batch, TableBatch
from sources.help_scout.errors import Unreachable
from sources.help_scout.plan import Request, wire_instant
from sources.help_scout.reports import REPORTS
from sources.help_scout.windows import Grain, Window, window_of

from .builders import NEW_YORK, at
from .stand_in_account import COMPANY, USERS, hal, run_over
from .test_batch import rows_of

REPORT = REPORTS["user_replies"]
REPLIES = "/v2/reports/user/replies"
AFTER = at("2026-03-10T00:00")
DOWN = Unreachable("down", status=502)


def day_of(request: Request) -> Window:
    start = datetime.fromisoformat(dict(request.query)["start"])
    return window_of(Grain.DAY, start.astimezone(NEW_YORK).date(), NEW_YORK)


def account(listed: list[int], left: dict[int, str], failing: int) -> dict[str, Any]:
    """Users who are listed, users who left with the day that still names them, one who fails."""

    def company(request: Request) -> Any:
        day = day_of(request).local_date
        named = [user for user, on in left.items() if date.fromisoformat(on) == day]
        return {"current": {}, "users": [{"user": user} for user in named]}

    def replies(request: Request) -> Any:
        query, day = dict(request.query), day_of(request)
        if int(query["user"]) == failing:
            return DOWN
        buckets = []
        while wire_instant(day.start) < query["end"]:
            buckets.append({"date": wire_instant(day.start), "replies": 1})
            day = window_of(Grain.DAY, day.local_date + timedelta(days=1), NEW_YORK)
        return {"current": buckets}

    users = hal("users", *({"id": user} for user in listed))
    return {USERS: users, COMPANY: company, REPLIES: replies}


def stored_and_first_lacking(bodies: dict[str, Any], listed: list[int]) -> tuple[Any, Any]:
    """The latest coverage stored, and the earliest of a listed user's days that is not."""
    with run_over(bodies, grains={REPORT.name: ["day"]}) as (run, _):
        spans = run.spans(REPORT, AFTER, None)
        batch = Batch(REPORT, run)

        def batches() -> Iterator[TableBatch]:
            for outcomes in run.reader.outcomes(run.reads(REPORT, spans)):
                list(batch.add(outcomes))
                yield from batch.flush()
            yield from batch.finish()

        found = rows_of(batches()).get(REPORT.name, [])
        there = {(row["slice"], row["window_start"]) for row in found}
        lacking = [
            day.covered_until(run.now)
            for span in spans
            for day in span
            for user in listed
            if (f"user={user}", day.start) not in there
        ]
    return max((row["covered_until"] for row in found), default=None), min(lacking, default=None)


def test_all_days_of_all_users_are_stored_when_nothing_fails() -> None:
    bodies = account([1, 5], {2: "2026-04-15"}, failing=0)
    assert stored_and_first_lacking(bodies, [1, 5]) == (at("2026-04-20T16:00"), None)


def test_a_listed_user_who_fails_holds_the_others_back() -> None:
    bodies = account([1, 5], {2: "2026-04-15"}, failing=5)
    assert stored_and_first_lacking(bodies, [1, 5]) == (at("2026-03-10T04:00"),) * 2


def test_a_user_who_left_and_fails_holds_the_others_back() -> None:
    bodies = account([1, 5], {2: "2026-04-15"}, failing=2)
    stored, lacking = stored_and_first_lacking(bodies, [1, 5])
    assert stored is None or stored <= lacking


def test_users_who_left_on_different_days_do_not_get_past_one_who_fails() -> None:
    bodies = account([5], {2: "2026-04-01", 3: "2026-04-15"}, failing=5)
    stored, lacking = stored_and_first_lacking(bodies, [5])
    assert stored is None or stored <= lacking
