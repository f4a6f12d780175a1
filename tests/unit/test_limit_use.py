"""The account's limit used to the full: by the limiter alone, in virtual time."""

from __future__ import annotations

from itertools import product

import pytest

from sources.help_scout.api.rate_limit import (
    ASSUMED_LIMIT_PER_MINUTE,
    LEAST_CONNECTIONS,
    MOST_CONNECTIONS,
    RateLimiter,
)
from tests.bench.limit_use import simulated
from tests.helpers.builders import FakeClock


@pytest.mark.parametrize(
    ("requests", "limit", "latency_ms"),
    list(product((1_000, 4_000), (400, 800), (50, 300, 800))),
)
def test_no_run_can_be_two_percent_faster(requests: int, limit: int, latency_ms: int) -> None:
    run = simulated(requests, limit, latency_ms)
    assert (run.ratio >= 0.98, run.refused) == (True, 0), run


def test_quick_answers_need_few_connections_and_slow_ones_many() -> None:
    found = {latency: connections_at(latency) for latency in (0.001, 0.05, 0.3, 0.8, 5.0)}
    assert found == {0.001: LEAST_CONNECTIONS, 0.05: 10, 0.3: 60, 0.8: 160, 5.0: MOST_CONNECTIONS}


def test_before_the_first_answer_the_whole_budget_may_be_sent() -> None:
    clock = FakeClock()
    limiter = RateLimiter(clock=clock, sleep=clock.sleep)
    assert limiter.connections == ASSUMED_LIMIT_PER_MINUTE


def connections_at(latency_seconds: float) -> int:
    """What the limiter wants at 400 requests a minute."""
    clock = FakeClock()
    limiter = RateLimiter(clock=clock, sleep=clock.sleep)
    with limiter.slot() as answered_before:
        clock.sleep(latency_seconds)
    limiter.observe({"X-RateLimit-Limit-Minute": "400"}, answered_before)
    return limiter.connections
