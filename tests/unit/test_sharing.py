"""A limiter before a simulated API that counts, in each of the ways in which it may cut minutes."""

from __future__ import annotations

import heapq
import random
from collections import deque
from collections.abc import Callable
from contextlib import ExitStack
from dataclasses import dataclass, field
from itertools import count
from typing import Literal

import pytest

from sources.help_scout.api.rate_limit import RateLimiter

LIMIT = 400
THREADS = 10
Minutes = Literal["from the first request", "of the clock", "sliding"]
WAYS: tuple[Minutes, ...] = ("from the first request", "of the clock", "sliding")


class TooSoon(Exception):
    """Raised where a thread would sleep, with the seconds."""

    def __init__(self, seconds: float) -> None:
        super().__init__(seconds)
        self.seconds = seconds


@dataclass
class CountingApi:
    """Lets 400 requests through in a minute."""

    minutes: Minutes
    counted: deque[float] = field(default_factory=deque)
    began: float = float("-inf")

    def take(self, now: float) -> tuple[bool, dict[str, str]]:
        if self.minutes == "sliding":
            while self.counted and self.counted[0] <= now - 60:
                self.counted.popleft()
            left = self.counted[0] + 60 - now if self.counted else 0
        else:
            begins = now // 60 * 60 if self.minutes == "of the clock" else now
            if begins >= self.began + 60:
                self.began = begins
                self.counted.clear()
            left = self.began + 60 - now
        allowed = len(self.counted) < LIMIT
        if allowed:
            self.counted.append(now)
        headers = {
            "X-RateLimit-Limit-Minute": str(LIMIT),
            "X-RateLimit-Remaining-Minute": str(LIMIT - len(self.counted)),
        }
        if not allowed:
            headers["X-RateLimit-Retry-After"] = str(max(1, -int(-left // 1)))
        return allowed, headers


class Simulation:
    """Ten threads that send `requests`, and another client that sends `others` a minute.

    Requests take `latency` seconds on the average, and reach the API somewhere in between.
    """

    def __init__(
        self, minutes: Minutes, requests: int, *, latency: float = 0.3, others: float = 0, seed: int
    ) -> None:
        self.now = self.began = 1000.0
        self.api = CountingApi(minutes)
        self.random = random.Random(seed)
        self.latency = latency
        self.limiter = RateLimiter(clock=lambda: self.now, sleep=self._sleep)
        self.left = requests
        self.finished = 0
        self.refused = self.others_sent = self.others_refused = 0
        self._pause_of_others = 60 / others if others else 0.0
        self._events: list[tuple[float, int, Callable[[], None]]] = []
        self._numbers = count()
        for _ in range(THREADS):
            self._after(0, self._send)
        if others:
            self._after(self.random.uniform(0, 1), self._send_other)
        while self.finished < requests:
            self.now, _, event = heapq.heappop(self._events)
            event()

    @property
    def seconds(self) -> float:
        return self.now - self.began

    def _sleep(self, seconds: float) -> None:
        raise TooSoon(seconds)

    def _after(self, seconds: float, event: Callable[[], None]) -> None:
        heapq.heappush(self._events, (self.now + seconds, next(self._numbers), event))

    def _part_of_latency(self) -> float:
        return self.random.uniform(0.2, 0.8) * self.latency

    def _send(self) -> None:
        if not self.left:
            return
        slot = ExitStack()
        try:
            answered_before = slot.enter_context(self.limiter.slot())
        except TooSoon as soon:
            self._after(soon.seconds, self._send)
            return
        self.left -= 1
        self._after(self._part_of_latency(), lambda: self._arrive(slot, answered_before))

    def _arrive(self, slot: ExitStack, answered_before: int) -> None:
        allowed, headers = self.api.take(self.now)

        def answer() -> None:
            slot.close()
            self.limiter.observe(headers, answered_before)
            if allowed:
                self.finished += 1
            else:
                self.refused += 1
                self.left += 1
                self.limiter.pause_after(headers)
            self._send()

        self._after(self._part_of_latency(), answer)

    def _send_other(self) -> None:
        allowed, _ = self.api.take(self.now)
        self.others_sent += 1
        self.others_refused += not allowed
        self._after(self._pause_of_others * self.random.uniform(0.5, 1.5), self._send_other)


@pytest.mark.parametrize("minutes", WAYS)
@pytest.mark.parametrize("latency", [0.05, 0.3, 0.8])
@pytest.mark.parametrize("requests", [350, 1000, 2000])
def test_alone_the_limit_is_used_to_the_full_and_never_passed(
    minutes: Minutes, latency: float, requests: int
) -> None:
    simulated = Simulation(minutes, requests, latency=latency, seed=requests)
    full_minutes, rest = divmod(requests - 1, LIMIT)
    least = full_minutes * 60 + (rest + 1) * latency / THREADS
    assert simulated.refused == 0
    assert least / (simulated.seconds - latency) >= 0.97  # the last answer has no other to overlap


@pytest.mark.parametrize("minutes", WAYS)
@pytest.mark.parametrize("others", [100, 200, 300])
@pytest.mark.parametrize("seed", [1, 2])
def test_what_others_use_is_left_to_them(minutes: Minutes, others: int, seed: int) -> None:
    simulated = Simulation(minutes, 2000, others=others, seed=seed)
    assert simulated.refused <= 5
    assert simulated.others_refused <= 0.02 * simulated.others_sent
    least = 2000 / (LIMIT - others) * 60
    assert least / simulated.seconds >= 0.7


@pytest.mark.parametrize("minutes", WAYS)
def test_a_few_requests_of_others_do_not_slow_a_small_run(minutes: Minutes) -> None:
    assert Simulation(minutes, 350, others=6, seed=1).seconds < 20
