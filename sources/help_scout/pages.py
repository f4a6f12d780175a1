"""Row reports: pages read to their end, and read again while they shift under the reader."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from itertools import pairwise
from typing import Any

from .catalog import Report, Shape
from .errors import ValueMisfit
from .flatten import flatten_report, unwrap
from .outcome import Outcome, Tally, outcome_of
from .plan import Part, Read, Request
from .values import whole_number

MAX_READS_OF_SHIFTING_PAGES = 3


@dataclass(slots=True)
class _Pages:
    """The pages of one part, read once through."""

    bodies: list[Any]
    rows: int
    count: int
    is_stable: bool
    repeats_across_pages: bool


def fetch_rows(tally: Tally, read: Read) -> Outcome:
    """The outcome of a row report's window: all pages of all parts."""
    bodies: list[tuple[Any, Mapping[str, int]]] = []
    count: int | None = None
    complete = True
    for part in read.parts:
        pages = _read_until_stable(tally, read.report, part)
        bodies.extend((body, part.stamps) for body in pages.bodies)
        complete = complete and pages.is_stable
        count = (count or 0) + pages.count
    flat = flatten_report(read.report, bodies)
    return outcome_of(tally, read, read.windows[0], flat, api_count=count, complete=complete)


def _read_until_stable(tally: Tally, report: Report, part: Part) -> _Pages:
    """The part's pages, read again while they shift; after three reads all that was seen.

    Drilldowns cannot be sorted, so a conversation that moves while pages are read can be missed
    or met twice. Their rows have ids, so the reads are united; the lists are sorted and their
    rows may repeat, so there the longest read stands. A list that repeats a row across two pages
    is read again: when it says the same twice, the row is there twice.
    """
    seen: dict[Any, Any] = {}
    longest: _Pages | None = None
    last: _Pages | None = None
    for _ in range(MAX_READS_OF_SHIFTING_PAGES):
        pages = _read_pages(tally, report, part.request)
        says_the_same = last is not None and pages.bodies == last.bodies
        if pages.is_stable and (says_the_same or not pages.repeats_across_pages):
            return pages
        last = pages
        if report.shape is Shape.DRILLDOWN:
            _unite(seen, pages.bodies)
        if longest is None or pages.rows > longest.rows:
            longest = pages
    assert longest is not None
    longest.is_stable = False
    if report.shape is Shape.DRILLDOWN:
        longest.bodies[0]["conversations"]["results"] = list(seen.values())
        for body in longest.bodies[1:]:
            body["conversations"]["results"] = []
    return longest


def _unite(seen: dict[Any, Any], bodies: Iterable[Any]) -> None:
    """Adds the pages' conversations to those seen; a later sight of one replaces the earlier."""
    for body in bodies:
        for row in body["conversations"]["results"]:
            seen[row["id"]] = row


def _read_pages(tally: Tally, report: Report, first: Request) -> _Pages:
    """All pages, and whether they held still: as many distinct rows as the API counts, before
    and after."""
    bodies: list[Any] = []
    counts: list[int] = []
    pages_of_rows: list[list[Any]] = []
    page, last = 1, 1
    while page <= last:
        body = unwrap(report, tally.get(first.with_params(page=str(page))))
        envelope = body["conversations"] if report.shape is Shape.DRILLDOWN else body
        bodies.append(body)
        pages_of_rows.append(envelope["results"])
        counts.append(_paging_number(report, envelope, "count"))
        last = _paging_number(report, envelope, "pages")
        if not envelope["results"]:
            break  # whatever `pages` says: nothing comes after an empty page
        page += 1
    rows = sum(len(results) for results in pages_of_rows)
    repeats = any(
        before and after and before[-1] == after[0] for before, after in pairwise(pages_of_rows)
    )
    distinct = rows
    if report.shape is Shape.DRILLDOWN:
        distinct = len({_row_id(report, row) for results in pages_of_rows for row in results})
    steady = counts[0] == counts[-1] == distinct == rows
    return _Pages(bodies, rows, counts[-1], steady, repeats and report.shape is Shape.LIST)


def _row_id(report: Report, row: Any) -> int:
    found = row.get("id") if isinstance(row, dict) else None
    if isinstance(found, bool) or not isinstance(found, int):
        raise ValueMisfit(f"{report.name}: a row has no id to tell it by")
    return found


def _paging_number(report: Report, envelope: Mapping[str, Any], name: str) -> int:
    """`count` or `pages`; without them nobody can tell whether the rows are all there."""
    number = whole_number(envelope.get(name))
    if number is None or number < 0:
        raise ValueMisfit(f"{report.name}: the answer has no usable {name!r}: cannot tell its end")
    return number
