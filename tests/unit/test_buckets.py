"""Buckets of a series belong to windows by their instant, never by a guess."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from datetime import datetime, timedelta
from itertools import pairwise
from typing import Any

import pytest

from sources.help_scout.catalog.model import Shape
from sources.help_scout.catalog.reports import REPORTS
from sources.help_scout.errors import BucketMismatch, ReportUnavailable, Unreachable
from sources.help_scout.extract.buckets import match_buckets
from sources.help_scout.extract.fetch import fetch_read
from sources.help_scout.extract.result import Status, WindowResult, WindowResults
from sources.help_scout.planning.windows import Grain, Window
from tests.helpers.builders import BERLIN, NOW, StubGetter, at, body_of, days, read_of, window

SPAN = days("2026-03-03", 3, BERLIN)
NEW = "conversations_new"
Answer = Callable[[dict[str, str]], Any]


def fetch(answer: Answer, span: tuple[Window, ...] = SPAN) -> tuple[list[WindowResult], StubGetter]:
    getter = StubGetter(answer)
    return fetch_read(getter, read_of(NEW, *span, zone=BERLIN), NOW), getter


def instants(query: dict[str, str]) -> tuple[datetime, datetime]:
    start, end = (datetime.fromisoformat(query[name]) for name in ("start", "end"))
    return start, end + timedelta(seconds=1)


def hours(start: datetime, end: datetime) -> int:
    return int((end - start) / timedelta(hours=1))


def buckets(*rows: tuple[datetime, int]) -> dict[str, Any]:
    return {"current": [{"start": f"{at_:%Y-%m-%dT%H:%M:%SZ}", "count": n} for at_, n in rows]}


def by_request(query: dict[str, str]) -> Any:
    """Buckets of a day from the request's start; each counts its hours."""
    start, end = instants(query)
    if "viewBy" not in query:
        return buckets((start, hours(start, end)))
    count = (end - start) // timedelta(days=1)
    return buckets(*((start + timedelta(days=n), 24) for n in range(count)))


def by_utc(query: dict[str, str]) -> Any:
    """Buckets of UTC days, the first and the last cut to the request."""
    start, end = instants(query)
    if "viewBy" not in query:
        return buckets((start, hours(start, end)))
    edges = [start]
    while edges[-1] < end:
        midnight = edges[-1].replace(hour=0) + timedelta(days=1)
        edges.append(min(midnight, end))
    return buckets(*((a, hours(a, b)) for a, b in pairwise(edges)))


def by_utc_dates(query: dict[str, str]) -> Any:
    """Buckets named by UTC midnights, each on the local date of a Berlin day."""
    start, end = instants(query)
    count = (end - start) // timedelta(days=1)
    midnight = (start + timedelta(days=1)).replace(hour=0)
    rows = buckets(*((midnight + timedelta(days=n), 999) for n in range(count)))
    return rows if "viewBy" in query else buckets((start, hours(start, end)))


def values(results: list[WindowResult]) -> list[list[int]]:
    return [[row["conversation_count"] for row in o.rows[NEW]] for o in results]


def test_buckets_that_line_up_take_one_request() -> None:
    results, getter = fetch(by_request)
    assert [result.window for result in results] == list(SPAN)
    assert values(results) == [[24], [24], [24]]
    assert [result.requests for result in results] == [1, 0, 0]
    assert [result.pages for result in results] == [1, 0, 0]
    assert len(getter.sent) == 1


@pytest.mark.parametrize("answer", [by_utc, by_utc_dates])
def test_utc_days_are_never_taken_for_days_of_berlin(answer: Answer) -> None:
    results, getter = fetch(answer)
    assert [result.window for result in results] == list(SPAN)
    assert [result.status for result in results] == [Status.LOADED] * 3
    assert values(results) == [[24], [24], [24]]
    assert sum(result.requests for result in results) == len(getter.sent) == 7


def test_a_window_asked_alone_is_asked_for_itself_and_then_without_buckets() -> None:
    _, getter = fetch(by_utc)
    first = {"start": "2026-03-02T23:00:00Z", "end": "2026-03-03T22:59:59Z"}
    assert getter.queries[:3] == [
        {"start": "2026-03-02T23:00:00Z", "end": "2026-03-05T22:59:59Z", "viewBy": "day"},
        first | {"viewBy": "day"},
        first,
    ]


def test_one_bucket_for_many_windows_may_be_their_sum_and_is_asked_alone() -> None:
    def sum_of_the_span(query: dict[str, str]) -> Any:
        start, end = instants(query)
        return buckets((start, hours(start, end)))

    results, getter = fetch(sum_of_the_span)
    assert values(results) == [[24], [24], [24]]
    assert len(getter.sent) == 4


def test_buckets_that_fit_nothing_leave_the_window_out_and_let_the_report_go_on() -> None:
    noon = at("2026-03-04T12:00")
    results, getter = fetch(lambda _query: buckets((noon, 5), (noon, 6)))
    assert [result.status for result in results] == [Status.UNAVAILABLE] * 3
    assert [result.rows for result in results] == [{}, {}, {}]
    assert not any(result.is_refused for result in results)
    assert sum(result.requests for result in results) == len(getter.sent) == 7
    assert results[0].error == (
        "conversations_new: the API's buckets do not line up with day 2026-03-03 in this time "
        "zone, asked together and alone: the window is left out rather than guessed"
    )


# --- buckets that do not come -----------------------------------------------------------------


def leaves_out(*left_out: Window, created: int | None, alone: int | None = None) -> Any:
    """An API that leaves windows out of a series, says in the overall report that so many were
    `created` in each, and has `alone` in a bucket that is asked for alone."""

    def answer(query: dict[str, str]) -> Any:
        start, end = instants(query)
        if "viewBy" not in query:  # the overall report
            return created if isinstance(created, Exception) else {
                "current": {"conversationsCreated": created}
            }  # fmt: skip
        asked = [window for window in SPAN if start <= window.start < end]
        if len(asked) == 1 and alone is not None:
            return buckets((asked[0].start, alone))
        return buckets(*((one.start, 4) for one in asked if one not in left_out))

    return answer


def test_a_bucket_that_is_left_out_is_empty_where_the_overall_report_says_zero() -> None:
    results, getter = fetch(leaves_out(SPAN[1], created=0))
    assert [o.status for o in results] == [Status.LOADED, Status.EMPTY, Status.LOADED]
    assert len(getter.sent) == 3  # together, alone, the overall report
    assert results[0].zero_buckets == "left_out"


def test_a_bucket_that_comes_when_it_is_asked_for_alone_is_loaded() -> None:
    results, _ = fetch(leaves_out(SPAN[1], created=7, alone=9))
    assert values(results) == [[4], [9], [4]]


def test_a_bucket_that_stays_away_though_it_is_not_zero_keeps_what_is_stored() -> None:
    results, _ = fetch(leaves_out(SPAN[1], created=7))
    assert [o.status for o in results] == [Status.LOADED, Status.INCOMPLETE, Status.LOADED]
    assert [o.replaces_rows for o in results] == [True, False, True]
    assert results[1].error is not None


def test_a_series_without_any_bucket_keeps_what_is_stored_of_it_all() -> None:
    results, _ = fetch(leaves_out(*SPAN, created=7))
    assert [o.replaces_rows for o in results] == [False] * 3
    assert {o.status for o in results} == {Status.INCOMPLETE}


def test_nothing_says_zero_where_the_overall_report_is_not_to_be_had() -> None:
    refused = ReportUnavailable("no", status=403)
    results, _ = fetch(leaves_out(SPAN[1], created=refused))  # type: ignore[arg-type]
    assert results[1].status is Status.INCOMPLETE


def known_to_leave_out(answer: Any, held: Window | None = None) -> tuple[WindowResults, StubGetter]:
    getter = StubGetter(answer)
    read = replace(
        read_of("conversations_new", *SPAN),
        zeros_left_out=True,
        held=frozenset() if held is None else frozenset({held}),
    )
    return fetch_read(getter, read, NOW), getter


def test_an_account_that_leaves_zeros_out_is_believed_at_once() -> None:
    results, getter = known_to_leave_out(leaves_out(SPAN[1], created=7))
    assert [o.status for o in results] == [Status.LOADED, Status.EMPTY, Status.LOADED]
    assert len(getter.sent) == 1


def test_it_is_not_believed_of_a_window_that_held_something() -> None:
    results, _ = known_to_leave_out(leaves_out(SPAN[1], created=7), held=SPAN[1])
    assert results[1].status is Status.INCOMPLETE
    assert not results[1].replaces_rows


def test_nor_of_a_whole_series_before_it_is_asked_for_once_more() -> None:
    calls: list[Any] = []

    def once_empty(query: dict[str, str]) -> Any:
        calls.append(query)
        return {"current": []} if len(calls) == 1 else leaves_out(created=7)(query)

    results, _ = known_to_leave_out(once_empty)
    assert values(results) == [[4], [4], [4]]


def test_a_row_report_that_held_rows_and_comes_empty_is_asked_once_more() -> None:
    bodies = [{"results": [], "page": 1, "pages": 0, "count": 0}, body_of("happiness_ratings")]
    read = read_of("happiness_ratings", window("2026-03-04", Grain.WEEK))
    count = len(bodies[1]["results"])
    bodies[1] |= {"page": 1, "pages": 1, "count": count}
    for row in bodies[1]["results"]:
        row["ratingCreatedAt"] = "2026-03-04T12:00:00Z"
    getter = StubGetter(lambda _query: bodies.pop(0))
    (result,) = fetch_read(getter, replace(read, held=frozenset(read.windows)), NOW)
    assert (result.status, result.row_count, result.requests) == (Status.LOADED, count, 2)


@pytest.mark.parametrize(
    "error",
    [
        Unreachable("down", status=500, requests=1),
        Unreachable("no answer in time", requests=1),
        Unreachable("not JSON", status=200, requests=1),
        ReportUnavailable("no", status=403),
    ],
)
def test_a_day_that_always_fails_is_found_in_its_span_and_the_others_are_loaded(
    error: Exception,
) -> None:
    span, bad = days("2026-02-01", 30), window("2026-02-11")

    def answer(query: dict[str, str]) -> Any:
        start, end = instants(query)
        if start <= bad.start < end:
            return error
        return buckets(*((one.start, 4) for one in span if start <= one.start < end))

    getter = StubGetter(answer)
    results = fetch_read(getter, read_of("conversations_new", *span), NOW)
    assert [o.window for o in results if not o.status.succeeded] == [bad]
    assert [o.window for o in results] == list(span)
    assert sum(o.requests for o in results) == len(getter.sent) < 14


def test_a_single_window_takes_its_single_bucket() -> None:
    results, getter = fetch(by_request, SPAN[:1])
    assert (values(results), len(getter.sent)) == ([[24]], 1)


@pytest.mark.parametrize("refused", [0, 1, 2])
def test_a_window_that_is_refused_alone_keeps_no_other_from_being_read(refused: int) -> None:
    def answer(query: dict[str, str]) -> Any:
        start, end = instants(query)
        alone = end - start <= timedelta(days=1)
        if alone and start == SPAN[refused].start:
            return ReportUnavailable("no", status=403)
        return by_utc(query)

    results, getter = fetch(answer)
    expected = [Status.LOADED] * 3
    expected[refused] = Status.UNAVAILABLE
    assert [result.status for result in results] == expected
    assert sum(result.requests for result in results) == len(getter.sent) == 6


def test_buckets_are_matched_by_instant_in_whatever_order_they_come() -> None:
    rows = [{"bucket_start_at": window.start, "n": n} for n, window in enumerate(SPAN)]
    assert match_buckets(SPAN, rows[::-1]) == dict(zip(SPAN, rows, strict=True))


@pytest.mark.parametrize(
    "starts",
    [
        [SPAN[0].start, SPAN[0].start],
        [SPAN[0].start, SPAN[1].start + timedelta(hours=1)],
        [SPAN[0].start, SPAN[2].end],
        [SPAN[0].start, None],
        [SPAN[1].start],
    ],
)
def test_a_bucket_of_no_window_is_a_mismatch(starts: list[datetime | None]) -> None:
    with pytest.raises(BucketMismatch):
        match_buckets(SPAN, [{"bucket_start_at": start} for start in starts])


def test_a_bucket_without_a_value_is_a_row_and_not_an_empty_window() -> None:
    (result,), _ = fetch(lambda _query: buckets((SPAN[0].start, 0)), SPAN[:1])
    assert (result.status, result.rows) == (
        Status.LOADED,
        {NEW: [{"bucket_start_at": SPAN[0].start, "conversation_count": 0}]},
    )


def test_unknown_fields_of_a_series_are_told_with_its_windows() -> None:
    body = buckets((SPAN[0].start, 1)) | {"mode": "x"}
    (result,), _ = fetch(lambda _query: body, SPAN[:1])
    assert (result.extra, result.unknown) == ({"mode": ["x"]}, frozenset({"mode"}))


@pytest.mark.parametrize(
    ("counted", "status"),
    [(0, Status.EMPTY), (9, Status.INCOMPLETE), (None, Status.INCOMPLETE)],
)
def test_rows_that_are_gone_are_gone_when_the_overall_report_counts_none(
    counted: int | None, status: Status
) -> None:
    def answer(query: dict[str, str]) -> Any:
        return {"current": {"conversationsCreated": 1, "totalConversations": counted}} if (
            "page" not in query
        ) else {"conversations": {"results": [], "page": 1, "pages": 0, "count": 0}}  # fmt: skip

    read = read_of("conversations_drilldown")
    (result,) = fetch_read(StubGetter(answer), replace(read, held=frozenset(read.windows)), NOW)
    assert (result.status, result.replaces_rows) == (status, status is Status.EMPTY)


@pytest.mark.parametrize("report", sorted(REPORTS))
def test_what_counts_a_reports_rows_is_a_column_of_an_overall_report(report: str) -> None:
    overall = REPORTS[report].overall
    if overall is not None:
        assert REPORTS[overall[0]].shape is Shape.OVERALL
        assert REPORTS[overall[0]].tables[0].has_column(overall[1])
