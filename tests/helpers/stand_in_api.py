"""A stand-in API behind httpx's mock transport: tokens in a row, and a function for all else."""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterator

import httpx
import pytest

from sources.help_scout.api.auth import TOKEN_PATH
from sources.help_scout.api.client import Client
from sources.help_scout.errors import ApiError
from sources.help_scout.planning.request_plan import Request
from tests.helpers.builders import NOW, FakeClock

SECRET = "s3cret-value"
REQUEST = Request.of(
    "/v2/reports/company", {"start": "2026-03-04T05:00:00Z", "mailboxes": "4711", "page": "1"}
)
Responder = Callable[[httpx.Request], httpx.Response]


class Api:
    """A stand-in API: tokens in a row, and a function that answers all else."""

    def __init__(self, respond: Responder, *, expires_in: int = 7200) -> None:
        self.tokens: list[httpx.Request] = []
        self.requests: list[httpx.Request] = []
        self.bearers: list[str] = []
        self.clock = FakeClock()
        self._respond, self._expires_in = respond, expires_in
        self._lock = threading.Lock()
        self.client = Client(
            "https://api.example.test/",
            "app-id",
            SECRET,
            clock=self.clock,
            sleep=self.clock.sleep,
            now=lambda: NOW,
            transport=httpx.MockTransport(self._handle),
        )

    def _handle(self, request: httpx.Request) -> httpx.Response:
        with self._lock:
            if request.url.path == TOKEN_PATH:
                self.tokens.append(request)
                body = {"access_token": f"t{len(self.tokens)}", "expires_in": self._expires_in}
                return httpx.Response(200, json=body)
            self.requests.append(request)
            self.bearers.append(request.headers["Authorization"])
        return self._respond(request)


def always(response: Callable[[], httpx.Response]) -> Responder:
    return lambda _request: response()


def in_turn(*responses: httpx.Response) -> Responder:
    waiting: Iterator[httpx.Response] = iter(responses)
    return lambda _request: next(waiting)


def ok() -> httpx.Response:
    return httpx.Response(200, json={"current": {}}, headers={"Correlation-Id": "abc"})


def failure(api: Api) -> ApiError:
    with pytest.raises(ApiError) as caught:
        api.client.get(REQUEST)
    return caught.value
