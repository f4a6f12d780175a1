"""Lists whose rows have no ids, and page numbers: what proves that all rows were read."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest

from sources.help_scout.catalog.slices import Slice
from sources.help_scout.extract.fetch import fetch_read
from sources.help_scout.extract.result import Status, WindowResult
from sources.help_scout.parsing.repairs import RepairKind
from tests.helpers.builders import NOW, StubGetter, body_of, read_of

HISTORY = "user_conversation_history"
NUMBERS = ("count", "pages")


def fetch_list(answer: Callable[[dict[str, str]], Any]) -> tuple[WindowResult, StubGetter]:
    getter = StubGetter(answer)
    (result,) = fetch_read(getter, read_of(HISTORY, slice_=Slice.of(user=4)), NOW)
    return result, getter


def fetch_drilldown(answer: Callable[[dict[str, str]], Any]) -> tuple[WindowResult, StubGetter]:
    getter = StubGetter(answer)
    (result,) = fetch_read(getter, read_of("conversations_drilldown"), NOW)
    return result, getter


def list_pages(*reads: str, count: int) -> Callable[[dict[str, str]], Any]:
    """Pages of rows by their letter, one read after the other: `ab|cd` is two pages."""
    row = body_of(HISTORY)["results"][0]
    pages = [
        {
            "results": [row | {"number": ord(letter)} for letter in letters],
            "page": page,
            "pages": read.count("|") + 1,
            "count": count,
        }
        for read in reads
        for page, letters in enumerate(read.split("|"), start=1)
    ]
    return lambda _query: pages.pop(0)


def letters_of(result: WindowResult) -> str:
    return "".join(chr(row["conversation_number"]) for row in result.rows[HISTORY])


def drilldown(**numbers: Any) -> dict[str, Any]:
    return {"conversations": {"results": [{"id": 1}], "page": 1, "pages": 1, "count": 1} | numbers}


# --- lists ----------------------------------------------------------------------------------


def test_a_list_that_never_holds_still_gives_its_longest_read() -> None:
    result, getter = fetch_list(list_pages("a", "ab", "a", count=3))
    assert (result.status, result.api_count, len(getter.sent)) == (Status.INCOMPLETE, 3, 3)
    assert letters_of(result) == "ab"


def test_a_list_without_repeats_is_read_once() -> None:
    result, getter = fetch_list(list_pages("aa|bc|d", count=5))
    assert (result.status, letters_of(result), len(getter.sent)) == (Status.LOADED, "aabcd", 3)


def test_a_row_that_a_shift_repeated_is_read_again_and_goes() -> None:
    result, getter = fetch_list(list_pages("ab|bc", "ab|cd", count=4))
    assert (result.status, letters_of(result), len(getter.sent)) == (Status.LOADED, "abcd", 4)


def test_a_row_that_the_api_repeats_twice_is_there_twice() -> None:
    result, getter = fetch_list(list_pages("ab|bc", "ab|bc", count=4))
    assert (result.status, letters_of(result), len(getter.sent)) == (Status.LOADED, "abbc", 4)
    assert [row["position"] for row in result.rows[HISTORY]] == [1, 2, 3, 4]


def test_a_repeat_is_confirmed_by_the_read_before_whichever_that_is() -> None:
    result, getter = fetch_list(list_pages("ab|bd", "ab|bc", "ab|bc", count=4))
    assert (result.status, letters_of(result), len(getter.sent)) == (Status.LOADED, "abbc", 6)


def test_a_repeat_that_no_read_confirms_is_told() -> None:
    result, getter = fetch_list(list_pages("ab|bc", "ab|bd", "ab|be", count=4))
    assert (result.status, len(getter.sent)) == (Status.INCOMPLETE, 6)


def test_a_count_that_is_wrong_the_same_way_each_time_is_told() -> None:
    result, _ = fetch_list(list_pages("ab|bc", "ab|bc", "ab|bc", count=5))
    assert (result.status, letters_of(result)) == (Status.INCOMPLETE, "abbc")


# --- numbers --------------------------------------------------------------------------------


@pytest.mark.parametrize("name", NUMBERS)
@pytest.mark.parametrize("value", [None, 2.5, "many", "", "-1", "2.5", True, [], {}])
def test_a_page_without_readable_numbers_fails_its_window(name: str, value: Any) -> None:
    result, getter = fetch_drilldown(lambda _query: drilldown(**{name: value}))
    assert (result.status, len(getter.sent)) == (Status.FAILED, 1)
    assert result.error == (
        f"conversations_drilldown: the answer has no usable {name!r}: cannot tell its end"
    )


@pytest.mark.parametrize("name", NUMBERS)
def test_a_page_that_lacks_a_number_fails_its_window(name: str) -> None:
    body = drilldown()
    del body["conversations"][name]
    result, _ = fetch_drilldown(lambda _query: body)
    assert (result.status, result.rows) == (Status.FAILED, {})


@pytest.mark.parametrize("three", [3, "3", 3.0])
def test_a_whole_number_is_one_however_it_is_written(three: Any) -> None:
    def answer(query: dict[str, str]) -> Any:
        page = int(query["page"])
        return drilldown(results=[{"id": page}], page=page, pages=three, count=three)

    result, getter = fetch_drilldown(answer)
    assert (result.status, result.api_count, len(getter.sent)) == (Status.LOADED, 3, 3)
    assert type(result.api_count) is int


def test_an_empty_page_ends_the_paging_whatever_the_api_says() -> None:
    def answer(query: dict[str, str]) -> Any:
        page = int(query["page"])
        results = [{"id": page}] if page <= 2 else []
        return drilldown(results=results, page=page, pages=page + 1, count=2)

    result, getter = fetch_drilldown(answer)
    assert (result.status, result.api_count, len(getter.sent)) == (Status.LOADED, 2, 3)


def test_a_report_that_counts_rows_it_never_shows_is_incomplete_and_ends() -> None:
    result, getter = fetch_drilldown(lambda _query: drilldown(results=[], pages=100, count=9))
    assert (result.status, result.api_count, len(getter.sent)) == (Status.INCOMPLETE, 9, 3)


@pytest.mark.parametrize("row", [{}, {"id": None}, {"id": ""}, {"id": True}, {"id": 4.5}, 5])
def test_a_conversation_without_an_id_is_kept_beside_the_others(row: Any) -> None:
    result, getter = fetch_drilldown(lambda _query: drilldown(results=[row, {"id": 1}], count=2))
    assert (result.status, len(getter.sent)) == (Status.LOADED, 1)
    rows = result.rows["conversations_drilldown"]
    assert [(r["conversation_id"], r["occurrence"]) for r in rows] == [(None, 1), (1, 1)]
    assert (RepairKind.ID_MISSING, "conversations.results[].id") in result.repairs.found


def test_an_id_in_quotes_is_an_id() -> None:
    result, _ = fetch_drilldown(lambda _query: drilldown(results=[{"id": "4"}, {"id": 4}]))
    assert result.status is Status.INCOMPLETE  # one conversation, where the API counts another


@pytest.mark.parametrize("results", [{}, {"results": None}, {"results": {}}])
def test_a_page_without_results_is_empty_if_it_counts_none(results: Any) -> None:
    def answer(count: Any) -> WindowResult:
        page = {"page": 1, "pages": 0, "count": count, **results}
        return fetch_drilldown(lambda _query: {"conversations": page})[0]

    assert [answer(count).status for count in (0, "0", 1, None)] == [
        Status.EMPTY,
        Status.EMPTY,
        Status.FAILED,
        Status.FAILED,
    ]
