"""Whether an answer answers its question: the report, the dates, the user and the page asked for.

An answer to another question must never be stored as this one's. What merely differs in its words
(dates that are echoed in another time zone, a field more or less) is no reason to refuse it. Pure.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from datetime import datetime, timedelta
from functools import cache
from typing import Any

from ..catalog.model import Report, Shape
from ..errors import UnexpectedResponse, WrongAnswer
from ..parsing.coerce import instant, whole_number
from ..parsing.path_tree import Node, tree_of
from ..planning.request_plan import Read

LEAST_OVERLAP = 0.5
"""Of the time that the dates asked for and the dates echoed cover together: a window moved by some
hours shares more, another day or another grain less."""

FEW_FIELDS = 4
ZONES = timedelta(hours=14)
"""How far a time zone is from UTC at most."""

SLACK = timedelta(days=1)
"""By how much rows may be dated outside their window: their times may be of another time zone."""

_ROWS: Mapping[Shape, tuple[str, ...]] = {
    Shape.SERIES: ("current",),
    Shape.DRILLDOWN: ("conversations", "results"),
    Shape.LIST: ("results",),
}
DATES = frozenset({"startDate", "endDate", "date", "start"})


def check_report(report: Report, body: Any) -> None:
    """Raises UnexpectedResponse when the body's fields are those of another report.

    A body must have one of the report's fields, or there is nothing in it. Fields that the catalog
    does not know may be new ones, as long as they are not more than those that it knows, and a
    third of what it knows is there too. Of reports with a few fields only, more cannot be said.
    """
    declared, present = _fields(report, body)
    if present is None:
        return
    known, unknown = (present & declared) - DATES, present - declared - DATES
    expected = len(declared - DATES)
    is_other = len(unknown) > len(known) or (unknown and 3 * len(known) < expected)
    if not known or (is_other and expected >= FEW_FIELDS):
        raise UnexpectedResponse(
            f"{report.name}: the answer is not this report: it has {len(known)} of the report's "
            f"fields and {len(unknown)} others. Nothing was stored for the window"
        )


def _fields(report: Report, body: Any) -> tuple[frozenset[str], set[str] | None]:
    """The report's own fields by the catalog, and those that the body has; None for a body without
    rows."""
    if report.shape is Shape.OVERALL:
        return _declared(report.name, ("current",)), set(_leaves(body["current"]))
    places = _ROWS.get(report.shape, ())
    for name in places:
        body = body[name]
    rows = [set(row) for row in body if isinstance(row, dict) and row]
    return _declared(report.name, places), set().union(*rows) if rows else None


@cache
def _declared(report_name: str, places: tuple[str, ...]) -> frozenset[str]:
    node = tree_of(report_name)
    for name in places:
        node = node.children[name]
    return frozenset(node.item.children if node.item is not None else _leaves_of(node))


def _leaves_of(node: Node, path: str = "") -> Iterator[str]:
    for name, child in node.children.items():
        where = f"{path}.{name}" if path else name
        if child.children:
            yield from _leaves_of(child, where)
        else:
            yield where


def _leaves(value: Any, path: str = "") -> Iterator[str]:
    """The paths of a body's fields; those of lists end at the list."""
    for name, child in value.items():
        where = f"{path}.{name}" if path else name
        if isinstance(child, Mapping) and child:
            yield from _leaves(child, where)
        else:
            yield where


def echo_shift_seconds(read: Read, body: Any, now: datetime) -> int | None:
    """By how much the dates in an overall report's answer differ from those asked for; None when it
    says none. Raises WrongAnswer when they are of another window: not where they are the same ones
    in another time zone, or end now."""
    current = body.get("current") if isinstance(body, Mapping) else None
    if not isinstance(current, Mapping):
        return None
    start, end = instant(current.get("startDate")), instant(current.get("endDate"))
    if start is None or end is None:
        return None
    window = read.windows[0]
    first, last = window.start, window.last_second
    shared = (min(end, last) - max(start, first)).total_seconds()
    together = (max(end, last) - min(start, first)).total_seconds()
    same_dates = abs(start - first) <= ZONES and abs(end - last) <= ZONES
    ends_now = abs(start - first) <= ZONES and first <= end <= last and abs(end - now) <= ZONES
    is_other = together > 0 and shared < LEAST_OVERLAP * together
    if is_other and not same_dates and not ends_now:
        raise WrongAnswer(
            f"{read.report.name}: asked for {first:%Y-%m-%d %H:%M} to {last:%Y-%m-%d %H:%M} UTC, "
            f"the answer says {start:%Y-%m-%d %H:%M} to {end:%Y-%m-%d %H:%M}: it is not stored"
        )
    shifts = (start - first).total_seconds(), (end - last).total_seconds()
    return int(max(shifts, key=abs))


def check_user(read: Read, body: Any) -> None:
    """Raises WrongAnswer when the answer names another user of the account than the one asked for.
    An id that the account does not list is no other user: it is the API's own affair."""
    asked = read.slice.get("user") or read.slice.get("team")
    user = body.get("user") if isinstance(body, Mapping) else None
    named = whole_number(user.get("id")) if isinstance(user, Mapping) else None
    if isinstance(asked, int) and named != asked and named in read.users:
        raise WrongAnswer(
            f"{read.report.name}: asked for user {asked}, the answer is for user {named}: it is "
            "not stored"
        )


def check_page(report: Report, page: int, said: Any) -> None:
    """Raises WrongAnswer when a page says that it is another one."""
    number = whole_number(said)
    if number is not None and number != page:
        raise WrongAnswer(f"{report.name}: asked for page {page}, got page {number}")


class RowChecks:
    """What the rows of a window say of themselves: their dates, and whom they are about."""

    def __init__(self, read: Read) -> None:
        self._read = read
        self._dated = self._inside = 0
        self._named = self._ours = 0

    def add(self, rows: Iterable[Any]) -> None:
        """Looks at the rows of a page."""
        report, window = self._read.report, self._read.windows[0]
        user = self._read.slice.get("user")
        for row in rows:
            if not isinstance(row, Mapping):
                continue
            at = instant(row.get(report.dated_by)) if report.dated_by else None
            if at is not None:
                self._dated += 1
                self._inside += _is_near(at, window.start, window.end)
            named = whole_number(row.get(report.names_user)) if report.names_user else None
            if named is not None and isinstance(user, int):
                self._named += 1
                self._ours += named == user

    def check(self) -> None:
        """Raises WrongAnswer when all rows are of another time, or of other users."""
        name = self._read.report.name
        if self._dated and not self._inside:
            raise WrongAnswer(
                f"{name}: all {self._dated} rows are dated outside the window: they answer "
                "another question, and are not stored"
            )
        if self._named and not self._ours:
            raise WrongAnswer(
                f"{name}: all {self._named} rows are of other users than the one asked for: they "
                "are not stored"
            )


def _is_near(at: datetime, start: datetime, end: datetime) -> bool:
    return start - SLACK <= at < end + SLACK
