"""One token for all threads, renewed in time, and once when it is refused."""

from __future__ import annotations

import threading
from concurrent.futures import ThreadPoolExecutor

import httpx
import pytest

from sources.help_scout.api.auth import TOKEN_PATH
from sources.help_scout.api.client import Client
from sources.help_scout.api.retries import MAX_TRIES
from sources.help_scout.errors import ApiError, CredentialsError, Unreachable
from tests.helpers.builders import FakeClock
from tests.helpers.stand_in_api import REQUEST, SECRET, Api, always, failure, in_turn, ok


def test_many_threads_share_one_token() -> None:
    api = Api(always(ok))
    with ThreadPoolExecutor(8) as pool:
        list(pool.map(lambda _: api.client.get(REQUEST), range(40)))
    assert (len(api.tokens), set(api.bearers)) == (1, {"Bearer t1"})


def test_the_credentials_travel_in_the_body_of_the_token_request_alone() -> None:
    api = Api(always(ok))
    api.client.get(REQUEST)
    (token,) = api.tokens
    assert (token.method, str(token.url)) == ("POST", f"https://api.example.test{TOKEN_PATH}")
    assert token.content.decode() == (
        f"grant_type=client_credentials&client_id=app-id&client_secret={SECRET}"
    )
    seen = f"{api.requests[0].url} {api.requests[0].headers} {api.requests[0].content!r}"
    assert SECRET not in seen


def test_the_token_is_renewed_before_it_expires() -> None:
    api = Api(always(ok))
    api.client.get(REQUEST)
    api.clock.now += 7200 - 301
    api.client.get(REQUEST)
    api.clock.now += 2
    api.client.get(REQUEST)
    assert api.bearers == ["Bearer t1", "Bearer t1", "Bearer t2"]


def test_a_refused_token_is_renewed_once() -> None:
    api = Api(in_turn(httpx.Response(401), ok(), ok()))
    api.client.get(REQUEST)
    api.client.get(REQUEST)
    assert api.bearers == ["Bearer t1", "Bearer t2", "Bearer t2"]
    assert [str(request.url) for request in api.requests] == [str(api.requests[0].url)] * 3


def test_threads_that_are_refused_together_renew_the_token_once() -> None:
    together = threading.Barrier(8, timeout=5)

    def respond(request: httpx.Request) -> httpx.Response:
        if request.headers["Authorization"] != "Bearer t1":
            return ok()
        together.wait()
        return httpx.Response(401)

    api = Api(respond)
    with ThreadPoolExecutor(8) as pool:
        list(pool.map(lambda _: api.client.get(REQUEST), range(8)))
    assert sorted(api.bearers) == ["Bearer t1"] * 8 + ["Bearer t2"] * 8
    assert len(api.tokens) == 2


def test_a_storm_of_refused_tokens_ends() -> None:
    api = Api(always(lambda: httpx.Response(401)))
    error = failure(api)
    assert (type(error), error.status, error.requests) == (Unreachable, 401, MAX_TRIES)
    assert (len(api.requests), len(api.tokens)) == (2 * MAX_TRIES, 1 + MAX_TRIES)
    assert "Is the user who owns the app active?" in str(error)


def test_a_storm_of_refused_tokens_that_passes_costs_tries_and_nothing_else() -> None:
    refused = [httpx.Response(401) for _ in range(5)]
    api = Api(in_turn(*refused, ok()))
    assert (api.client.get(REQUEST).requests, len(api.requests)) == (3, 6)


@pytest.mark.parametrize("status", [400, 401, 403])
def test_wrong_credentials_are_told_at_once(status: int) -> None:
    asked: list[httpx.Request] = []

    def respond(request: httpx.Request) -> httpx.Response:
        asked.append(request)
        return httpx.Response(status, json={"error": "invalid_client", "echo": SECRET})

    client = Client("https://a.test", "app-id", SECRET, transport=httpx.MockTransport(respond))
    with pytest.raises(CredentialsError) as caught:
        client.get(REQUEST)
    assert (len(asked), SECRET in str(caught.value)) == (1, False)


@pytest.mark.parametrize(
    "response",
    [
        httpx.Response(200, html="<p>hello</p>"),
        httpx.Response(200, json={"access_token": "x"}),
        httpx.Response(200, json=[]),
        httpx.Response(404, json={}),
    ],
)
def test_a_token_endpoint_that_is_none_is_told(response: httpx.Response) -> None:
    clock = FakeClock()
    client = Client("https://a.test", "app-id", SECRET, clock=clock, sleep=clock.sleep,
                    transport=httpx.MockTransport(always(lambda: response)))  # fmt: skip
    with pytest.raises(ApiError, match="without a token"):
        client.get(REQUEST)


@pytest.mark.parametrize("value", [None, "", 5, ["t"], {}])
def test_a_token_that_is_none_is_never_sent(value: object) -> None:
    asked: list[httpx.Request] = []

    def respond(request: httpx.Request) -> httpx.Response:
        asked.append(request)
        return httpx.Response(200, json={"access_token": value, "expires_in": 7200})

    client = Client("https://a.test", "app-id", SECRET, transport=httpx.MockTransport(respond))
    with pytest.raises(ApiError, match="without a token") as caught:
        client.get(REQUEST)
    assert (type(caught.value), [request.url.path for request in asked]) == (ApiError, [TOKEN_PATH])


@pytest.mark.parametrize("lifetime", [60, 300, 599, 600])
def test_a_token_that_lives_shortly_serves_half_its_life(lifetime: int) -> None:
    api = Api(always(ok), expires_in=lifetime)
    for _ in range(5):
        api.client.get(REQUEST)
    assert (set(api.bearers), len(api.tokens)) == ({"Bearer t1"}, 1)
    api.clock.now += lifetime / 2 - 0.1
    api.client.get(REQUEST)
    api.clock.now += 0.1
    api.client.get(REQUEST)
    assert api.bearers[-2:] == ["Bearer t1", "Bearer t2"]


@pytest.mark.parametrize(
    ("wait", "seconds"), [("3", 3), ("2.5", 2.5), ("86400", 600), (None, 10), ("soon", 10)]
)
def test_a_token_endpoint_that_is_asked_too_often_is_left_alone_for_a_while(
    wait: str | None, seconds: float
) -> None:
    headers = {} if wait is None else {"X-RateLimit-Retry-After": wait}
    asked: list[tuple[str, float]] = []
    clock = FakeClock()

    def respond(request: httpx.Request) -> httpx.Response:
        asked.append((request.url.path, clock.now - 1000))
        if len(asked) == 1:
            return httpx.Response(429, headers=headers)
        return httpx.Response(200, json={"access_token": "t", "expires_in": 7200})

    client = Client("https://a.test", "app-id", SECRET, clock=clock, sleep=clock.sleep,
                    transport=httpx.MockTransport(respond))  # fmt: skip
    assert client.get(REQUEST).requests == 2
    assert asked == [(TOKEN_PATH, 0), (TOKEN_PATH, seconds), (REQUEST.path, seconds)]


def test_the_limit_in_the_headers_of_a_token_is_learned() -> None:
    def respond(_request: httpx.Request) -> httpx.Response:
        body = {"access_token": "t", "expires_in": 7200}
        return httpx.Response(200, json=body, headers={"X-RateLimit-Limit-Minute": "800"})

    client = Client("https://a.test", "app-id", SECRET, transport=httpx.MockTransport(respond))
    client.get(REQUEST)
    assert client.limiter.limit_per_minute == 800


def test_a_token_that_was_cut_short_is_asked_for_again() -> None:
    asked: list[str] = []

    def respond(request: httpx.Request) -> httpx.Response:
        asked.append(request.url.path)
        body = b'{"access_token": "t", "expires_in": 7200}'
        return httpx.Response(200, content=body[:9] if len(asked) == 1 else body)

    clock = FakeClock()
    client = Client("https://a.test", "app-id", SECRET, clock=clock, sleep=clock.sleep,
                    transport=httpx.MockTransport(respond))  # fmt: skip
    assert client.get(REQUEST).requests == 2
    assert asked == [TOKEN_PATH, TOKEN_PATH, REQUEST.path]


def test_the_request_for_a_token_has_time_outs_too() -> None:
    api = Api(always(ok))
    api.client.get(REQUEST)
    expected = {"connect": 10.0, "read": 30.0, "write": 30.0, "pool": 30.0}
    assert api.tokens[0].extensions["timeout"] == api.requests[0].extensions["timeout"] == expected


def test_requests_for_tokens_count_in_the_budget() -> None:
    api = Api(always(ok))
    for _ in range(3):
        api.client.get(REQUEST)
    assert api.client.limiter.sent == len(api.requests) + len(api.tokens) == 4


def test_a_request_with_a_renewed_token_counts_in_the_budget() -> None:
    api = Api(in_turn(httpx.Response(401), ok()))
    api.client.get(REQUEST)
    assert api.client.limiter.sent == len(api.requests) + len(api.tokens) == 4
