"""A run over an account in memory: lists and reports by path, threads and clock its own."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from types import SimpleNamespace
from typing import Any, cast

from sources.help_scout.api.client import Answer, Client
from sources.help_scout.planning.request_plan import Request
from sources.help_scout.planning.settings import Settings
from sources.help_scout.state.run import Run
from tests.helpers.builders import NOW

USERS = "/v2/users"
INBOXES = "/v2/mailboxes"
TAGS = "/v2/tags"
TEAMS = "/v2/teams"
AI_AGENTS = "/v3/system-users"
COMPANY = "/v2/reports/company"
CONVERSATIONS = "/v2/reports/conversations"
Body = Callable[[Request], Any]


NOBODY: dict[str, Any] = {
    path: {"page": {"totalElements": 0, "totalPages": 0}} for path in (TEAMS, AI_AGENTS)
}
"""The lists of teams and AI agents where an account says nothing of them: empty."""


class Account:
    """Answers by path: a body, an exception to raise, or a function of the request. Questions for
    teams and AI agents are noted only where the bodies have some."""

    def __init__(self, bodies: dict[str, Any]) -> None:
        self._bodies = bodies
        self.limiter = SimpleNamespace(connections=8)
        self.asked: list[Request] = []

    def get(self, request: Request, *, most_tries: int | None = None) -> Answer:
        """The path's body as an answer that took one request."""
        if request.path in NOBODY and request.path not in self._bodies:
            return Answer(NOBODY[request.path], request, NOW, 1, None)
        self.asked.append(request)
        body = self._bodies[request.path]
        body = body(request) if callable(body) else body
        if isinstance(body, Exception):
            raise body
        return Answer(body, request, NOW, 1, None)

    def close(self) -> None:
        """Nothing to close."""

    @property
    def paths(self) -> list[str]:
        """The paths asked for, in order."""
        return [request.path for request in self.asked]


def hal(name: str, *items: dict[str, Any]) -> Any:
    """A list as the API writes it."""
    page = {"totalElements": len(items), "totalPages": 1}
    return {"_embedded": {name: list(items)}, "page": page}


def users_in(*zones: str | None) -> Any:
    """Users 1, 2, … of these time zones."""
    return hal("users", *({"id": n, "timezone": zone} for n, zone in enumerate(zones, start=1)))


@contextmanager
def run_over(bodies: dict[str, Any], **settings: Any) -> Iterator[tuple[Run, Account]]:
    """A run over the account, in New York unless the settings say otherwise."""
    account = Account(bodies)
    checked = Settings(**{"timezone": "America/New_York"} | settings)
    run = Run(checked, cast("Client", account), "r1", now=NOW)
    try:
        yield run, account
    finally:
        run.close()
