"""Lists of the account: every envelope that was seen, to the last page, no field lost."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

import pytest

from sources.help_scout.catalog.dimension_model import Dimension
from sources.help_scout.catalog.dimensions import DIMENSIONS
from sources.help_scout.catalog.model import Type
from sources.help_scout.errors import CoercionError, UnexpectedResponse
from sources.help_scout.extract.dimension_lists import UNTAGGED, dimension_row
from sources.help_scout.extract.list_pages import read_list
from sources.help_scout.planning.request_plan import Request
from tests.helpers.builders import at

PER_DIMENSION = pytest.mark.parametrize("dimension", DIMENSIONS.values(), ids=DIMENSIONS)
LISTED = [dimension for dimension in DIMENSIONS.values() if dimension.inside is None]
PER_LIST = pytest.mark.parametrize("dimension", LISTED, ids=[d.name for d in LISTED])
ITEMS = [{"id": 1, "name": "Refund"}, {"id": 2, "name": "Thanks"}]


def listed(
    name: str, get: Callable[[Request], Any], path: str = "/v2/list"
) -> list[Mapping[str, Any]]:
    return read_list(DIMENSIONS[name], get, path).items


def answering(body: Any) -> Callable[[Request], Any]:
    """Answers every request with the body."""
    return lambda _request: body


def embedded(place: str, items: list[Any], **page: Any) -> Any:
    """The items in the envelope that the place says."""
    body: Any = items
    for name in reversed(place.split(".")) if place else []:
        body = {name: body}
    return body | {"page": page} if page else body


@PER_LIST
def test_items_are_found_wherever_a_source_has_seen_them(dimension: Dimension) -> None:
    items = [item | {"id": str(item["id"])} for item in ITEMS] if dimension.is_docs else ITEMS
    for place in dimension.items:
        body = embedded(place, items)
        assert listed(dimension.name, answering(body)) == items


@pytest.mark.parametrize(
    "body",
    [
        ITEMS,
        {"_embedded": {"saved-replies": ITEMS}},
        {"_embedded": {"savedReplies": ITEMS}},
        {"_embedded": {"replies": ITEMS}, "page": {"totalPages": 1}},
    ],
)
def test_saved_replies_are_read_from_each_envelope(body: Any) -> None:
    assert listed("saved_replies", lambda _request: body) == ITEMS


@PER_LIST
@pytest.mark.parametrize("envelope", [{"page": {"totalElements": 0, "totalPages": 0}}])
def test_an_empty_list_leaves_its_rows_out(dimension: Dimension, envelope: Any) -> None:
    assert listed(dimension.name, lambda _request: envelope) == []


@pytest.mark.parametrize("dimension", [d for d in LISTED if "" not in d.items])
@pytest.mark.parametrize(
    "body", [None, {}, [], "x", 5, {"error": "x"}, {"_embedded": {"errors": []}}, {"results": []}]
)
def test_an_answer_that_is_no_list_is_no_empty_list(dimension: Dimension, body: Any) -> None:
    with pytest.raises(UnexpectedResponse, match=f"^{dimension.name}: the answer is not this list"):
        listed(dimension.name, lambda _request: body)


def test_a_row_has_its_columns_and_its_parent() -> None:
    item = {"id": 7, "name": "Priority", "type": "DROPDOWN", "order": 2, "required": False,
            "options": [{"id": 1}], "_links": {}}  # fmt: skip
    assert dimension_row(DIMENSIONS["custom_fields"], item, 4) == {
        "mailbox_id": 4,
        "custom_field_id": 7,
        "custom_field_name": "Priority",
        "custom_field_type": "DROPDOWN",
        "field_order": 2,
        "is_required": False,
    }


def test_instants_of_a_row_are_read() -> None:
    item = {"id": 7, "createdAt": "2026-03-04T05:00:00Z", "updatedAt": None}
    assert dimension_row(DIMENSIONS["inboxes"], item, None) == {
        "mailbox_id": 7,
        "created_at": at("2026-03-04T05:00"),
    }


@PER_DIMENSION
def test_fields_that_the_catalog_does_not_know_are_kept(dimension: Dimension) -> None:
    item = {"id": 7, "brandNew": 1, "brandList": [1], "account": "theirs", "firstSeenAt": "x"}
    row = dimension_row(dimension, item, 4 if dimension.parent_column else None)
    kept = {name: value for name, value in row.items() if name not in _declared(dimension)}
    assert kept == {
        "brand_new": 1.0,
        "brand_list": "[1]",
        "wire_account": "theirs",
        "wire_first_seen_at": "x",
    }


def _declared(dimension: Dimension) -> set[str]:
    return {column.name for column in dimension.stored_table.columns}


@PER_DIMENSION
def test_an_item_without_an_id_is_an_error(dimension: Dimension) -> None:
    for item in ({}, {"id": None}, {"name": "x"}):
        with pytest.raises(CoercionError, match=f"^{dimension.name}: "):
            dimension_row(dimension, item, 4)


def test_a_value_that_does_not_fit_is_null_and_the_others_stay() -> None:
    user = {"id": 4, "createdAt": "yesterday", "firstName": "Ada"}
    assert dimension_row(DIMENSIONS["users"], user, None) == {"user_id": 4, "first_name": "Ada"}


def test_the_untagged_row_is_a_tag() -> None:
    assert dimension_row(DIMENSIONS["tags"], UNTAGGED, None) == {
        "tag_id": 1,
        "tag_name": "(untagged)",
    }


@PER_DIMENSION
def test_a_dimension_is_keyed_by_account_parent_and_id(dimension: Dimension) -> None:
    table = dimension.stored_table
    parent = [dimension.parent_column.name] if dimension.parent_column else []
    assert list(table.primary_key[:-1]) == ["account", *parent]
    own_id = next(c for c in table.columns if c.name == table.primary_key[-1])
    kind = Type.TEXT if dimension.is_docs else Type.BIGINT
    assert (own_id.paths, own_id.unit.type) == (("id",), kind)
    assert table.merge_key == ()
    assert (dimension.parent is None) == (dimension.parent_column is None)
    assert dimension.parent is None or dimension.parent in DIMENSIONS
