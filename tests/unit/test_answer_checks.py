"""An answer to another question is not stored; one that differs in its words only is."""

from __future__ import annotations

import json
from dataclasses import replace
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

import pytest

from sources.help_scout.catalog.reports import REPORTS
from sources.help_scout.catalog.slices import Slice
from sources.help_scout.errors import ReportUnavailable
from sources.help_scout.extract.fetch import fetch_read
from sources.help_scout.extract.result import Status, WindowResult
from sources.help_scout.planning.request_plan import Request
from sources.help_scout.planning.windows import Grain
from tests.helpers.builders import NOW, StubGetter, body_of, dated, days, read_of, window
from tests.helpers.stand_in_account import COMPANY, USERS, run_over

CASE = Path(__file__).parents[1] / "fixtures" / "cases" / "one_user_403.json"
WEEK = window("2026-03-04", Grain.WEEK)


def fetch(
    report: str, change: Any, slice_: Slice | None = None, users: Any = frozenset()
) -> WindowResult:
    """What reading the report comes to when its documented body is changed."""

    def answer(query: dict[str, str]) -> Any:
        return change(dated(body_of(report), query), query)

    span = (WEEK,) if "ratings" in report else ()
    read = replace(read_of(report, *span, slice_=slice_), users=users)
    (result,) = fetch_read(StubGetter(answer), read, NOW)
    return result


def moved(hours: float) -> Any:
    def change(body: Any, _query: dict[str, str]) -> Any:
        for name in ("startDate", "endDate"):
            at = datetime.fromisoformat(body["current"][name]) + timedelta(hours=hours)
            body["current"][name] = f"{at:%Y-%m-%dT%H:%M:%SZ}"
        return body

    return change


@pytest.mark.parametrize("hours", [0, 5, -5, 7.5, 13.5, -11])
def test_dates_that_are_echoed_some_hours_off_are_reported_and_stored(hours: float) -> None:
    result = fetch("company_overall", moved(hours))
    assert (result.status, result.echo_shift_seconds) == (Status.LOADED, hours * 3600)


@pytest.mark.parametrize("hours", [24, -24, 24 * 365])
def test_the_answer_for_another_day_is_not_stored(hours: float) -> None:
    result = fetch("company_overall", moved(hours))
    assert (result.status, result.rows) == (Status.FAILED, {})
    assert "the answer says" in str(result.error)


def test_the_answer_for_a_week_is_not_stored_as_a_day() -> None:
    def change(body: Any, _query: dict[str, str]) -> Any:
        body["current"]["endDate"] = "2026-03-11T04:59:59Z"
        return body

    assert fetch("company_overall", change).status is Status.FAILED


def test_an_open_day_that_ends_now_is_stored() -> None:
    def change(body: Any, _query: dict[str, str]) -> Any:
        body["current"]["endDate"] = f"{NOW:%Y-%m-%dT%H:%M:%SZ}"
        return body

    def answer(query: dict[str, str]) -> Any:
        return change(dated(body_of("company_overall"), query), query)

    today = days("2026-04-20", 1)
    (result,) = fetch_read(StubGetter(answer), read_of("company_overall", *today), NOW)
    assert result.status is Status.LOADED


def test_dates_at_the_end_of_time_are_no_dates() -> None:
    def change(body: Any, _query: dict[str, str]) -> Any:
        body["current"]["startDate"] = "9999-12-31T23:59:59-05:00"
        return body

    result = fetch("company_overall", change)
    assert (result.status, result.echo_shift_seconds) == (Status.LOADED, None)


def test_dates_that_are_not_echoed_are_no_reason_to_doubt() -> None:
    result = fetch("happiness_overall", lambda body, _query: body)
    assert (result.status, result.echo_shift_seconds) == (Status.LOADED, None)


@pytest.mark.parametrize(
    ("report", "served"),
    [
        ("company_overall", "happiness_overall"),
        ("company_overall", "user_overall"),
        ("email", "chat"),
        ("productivity_overall", "company_overall"),
        ("user_replies", "user_resolutions"),
        ("happiness_ratings", "user_conversation_history"),
    ],
)
def test_the_body_of_another_report_is_not_stored(report: str, served: str) -> None:
    needs_user = REPORTS[report].requires == ("user",)
    slice_ = Slice.of(user=4) if needs_user else None
    result = fetch(report, lambda _body, query: dated(body_of(served), query), slice_)
    assert (result.status, result.rows) == (Status.FAILED, {})
    assert "the answer is not this report" in str(result.error)


@pytest.mark.parametrize(("named", "status"), [(5, Status.FAILED), (31337, Status.LOADED)])
def test_the_answer_for_another_user_of_the_account_is_not_stored(
    named: int, status: Status
) -> None:
    def change(body: Any, _query: dict[str, str]) -> Any:
        body["user"]["id"] = named
        return body

    result = fetch("user_overall", change, Slice.of(user=4), frozenset({4, 5}))
    assert result.status is status


def test_ratings_of_another_user_or_another_year_are_not_stored() -> None:
    def of_others(body: Any, _query: dict[str, str]) -> Any:
        return {**body, "results": [{**row, "ratingUserId": 9} for row in body["results"]]}

    def of_2019(body: Any, _query: dict[str, str]) -> Any:
        old = {"ratingCreatedAt": "2019-03-04T12:00:00Z"}
        return {**body, "results": [{**row, **old} for row in body["results"]]}

    whole = {"page": 1, "pages": 1, "count": len(body_of("user_ratings")["results"])}
    user = Slice.of(user=4)
    for change in (of_others, of_2019):
        result = fetch("user_ratings", lambda b, q, c=change: c({**b, **whole}, q), user)
        assert (result.status, result.rows) == (Status.FAILED, {})
    right = fetch("user_ratings", lambda b, _q: {**b, **whole}, user)
    assert right.status is Status.LOADED


def test_a_page_that_is_another_one_fails_the_window() -> None:
    def says_one(body: Any, _query: dict[str, str]) -> Any:
        return {"conversations": {**body["conversations"], "page": 1, "pages": 2}}

    def repeats_one(body: Any, query: dict[str, str]) -> Any:
        rows = [{"id": n, "number": n} for n in range(50)]
        page = {"results": rows, "page": int(query["page"]), "pages": 2, "count": 100}
        return {"conversations": page}

    for change, words in ((says_one, "got page 1"), (repeats_one, "rows of an earlier page")):
        result = fetch("conversations_drilldown", change)
        assert (result.status, result.rows) == (Status.FAILED, {})
        assert words in str(result.error)


def test_one_user_who_is_refused_costs_that_user_and_is_asked_for_the_newest_window_only() -> None:
    paths = json.loads(CASE.read_text())["paths"]
    by_user = paths["/v2/reports/user"]

    def user_overall(request: Request) -> Any:
        query = dict(request.query)
        if query["user"] in by_user["values"]:
            return ReportUnavailable("Access denied", status=by_user["values"]["102"]["status"])
        return dated(json.loads(json.dumps(by_user["else"]["body"])), query)

    bodies = {
        USERS: paths[USERS]["body"],
        COMPANY: {"current": {"closed": 1}, "users": [{"user": "101"}, {"user": "102"}]},
        "/v2/reports/user": user_overall,
    }
    report = REPORTS["user_overall"]
    spans = [days(f"2026-03-0{number}", 1) for number in (4, 5, 6)]
    with run_over(bodies, grains={report.name: ["day"]}) as (run, account):
        found = []
        for results in run.reader.results(run.reads(report, spans[:1])):
            run.note(results)
            found += results
        for results in run.reader.results(run.reads(report, spans[1:])):
            run.note(results)
            found += results
    told = [(o.read.slice.text, o.status, o.requests) for o in found]
    assert told == [
        ("user=101", Status.LOADED, 1),
        ("user=102", Status.UNAVAILABLE, 1),
        ("user=103", Status.LOADED, 1),
        ("user=101", Status.LOADED, 1),
        ("user=102", Status.UNAVAILABLE, 0),
        ("user=103", Status.LOADED, 1),
        ("user=101", Status.LOADED, 1),
        ("user=102", Status.UNAVAILABLE, 1),  # the newest is asked: the refusal may be of old ones
        ("user=103", Status.LOADED, 1),
    ]
    assert account.paths.count("/v2/reports/user") == 8
