"""What an account turns out to do, of all that the vendor's documentation leaves open.

Each assumption is asked for with a few requests and judged by their answers alone. The assumptions
themselves are in the modules that begin with `probe_`.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta
from enum import StrEnum
from functools import cached_property
from typing import Any, Protocol, TypeAlias
from urllib.parse import parse_qsl, urlsplit
from zoneinfo import ZoneInfo

from sources.help_scout.api.client import Answer
from sources.help_scout.api.retries import MAX_TRIES
from sources.help_scout.errors import ApiError
from sources.help_scout.planning.request_plan import API_ROOT, Request, wire_instant
from sources.help_scout.planning.windows import local_midnight

MOST_REQUESTS = 200
MOST_ITEMS = 15
"""How many inboxes, and how many users, are asked for one by one."""
MOST_LIST_PAGES = 4
MONTH_DAYS, WEEK_DAYS = 28, 7
LISTS = {
    "users": "/v2/users",
    "system_users": "/v3/system-users",
    "teams": "/v2/teams",
    "mailboxes": "/v2/mailboxes",
}

Query: TypeAlias = dict[str, str]


class Certainty(StrEnum):
    """How an assumption stands on the account."""

    CONFIRMED = "confirmed"
    CONTRADICTED = "contradicted"
    UNKNOWN = "could not be told"


@dataclass(frozen=True, slots=True)
class Reply:
    """What a request came to: a body, or the status of a refusal.

    Both are None where there was no answer, or where the probe may send no more.
    """

    body: Any = None
    refused: int | None = None

    @property
    def rows(self) -> list[Any]:
        """The items of a page of a list."""
        (rows,) = self.body.get("_embedded", {"": []}).values()
        return list(rows)


Replies: TypeAlias = Mapping[str, Reply]


@dataclass(frozen=True, slots=True)
class Told:
    """What the answers tell: a value, None where they do not, and the figures behind it."""

    value: str | None
    detail: str = ""


@dataclass(frozen=True, slots=True)
class Fact:
    """What was found out about one assumption."""

    name: str
    sentence: str
    value: str | None
    verdict: Certainty
    detail: str


@dataclass(frozen=True)
class Known:
    """What is known of the account before its assumptions are asked for."""

    now: datetime
    zone: ZoneInfo
    lists: Mapping[str, Sequence[Reply]]
    limit_per_minute: int | None

    def items(self, name: str) -> list[Any]:
        """The items of a list, as far as they were read; none where it was refused."""
        return [item for page in self.lists[name] if page.body is not None for item in page.rows]

    def ids(self, name: str) -> list[int]:
        """The ids of a list's items."""
        return [item["id"] for item in self.items(name)]

    @cached_property
    def people(self) -> list[Any]:
        """The users that are neither teams nor AI agents."""
        others = {*self.ids("teams"), *self.ids("system_users")}
        users = self.items("users")
        return [u for u in users if u.get("type", "user") == "user" and u["id"] not in others]

    @cached_property
    def today(self) -> date:
        """The local day."""
        return self.now.astimezone(self.zone).date()

    def days(self, first: date, count: int) -> Query:
        """So many local days from `first` on, as a query."""
        start = local_midnight(first, self.zone)
        end = local_midnight(first + timedelta(days=count), self.zone)
        return span(start, end)

    @property
    def month(self) -> Query:
        """The last four weeks up to last midnight."""
        return self.days(self.today - timedelta(days=MONTH_DAYS), MONTH_DAYS)

    @property
    def week(self) -> Query:
        """The last seven days up to last midnight."""
        return self.days(self.today - timedelta(days=WEEK_DAYS), WEEK_DAYS)

    @property
    def long_ago(self) -> Query:
        """A week in which Help Scout did not exist yet."""
        return span(datetime(2005, 1, 3, tzinfo=UTC), datetime(2005, 1, 10, tzinfo=UTC))


@dataclass(frozen=True, slots=True)
class Assumption:
    """One thing that the project assumes. `sentence` says it as it is assumed, `expected` is the
    value that confirms it; `judge` is given one reply for each of `requests`."""

    name: str
    sentence: str
    expected: str
    judge: Callable[[Known, Replies], Told]
    requests: Callable[[Known], Mapping[str, Request]] = lambda _: {}


class Getter(Protocol):
    """The part of the client that the probe needs."""

    sent: int

    def get(self, request: Request) -> Answer: ...


class Asker:
    """Asks each request once, at most `most` in all, tries that failed among them."""

    def __init__(self, client: Getter, most: int) -> None:
        self._client = client
        self._most = client.sent + most
        self._replies: dict[Request, Reply] = {}

    @property
    def is_spent(self) -> bool:
        """Whether one more request, with all its tries, could be too many."""
        return self._client.sent + MAX_TRIES > self._most

    def ask(self, request: Request) -> Reply:
        """What the request came to."""
        if request not in self._replies and not self.is_spent:
            self._replies[request] = self._asked(request)
        return self._replies.get(request, Reply())

    def _asked(self, request: Request) -> Reply:
        try:
            return Reply(self._client.get(request).body)
        except ApiError as error:
            return Reply(refused=error.status)

    def pages(self, path: str) -> list[Reply]:
        """The first pages of a list, by its links."""
        pages: list[Reply] = []
        request: Request | None = Request.of(path, {})
        while request is not None and len(pages) < MOST_LIST_PAGES:
            pages.append(self.ask(request))
            request = _next_of(pages[-1], path)
        return pages


def _next_of(page: Reply, path: str) -> Request | None:
    links = page.body.get("_links", {}) if isinstance(page.body, dict) else {}
    following = links.get("next", {}).get("href")
    return Request.of(path, dict(parse_qsl(urlsplit(following).query))) if following else None


def counted(count: int, thing: str) -> str:
    """A number of things in words: 1 team, 2 teams."""
    return f"{count:,} {thing}" if count == 1 else f"{count:,} {thing}s"


def span(start: datetime, end: datetime) -> Query:
    """A half-open interval as a query."""
    return {"start": wire_instant(start), "end": wire_instant(end - timedelta(seconds=1))}


def report(path: str, query: Mapping[str, str], **more: str) -> Request:
    """A request for a report."""
    return Request.of(f"{API_ROOT}{path}", {**query, **more})


def compared(query: Mapping[str, str], before: Mapping[str, str]) -> Query:
    """A query with a previous interval."""
    return {**query, "previousStart": before["start"], "previousEnd": before["end"]}


def look_around(
    asker: Asker, now: datetime, zone: ZoneInfo, limit: Callable[[], int | None]
) -> Known:
    """What the account's lists tell; `limit` is asked for when some answers have come."""
    lists = {name: asker.pages(path) for name, path in LISTS.items()}
    return Known(now, zone, lists, limit())


def probe(asker: Asker, known: Known, assumptions: Sequence[Assumption]) -> Iterator[Fact]:
    """Each assumption and how it stands."""
    for assumption in assumptions:
        told = _told(asker, known, assumption)
        if told.value is None:
            verdict = Certainty.UNKNOWN
        elif told.value == assumption.expected:
            verdict = Certainty.CONFIRMED
        else:
            verdict = Certainty.CONTRADICTED
        yield Fact(assumption.name, assumption.sentence, told.value, verdict, told.detail)


def _told(asker: Asker, known: Known, assumption: Assumption) -> Told:
    try:
        requests = assumption.requests(known)
        replies = {name: asker.ask(request) for name, request in requests.items()}
        if Reply() in replies.values():
            why = "too many requests were sent" if asker.is_spent else "no answer came"
            return Told(None, why)
        return assumption.judge(known, replies)
    except _Refused as refused:
        return Told(None, f"the API refused the question ({refused})")
    except (AttributeError, IndexError, KeyError, TypeError, ValueError) as error:
        return Told(None, f"an answer has another shape than documented ({type(error).__name__})")


class _Refused(Exception):
    """An answer was needed and was refused; its words are the status."""


def body_of(replies: Replies, name: str) -> Any:
    """The body of a reply that the judgement cannot do without."""
    reply = replies[name]
    if reply.refused is not None:
        raise _Refused(str(reply.refused))
    return reply.body
