"""Row reports: pages read to their end, and read again while they shift under the reader.

However many rows a window has, only a few pages are in memory: the others wait in a file.
"""

from __future__ import annotations

import hashlib
from collections import Counter
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from typing import Any

import orjson

from ..catalog.model import Report, Shape
from ..errors import CoercionError, WrongAnswer
from ..parsing.coerce import TableRows, whole_number
from ..parsing.envelope import unwrap
from ..parsing.flatten import Flattened, Flattener
from ..planning.request_plan import Part, Read, Request
from .answer_checks import RowChecks, check_page, check_report
from .result import RequestStats, WindowResult, result_of
from .spool import Spool

MAX_READS_OF_SHIFTING_PAGES = 3
ROWS_IN_MEMORY = 2_000
"""Rows of a window beyond which it goes through a file."""

ROWS_PER_BLOCK = 1_000
"""Rows flattened together then."""


@dataclass(slots=True)
class _Pages:
    """The pages of one part, read once through. `digest` is equal where all rows are."""

    bodies: Spool[Any]
    rows: int
    count: int
    is_stable: bool
    repeats_across_pages: bool
    digest: bytes


def fetch_rows(stats: RequestStats, read: Read) -> WindowResult:
    """The result of a row report's window: all pages of all parts."""
    flattener = Flattener(read.report, compares=read.previous is not None)
    blocks: Spool[TableRows] = Spool(ROWS_IN_MEMORY)
    count, complete, waiting, rows = 0, True, 0, 0
    checks = RowChecks(read)
    for part in read.parts:
        reads = _read_until_stable(stats, read.report, part)
        for body in _united(read.report, reads):
            checks.add(_envelope(read.report, body)["results"])
            flattener.add(body, part.stamps)
            waiting += len(_envelope(read.report, body)["results"])
            if waiting >= ROWS_PER_BLOCK:
                rows += _keep(blocks, flattener.take(), waiting)
                waiting = 0
        complete = complete and reads[-1].is_stable
        count += reads[-1].count
        for pages in reads:
            pages.bodies.close()
    rows += _keep(blocks, flattener.take(), waiting)
    checks.check()
    return result_of(
        stats,
        read,
        read.windows[0],
        Flattened({}, flattener.extra, flattener.unknown, flattener.repairs),
        blocks=blocks,
        row_count=rows,
        api_count=count if read.parts else None,
        complete=complete,
    )


def _keep(blocks: Spool[TableRows], rows: TableRows, weight: int) -> int:
    """Adds a block of rows; how many there are in all its tables."""
    blocks.append(rows, weight)
    return sum(len(found) for found in rows.values())


def _read_until_stable(stats: RequestStats, report: Report, part: Part) -> list[_Pages]:
    """The part's pages as they held still, alone; or, when they never did, all three reads.

    A list that repeats a row across two pages is read again: when it says the same twice, the row
    is there twice.
    """
    reads: list[_Pages] = []
    while len(reads) < MAX_READS_OF_SHIFTING_PAGES:
        pages = _read_pages(stats, report, part.request)
        says_the_same = bool(reads) and pages.digest == reads[-1].digest
        if pages.is_stable and (says_the_same or not pages.repeats_across_pages):
            for earlier in reads:
                earlier.bodies.close()
            return [pages]
        reads.append(pages)
    for pages in reads:
        pages.is_stable = False
    return reads


def _united(report: Report, reads: list[_Pages]) -> Iterator[Any]:
    """The bodies of the reads, with every row that any of them saw, once.

    Drilldowns cannot be sorted, so a conversation that moves while pages are read can be missed
    or met twice; its latest sight counts. The rows of lists have no id and may repeat: each is
    there as often as the read that saw it most often says.
    """
    if len(reads) == 1:
        yield from reads[0].bodies
        return
    if report.shape is Shape.LIST:
        yield from _united_lists(report, reads)
        return
    seen: set[int | bytes] = set()
    for pages in reversed(reads):
        for body in pages.bodies:
            envelope = _envelope(report, body)
            rows = envelope["results"]
            fresh = dict(zip(_row_ids(rows), rows, strict=True))
            envelope["results"] = [row for key, row in fresh.items() if key not in seen]
            seen |= fresh.keys()
            yield body


def _united_lists(report: Report, reads: list[_Pages]) -> Iterator[Any]:
    longest = max(reads, key=lambda pages: pages.rows)
    seen: Counter[bytes] = Counter()
    for pages in (longest, *(other for other in reads if other is not longest)):
        here: Counter[bytes] = Counter()
        for body in pages.bodies:
            envelope = _envelope(report, body)
            fresh = []
            for row in envelope["results"]:
                key = _digest([row])
                here[key] += 1
                if here[key] > seen[key]:
                    fresh.append(row)
            envelope["results"] = fresh
            yield body
        seen |= here


def _read_pages(stats: RequestStats, report: Report, first: Request) -> _Pages:
    """All pages, and whether they held still: as many distinct rows as the API counts, before
    and after."""
    bodies: Spool[Any] = Spool(ROWS_IN_MEMORY)
    ids: set[int | bytes] = set()
    counts: list[int] = []
    digest = hashlib.blake2b(digest_size=16)
    elsewhere: set[bytes] = set()
    whole_pages: set[bytes] = set()
    rows, repeats = 0, False
    page, last = 1, 1
    while page <= last:
        body = unwrap(report, stats.get(first.with_params(page=str(page))))
        check_report(report, body)
        envelope = _envelope(report, body)
        results = envelope["results"]
        check_page(report, page, envelope.get("page"))
        if len(results) > 1 and not _is_new(whole_pages, _digest(results)):
            raise WrongAnswer(f"{report.name}: page {page} has the rows of an earlier page")
        counts.append(_paging_number(report, envelope, "count"))
        last = _paging_number(report, envelope, "pages")
        rows += len(results)
        if report.shape is Shape.DRILLDOWN:
            ids.update(_row_ids(results))
        elif results:
            here = {_digest([row]) for row in results}
            repeats = repeats or not here.isdisjoint(elsewhere)
            elsewhere |= here
            digest.update(_digest(results))
        bodies.append(body, len(results))
        if not results:
            break  # whatever `pages` says: nothing comes after an empty page
        page += 1
    distinct = len(ids) if report.shape is Shape.DRILLDOWN else rows
    steady = counts[0] == counts[-1] == distinct == rows
    return _Pages(bodies, rows, counts[-1], steady, repeats, digest.digest())


def _is_new(seen: set[bytes], digest: bytes) -> bool:
    """Whether the digest was not seen before; it is from now on."""
    is_new = digest not in seen
    seen.add(digest)
    return is_new


def _envelope(report: Report, body: Any) -> dict[str, Any]:
    """The part of a page that holds its rows and its paging."""
    envelope: dict[str, Any] = body["conversations"] if report.shape is Shape.DRILLDOWN else body
    return envelope


def _digest(rows: Iterable[Any]) -> bytes:
    dumped = orjson.dumps(list(rows), option=orjson.OPT_SORT_KEYS)
    return hashlib.blake2b(dumped, digest_size=16).digest()


def _row_ids(rows: Iterable[Any]) -> list[int | bytes]:
    """What tells each row from others: its id; of a row without one, all that it says."""
    found: list[int | bytes] = []
    for row in rows:
        row_id = whole_number(row.get("id")) if isinstance(row, dict) else None
        found.append(_digest([row]) if row_id is None else row_id)
    return found


def _paging_number(report: Report, envelope: Mapping[str, Any], name: str) -> int:
    """`count` or `pages`; without them nobody can tell whether the rows are all there."""
    number = whole_number(envelope.get(name))
    if number is None or number < 0:
        raise CoercionError(
            f"{report.name}: the answer has no usable {name!r}: cannot tell its end"
        )
    return number
