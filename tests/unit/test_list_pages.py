"""Pages of the account's lists: as many items as the API counts, each once, or it is said."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest

from sources.help_scout.catalog.dimension_model import Dimension
from sources.help_scout.catalog.dimensions import DIMENSIONS
from sources.help_scout.errors import CoercionError
from sources.help_scout.extract.dimension_lists import dimension_row
from sources.help_scout.extract.list_pages import read_list
from sources.help_scout.planning.request_plan import Request
from tests.unit.test_dimensions import PER_LIST, answering, embedded, listed


def test_pages_are_read_to_their_end() -> None:
    asked: list[Request] = []

    def get(request: Request) -> Any:
        asked.append(request)
        number = int(dict(request.query).get("page", "1"))
        return embedded("_embedded.users", [{"id": number}], number=number, totalPages=3)

    assert listed("users", get, "/v2/users") == [{"id": 1}, {"id": 2}, {"id": 3}]
    assert [(request.path, request.query) for request in asked] == [
        ("/v2/users", ()),
        ("/v2/users", (("page", "2"),)),
        ("/v2/users", (("page", "3"),)),
    ]


def test_a_list_that_grows_while_it_is_read_is_read_to_its_new_end() -> None:
    pages = [
        embedded("_embedded.tags", [{"id": 1}], totalPages=2),
        embedded("_embedded.tags", [{"id": 2}], totalPages=3),
        embedded("_embedded.tags", [{"id": 3}], totalPages=3),
    ]
    assert listed("tags", lambda _request: pages.pop(0)) == [{"id": 1}, {"id": 2}, {"id": 3}]


def in_turn(*bodies: Any) -> tuple[Callable[[Request], Any], list[Any]]:
    """Answers the bodies one after the other; what was not asked for stays in the list."""
    waiting = list(bodies)
    return lambda _request: waiting.pop(0), waiting


def users(*ids: int, total: int | None = None, pages: int = 1) -> Any:
    page = {"totalPages": pages} | ({} if total is None else {"totalElements": total})
    return embedded("_embedded.users", [{"id": item} for item in ids], **page)


def test_a_list_whose_pages_hold_less_than_it_counts_is_read_again() -> None:
    get, left = in_turn(users(1, total=2), users(1, 2, total=2))
    assert (listed("users", get), left) == ([{"id": 1}, {"id": 2}], [])


def test_a_list_that_never_holds_what_it_counts_gives_what_it_holds_and_says_so() -> None:
    get, left = in_turn(*[users(1, total=2)] * 3)
    pages = read_list(DIMENSIONS["users"], get, "/v2/users")
    assert (pages.items, pages.problem, left) == (
        [{"id": 1}],
        "the API counts 2 items, but its pages hold 1",
        [],
    )


def test_a_list_that_is_empty_though_it_counts_items_says_so() -> None:
    body = {"page": {"totalElements": 4, "totalPages": 1}}
    pages = read_list(DIMENSIONS["users"], answering(body), "/v2/users")
    assert (pages.items, pages.problem) == ([], "the API counts 4 items, but its pages hold 0")


def test_an_item_that_a_shift_repeated_is_read_again_and_goes() -> None:
    shifted = [users(1, 2, total=4, pages=2), users(2, 3, total=4, pages=2)]
    still = [users(1, 2, total=4, pages=2), users(3, 4, total=4, pages=2)]
    get, left = in_turn(*shifted, *still)
    assert listed("users", get) == [{"id": 1}, {"id": 2}, {"id": 3}, {"id": 4}]
    assert left == []


def test_a_page_that_is_every_page_says_that_items_may_be_missing() -> None:
    asked: list[Request] = []

    def get(request: Request) -> Any:
        asked.append(request)
        return users(1, 2, pages=2)

    pages = read_list(DIMENSIONS["users"], get, "/v2/users")
    assert (pages.items, pages.problem, len(asked)) == (
        [{"id": 1}, {"id": 2}],
        "its pages repeat 2 items, so others may be missing",
        6,
    )


def test_an_empty_page_ends_a_list_whatever_it_says() -> None:
    get, left = in_turn(users(1, total=1, pages=10**6), users(pages=10**6, total=1))
    assert (listed("users", get), left) == ([{"id": 1}], [])


def test_saved_replies_may_be_paged_flatly() -> None:
    def page(number: int, *ids: int) -> Any:
        rows = [{"id": item} for item in ids]
        return embedded("_embedded.replies", rows) | {"page": number, "pages": 2, "count": 3}

    get, left = in_turn(page(1, 1, 2), page(2, 3))
    assert (listed("saved_replies", get), left) == ([{"id": 1}, {"id": 2}, {"id": 3}], [])
    lacking, _ = in_turn(*[page(1, 1), page(2, 2)] * 3)
    pages = read_list(DIMENSIONS["saved_replies"], lacking, "/v2/list")
    assert pages.problem == "the API counts 3 items, but its pages hold 2"


@PER_LIST
@pytest.mark.parametrize("nothing", [{}, [], None])
def test_an_empty_list_may_say_so_in_php(dimension: Dimension, nothing: Any) -> None:
    body = {"_embedded": nothing, "page": {"totalElements": 0, "totalPages": 0}}
    assert listed(dimension.name, answering(body)) == []


@PER_LIST
@pytest.mark.parametrize("item", [{}, {"id": None}, {"id": ""}, {"name": "x"}, None, 7, []])
def test_an_item_without_an_id_is_left_out_and_counted(dimension: Dimension, item: Any) -> None:
    well = {"id": "a1" if dimension.is_docs else 1}
    body = embedded(dimension.items[0], [well, item])
    pages = read_list(dimension, answering(body), "/v2/list")
    assert (pages.items, pages.left_out, pages.problem) == ([well], 1, "")


def test_an_id_may_be_a_number_in_quotes() -> None:
    body = embedded("_embedded.users", [{"id": "7", "role": "user"}, {"id": "seven"}])
    pages = read_list(DIMENSIONS["users"], answering(body), "/v2/users")
    assert (pages.items, pages.left_out) == ([{"id": 7, "role": "user"}], 1)


def test_saved_replies_of_chats_are_asked_for_too() -> None:
    asked: list[Request] = []

    def get(request: Request) -> Any:
        asked.append(request)
        return []

    assert listed("saved_replies", get) == []
    assert [request.query_text for request in asked] == ["includeChatReplies=true"]


def by_cursor(number: int, link: str | None) -> Any:
    links = {} if link is None else {"next": {"href": link}}
    return embedded("_embedded.users", [{"id": number}]) | {"_links": links}


def test_a_list_that_pages_by_cursor_is_read_to_its_end_at_our_own_host() -> None:
    asked: list[Request] = []
    links = ["https://evil.example.test/v2/users?cursor=b%3D", "/v2/users?cursor=c", None]

    def get(request: Request) -> Any:
        asked.append(request)
        return by_cursor(len(asked), links[len(asked) - 1])

    pages = read_list(DIMENSIONS["users"], get, "/v2/users")
    assert (pages.items, pages.problem) == ([{"id": 1}, {"id": 2}, {"id": 3}], "")
    assert [(request.path, request.query_text) for request in asked] == [
        ("/v2/users", ""),
        ("/v2/users", "cursor=b="),
        ("/v2/users", "cursor=c"),
    ]


@pytest.mark.parametrize(
    ("link", "problem"),
    [
        ("/v2/users?cursor=b", "its next page is one that was read already"),
        ("/v2/secrets?cursor=b", "its next page is at another path, which is not followed"),
    ],
)
def test_a_cursor_that_leads_nowhere_new_ends_the_list(link: str, problem: str) -> None:
    pages = read_list(DIMENSIONS["users"], answering(by_cursor(1, link)), "/v2/users")
    assert (pages.items, pages.problem) == ([{"id": 1}], problem)


@pytest.mark.parametrize("three", ["3", 3.0])
def test_the_page_numbers_of_a_list_may_be_written_otherwise(three: Any) -> None:
    page = {"totalPages": three, "totalElements": three}
    bodies = [embedded("_embedded.users", [{"id": item}], **page) for item in (1, 2, 3)]
    assert listed("users", in_turn(*bodies)[0]) == [{"id": 1}, {"id": 2}, {"id": 3}]


@pytest.mark.parametrize("item", [None, 7, "x", []])
def test_an_item_that_is_no_object_is_an_error(item: Any) -> None:
    with pytest.raises(CoercionError, match=r"^custom_field_options: an item is no object$"):
        dimension_row(DIMENSIONS["custom_field_options"], item, 4)
