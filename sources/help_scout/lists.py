"""The account's lists, read whole and once a run, and their items as rows."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping
from contextlib import suppress
from datetime import datetime
from typing import Any

from .dimensions import DIMENSIONS, LINKS, Dimension
from .errors import (
    AnswerError,
    ApiError,
    ConfigurationError,
    HelpScoutError,
    ValueMisfit,
    WrongEnvelope,
)
from .plan import Request
from .values import Row, fit, instant, unknown_field, whole_number

MAX_READS = 3
UNTAGGED = {"id": 1, "name": "(untagged)"}

ListItem = tuple[int | None, Mapping[str, Any]]


class AccountLists:
    """The lists of one account. `get` answers a request with its body, `get_docs` one of the Docs
    API, None without a key for it; `offered_tags` gives the tags that reports offer as filters."""

    def __init__(
        self,
        get: Callable[[Request], Any],
        offered_tags: Callable[[], Iterable[Any]],
        get_docs: Callable[[Request], Any] | None = None,
    ) -> None:
        self._get = get
        self._get_docs = get_docs
        self._offered_tags = offered_tags
        self._lists: dict[str, list[ListItem]] = {}
        self._errors: dict[str, HelpScoutError] = {}

    def has(self, dimension: Dimension) -> bool:
        """Whether the list can be asked for."""
        return not dimension.is_docs or self._get_docs is not None

    def list_of(self, name: str) -> list[ListItem]:
        """The items of a dimension, each with its parent's id, asked for once a run."""
        if name in self._errors:
            raise self._errors[name]
        if name not in self._lists:
            try:
                self._lists[name] = list(self._load_list(DIMENSIONS[name]))
            except (ApiError, AnswerError) as error:
                self._errors[name] = error
                raise
            if name == "tags":
                self._lists[name] += self._tags_of_reports()
        return self._lists[name]

    def _load_list(self, dimension: Dimension) -> Iterator[ListItem]:
        get = self._get_docs if dimension.is_docs else self._get
        if get is None:
            raise ConfigurationError(
                f"{dimension.name} are not known without docs_api_key: set it, or name the items "
                "in the breakdown, site=…"
            )
        if dimension.parent is None:
            for item in list_items(dimension, get, dimension.path):
                yield None, item
            return
        for _, parent in self.list_of(dimension.parent):
            parent_id = int(parent["id"])
            if dimension.inside is not None:
                items: Iterable[Any] = parent.get(dimension.inside) or ()
            else:
                path = dimension.path.format(parent=parent_id)
                items = list_items(dimension, get, path)
            for item in items:
                yield parent_id, item

    def ids_of(self, name: str, *, in_use: bool = False) -> list[int | str]:
        """The ids of a dimension's items; with `in_use` less those that say that nothing has
        them."""
        return [
            item["id"]
            for _, item in self.list_of(name)
            if not (in_use and item.get("ticketCount") == 0)
        ]

    def created(self, name: str) -> dict[int | str, datetime | None]:
        """When each item of a dimension was created, None where the list does not say."""
        return {item["id"]: instant(item.get("createdAt")) for _, item in self.list_of(name)}

    def know_list(self, name: str, items: Iterable[Mapping[str, Any]] | None) -> None:
        """Takes a list's items from elsewhere (the warehouse), so that nothing is asked for; None
        for a list that is not known there either."""
        if items is None:
            self._errors[name] = WrongEnvelope(f"{name}: this list was never read")
        else:
            self._lists[name] = [(None, item) for item in items]

    def _tags_of_reports(self) -> Iterator[ListItem]:
        """(untagged), and the tags that reports still offer as filters but the list lacks."""
        listed = {*self.ids_of("tags")}
        for tag in [UNTAGGED, *self._offered_tags()]:
            if isinstance(tag, dict) and type(tag.get("id")) is int and tag["id"] not in listed:
                listed.add(tag["id"])
                yield None, tag


def list_items(
    dimension: Dimension, get: Callable[[Request], Any], path: str
) -> list[Mapping[str, Any]]:
    """The items of a list endpoint, all pages, as many as the API counts.

    Read again when the pages shift meanwhile. Raises WrongEnvelope when the body is no list, or
    when its pages do not hold what it counts.
    """
    for _ in range(MAX_READS):
        items, total = _read_list(dimension, get, path)
        if total in (None, len(items)) and len({item["id"] for item in items}) == len(items):
            return items
    raise WrongEnvelope(
        f"{dimension.name}: the API counts {total} items, its pages hold {len(items)} "
        f"with {len({item['id'] for item in items})} ids, {MAX_READS} times over"
    )


def _read_list(
    dimension: Dimension, get: Callable[[Request], Any], path: str
) -> tuple[list[Mapping[str, Any]], int | None]:
    """The items of all pages and how many the API counts, None when it does not say."""
    items: list[Mapping[str, Any]] = []
    total: int | None = None
    page, last = 1, 1
    while page <= last:
        body = get(Request.of(path, {"page": str(page)} if page > 1 else {}))
        found = _items_in(dimension, body)
        items += found
        last, total = _paging(dimension, body)
        if not found:
            break
        page += 1
    return items, total


def _paging(dimension: Dimension, body: Any) -> tuple[int, int | None]:
    """How many pages and items there are; (1, None) for a list without paging."""
    if dimension.envelope and isinstance(body, dict):
        body = body.get(dimension.envelope)
    if not isinstance(body, dict):
        return 1, None
    paging = body.get("page")
    if isinstance(paging, dict):
        pages, total = paging.get("totalPages"), paging.get("totalElements")
    else:  # the flat form, which Docs lists have and saved replies might have
        pages, total = body.get("pages"), body.get("count")
    return whole_number(pages) or 1, whole_number(total)


def _items_in(dimension: Dimension, body: Any) -> list[Mapping[str, Any]]:
    """The rows of a page. HAL lists leave `_embedded` out, or empty, when there are none."""
    for place in dimension.items:
        found = body
        for name in place.split(".") if place else []:
            found = found.get(name) if isinstance(found, dict) else None
        if isinstance(found, list):
            kind = str if dimension.has_text_ids else int
            if all(isinstance(i, dict) and type(i.get("id")) is kind for i in found):
                return found
            raise WrongEnvelope(f"{dimension.name}: an item of the list has no id")
    if isinstance(body, dict) and not body.get("_embedded"):
        is_hal = bool(body) and not body.keys() - {"_links", "_embedded"}
        if is_hal or "page" in body:
            return []
    raise WrongEnvelope(
        f"{dimension.name}: the answer is not this list: expected rows at "
        f"{' or '.join(repr(place) for place in dimension.items)}"
    )


def dimension_row(dimension: Dimension, item: Mapping[str, Any], parent_id: int | None) -> Row:
    """The item as a row; fields that the catalog does not know become columns of their own."""
    if not isinstance(item, Mapping):
        raise ValueMisfit(f"{dimension.name}: an item is no object")
    row: Row = {}
    if dimension.parent_column is not None:
        row[dimension.parent_column.name] = parent_id
    table = dimension.stored_table
    by_path = {c.paths[0]: c for c in dimension.columns if c.paths}
    declared = {c.name for c in table.columns}
    ignored = {*LINKS, *(dimension.ignored or {})}
    for name, value in item.items():
        known = by_path.get(name)
        if name in ignored or value is None:
            continue
        if known is None:
            row.update(unknown_field(name, value, declared, row))
        else:
            with suppress(ValueMisfit):  # one bad cell costs one cell: it stays null
                row[known.name] = fit(known, value, f"{dimension.name}: {name}")
    if row.get(table.primary_key[-1]) is None:
        raise ValueMisfit(f"{dimension.name}: an item has no id")
    return row
