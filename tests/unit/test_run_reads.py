"""Which reads a run plans: slices from the account's lists and from what other reports name."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

import pytest

from sources.help_scout.catalog.reports import REPORTS
from sources.help_scout.catalog.slices import Slice
from sources.help_scout.errors import CredentialsError, ReportUnavailable, Unreachable
from sources.help_scout.extract.result import Status, WindowResult
from sources.help_scout.planning.request_plan import Read, Request, wire_instant
from sources.help_scout.planning.windows import Window
from tests.helpers.builders import NOW, days
from tests.helpers.stand_in_account import (
    COMPANY,
    CONVERSATIONS,
    INBOXES,
    TAGS,
    USERS,
    hal,
    run_over,
    users_in,
)

SPAN = days("2026-03-02", 4)
DOWN = Unreachable("/v2/mailboxes: the API answered 502", status=502)
REPLIES = REPORTS["user_replies"]
FIELDS = REPORTS["conversations_fields_drilldown"]
Planned = Read | list[WindowResult]


def company(*users_by_day: Any) -> Any:
    """The company report of each day of the span: the users that it names, or an exception."""
    by_start = dict(zip((wire_instant(day.start) for day in SPAN), users_by_day, strict=True))

    def answer(request: Request) -> Any:
        users = by_start[dict(request.query)["start"]]
        if isinstance(users, Exception):
            return users
        return {"current": {"closed": 1}, "users": [{"user": user} for user in users]}

    return answer


def reads_of(planned: Iterable[Planned]) -> list[tuple[str, tuple[Window, ...]]]:
    """Slice and wanted windows of each read."""
    found = []
    for read in planned:
        assert isinstance(read, Read)
        found.append((read.slice.text, read.wanted))
    return found


def test_each_slice_of_each_span_is_read_in_turn() -> None:
    report = REPORTS["conversations_new"]
    spans = [SPAN[:2], SPAN[2:]]
    bodies = {INBOXES: hal("mailboxes", {"id": 4}, {"id": 5})}
    with run_over(bodies, breakdowns={report.name: ["all", "mailbox"]}) as (run, account):
        planned = reads_of(run.reads(report, spans))
    assert planned == [(text, span) for span in spans for text in ("all", "mailbox=4", "mailbox=5")]
    assert account.paths == [INBOXES]


def test_breakdowns_that_overlap_read_each_slice_once() -> None:
    report = REPORTS["conversations_new"]
    bodies = {INBOXES: hal("mailboxes", {"id": 4}, {"id": 5})}
    breakdowns = {report.name: ["mailbox=5", "mailbox", "mailbox=4,type=chat", "type=chat,mailbox"]}
    with run_over(bodies, breakdowns=breakdowns) as (run, _):
        planned = reads_of(run.reads(report, [SPAN]))
    assert [text for text, _ in planned] == [
        "mailbox=5",
        "mailbox=4",
        "mailbox=4,type=chat",
        "mailbox=5,type=chat",
    ]


# --- lists that fail ------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("breakdown", "bodies", "text", "told"),
    [
        ("mailbox", {INBOXES: DOWN}, "?mailbox", str(DOWN)),
        ("mailbox,type", {INBOXES: DOWN}, "?mailbox,type", str(DOWN)),
        (
            "mailbox",
            {INBOXES: {"error": "x"}},
            "?mailbox",
            ("inboxes: the answer is not this list: expected rows at '_embedded.mailboxes'"),
        ),
        (
            "folder",
            {INBOXES: hal("mailboxes", {"id": 4}), f"{INBOXES}/4/folders": DOWN},
            "?folder",
            str(DOWN),
        ),
    ],
)
def test_a_list_that_fails_fails_each_window_of_its_slices_and_no_other(
    breakdown: str, bodies: dict[str, Any], text: str, told: str
) -> None:
    report = REPORTS["conversations_new"]
    with run_over(bodies, breakdowns={report.name: ["all", breakdown]}) as (run, _):
        planned = list(run.reads(report, [SPAN[:2], SPAN[2:]]))
    assert reads_of(planned[::2]) == [("all", SPAN[:2]), ("all", SPAN[2:])]
    failed = [one for results in planned[1::2] if isinstance(results, list) for one in results]
    assert [result.window for result in failed] == list(SPAN)
    for result in failed:
        assert (result.read.report, result.read.slice.text) == (report, text)
        assert result.status is Status.FAILED
        assert (result.requests, result.rows, result.fetched_at) == (0, {}, NOW)
        assert result.error == f"not asked, its slices are not known: {told}"


def test_a_list_that_is_refused_makes_its_slices_unavailable_and_no_others() -> None:
    report, refused = REPORTS["conversations_new"], ReportUnavailable("no tags", status=403)
    breakdowns = {report.name: ["tag", "all"]}
    with run_over({TAGS: refused}, breakdowns=breakdowns) as (run, _):
        planned = list(run.reads(report, [SPAN[:1], SPAN[1:]]))
    results = [result for part in planned if isinstance(part, list) for result in part]
    assert {(o.read.slice.text, o.status, o.error) for o in results} == {
        ("?tag", Status.UNAVAILABLE, "not asked, its slices are not known: no tags")
    }
    assert [result.window for result in results] == list(SPAN)
    assert reads_of([part for part in planned if not isinstance(part, list)]) == [
        ("all", SPAN[:1]),
        ("all", SPAN[1:]),
    ]


def test_a_list_that_fails_lets_reports_without_it_go_on() -> None:
    with run_over({INBOXES: DOWN}) as (run, _):
        planned = list(run.reads(REPORTS["docs_overall"], [SPAN[:1]]))
    assert reads_of(planned) == [("all", SPAN[:1])]


def test_wrong_credentials_end_the_run() -> None:
    report = REPORTS["conversations_new"]
    bodies = {INBOXES: CredentialsError("no")}
    with (
        run_over(bodies, breakdowns={report.name: ["mailbox"]}) as (run, _),
        pytest.raises(CredentialsError),
    ):
        list(run.reads(report, [SPAN]))


# --- users that reports name ----------------------------------------------------------------


def test_a_user_whom_some_windows_name_is_wanted_for_those_alone() -> None:
    bodies = {USERS: users_in("UTC", None), COMPANY: company([1], [9, 2], [], [9, 7])}
    with run_over(bodies) as (run, _):
        planned = reads_of(run.reads(REPLIES, [SPAN]))
    assert (
        planned
        == [
            ("user=1", SPAN),  # listed: wanted throughout, named or not
            ("user=2", SPAN),
            ("user=7", SPAN[3:]),
            ("user=9", (SPAN[1], SPAN[3])),
        ]
    )


def test_a_user_of_one_span_is_not_asked_for_in_another() -> None:
    bodies = {USERS: users_in("UTC"), COMPANY: company([9], [], [], [7])}
    with run_over(bodies) as (run, _):
        planned = reads_of(run.reads(REPLIES, [SPAN[:2], SPAN[2:]]))
    assert planned == [
        ("user=1", SPAN[:2]),
        ("user=9", SPAN[:1]),
        ("user=1", SPAN[2:]),
        ("user=7", SPAN[3:]),
    ]


def test_what_names_users_is_asked_for_once() -> None:
    bodies = {USERS: users_in("UTC"), COMPANY: company([1], [1], [1], [1])}
    with run_over(bodies) as (run, account):
        for report in (REPLIES, REPORTS["user_resolutions"]):
            list(run.reads(report, [SPAN]))
    assert sorted(account.paths) == [COMPANY] * 4 + [USERS]


def test_users_who_are_listed_are_asked_for_when_nothing_names_the_others() -> None:
    bodies = {USERS: users_in("UTC", None), COMPANY: company([9], DOWN, [], [])}
    with run_over(bodies) as (run, _):
        planned = list(run.reads(REPLIES, [SPAN]))
    assert reads_of(planned[:3]) == [("user=1", SPAN), ("user=2", SPAN), ("user=9", SPAN[:1])]
    (unnamed,) = planned[3:]
    assert isinstance(unnamed, list)
    assert [(one.read.slice.text, one.window, one.status) for one in unnamed] == [
        ("?user", window, Status.FAILED) for window in SPAN
    ]
    assert unnamed[0].error == (
        "not asked, its slices are not known: company_overall names them and came to failed: "
        f"{DOWN}"
    )


def test_a_report_whose_only_users_cannot_be_named_is_not_passed_over() -> None:
    bodies = {USERS: users_in(), COMPANY: company(DOWN, [9], [9], [9])}
    with run_over(bodies) as (run, _):
        planned = list(run.reads(REPLIES, [SPAN[:1], SPAN[1:]]))
    assert isinstance(planned[0], list)


def test_a_report_that_is_refused_is_not_asked_who_its_users_are_again() -> None:
    refused = ReportUnavailable("no plan", status=403)
    bodies = {USERS: users_in("UTC"), COMPANY: company(*[refused] * len(SPAN))}
    with run_over(bodies) as (run, account):
        planned = list(run.reads(REPLIES, [SPAN[:1], SPAN[1:]]))
        again = list(run.reads(REPLIES, [SPAN[1:]]))
    assert reads_of(planned[::2]) == [("user=1", SPAN[:1]), ("user=1", SPAN[1:])]
    assert len(again) == 2
    assert account.paths.count(COMPANY) <= len(SPAN)


# --- items of the fields drilldown ----------------------------------------------------------


def test_the_fields_drilldown_asks_for_the_items_that_the_window_names() -> None:
    body = {
        "current": {"customers": 1},
        "replies": {"top": [{"id": 8}, {"id": 3}]},
        "workflows": {"top": []},
    }
    with run_over({CONVERSATIONS: body}) as (run, _):
        planned = list(run.reads(FIELDS, [SPAN[:1]]))
    assert [
        (read.slice, [part.stamps for part in read.parts])
        for read in planned
        if isinstance(read, Read)
    ] == [
        (Slice.of(field="replyid"), [{"field_id": 3}, {"field_id": 8}]),
        (Slice.of(field="workflowid"), []),
    ]


def test_the_fields_drilldown_is_not_asked_when_its_items_cannot_be_told() -> None:
    with run_over({CONVERSATIONS: ReportUnavailable("no plan", status=403)}) as (run, _):
        planned = list(run.reads(FIELDS, [SPAN[:1]]))
    assert [
        result.status for results in planned if isinstance(results, list) for result in results
    ] == [Status.UNAVAILABLE] * 2
