"""One list endpoint, read to its end: by page numbers, or by the links of a cursor."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field
from typing import Any
from urllib.parse import parse_qsl, urlsplit

from ..catalog.dimension_model import Dimension
from ..errors import UnexpectedResponse
from ..parsing.coerce import whole_number
from ..planning.request_plan import Request

MAX_READS = 3
MAX_CURSOR_PAGES = 2000

Get = Callable[[Request], Any]
"""Answers a request with its body."""


@dataclass(slots=True)
class Pages:
    """What the pages of a list held: its items, each once.

    `left_out` are the entries without an id, `counted` is how many items the API says there are,
    None when it does not say. `problem` says why items may be missing, "" when none is.
    """

    items: list[Mapping[str, Any]] = field(default_factory=list)
    left_out: int = 0
    counted: int | None = None
    problem: str = ""


def read_list(dimension: Dimension, get: Get, path: str) -> Pages:
    """The items of a list endpoint, of all pages.

    The list is read again when its pages do not hold what it counts, since pages shift when items
    come or go. What is still missing after three reads is a `problem`.
    Raises UnexpectedResponse when the body is no list.
    """
    best = Pages()
    for _ in range(MAX_READS):
        pages = _read_pages(dimension, get, path)
        if not pages.problem:
            return pages
        if len(pages.items) >= len(best.items):
            best = pages
    return best


def usable_items(dimension: Dimension, entries: Iterable[Any]) -> tuple[list[Any], int]:
    """The entries that have an id, and how many have none: without one, a row has no key."""
    items, left_out = [], 0
    for entry in entries:
        item_id = _id_of(dimension, entry)
        if item_id is None:
            left_out += 1
        else:
            items.append(entry if entry["id"] is item_id else {**entry, "id": item_id})
    return items, left_out


def _id_of(dimension: Dimension, entry: Any) -> int | str | None:
    found = entry.get("id") if isinstance(entry, dict) else None
    if dimension.has_text_ids:
        return found if isinstance(found, str) and found else None
    return found if type(found) is int else whole_number(found)


def _read_pages(dimension: Dimension, get: Get, path: str) -> Pages:
    """All pages, read once."""
    pages = Pages()
    seen: set[int | str] = set()
    asked: set[Request] = set()
    repeated = 0
    request: Request | None = Request.of(path, dimension.params)
    while request is not None:
        asked.add(request)
        body = get(request)
        entries = _entries_in(dimension, body)
        items, left_out = usable_items(dimension, entries)
        pages.left_out += left_out
        for item in items:
            repeated += item["id"] in seen
            if item["id"] not in seen:
                seen.add(item["id"])
                pages.items.append(item)
        last, pages.counted = _paging(dimension, body)
        if last is None:
            request, pages.problem = _by_cursor(dimension, path, body, asked)
        else:
            request = _by_number(request, last) if entries else None
    pages.problem = pages.problem or _shortage(pages, repeated)
    return pages


def _shortage(pages: Pages, repeated: int) -> str:
    """What shows that items are missing, "" when nothing does."""
    given = len(pages.items) + pages.left_out
    if pages.counted is not None and pages.counted > given:
        return f"the API counts {pages.counted:,} items, but its pages hold {given:,}"
    if repeated and pages.counted != given:
        return f"its pages repeat {repeated:,} items, so others may be missing"
    return ""


def _by_number(request: Request, last: int) -> Request | None:
    """The request for the next page, None after the last one."""
    number = int(dict(request.query).get("page", "1")) + 1
    return request.with_params(page=str(number)) if number <= last else None


def _by_cursor(
    dimension: Dimension, path: str, body: Any, asked: set[Request]
) -> tuple[Request | None, str]:
    """The request for the next page and what is wrong with it.

    Only the link's query is taken: the request goes to our own base URL and to the same path.
    """
    link = _next_link(body)
    if link is None:
        return None, ""
    parts = urlsplit(link)
    if parts.path and not parts.path.endswith(path):
        return None, "its next page is at another path, which is not followed"
    request = Request.of(path, {**dimension.params, **dict(parse_qsl(parts.query))})
    if request in asked:
        return None, "its next page is one that was read already"
    if len(asked) >= MAX_CURSOR_PAGES:
        return None, f"it has more than {MAX_CURSOR_PAGES:,} pages"
    return request, ""


def _next_link(body: Any) -> str | None:
    """The address of the next page, None when there is none."""
    links = body.get("_links") if isinstance(body, dict) else None
    link = links.get("next") if isinstance(links, dict) else None
    href = link.get("href") if isinstance(link, dict) else None
    return href if isinstance(href, str) and href else None


def _paging(dimension: Dimension, body: Any) -> tuple[int | None, int | None]:
    """The number of the last page, None for a list without page numbers; how many items the API
    counts, None when it does not say."""
    if dimension.envelope and isinstance(body, dict):
        body = body.get(dimension.envelope)
    if not isinstance(body, dict):
        return None, None
    paging = body.get("page")
    if isinstance(paging, dict):
        pages, total = paging.get("totalPages"), paging.get("totalElements")
    else:  # the flat form, which Docs lists have and saved replies might have
        pages, total = body.get("pages"), body.get("count")
    return whole_number(pages), whole_number(total)


def _entries_in(dimension: Dimension, body: Any) -> list[Any]:
    """The entries of a page. HAL lists leave `_embedded` out, or empty, when there are none."""
    for place in dimension.items:
        found = body
        for name in place.split(".") if place else []:
            found = found.get(name) if isinstance(found, dict) else None
        if isinstance(found, list):
            return found
    if isinstance(body, dict) and not body.get("_embedded"):
        is_hal = bool(body) and not body.keys() - {"_links", "_embedded"}
        if is_hal or "page" in body:
            return []
    raise UnexpectedResponse(
        f"{dimension.name}: the answer is not this list: expected rows at "
        f"{' or '.join(repr(place) for place in dimension.items)}"
    )
