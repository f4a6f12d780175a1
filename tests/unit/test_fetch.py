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
    (outcome,) = fetch_read(getter, read, at("2026-01-01T00:00"))
    return outcome, getter


def drilldown_page(ids: list[int], page: int, pages: int, count: int) -> dict[str, Any]:
    results = [{"id": item, "number": item * 10} for item in ids]
    return {"conversations": {"page": page, "pages": pages, "count": count, "results": results}}


def conversation_ids(outcome: WindowResult) -> list[int]:
    return [row["conversation_id"] for row in outcome.rows["conversations_drilldown"]]


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
    outcome, getter = fetch(read, lambda _query: body_of("docs_overall"))
    assert (outcome.status, outcome.requests, outcome.pages) == (Status.LOADED, 1, 1)
    assert (outcome.fetched_at, outcome.correlation_id) == (NOW, "id-1")
    assert outcome.query == "end=2026-03-05T04:59:59Z&start=2026-03-04T05:00:00Z"
    assert outcome.row_count == sum(map(len, outcome.rows.values())) > 1
    assert getter.sent == [read.parts[0].request]


def test_busy_times_without_cells_are_empty_and_not_failed() -> None:
    outcome, _ = fetch(read_of("conversations_busy_times"), lambda _query: [])
    assert (outcome.status, outcome.error) == (Status.EMPTY, None)
    assert outcome.rows == {"conversations_busy_times": []}


def test_an_error_answer_is_no_empty_report() -> None:
    outcome, _ = fetch(read_of("company_overall"), lambda _query: {"error": "oops"})
    assert (outcome.status, outcome.rows) == (Status.FAILED, {})
    assert outcome.error is not None
    assert outcome.error.startswith("company_overall: the answer is not this report")


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
    outcome, _ = fetch(read_of(report, slice_=slice_), lambda _query: error)
    assert outcome.status is status
    assert outcome.http_status == getattr(error, "status", None)
    assert outcome.is_refused is (status is Status.UNAVAILABLE)
    is_item = status is Status.UNAVAILABLE and slice_.values
    prefix = f"slice {slice_.text}: " if is_item else ""
    assert (outcome.error, outcome.rows) == (prefix + str(error), {})


def test_requests_sent_in_vain_are_counted_and_stamped_with_the_given_time() -> None:
    outcome, _ = fetch(read_of("company_overall"), lambda _query: FIVE_TRIES)
    assert (outcome.requests, outcome.pages, outcome.correlation_id) == (5, 0, "abc")
    assert outcome.fetched_at == at("2026-01-01T00:00")


# --- pages ----------------------------------------------------------------------------------


def test_pages_are_read_to_their_end_with_the_same_query() -> None:
    answer = scripted([[[1, 2], [3, 4], [5]]], count=5)
    read = read_of("conversations_drilldown", slice_=Slice.of(mailbox=9))
    outcome, getter = fetch(read, answer)
    assert (outcome.status, outcome.api_count) == (Status.LOADED, 5)
    assert (outcome.requests, outcome.pages) == (3, 3)
    assert conversation_ids(outcome) == [1, 2, 3, 4, 5]
    common = dict(read.parts[0].request.query)
    assert getter.queries == [common | {"page": page} for page in ("1", "2", "3")]


def test_a_drilldown_without_rows_is_empty() -> None:
    outcome, getter = fetch(
        read_of("conversations_drilldown"), lambda _query: drilldown_page([], 1, 0, 0)
    )
    assert (outcome.status, outcome.api_count, len(getter.sent)) == (Status.EMPTY, 0, 1)


def test_pages_that_shifted_are_read_again_until_they_hold_still() -> None:
    answer = scripted([[[1, 2], [2, 3]], [[1, 2], [3, 4]]], count=4)
    outcome, _ = fetch(read_of("conversations_drilldown"), answer)
    assert (outcome.status, outcome.requests, outcome.pages) == (Status.LOADED, 4, 4)
    assert conversation_ids(outcome) == [1, 2, 3, 4]


def test_a_count_that_changes_while_pages_are_read_is_a_shift() -> None:
    first = [drilldown_page([1, 2], 1, 2, 4), drilldown_page([3], 2, 2, 3)]
    again = [drilldown_page([1, 2], 1, 2, 3), drilldown_page([3], 2, 2, 3)]
    pages = first + again
    outcome, _ = fetch(read_of("conversations_drilldown"), lambda _query: pages.pop(0))
    assert (outcome.status, outcome.requests, outcome.api_count) == (Status.LOADED, 4, 3)


def test_a_row_that_arrives_behind_the_reader_is_a_shift() -> None:
    first = [drilldown_page([1, 2], 1, 2, 3), drilldown_page([3], 2, 2, 4)]
    again = [drilldown_page([4, 1], 1, 2, 4), drilldown_page([2, 3], 2, 2, 4)]
    pages = first + again
    outcome, _ = fetch(read_of("conversations_drilldown"), lambda _query: pages.pop(0))
    assert (outcome.status, conversation_ids(outcome)) == (Status.LOADED, [4, 1, 2, 3])


def test_a_row_that_is_met_twice_is_a_shift_even_when_none_lacks() -> None:
    answer = scripted([[[1, 2], [2]], [[1, 2]]], count=2)
    outcome, _ = fetch(read_of("conversations_drilldown"), answer)
    assert (outcome.status, conversation_ids(outcome)) == (Status.LOADED, [1, 2])


def test_pages_that_never_hold_still_give_all_that_was_seen_and_say_so() -> None:
    reads = [[[1, 2], [2, 3]], [[1, 2], [2, 4]], [[5, 2], [2, 1]]]
    outcome, _ = fetch(read_of("conversations_drilldown"), scripted(reads, count=5))
    assert (outcome.status, outcome.api_count, outcome.requests) == (Status.INCOMPLETE, 5, 6)
    assert sorted(conversation_ids(outcome)) == [1, 2, 3, 4, 5]
    assert outcome.status.succeeded


def test_a_row_that_was_lost_between_pages_is_told() -> None:
    reads = [[[1, 2], [4]]] * 3
    outcome, _ = fetch(read_of("conversations_drilldown"), scripted(reads, count=4))
    assert (outcome.status, outcome.api_count) == (Status.INCOMPLETE, 4)
    assert sorted(conversation_ids(outcome)) == [1, 2, 4]


def test_a_page_that_fails_fails_the_window_and_keeps_no_half_of_it() -> None:
    pages: list[Any] = [drilldown_page([1, 2], 1, 2, 4), FIVE_TRIES]
    outcome, _ = fetch(read_of("conversations_drilldown"), lambda _query: pages.pop(0))
    assert (outcome.status, outcome.rows, outcome.requests) == (Status.FAILED, {}, 6)


def test_the_items_of_the_fields_drilldown_are_one_window() -> None:
    def answer(query: dict[str, str]) -> Any:
        return drilldown_page([1, int(query["fieldid"])], 1, 1, 2)

    name = "conversations_fields_drilldown"
    read = read_of(name, slice_=Slice.of(field="replyid"), items=[7, 9])
    outcome, _ = fetch(read, answer)
    assert [(row["field_id"], row["conversation_id"]) for row in outcome.rows[name]] == [
        (7, 1),
        (7, 7),
        (9, 1),
        (9, 9),
    ]
    assert (outcome.status, outcome.api_count, outcome.requests) == (Status.LOADED, 4, 2)


def test_no_items_are_an_empty_window_without_a_request() -> None:
    name = "conversations_fields_drilldown"
    read = read_of(name, slice_=Slice.of(field="replyid"), items=[])
    outcome, getter = fetch(read, lambda _query: None)
    assert (outcome.status, outcome.requests, getter.sent) == (Status.EMPTY, 0, [])


def test_a_span_that_fails_fails_each_window_and_counts_its_requests_once() -> None:
    span = days("2026-03-03", 3)
    outcomes = fetch_read(
        StubGetter(lambda _query: FIVE_TRIES), read_of("conversations_new", *span), NOW
    )
    assert [outcome.window for outcome in outcomes] == list(span)
    assert [outcome.status for outcome in outcomes] == [Status.FAILED] * 3
    assert [outcome.requests for outcome in outcomes] == [15, 0, 0]  # the span, its last, its first


def test_the_window_of_an_outcome_is_the_one_that_was_asked_for() -> None:
    outcome, _ = fetch(read_of("docs_overall"), lambda _query: body_of("docs_overall"))
    assert outcome.window == window("2026-03-04")
