"""How close a run comes to the least time in which the account's limit lets its requests through.

The least possible: a full minute's requests at once, the next when the first of them are a minute
old, and so on; the last ones take as long as an answer takes. Nobody can be faster, whatever the
number of connections.
"""

from __future__ import annotations

import multiprocessing
import threading
import time
from bisect import bisect_right
from dataclasses import dataclass, replace
from datetime import timedelta
from itertools import count, repeat
from multiprocessing import Queue
from zoneinfo import ZoneInfo

from sources.help_scout.api.client import Client
from sources.help_scout.api.rate_limit import MOST_CONNECTIONS, RateLimiter
from sources.help_scout.catalog.reports import REPORTS
from sources.help_scout.catalog.slices import Slice
from sources.help_scout.extract.prefetch import ReadAhead
from sources.help_scout.planning.request_plan import Request, plan_read
from sources.help_scout.planning.windows import Grain, window_of
from sources.help_scout_sandbox import Sandbox
from tests.bench.virtual_time import VirtualTime, run_threads
from tests.helpers.loads import NOW, SMALL, UNTIL

MINUTE_SECONDS = 60.0
ZONE = ZoneInfo(SMALL.timezone)
DAY = window_of(Grain.DAY, UNTIL.date() - timedelta(days=1), ZONE)


@dataclass(frozen=True, slots=True)
class LimitUse:
    """A run's wall time in seconds, the least possible one, and how often it was refused."""

    requests: int
    limit: int
    latency_ms: int
    seconds: float
    least_seconds: float
    refused: int

    @property
    def ratio(self) -> float:
        """The least possible time, as a part of ours: 1 is perfect."""
        return self.least_seconds / self.seconds


def least_seconds(requests: int, limit: int, latency_seconds: float) -> float:
    """The least wall time of so many requests."""
    return (requests - 1) // limit * MINUTE_SECONDS + latency_seconds


class CountingApi:
    """Counts in a sliding minute, as strictly as an API can; answers take a while, half of it on
    the way there."""

    def __init__(self, clock: VirtualTime, limit: int, latency_seconds: float) -> None:
        self._clock, self._limit, self._latency = clock, limit, latency_seconds
        self._counted: list[float] = []
        self.refused = 0

    def ask(self) -> dict[str, str]:
        """The headers of an answer, when it has come."""
        self._clock.sleep(self._latency / 2)
        now = self._clock()
        used = len(self._counted) - bisect_right(self._counted, now - MINUTE_SECONDS)
        if used >= self._limit:
            self.refused += 1
        else:
            self._counted.append(now)
            used += 1
        self._clock.sleep(self._latency / 2)
        return {
            "X-RateLimit-Limit-Minute": str(self._limit),
            "X-RateLimit-Remaining-Minute": str(self._limit - used),
        }


def simulated(requests: int, limit: int, latency_ms: int) -> LimitUse:
    """The limiter's run in virtual time, over as many connections as it wants."""
    clock = VirtualTime(MOST_CONNECTIONS)
    api = CountingApi(clock, limit, latency_ms / 1000)
    limiter = RateLimiter(clock=clock, sleep=clock.sleep)
    left, lock, numbers = [requests], threading.Lock(), count()
    answered: list[float] = []

    def work() -> None:
        number, idle = next(numbers), latency_ms / 1000 + 0.001
        while True:
            if number >= limiter.connections:
                clock.sleep(idle)
                idle *= 2
            with lock:
                if not left[0]:
                    return
                if number >= limiter.connections:
                    continue
                left[0] -= 1
            with limiter.slot() as answered_before:
                headers = api.ask()
            limiter.observe(headers, answered_before)
            answered.append(clock())

    run_threads(clock, MOST_CONNECTIONS, work)
    least = least_seconds(requests, limit, latency_ms / 1000)
    return LimitUse(requests, limit, latency_ms, max(answered), least, api.refused)


def measured(requests: int, limit: int, latency_ms: int) -> LimitUse:
    """The client's run over HTTP in real time, against a sandbox that counts, in a process of its
    own. As in a load a list has been read before, so the client has its token and knows the
    limit."""
    context = multiprocessing.get_context("spawn")
    address: Queue[str] = context.Queue()
    server = context.Process(target=_serve, args=(limit, latency_ms, address), daemon=True)
    server.start()
    with Client(address.get(timeout=60), "sandbox-id", "sandbox-secret") as client:
        ahead = ReadAhead(client, NOW, connections=lambda: client.limiter.connections)
        reads = repeat(plan_read(REPORTS["phone"], (DAY,), Slice(), zone=ZONE), requests)
        client.get(Request.of("/v2/users", {}))
        began = time.perf_counter()
        for results in ahead.results(reads):
            assert results[0].error is None, results[0].error
        seconds = time.perf_counter() - began
        ahead.close()
        refused = client.sent - requests - 1
    server.terminate()
    server.join()
    least = least_seconds(requests, limit, latency_ms / 1000)
    return LimitUse(requests, limit, latency_ms, seconds, least, refused)


def _serve(limit: int, latency_ms: int, address: Queue[str]) -> None:
    sandbox = Sandbox(replace(SMALL, days=2), rate_limit=limit, latency_ms=latency_ms)
    with sandbox, sandbox.serve() as server:
        address.put(server.base_url)
        threading.Event().wait()
