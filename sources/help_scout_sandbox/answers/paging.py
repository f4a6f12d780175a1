"""Pages of the list endpoints: numbered as documented, or linked by a cursor alone."""

from __future__ import annotations

from dataclasses import dataclass

from .figures import Block

CURSOR_PAGE = 5
"""Short, so that the lists of a small account have more than one page."""


@dataclass(frozen=True, slots=True)
class Paging:
    """Which page of a list is asked for, and how pages are linked."""

    number: int
    size: int
    base_url: str
    by_cursor: bool = False


def page_of(rows: list[Block], key: str, paging: Paging, path: str) -> Block:
    """The page of a list that is asked for; `key` is what its rows are embedded as."""
    url = paging.base_url + path
    if paging.by_cursor:
        return _cursor_page(rows, key, paging.number, min(CURSOR_PAGE, paging.size), url)
    return _hal_page(rows, key, paging.number, paging.size, url)


def _cursor_page(rows: list[Block], key: str, cursor: int, size: int, url: str) -> Block:
    """A page that tells of no other but the next: no page numbers, no count of all."""
    shown = rows[(cursor - 1) * size : cursor * size]
    links = {"self": {"href": f"{url}?cursor={cursor}"}}
    if cursor * size < len(rows):
        links["next"] = {"href": f"{url}?cursor={cursor + 1}"}
    own = [{**row, "_links": {"self": {"href": f"{url}/{row['id']}"}}} for row in shown]
    return {"_embedded": {key: own}, "_links": links}


def _hal_page(rows: list[Block], key: str, page: int, size: int, url: str) -> Block:
    """A HAL page; `_embedded` is absent when the page is empty."""
    pages = -(-len(rows) // size)
    shown = rows[(page - 1) * size : page * size]
    links = {
        "self": {"href": f"{url}?page={page}"},
        "first": {"href": f"{url}?page=1"},
        "last": {"href": f"{url}?page={max(1, pages)}"},
        "page": {"href": f"{url}{{?page}}", "templated": True},
    }
    if page < pages:
        links["next"] = {"href": f"{url}?page={page + 1}"}
    if page > 1:
        links["previous"] = {"href": f"{url}?page={page - 1}"}
    own = [{**row, "_links": {"self": {"href": f"{url}/{row['id']}"}}} for row in shown]
    body: Block = {"_embedded": {key: own}} if own else {}
    numbers = {"size": size, "totalElements": len(rows), "totalPages": pages, "number": page}
    return {**body, "_links": links, "page": numbers}
