"""What the unit tests build: instants, windows, reads, and a getter that answers from memory."""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping
from datetime import UTC, date, datetime, timedelta
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo

from hypothesis import HealthCheck, settings

from sources.help_scout.api.client import Answer
from sources.help_scout.catalog.reports import REPORTS
from sources.help_scout.catalog.slices import Slice
from sources.help_scout.planning.request_plan import Read, Request, plan_read
from sources.help_scout.planning.windows import Grain, Window, window_of

BODIES = Path(__file__).parents[1] / "fixtures" / "api"
NEW_YORK = ZoneInfo("America/New_York")
BERLIN = ZoneInfo("Europe/Berlin")
NOW = datetime(2026, 4, 20, 16, tzinfo=UTC)
FIELD_STAMP = {"field_id": 7}

examples = settings(max_examples=60, deadline=None, suppress_health_check=[HealthCheck.too_slow])
"""Enough examples to meet every zone and report; the deadline would make slow machines fail."""

a_few_examples = settings(examples, max_examples=20)
"""For tests that run for each of the 32 reports."""


def at(text: str) -> datetime:
    """The UTC instant."""
    return datetime.fromisoformat(text).replace(tzinfo=UTC)


def window(day: str, grain: Grain = Grain.DAY, zone: ZoneInfo = NEW_YORK) -> Window:
    """The window that holds the local day."""
    return window_of(grain, date.fromisoformat(day), zone)


def days(first: str, count: int, zone: ZoneInfo = NEW_YORK) -> tuple[Window, ...]:
    """Day windows in a row."""
    start = date.fromisoformat(first)
    return tuple(window_of(Grain.DAY, start + timedelta(days=n), zone) for n in range(count))


def read_of(
    report: str,
    *span: Window,
    slice_: Slice | None = None,
    zone: ZoneInfo = NEW_YORK,
    compare_to: str = "none",
    items: list[int] | None = None,
) -> Read:
    """The planned read of a report; one day of New York when no window is given."""
    return plan_read(
        REPORTS[report],
        span or (window("2026-03-04"),),
        slice_ or Slice(),
        zone=zone,
        compare_to=compare_to,
        items=items,
    )


def body_of(report: str) -> Any:
    """The report's example body, fresh."""
    return json.loads((BODIES / f"{report}.json").read_text())


def dated(body: Any, query: Mapping[str, str]) -> Any:
    """The body with the dates, and for the user, that the query asks for."""
    current, results = body.get("current"), body.get("results")
    if isinstance(current, dict) and "startDate" in current:
        current |= {"startDate": query["start"], "endDate": query["end"]}
    for row in results if isinstance(results, list) else ():
        if "ratingCreatedAt" in row:
            row["ratingCreatedAt"] = query["start"]
            row["ratingUserId"] = int(query.get("user", row["ratingUserId"]))
    return body


def stamps_of(report: str) -> dict[str, int]:
    """What the plan stamps on the report's rows."""
    return FIELD_STAMP if report == "conversations_fields_drilldown" else {}


class StubGetter:
    """Answers each query from a function; an exception that it returns is raised."""

    def __init__(self, answer: Callable[[dict[str, str]], Any]) -> None:
        self._answer = answer
        self.sent: list[Request] = []

    def get(self, request: Request, *, most_tries: int | None = None) -> Answer:
        """The function's body as an answer that took one request."""
        self.sent.append(request)
        body = self._answer(dict(request.query))
        if isinstance(body, Exception):
            raise body
        return Answer(body, request, NOW, 1, f"id-{len(self.sent)}")

    @property
    def queries(self) -> list[dict[str, str]]:
        """The queries sent, in order."""
        return [dict(request.query) for request in self.sent]


class FakeClock:
    """A clock that only sleeping moves."""

    def __init__(self) -> None:
        self.now = 1000.0
        self.slept: list[float] = []

    def __call__(self) -> float:
        """The time."""
        return self.now

    def sleep(self, seconds: float) -> None:
        """Moves the time on."""
        self.slept.append(seconds)
        self.now += seconds
