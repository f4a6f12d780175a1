"""Reading pages to their end: what shifts, what fails, and what each of it costs."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest

from sources.help_scout.catalog.slices import Slice
from sources.help_scout.errors import (
    CredentialsError,
    ReportUnavailable,
    RequestRefused,
    Unreachable,
)
from sources.help_scout.extract.fetch import fetch_read
from sources.help_scout.extract.result import Status, WindowResult
from sources.help_scout.planning.request_plan import Read
from tests.helpers.builders import NOW, StubGetter, at, body_of, days, read_of, window

FIVE_TRIES = Unreachable("down", status=502, correlation_id="abc", requests=5)
REFUSED = RequestRefused("no", status=400)


def fetch(read: Read, answer: Callable[[dict[str, str]], Any]) -> tuple[WindowResult, StubGetter]:
    getter = StubGetter(answer)
    (result,) = fetch_read(getter, read, at("2026-01-01T00:00"))
    return result, getter


def drilldown_page(ids: list[int], page: int, pages: int, count: int) -> dict[str, Any]:
    results = [{"id": item, "number": item * 10} for item in ids]
    return {"conversations": {"page": page, "pages": pages, "count": count, "results": results}}


def conversation_ids(result: WindowResult) -> list[int]:
    return [row["conversation_id"] for row in result.rows["conversations_drilldown"]]


def scripted(reads: list[list[list[int]]], count: int) -> Callable[[dict[str, str]], Any]:
    """Answers the pages of one read after the other."""
    pages = [
        drilldown_page(ids, number, len(read), count)
        for read in reads
        for number, ids in enumerate(read, start=1)
    ]
    return lambda _query: pages.pop(0)


# --- one window, one body -------------------------------------------------------------------


def test_an_overall_report_is_loaded_with_its_story() -> None:
    read = read_of("docs_overall")
    result, getter = fetch(read, lambda _query: body_of("docs_overall"))
    assert (result.status, result.requests, result.pages) == (Status.LOADED, 1, 1)
    assert (result.fetched_at, result.correlation_id) == (NOW, "id-1")
    assert result.query == "end=2026-03-05T04:59:59Z&start=2026-03-04T05:00:00Z"
    assert result.row_count == sum(map(len, result.rows.values())) > 1
    assert getter.sent == [read.parts[0].request]


def test_busy_times_without_cells_are_empty_and_not_failed() -> None:
    result, _ = fetch(read_of("conversations_busy_times"), lambda _query: [])
    assert (result.status, result.error) == (Status.EMPTY, None)
    assert result.rows == {"conversations_busy_times": []}


def test_an_error_answer_is_no_empty_report() -> None:
    result, _ = fetch(read_of("company_overall"), lambda _query: {"error": "oops"})
    assert (result.status, result.rows) == (Status.FAILED, {})
    assert result.error is not None
    assert result.error.startswith("company_overall: the answer is not this report")


@pytest.mark.parametrize(
    ("error", "slice_", "status"),
    [
        (ReportUnavailable("no", status=403), Slice(), Status.UNAVAILABLE),
        (ReportUnavailable("no", status=403), Slice.of(user=4), Status.UNAVAILABLE),
        (REFUSED, Slice(), Status.FAILED),
        (REFUSED, Slice.of(mailbox=4), Status.UNAVAILABLE),
        (REFUSED, Slice.of(user=4), Status.UNAVAILABLE),
        (REFUSED, Slice.of(user=4, mailbox=1), Status.UNAVAILABLE),
        (RequestRefused("no", status=404), Slice.of(user=4), Status.UNAVAILABLE),
        (RequestRefused("no", status=401), Slice.of(user=4), Status.FAILED),
        (RequestRefused("no", status=408), Slice.of(user=4), Status.FAILED),
        (RequestRefused("no", status=422), Slice.of(user=4), Status.FAILED),
        (RequestRefused("no", status=302), Slice.of(user=4), Status.FAILED),
        (FIVE_TRIES, Slice.of(user=4), Status.FAILED),
        (CredentialsError("no"), Slice(), Status.FAILED),
    ],
)
@pytest.mark.parametrize("report", ["user_overall", "user_drilldown", "user_replies"])
def test_what_an_error_comes_to(
    report: str, error: Exception, slice_: Slice, status: Status
) -> None:
    result, _ = fetch(read_of(report, slice_=slice_), lambda _query: error)
    assert result.status is status
    assert result.http_status == getattr(error, "status", None)
    assert result.is_refused is (status is Status.UNAVAILABLE)
    is_item = status is Status.UNAVAILABLE and slice_.values
    prefix = f"slice {slice_.text}: " if is_item else ""
    assert (result.error, result.rows) == (prefix + str(error), {})


def test_requests_sent_in_vain_are_counted_and_stamped_with_the_given_time() -> None:
    result, _ = fetch(read_of("company_overall"), lambda _query: FIVE_TRIES)
    assert (result.requests, result.pages, result.correlation_id) == (5, 0, "abc")
    assert result.fetched_at == at("2026-01-01T00:00")


# --- pages ----------------------------------------------------------------------------------


def test_pages_are_read_to_their_end_with_the_same_query() -> None:
    answer = scripted([[[1, 2], [3, 4], [5]]], count=5)
    read = read_of("conversations_drilldown", slice_=Slice.of(mailbox=9))
    result, getter = fetch(read, answer)
    assert (result.status, result.api_count) == (Status.LOADED, 5)
    assert (result.requests, result.pages) == (3, 3)
    assert conversation_ids(result) == [1, 2, 3, 4, 5]
    common = dict(read.parts[0].request.query)
    assert getter.queries == [common | {"page": page} for page in ("1", "2", "3")]


def test_a_drilldown_without_rows_is_empty() -> None:
    result, getter = fetch(
        read_of("conversations_drilldown"), lambda _query: drilldown_page([], 1, 0, 0)
    )
    assert (result.status, result.api_count, len(getter.sent)) == (Status.EMPTY, 0, 1)


def test_pages_that_shifted_are_read_again_until_they_hold_still() -> None:
    answer = scripted([[[1, 2], [2, 3]], [[1, 2], [3, 4]]], count=4)
    result, _ = fetch(read_of("conversations_drilldown"), answer)
    assert (result.status, result.requests, result.pages) == (Status.LOADED, 4, 4)
    assert conversation_ids(result) == [1, 2, 3, 4]


def test_a_count_that_changes_while_pages_are_read_is_a_shift() -> None:
    first = [drilldown_page([1, 2], 1, 2, 4), drilldown_page([3], 2, 2, 3)]
    again = [drilldown_page([1, 2], 1, 2, 3), drilldown_page([3], 2, 2, 3)]
    pages = first + again
    result, _ = fetch(read_of("conversations_drilldown"), lambda _query: pages.pop(0))
    assert (result.status, result.requests, result.api_count) == (Status.LOADED, 4, 3)


def test_a_row_that_arrives_behind_the_reader_is_a_shift() -> None:
    first = [drilldown_page([1, 2], 1, 2, 3), drilldown_page([3], 2, 2, 4)]
    again = [drilldown_page([4, 1], 1, 2, 4), drilldown_page([2, 3], 2, 2, 4)]
    pages = first + again
    result, _ = fetch(read_of("conversations_drilldown"), lambda _query: pages.pop(0))
    assert (result.status, conversation_ids(result)) == (Status.LOADED, [4, 1, 2, 3])


def test_a_row_that_is_met_twice_is_a_shift_even_when_none_lacks() -> None:
    answer = scripted([[[1, 2], [2]], [[1, 2]]], count=2)
    result, _ = fetch(read_of("conversations_drilldown"), answer)
    assert (result.status, conversation_ids(result)) == (Status.LOADED, [1, 2])


def test_pages_that_never_hold_still_give_all_that_was_seen_and_say_so() -> None:
    reads = [[[1, 2], [2, 3]], [[1, 2], [2, 4]], [[5, 2], [2, 1]]]
    result, _ = fetch(read_of("conversations_drilldown"), scripted(reads, count=5))
    assert (result.status, result.api_count, result.requests) == (Status.INCOMPLETE, 5, 6)
    assert sorted(conversation_ids(result)) == [1, 2, 3, 4, 5]
    assert result.status.succeeded


def test_a_row_that_was_lost_between_pages_is_told() -> None:
    reads = [[[1, 2], [4]]] * 3
    result, _ = fetch(read_of("conversations_drilldown"), scripted(reads, count=4))
    assert (result.status, result.api_count) == (Status.INCOMPLETE, 4)
    assert sorted(conversation_ids(result)) == [1, 2, 4]


def test_a_page_that_fails_fails_the_window_and_keeps_no_half_of_it() -> None:
    pages: list[Any] = [drilldown_page([1, 2], 1, 2, 4), FIVE_TRIES]
    result, _ = fetch(read_of("conversations_drilldown"), lambda _query: pages.pop(0))
    assert (result.status, result.rows, result.requests) == (Status.FAILED, {}, 6)


def test_the_items_of_the_fields_drilldown_are_one_window() -> None:
    def answer(query: dict[str, str]) -> Any:
        return drilldown_page([1, int(query["fieldid"])], 1, 1, 2)

    name = "conversations_fields_drilldown"
    read = read_of(name, slice_=Slice.of(field="replyid"), items=[7, 9])
    result, _ = fetch(read, answer)
    assert [(row["field_id"], row["conversation_id"]) for row in result.rows[name]] == [
        (7, 1),
        (7, 7),
        (9, 1),
        (9, 9),
    ]
    assert (result.status, result.api_count, result.requests) == (Status.LOADED, 4, 2)


def test_no_items_are_an_empty_window_without_a_request() -> None:
    name = "conversations_fields_drilldown"
    read = read_of(name, slice_=Slice.of(field="replyid"), items=[])
    result, getter = fetch(read, lambda _query: None)
    assert (result.status, result.requests, getter.sent) == (Status.EMPTY, 0, [])


def test_a_span_that_fails_fails_each_window_and_counts_its_requests_once() -> None:
    span = days("2026-03-03", 3)
    results = fetch_read(
        StubGetter(lambda _query: FIVE_TRIES), read_of("conversations_new", *span), NOW
    )
    assert [result.window for result in results] == list(span)
    assert [result.status for result in results] == [Status.FAILED] * 3
    assert [result.requests for result in results] == [15, 0, 0]  # the span, its last, its first


def test_the_window_of_an_result_is_the_one_that_was_asked_for() -> None:
    result, _ = fetch(read_of("docs_overall"), lambda _query: body_of("docs_overall"))
    assert result.window == window("2026-03-04")
