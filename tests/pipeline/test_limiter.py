"""The limiter over real HTTP, against a sandbox that counts, on a clock that runs faster."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from dataclasses import dataclass, replace

import httpx
import pytest

from sources.help_scout.api.client import Client
from sources.help_scout.planning.request_plan import Request
from sources.help_scout_sandbox import Sandbox
from tests.helpers.loads import SMALL

LIMIT = 400
LATENCY_SECONDS = 0.3
THREADS = 10
USERS = Request.of("/v2/users", {})


@dataclass
class Measured:
    """What a sandbox counted of two clients: when requests came, in seconds from the first, and
    how many were refused."""

    ours: list[float]
    refused: int
    others: int
    others_refused: int


def fast_clock(speed: float) -> Callable[[], float]:
    return lambda: time.monotonic() * speed


def measure(requests: int, *, speed: float = 1, others_per_minute: float = 0) -> Measured:
    """Our client sends so many requests in ten threads, while another one sends evenly."""
    clock = fast_clock(speed)
    spec = replace(SMALL, days=2)
    latency_ms = LATENCY_SECONDS * 1000 / speed
    with (
        Sandbox(spec, rate_limit=LIMIT, latency_ms=latency_ms, clock=clock) as sandbox,
        sandbox.serve() as server,
        Client(server.base_url, "sandbox-id", "sandbox-secret", clock=clock,
               sleep=lambda seconds: time.sleep(seconds / speed)) as client,
        other_client(server.base_url, others_per_minute * speed) as other,
        ThreadPoolExecutor(THREADS) as pool,
    ):  # fmt: skip
        answers = list(pool.map(client.get, [USERS] * requests))
        assert len(answers) == requests
        log = sandbox.requests
    ours = [one for one in log if one.path != "/v2/teams"]
    began = ours[0].at
    return Measured(
        ours=[one.at - began for one in ours if one.status == 200],
        refused=sum(one.status == 429 for one in ours),
        others=len(other),
        others_refused=other.count(429),
    )


@contextmanager
def other_client(base_url: str, per_minute: float) -> Iterator[list[int]]:
    """Another client of the account, which asks for teams; the statuses that it got."""
    statuses: list[int] = []
    if not per_minute:
        yield statuses
        return
    done = threading.Event()
    credentials = {
        "grant_type": "client_credentials",
        "client_id": "sandbox-id",
        "client_secret": "sandbox-secret",
    }
    with httpx.Client(base_url=base_url) as http, ThreadPoolExecutor(THREADS) as pool:
        token = http.post("/v2/oauth2/token", data=credentials).json()["access_token"]
        http.headers["Authorization"] = f"Bearer {token}"

        def ask() -> None:
            statuses.append(http.get("/v2/teams").status_code)

        def keep_asking() -> None:
            due = time.monotonic()
            while not done.wait(max(0.0, due - time.monotonic())):
                pool.submit(ask)
                due += 60 / per_minute

        thread = threading.Thread(target=keep_asking)
        thread.start()
        try:
            yield statuses
        finally:
            done.set()
            thread.join()


@pytest.mark.slow(minutes=0.5)
def test_alone_two_thousand_requests_use_the_limit_to_the_full() -> None:
    measured = measure(2000, speed=10)
    assert measured.refused == 0
    # The fifth minute's burst can begin when four minutes' requests have gone out and aged.
    used = 4 * 60 / measured.ours[4 * LIMIT]
    assert used >= 0.97


@pytest.mark.slow(minutes=0.3)
def test_half_of_the_limit_is_left_to_a_client_that_wants_it() -> None:
    measured = measure(1000, speed=20, others_per_minute=LIMIT / 2)
    assert measured.refused <= 5
    assert measured.others > 750
    assert measured.others_refused <= 0.02 * measured.others
    assert 1000 / (LIMIT / 2) * 60 / measured.ours[-1] >= 0.75


@pytest.mark.slow(minutes=0.3)
def test_fewer_requests_than_the_limit_never_wait() -> None:
    measured = measure(350)
    assert measured.refused == 0
    assert measured.ours[-1] + LATENCY_SECONDS < 20
