"""How many requests a night and a year's backfill take, against the fewest that the API allows.

The account of reference is one of 25 users, 6 inboxes and 700 conversations a day. What is counted
is what the real agenda and planning ask for, over a ledger in memory: no HTTP, no dlt. The least,
and what a plain configuration takes, are computed from the calendar and the contract alone.
"""

from __future__ import annotations

from calendar import monthrange
from collections.abc import Iterator, Mapping
from concurrent.futures import ProcessPoolExecutor
from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta
from itertools import product
from math import ceil
from types import SimpleNamespace
from typing import Any
from zoneinfo import ZoneInfo

from sources.help_scout.api.client import Answer
from sources.help_scout.catalog.model import PAGED, ParentReport, Shape
from sources.help_scout.catalog.reports import REPORTS
from sources.help_scout.extract.result import Outcomes
from sources.help_scout.planning.request_plan import API_ROOT, Read, Request
from sources.help_scout.planning.settings import Settings
from sources.help_scout.planning.windows import Window
from tests.helpers.nights import Api, Nights, without_dlt

ZONE = ZoneInfo("America/New_York")
USERS, INBOXES = 25, 6
TOP_ITEMS = 10
"""Saved replies, and workflows, that a window's conversations name."""
ROWS_A_DAY: Mapping[str, float] = {
    "company_drilldown": 60,  # of each range
    "conversations_drilldown": 1_100,
    "conversations_fields_drilldown": 25,  # of each saved reply or workflow
    "conversations_new_drilldown": 700,
    "happiness_ratings": 20,
    "user_conversation_history": 45,  # of each user, as below
    "user_drilldown": 30,
    "user_ratings": 0.8,
}
PAGE_ROWS = {Shape.DRILLDOWN: 50, Shape.LIST: 100}  # lists have pages of the API's own size
SERIES_DAYS = 60
RANGES = 10  # of first response times


@dataclass(frozen=True, slots=True)
class RequestsNeeded:
    """Requests for reports: ours, the least possible ones, those of a plain configuration."""

    what: str
    ours: int
    least: int
    plain: int


def rows_of(report: str, days: int) -> int:
    """The rows of one slice of a window so many days long."""
    return round(ROWS_A_DAY[report] * days)


class ReferenceAccount(Api):
    """Answers reads at once, and counts the distinct requests that they take."""

    def __init__(self) -> None:
        super().__init__()
        self.requests: set[Request] = set()

    def outcomes(self, read: Read, now: datetime) -> Outcomes:
        """What the read's windows come to: all loaded."""
        for part in read.parts:
            for page in range(1, pages_of(read) + 1):
                self.requests.add(_page(part.request, page))
        return super().outcomes(read, now)

    def get(self, request: Request, *, most_tries: int | None = None) -> Answer:
        """The answer that names users or items; its own report's read is the same request."""
        self.requests.add(request)
        return Answer(_body(request), request, datetime.now(UTC), 1, None)


def pages_of(read: Read) -> int:
    """The pages of each of the read's requests."""
    if read.report.shape not in PAGED:
        return 1
    rows = rows_of(read.report.name, days_of(read.windows[0]))
    return max(1, ceil(rows / PAGE_ROWS[read.report.shape]))


def days_of(window: Window) -> int:
    """The window's days, rounded over changes of the clock."""
    return round((window.end - window.start) / timedelta(days=1))


def _page(request: Request, page: int) -> Request:
    return request if page == 1 else request.with_params(page=str(page))


def _body(request: Request) -> Any:
    if request.path == API_ROOT + "company":
        return {"current": {"closed": 1}, "users": [{"user": _user(n)} for n in range(USERS)]}
    if request.path == API_ROOT + "conversations":
        top = [{"id": n + 1} for n in range(TOP_ITEMS)]
        return {"current": {"customers": 1}, "replies": {"top": top}, "workflows": {"top": top}}
    if request.path == API_ROOT + "happiness/ratings":
        query = dict(request.query)
        begin, end = (datetime.fromisoformat(query[name]) for name in ("start", "end"))
        rows = rows_of("happiness_ratings", round((end - begin) / timedelta(days=1)))
        page, size = int(query["page"]), PAGE_ROWS[Shape.LIST]
        results = [
            {"threadid": n, "ratingCustomerId": n, "ratingCreatedAt": query["start"]}
            | {"ratingUserId": _user(n % USERS)}
            for n in range((page - 1) * size, min(page * size, rows))
        ]
        pages = max(1, ceil(rows / size))
        return {"page": page, "pages": pages, "count": rows, "results": results}
    people = [{"id": _user(n)} for n in range(USERS)]
    inboxes = [{"id": 1 + n} for n in range(INBOXES)]
    items = {"/v2/users": {"users": people}, "/v2/mailboxes": {"mailboxes": inboxes}}
    found = items.get(request.path, {"": []})  # neither teams nor AI agents
    page_ = {"totalPages": 1, "totalElements": len(*found.values())}
    return {"_embedded": found, "page": page_}


def count_ours(settings: Settings, nights: list[datetime]) -> int:
    """The requests for reports of the last of the loads; one alone is a backfill."""
    with without_dlt():
        ledger = Warehouse(settings)
        for now in nights:
            account = ReferenceAccount()
            ledger.load(now, account, backfill=len(nights) == 1)
            assert all(worth.status.succeeded for worth in ledger.ledger.values())
    return sum(request.path.startswith(API_ROOT) for request in account.requests)


class Warehouse(Nights):
    """Nights over a warehouse that has known the account's people and inboxes for long."""

    def __init__(self, settings: Settings) -> None:
        super().__init__(settings)
        long_ago = datetime(2020, 1, 1, tzinfo=UTC).isoformat()
        seen = {"users": map(_user, range(USERS)), "inboxes": range(1, INBOXES + 1)}
        self.kept["first_seen"] = {
            name: {str(item): long_ago for item in items} for name, items in seen.items()
        }

    def stored(self) -> SimpleNamespace:
        """The ledger, and what the stored reports name: everybody, each day."""
        stored = super().stored()
        stored.all_items = stored.items = self._named
        stored.users_read = lambda _report, _window: set(map(_user, range(USERS)))
        return stored

    def _named(self, driver: ParentReport, _window: Window | None = None) -> set[int]:
        return (
            set(map(_user, range(USERS)))
            if driver.param == "user"
            else {n + 1 for n in range(TOP_ITEMS)}
        )


def _user(number: int) -> int:
    return 4_000 + number


# --- the least, from the calendar and the contract alone -----------------------------------


@dataclass(frozen=True, slots=True)
class Kind:
    """Reports that are asked for alike: how many there are, for how many slices, in which grains;
    `days` that one request may span; rows a day of those that have pages."""

    reports: int
    slices: int
    grains: tuple[str, ...] = ("day",)
    days: int = 1
    rows_a_day: float = 0.0
    page_rows: int = 50
    plain_page_rows: int = 25


def kinds(by_inbox: bool) -> list[Kind]:
    """What the configuration wants, counted by hand: 32 reports."""
    inboxes, users = 1 + INBOXES, USERS * (1 + INBOXES) if by_inbox else USERS
    every, long = ("day", "week", "month"), ("week", "month")

    def rows(report: str, slices: int) -> Kind:
        return Kind(1, slices, rows_a_day=ROWS_A_DAY[report])

    def listed(report: str, slices: int, grain: str = "day") -> Kind:
        return Kind(1, slices, (grain,), 1, ROWS_A_DAY[report], page_rows=100, plain_page_rows=100)

    return [
        Kind(8, inboxes, every),  # seven overall reports and the busy times
        Kind(1, 1, every),  # Docs
        Kind(9, inboxes, days=SERIES_DAYS),
        Kind(3, users, long),
        Kind(3, users, days=SERIES_DAYS),
        rows("company_drilldown", RANGES),
        rows("conversations_drilldown", 1),
        rows("conversations_fields_drilldown", 2 * TOP_ITEMS),
        rows("conversations_new_drilldown", 1),
        rows("user_drilldown", USERS),
        listed("user_conversation_history", USERS),
        listed("happiness_ratings", 1, "week"),
        listed("user_ratings", USERS, "week"),
    ]


def windows(grain: str, after: date, today: date) -> list[int]:
    """The lengths in days of the windows that end after the midnight that begins `after`, up to
    the one of today."""
    monday, first = after - timedelta(days=after.weekday()), after.replace(day=1)
    day, found = {"day": after, "week": monday, "month": first}[grain], []
    while day <= today:
        _, days_in_month = monthrange(day.year, day.month)
        found.append({"day": 1, "week": 7, "month": days_in_month}[grain])
        day += timedelta(days=found[-1])
    return found


def least_requests(after: date, today: date, *, by_inbox: bool) -> int:
    """One a window and slice; of series one each 60 days; of rows as many as they have pages."""
    total = 0
    for kind in kinds(by_inbox):
        lengths = [length for grain in kind.grains for length in windows(grain, after, today)]
        if kind.rows_a_day:
            each = sum(max(1, ceil(kind.rows_a_day * n / kind.page_rows)) for n in lengths)
        else:
            each = ceil(len(lengths) / kind.days)
        total += kind.reports * kind.slices * each
    return total


def plain_requests(after: date, today: date, *, by_inbox: bool) -> int:
    """One a report, slice and day, or its pages by the API's default size: no weeks and months."""
    days = len(windows("day", after, today))
    return sum(
        kind.reports * kind.slices * days * max(1, ceil(kind.rows_a_day / kind.plain_page_rows))
        for kind in kinds(by_inbox)
    )


# --- both -----------------------------------------------------------------------------------

TODAY = date(2026, 11, 10)
A_YEAR_AGO = date(2025, 11, 11)
BY_INBOX: Mapping[str, list[str]] = {
    name: ["user", "user,mailbox"]
    for name, report in REPORTS.items()
    if name.startswith("user") and report.shape not in PAGED
}


CASES = tuple(product((False, True), ("a night", "a year's backfill")))


def requests_needed() -> Iterator[RequestsNeeded]:
    """A night and a year's backfill, in the default configuration and with users by inbox; counted,
    not timed, so two at once."""
    with ProcessPoolExecutor(2) as pool:
        yield from pool.map(_needed, *zip(*CASES, strict=True))


def _needed(by_inbox: bool, what: str) -> RequestsNeeded:
    nights = [datetime.combine(TODAY - timedelta(days=n), time(3, 15), ZONE) for n in (1, 0)]
    start, after, loads = {
        "a night": (TODAY - timedelta(days=40), TODAY - timedelta(days=8), nights),
        "a year's backfill": (A_YEAR_AGO, A_YEAR_AGO, nights[-1:]),
    }[what]
    settings = Settings(
        timezone=ZONE.key, start_date=start, breakdowns=BY_INBOX if by_inbox else {}
    )
    return RequestsNeeded(
        what + (", users by inbox too" if by_inbox else ""),
        count_ours(settings, loads),
        least_requests(after, TODAY, by_inbox=by_inbox),
        plain_requests(after, TODAY, by_inbox=by_inbox),
    )
