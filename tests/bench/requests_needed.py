"""How many requests a night and a year's backfill take, against the fewest that the API allows.

The account of reference has 25 users, 6 inboxes and 700 conversations a day. *Ours* is counted over
the load plan and the planning that loads use, with the ledger in memory: no HTTP, no dlt. *Least*
and *plain* are computed from the calendar alone.
"""

from __future__ import annotations

from calendar import monthrange
from collections.abc import Iterator, Mapping
from concurrent.futures import ProcessPoolExecutor
from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta
from itertools import product
from math import ceil, prod
from types import SimpleNamespace
from typing import Any
from zoneinfo import ZoneInfo

from sources.help_scout.api.client import Answer
from sources.help_scout.catalog.model import PAGED, ParentReport, Report, Shape
from sources.help_scout.catalog.reports import REPORTS
from sources.help_scout.extract.result import WindowResults
from sources.help_scout.planning.request_plan import API_ROOT, Read, Request
from sources.help_scout.planning.settings import Settings
from sources.help_scout.planning.windows import Grain
from tests.helpers.nights import Api, Nights, without_dlt
from tests.helpers.stand_in_account import hal

ZONE = ZoneInfo("America/New_York")
USERS, INBOXES, TOP_ITEMS = range(4_000, 4_025), range(1, 7), range(1, 11)
"""Top items are the saved replies, or the workflows, that a window's conversations name."""
SLICES = {"mailbox": len(INBOXES), "user": len(USERS), "field": len(TOP_ITEMS), "range_id": 10}
"""The slices of each breakdown."""
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
PLAIN_PAGE_ROWS = {Shape.DRILLDOWN: 25, Shape.LIST: 100}
SERIES_DAYS = 60
TODAY, A_YEAR_AGO = date(2026, 11, 10), date(2025, 11, 11)
BY_INBOX: Mapping[str, list[str]] = {
    name: ["user", "user,mailbox"]
    for name, report in REPORTS.items()
    if name.startswith("user") and report.shape not in PAGED
}
CASES = tuple(product((False, True), ("a night", "a year's backfill")))


@dataclass(frozen=True, slots=True)
class RequestsNeeded:
    """Requests for reports: ours, the least possible ones, those of a plain configuration."""

    what: str
    ours: int
    least: int
    plain: int


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
    breakdowns = BY_INBOX if by_inbox else {}
    settings = Settings(timezone=ZONE.key, start_date=start, breakdowns=breakdowns)
    return RequestsNeeded(
        what + (", users by inbox too" if by_inbox else ""),
        count_ours(settings, loads),
        least_requests(settings, after),
        plain_requests(settings, after),
    )


# --- ours ------------------------------------------------------------------------------------


class ReferenceAccount(Api):
    """Answers reads at once, and counts the distinct requests that they take."""

    def __init__(self) -> None:
        super().__init__()
        self.requests: set[Request] = set()

    def results(self, read: Read, now: datetime) -> WindowResults:
        """The results of the read's windows: all loaded."""
        window = read.windows[0]
        pages = pages_of(read.report, days_between(window.start, window.end))
        for part, page in product(read.parts, range(1, pages + 1)):
            request = part.request
            self.requests.add(request if page == 1 else request.with_params(page=str(page)))
        return super().results(read, now)

    def get(self, request: Request, *, most_tries: int | None = None) -> Answer:
        """The answer that names users or items. The report's own read is the same request."""
        self.requests.add(request)
        return Answer(_body(request), request, datetime.now(UTC), 1, None)


class Warehouse(Nights):
    """Nights over a warehouse that has stored the account's people and inboxes for long."""

    def __init__(self, settings: Settings) -> None:
        super().__init__(settings)
        long_ago = datetime(2020, 1, 1, tzinfo=UTC).isoformat()
        seen = {"users": USERS, "inboxes": INBOXES}
        self.kept["first_seen"] = {
            name: {str(item): long_ago for item in items} for name, items in seen.items()
        }

    def stored(self) -> SimpleNamespace:
        """The ledger, and what the stored reports name: everybody, each day."""

        def items(parent: ParentReport, _window: Any = None) -> set[int]:
            return set(USERS if parent.param == "user" else TOP_ITEMS)

        stored = super().stored()
        stored.all_items = stored.items = items
        stored.users_read = lambda _report, _window: set(USERS)
        return stored


def count_ours(settings: Settings, nights: list[datetime]) -> int:
    """The requests for reports of the last of the loads; one alone is a backfill."""
    with without_dlt():
        warehouse = Warehouse(settings)
        for now in nights:
            account = ReferenceAccount()
            warehouse.load(now, account, backfill=len(nights) == 1)
            assert all(state.status.succeeded for state in warehouse.ledger.values())
    return sum(request.path.startswith(API_ROOT) for request in account.requests)


def _body(request: Request) -> Any:
    if request.path == API_ROOT + "company":
        return {"current": {"closed": 1}, "users": [{"user": user} for user in USERS]}
    if request.path == API_ROOT + "conversations":
        top = [{"id": item} for item in TOP_ITEMS]
        return {"current": {"customers": 1}, "replies": {"top": top}, "workflows": {"top": top}}
    if request.path == API_ROOT + "happiness/ratings":
        start = dict(request.query)["start"]
        rated = [
            {"threadid": 1, "ratingCustomerId": 1, "ratingCreatedAt": start, "ratingUserId": user}
            for user in USERS
        ]
        return {"page": 1, "pages": 1, "count": len(rated), "results": rated}
    lists = {"/v2/users": ("users", USERS), "/v2/mailboxes": ("mailboxes", INBOXES)}
    name, ids = lists.get(request.path, ("", range(0)))  # neither teams nor AI agents
    return hal(name, *({"id": one} for one in ids))


# --- the least, and a plain configuration's --------------------------------------------------


def pages_of(report: Report, days: int, sizes: Mapping[Shape, int] = PAGE_ROWS) -> int:
    """The pages of one slice of a window so many days long."""
    if report.shape not in PAGED:
        return 1
    return max(1, ceil(round(ROWS_A_DAY[report.name] * days) / sizes[report.shape]))


def days_between(begin: datetime, end: datetime) -> int:
    """Days, rounded over changes of the clock."""
    return round((end - begin) / timedelta(days=1))


def window_lengths(grain: Grain, after: date) -> list[int]:
    """The lengths in days of the windows that end after the midnight that begins `after`, up to
    the one of today."""
    first = {"week": after - timedelta(days=after.weekday()), "month": after.replace(day=1)}
    day, found = first.get(grain, after), []
    while day <= TODAY:
        _, days_in_month = monthrange(day.year, day.month)
        found.append({"day": 1, "week": 7, "month": days_in_month}[grain])
        day += timedelta(days=found[-1])
    return found


def slices_of(settings: Settings, report: Report) -> int:
    """The slices of all of the report's breakdowns."""
    return sum(
        prod(SLICES.get(part, 1) for part in breakdown.kind.split(","))
        for breakdown in settings.breakdowns_of(report)
    )


def least_requests(settings: Settings, after: date) -> int:
    """One a window and slice; of series one each 60 days; of rows as many as they have pages."""
    total = 0
    for report in REPORTS.values():
        grains = settings.grains_of(report)
        lengths = [days for grain in grains for days in window_lengths(grain, after)]
        each = sum(pages_of(report, days) for days in lengths)
        if report.shape is Shape.SERIES:
            each = ceil(len(lengths) / SERIES_DAYS)
        total += slices_of(settings, report) * each
    return total


def plain_requests(settings: Settings, after: date) -> int:
    """One a report, slice and day, or its pages by the API's default size: no weeks and months."""
    return len(window_lengths(Grain.DAY, after)) * sum(
        slices_of(settings, report) * pages_of(report, 1, PLAIN_PAGE_ROWS)
        for report in REPORTS.values()
    )
