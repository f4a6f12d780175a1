"""Checks a report's query as strictly as the contract reads, and collects what is wrong."""

from __future__ import annotations

import re
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from ..answers.request import ReportRequest
from ..answers.routes import Endpoint
from ..history.roster import Roster

DAY = 86_400
SLACK = 2 * 3_600
"""Spans are measured in local days, so a clock change may add to one."""
INSTANT = re.compile(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\dZ")
MOST_ROWS = 50
CHANNELS = ("email", "chat", "phone")
VIEWS = ("day", "week", "month")
RANGES = [
    "replies",
    "firstReplyResolved",
    "resolved",
    "responseTime",
    "firstResponseTime",
    "handleTime",
]
RANGED = ["replies", "responseTime", "firstResponseTime", "handleTime"]
FIELDS = ("tagid", "replyid", "workflowid", "customerid")
STATUSES = ("active", "pending", "closed")
RATINGS = ("great", "ok", "all", "not-good")
EMPTY, UNSUPPORTED = "may not be empty", "value is not supported"
NOT_AN_INT, NOT_AN_ID = "invalid number", "invalid identifier"
Query = Sequence[tuple[str, str]]


@dataclass(frozen=True, slots=True)
class Problem:
    """One error entry of a 400: the parameter, what is wrong, and the value."""

    path: str
    message: str
    rejected: str | None = None


class BadRequest(Exception):
    """A query that the API refuses, with every problem found in it."""

    def __init__(self, problems: Sequence[Problem]) -> None:
        super().__init__(", ".join(f"{p.path}: {p.message}" for p in problems))
        self.problems = tuple(problems)


@dataclass(slots=True)
class Checker:
    """Reads single parameters; a bad one becomes a problem and reads as absent."""

    values: dict[str, str]
    problems: list[Problem] = field(default_factory=list)

    def refuse(self, name: str, message: str) -> None:
        self.problems.append(Problem(name, message, self.values.get(name)))

    def read(self, name: str, parse: Callable[[str], Any], message: str) -> Any:
        """The parsed value; None when the parameter is absent or wrong."""
        value = self.values.get(name)
        if value is None:
            return None
        try:
            return parse(value)
        except ValueError:
            self.refuse(name, EMPTY if not value else message)
            return None

    def choice(self, name: str, allowed: Sequence[str]) -> str | None:
        value: str | None = self.read(name, _one_of(allowed), UNSUPPORTED)
        return value

    def ids(self, name: str) -> tuple[int, ...]:
        found: tuple[int, ...] | None = self.read(name, _list_of(_int), NOT_AN_ID)
        return found or ()

    def count(self, name: str, default: int, most: int) -> int:
        def parse(value: str) -> int:
            if not 1 <= _int(value) <= most:
                raise ValueError
            return _int(value)

        found: int | None = self.read(name, parse, f"must be a number from 1 to {most}")
        return default if found is None else found


def parse_request(query: Query, endpoint: Endpoint, roster: Roster) -> ReportRequest:
    """The checked request, or `BadRequest` with an entry for each wrong parameter."""
    check = Checker(dict(query))
    _check_names(check, query, endpoint)
    start, end = _interval(check, "start", "end")
    before = _interval(check, "previousStart", "previousEnd")
    if ("previousStart" in check.values) != ("previousEnd" in check.values):
        missing = "previousEnd" if "previousStart" in check.values else "previousStart"
        check.refuse(missing, "required with the other end of the previous interval")
    user, members = _user(check, roster)
    view_by = check.choice("viewBy", VIEWS)
    if view_by and not check.problems:
        _check_view(check, view_by, end - start)
    chosen_range = check.choice("range", RANGES)
    range_id = check.count("rangeId", 0, 10) if "rangeId" in check.values else None
    if range_id is not None and chosen_range not in RANGED:
        check.refuse("rangeId", "only valid with a range that has buckets")
    request = ReportRequest(
        current=(start, end),
        previous=before if "previousStart" in check.values else None,
        inboxes=check.ids("mailboxes"),
        channels=check.read("types", _list_of(_one_of(CHANNELS)), UNSUPPORTED) or (),
        folders=check.ids("folders"),
        tags=check.ids("tags"),
        sites=check.read("sites", _list_of(_site), NOT_AN_ID) or (),
        user=user,
        members=members,
        office_hours=check.choice("officeHours", ("true", "false")) == "true",
        view_by=view_by,
        page=check.count("page", 1, 1_000_000),
        rows=check.count("rows", 25, MOST_ROWS),
        sort_field=check.choice("sortField", endpoint.sort_fields),
        descending=check.choice("sortOrder", ("ASC", "DESC")) != "ASC",
        rating=check.choice("rating", RATINGS),
        status=check.choice("status", STATUSES),
        range=chosen_range,
        range_id=range_id,
        field=check.choice("field", FIELDS),
        field_id=check.read("fieldid", _int, NOT_AN_INT),
    )
    if check.problems:
        raise BadRequest(check.problems)
    return request


def _check_names(check: Checker, query: Query, endpoint: Endpoint) -> None:
    names = [name for name, _ in query]
    for name in dict.fromkeys(names):
        if name not in endpoint.params:
            check.refuse(name, "not a parameter of this report")
        elif names.count(name) > 1:
            check.refuse(name, "given more than once: join values with commas")
    for name in endpoint.required:
        if name not in check.values:
            check.refuse(name, EMPTY)


def _interval(check: Checker, start: str, end: str) -> tuple[int, int]:
    first = check.read(start, _instant, "malformed date, use yyyy-MM-dd'T'HH:mm:ss'Z'")
    last = check.read(end, _instant, "malformed date, use yyyy-MM-dd'T'HH:mm:ss'Z'")
    if first is not None and last is not None and first > last:
        check.refuse(start, f"must not be after {end}")
    return first or 0, last or 0


def _user(check: Checker, roster: Roster) -> tuple[int | None, tuple[int, ...]]:
    """The user or team asked for and the users behind it."""
    user: int | None = check.read("user", _int, NOT_AN_ID)
    if user is None:
        return None, ()
    members = roster.members_of(user)
    if not members and user not in {team.id for team in roster.teams}:
        check.refuse("user", NOT_AN_ID)
    # a team that has lost all its members has done nothing: no user has the id -1
    return user, members or (-1,)


def _check_view(check: Checker, view_by: str, seconds: int) -> None:
    if view_by == "day" and seconds > 60 * DAY + SLACK:
        check.refuse("viewBy", "day is supported for ranges of up to 60 days")
    if view_by == "week" and seconds > 366 * DAY + SLACK:
        check.refuse("viewBy", "week is supported for ranges of up to 1 year")
    if view_by == "month" and seconds < 61 * DAY - SLACK:
        check.refuse("viewBy", "month is supported for ranges of 61 days and more")


def _instant(value: str) -> int:
    if not INSTANT.fullmatch(value):
        raise ValueError(value)
    return int(datetime.strptime(value, "%Y-%m-%dT%H:%M:%S%z").timestamp())


def _int(value: str) -> int:
    if not re.fullmatch(r"\d{1,18}", value, re.ASCII):
        raise ValueError(value)
    return int(value)


def _site(value: str) -> str:
    if not re.fullmatch(r"[0-9a-f]{24}", value):
        raise ValueError(value)
    return value


def _one_of(allowed: Sequence[str]) -> Callable[[str], str]:
    def parse(value: str) -> str:
        if value not in allowed:
            raise ValueError(value)
        return value

    return parse


def _list_of(parse: Callable[[str], Any]) -> Callable[[str], tuple[Any, ...]]:
    return lambda value: tuple(parse(item) for item in value.split(","))
