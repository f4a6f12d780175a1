"""One client for an account: tries that end, and errors that give nothing away."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, datetime
from typing import Any

import httpx
import pytest

from sources.help_scout.api.client import Client
from sources.help_scout.api.retries import MAX_TRIES, MAX_TRIES_OVER_LIMIT
from sources.help_scout.errors import (
    Unreachable,
)
from tests.helpers.builders import NOW, FakeClock
from tests.helpers.stand_in_api import (
    REQUEST,
    SECRET,
    Api,
    Responder,
    always,
    failure,
    in_turn,
    ok,
)


def test_an_answer_tells_when_and_how_it_came() -> None:
    api = Api(always(ok))
    answer = api.client.get(REQUEST)
    assert (answer.body, answer.request, answer.fetched_at) == ({"current": {}}, REQUEST, NOW)
    assert (answer.requests, answer.correlation_id) == (1, "abc")
    assert dict(api.requests[0].url.params) == dict(REQUEST.query)


def too_many(wait: str | None) -> httpx.Response:
    headers = {} if wait is None else {"X-RateLimit-Retry-After": wait}
    return httpx.Response(429, headers=headers)


@pytest.mark.parametrize(
    ("wait", "seconds"), [("2", 2), ("37", 37), ("1.5", 1.5), (None, 10), ("soon", 10)]
)
def test_after_a_429_the_same_query_goes_out_when_the_header_says(
    wait: str | None, seconds: float
) -> None:
    api = Api(in_turn(too_many(wait), ok()))
    answer = api.client.get(REQUEST)
    assert (answer.requests, api.clock.now) == (2, 1000.0 + seconds)
    assert [str(request.url) for request in api.requests] == [
        (
            "https://api.example.test/v2/reports/company"
            "?mailboxes=4711&page=1&start=2026-03-04T05%3A00%3A00Z"
        )
    ] * 2


@pytest.mark.parametrize(
    ("retry_after", "seconds"), [(7, 7), ("37", 37), (0.5, 0.5), (None, 10), ([3], 10), (True, 10)]
)
def test_a_429_may_say_it_in_its_body_alone(retry_after: Any, seconds: float) -> None:
    body = {"message": "Rate limit exceeded", "interval": "minute", "retry_after": retry_after}
    api = Api(in_turn(httpx.Response(429, json=body), ok()))
    answer = api.client.get(REQUEST)
    assert (answer.body, answer.requests) == ({"current": {}}, 2)
    assert api.clock.now == 1000.0 + seconds


def test_the_header_of_a_429_comes_before_its_body() -> None:
    headers = {"X-RateLimit-Retry-After": "2"}
    api = Api(in_turn(httpx.Response(429, headers=headers, json={"retry_after": 50}), ok()))
    api.client.get(REQUEST)
    assert api.clock.now == 1002.0


def broken(error: Exception) -> Responder:
    def respond(_request: httpx.Request) -> httpx.Response:
        raise error

    return respond


@pytest.mark.parametrize(
    ("respond", "status"),
    [
        (always(lambda: httpx.Response(500)), 500),
        (always(lambda: httpx.Response(503, html="<h1>later</h1>")), 503),
        (always(lambda: too_many("1")), 429),
        (always(lambda: httpx.Response(200, html="<h1>maintenance</h1>")), 200),
        (always(lambda: httpx.Response(200, content=b'{"current": {"closed": 6')), 200),
        (always(lambda: httpx.Response(200, content=b"")), 200),
        (broken(httpx.ReadTimeout("slow")), None),
        (broken(httpx.ConnectTimeout("slow")), None),
        (broken(httpx.ConnectError("refused")), None),
        (broken(httpx.RemoteProtocolError("peer closed connection")), None),
        (broken(httpx.ReadError("reset")), None),
        (broken(httpx.DecodingError("not gzip")), None),
        (
            always(
                lambda: httpx.Response(
                    200, headers={"Content-Encoding": "gzip"}, stream=httpx.ByteStream(b"no gzip")
                )
            ),
            None,
        ),
    ],
)
def test_what_passes_is_tried_again_but_not_for_ever(
    respond: Responder, status: int | None
) -> None:
    api = Api(respond)
    error = failure(api)
    tries = MAX_TRIES_OVER_LIMIT if status == 429 else MAX_TRIES
    assert (type(error), error.status, error.requests) == (Unreachable, status, tries)
    assert len({str(request.url) for request in api.requests}) == 1
    assert len(api.requests) == tries
    assert 0 < api.clock.now - 1000 < 300
    assert f"({tries} tries in " in str(error)


def test_a_failure_that_passes_costs_a_try_and_nothing_else() -> None:
    api = Api(in_turn(httpx.Response(502), httpx.Response(200, content=b"{"), ok()))
    assert (api.client.get(REQUEST).requests, len(api.requests)) == (3, 3)


def test_the_limit_in_the_headers_is_learned() -> None:
    api = Api(
        always(lambda: httpx.Response(200, json=[], headers={"X-RateLimit-Limit-Minute": "400"}))
    )
    api.client.get(REQUEST)
    assert api.client.limiter.limit_per_minute == 400


class Trickle(httpx.SyncByteStream):
    """A body of which a byte comes every ten seconds, for ever."""

    def __init__(self, clock: FakeClock) -> None:
        self._clock = clock

    def __iter__(self) -> Iterator[bytes]:
        while True:
            self._clock.now += 10
            yield b" "


def test_a_body_that_trickles_is_given_up() -> None:
    api = Api(lambda _: httpx.Response(200, stream=Trickle(api.clock)))
    error = failure(api)
    assert str(error).startswith("/v2/reports/company: no answer in time (5 tries in 6")
    assert len(api.requests) == MAX_TRIES


def test_trying_ends_after_a_quarter_of_an_hour_however_few_the_tries() -> None:
    api = Api(always(lambda: too_many("400")))
    assert (failure(api).requests, api.clock.now - 1000) == (4, 1200)


def test_the_time_of_an_answer_is_utc_by_default() -> None:
    transport = httpx.MockTransport(
        lambda request: httpx.Response(200, json={"access_token": "t", "expires_in": 9})
    )
    with Client("https://a.test", "i", SECRET, transport=transport) as client:
        before = datetime.now(UTC)
        fetched_at = client.get(REQUEST).fetched_at
    assert before <= fetched_at <= datetime.now(UTC)
    assert fetched_at.tzinfo is UTC


def test_an_api_that_is_silent_for_minutes_is_looked_for_now_and_then() -> None:
    is_back = [False]

    def respond(request: httpx.Request) -> httpx.Response:
        if not is_back[0]:
            raise httpx.ConnectError("down", request=request)
        return ok()

    api = Api(respond)
    found = [failure(api) for _ in range(30)]
    assert [error.requests > 0 for error in found[:20]] == [True] * 20  # 20 are no proof yet
    away = [error for error in found if not error.requests]
    assert away
    assert "nothing has answered for 2 minutes" in str(away[0])
    api.clock.now += 31
    is_back[0] = True
    assert api.client.get(REQUEST).body == {"current": {}}
    assert api.client.get(REQUEST).body == {"current": {}}
