"""A small sandbox shared by the tests that only read, and fresh ones for those that change it."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import ExitStack
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from typing import Any

import httpx
import pytest

from sources.help_scout_sandbox import AccountSpec, Sandbox

UNTIL = datetime(2026, 4, 20, 16, tzinfo=UTC)
SMALL = AccountSpec(until=UNTIL, days=45, conversations_per_day=24)
SHORT = replace(SMALL, days=14, conversations_per_day=14)
DAY = {"start": "2026-04-08T04:00:00Z", "end": "2026-04-09T03:59:59Z"}
WEEK = {"start": "2026-04-06T04:00:00Z", "end": "2026-04-13T03:59:59Z"}
BEFORE = {"previousStart": "2026-03-30T04:00:00Z", "previousEnd": "2026-04-06T03:59:59Z"}
CREDENTIALS = {
    "grant_type": "client_credentials",
    "client_id": "sandbox-id",
    "client_secret": "sandbox-secret",
}


@dataclass
class Client:
    """Asks one sandbox over HTTP with a valid token."""

    sandbox: Sandbox
    http: httpx.Client

    def get(self, path: str, **params: Any) -> httpx.Response:
        full = path if path.startswith("/") else f"/v2/reports/{path}"
        return self.http.get(full, params=params)

    def body(self, path: str, **params: Any) -> Any:
        response = self.get(path, **params)
        assert response.status_code == 200, response.text
        return response.json()

    def log_in(self) -> None:
        token = self.http.post("/v2/oauth2/token", data=CREDENTIALS).json()["access_token"]
        self.http.headers["Authorization"] = f"Bearer {token}"

    def drilldown(self, path: str, **params: Any) -> tuple[int, list[Any]]:
        """The count and all rows of all pages of a drilldown."""
        page = self.body(path, rows=50, **params)["conversations"]
        rows = page["results"]
        for number in range(2, page["pages"] + 1):
            rows += self.body(path, rows=50, page=number, **params)["conversations"]["results"]
        return page["count"], rows


Opener = Callable[..., Client]


def open_client(stack: ExitStack, spec: AccountSpec, **options: Any) -> Client:
    sandbox = stack.enter_context(Sandbox(spec, **options))
    server = stack.enter_context(sandbox.serve())
    http = stack.enter_context(httpx.Client(base_url=server.base_url, timeout=10, verify=False))
    client = Client(sandbox, http)
    client.log_in()
    return client


@pytest.fixture(scope="session")
def shared() -> Iterator[Client]:
    """The sandbox that tests read and never change."""
    with ExitStack() as stack:
        yield open_client(stack, SMALL)


@pytest.fixture
def opened() -> Iterator[Opener]:
    """Opens a sandbox of the test's own; options are those of `Sandbox`."""
    with ExitStack() as stack:

        def open_one(spec: AccountSpec = SHORT, **options: Any) -> Client:
            return open_client(stack, spec, **options)

        yield open_one
