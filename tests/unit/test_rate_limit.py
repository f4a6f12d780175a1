"""As fast as the account allows, never faster, for all threads."""

from __future__ import annotations

import threading
from bisect import bisect_left
from itertools import pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st

from sources.help_scout.api.rate_limit import ASSUMED_LIMIT_PER_MINUTE, RateLimiter
from sources.help_scout.errors import ConfigurationError
from tests.helpers.builders import FakeClock, examples


def limiter_with(clock: FakeClock, share: float = 1.0) -> RateLimiter:
    return RateLimiter(clock=clock, sleep=clock.sleep, share=share)


def told(limit: int, remaining: int | None = None) -> dict[str, str]:
    headers = {"X-RateLimit-Limit-Minute": str(limit)}
    return (
        headers if remaining is None else headers | {"X-RateLimit-Remaining-Minute": str(remaining)}
    )


def send(limiter: RateLimiter, clock: FakeClock, count: int) -> list[float]:
    """When each of so many requests was let through, if answers take no time."""
    sent = []
    for _ in range(count):
        with limiter.slot():
            sent.append(clock.now)
    return sent


def learn(limiter: RateLimiter, headers: dict[str, str]) -> None:
    """An answer of which all requests before it have been counted."""
    limiter.observe(headers, limiter.sent - 1)


def most_in_a_minute(sent: list[float]) -> int:
    return max(bisect_left(sent, start + 60) - index for index, start in enumerate(sent))


def test_a_small_run_bursts_without_waiting() -> None:
    clock = FakeClock()
    sent = send(limiter_with(clock), clock, ASSUMED_LIMIT_PER_MINUTE)
    assert (set(sent), clock.slept) == ({1000.0}, [])


def test_the_request_after_the_burst_waits_until_the_minute_is_over() -> None:
    clock = FakeClock()
    sent = send(limiter_with(clock), clock, ASSUMED_LIMIT_PER_MINUTE + 1)
    assert sent[-1] == 1060.0


def test_the_limit_is_learned() -> None:
    clock = FakeClock()
    limiter = limiter_with(clock)
    learn(limiter, told(400))
    assert limiter.limit_per_minute == 400
    assert send(limiter, clock, 401)[-2:] == [1000.0, 1060.0]


@pytest.mark.parametrize("text", ["", "0", "-5", "many", "4.5"])
def test_a_limit_that_is_no_number_is_not_learned(text: str) -> None:
    limiter = limiter_with(FakeClock())
    learn(limiter, {"X-RateLimit-Limit-Minute": text, "X-RateLimit-Remaining-Minute": "x"})
    assert limiter.limit_per_minute == ASSUMED_LIMIT_PER_MINUTE


def test_a_limit_that_falls_holds_at_once() -> None:
    clock = FakeClock()
    limiter = limiter_with(clock)
    send(limiter, clock, 50)
    learn(limiter, told(50))
    assert send(limiter, clock, 1) == [1060.0]


def test_only_the_share_of_the_limit_is_used() -> None:
    clock = FakeClock()
    limiter = limiter_with(clock, share=0.25)
    learn(limiter, told(400))
    assert send(limiter, clock, 101)[-2:] == [1000.0, 1060.0]


@pytest.mark.parametrize("share", [0, -1, 1.01, float("nan")])
def test_a_share_that_is_none_is_refused(share: float) -> None:
    with pytest.raises(ConfigurationError, match="rate_limit_fraction="):
        limiter_with(FakeClock(), share=share)


def test_the_smallest_share_still_lets_one_request_through() -> None:
    clock = FakeClock()
    sent = send(limiter_with(clock, share=0.0001), clock, 3)
    assert sent == [1000.0, 1060.0, 1120.0]


@examples
@given(
    st.integers(1, 30),
    st.lists(st.floats(0, 45), min_size=1, max_size=120),
    st.sampled_from([1.0, 0.5, 0.1]),
)
def test_no_minute_ever_holds_more_than_the_budget(
    limit: int, pauses: list[float], share: float
) -> None:
    clock = FakeClock()
    limiter = limiter_with(clock, share)
    learn(limiter, told(limit))
    sent = []
    for pause in pauses:
        clock.now += pause
        sent += send(limiter, clock, 1)
    assert most_in_a_minute(sent) <= max(1, int(limit * share))


def test_a_long_run_settles_at_the_limit() -> None:
    clock = FakeClock()
    limiter = limiter_with(clock)
    learn(limiter, told(400))
    sent = send(limiter, clock, 4000)
    assert sent[-1] - sent[0] == 9 * 60


def test_nobody_sends_while_the_api_wants_a_pause() -> None:
    clock = FakeClock()
    limiter = limiter_with(clock)
    limiter.pause_after({"X-RateLimit-Retry-After": "17"})
    limiter.pause_after(
        {"X-RateLimit-Retry-After": "2"}
    )  # a shorter one does not cut the longer one short
    assert send(limiter, clock, 2) == [1017.0, 1017.0]
    assert clock.slept == [17.0]


@pytest.mark.parametrize(
    ("text", "seconds"),
    [
        (None, 10),
        ("", 10),
        ("soon", 10),
        ("0", 0),
        ("-5", 0),
        ("0.25", 0.25),
        ("37", 37),
        ("600", 600),
        ("601", 600),
        ("inf", 600),
    ],
)
def test_a_pause_is_as_long_as_the_api_says_but_ends(text: str | None, seconds: float) -> None:
    clock = FakeClock()
    limiter = limiter_with(clock)
    limiter.pause_after({} if text is None else {"X-RateLimit-Retry-After": text})
    assert send(limiter, clock, 1) == [1000.0 + seconds]


def test_a_request_counts_until_a_minute_after_its_answer() -> None:
    clock = FakeClock()
    limiter = limiter_with(clock)
    learn(limiter, told(1))
    with limiter.slot():
        clock.now += 5  # the API may have counted it at any moment of these five seconds
    assert send(limiter, clock, 1) == [1065.0]


def test_a_request_that_got_no_answer_counts_too() -> None:
    clock = FakeClock()
    limiter = limiter_with(clock)
    learn(limiter, told(1))
    with pytest.raises(OSError, match="reset"), limiter.slot():
        raise OSError("reset")
    assert send(limiter, clock, 1) == [1060.0]


def test_what_was_used_before_us_is_not_asked_for_again() -> None:
    clock = FakeClock()
    limiter = limiter_with(clock)
    send(limiter, clock, 10)
    learn(limiter, told(100, remaining=30))  # 10 are ours, 60 are of whoever came before
    assert send(limiter, clock, 26)[-2:] == [1000.0, 1060.0]  # 5 of 100 stay in reserve


def test_an_account_that_others_use_up_still_lets_some_through() -> None:
    clock = FakeClock()
    limiter = limiter_with(clock)
    learn(limiter, told(100, remaining=0))
    sent = send(limiter, clock, 6)
    assert [later - sooner for sooner, later in pairwise(sent)] == pytest.approx([12.0] * 5)


def test_the_budget_comes_back_when_the_others_have_stopped() -> None:
    clock = FakeClock()
    limiter = limiter_with(clock)
    learn(limiter, told(100, remaining=10))
    clock.now += 60
    assert set(send(limiter, clock, 100)) == {1060.0}


def test_threads_share_one_budget() -> None:
    clock, lock = FakeClock(), threading.Lock()

    def sleep(seconds: float) -> None:
        with lock:
            clock.sleep(seconds)

    limiter = RateLimiter(clock=clock, sleep=sleep)
    learn(limiter, told(100))
    passed: list[float] = []

    def work() -> None:
        for _ in range(25):
            with limiter.slot():
                passed.append(clock.now)

    threads = [threading.Thread(target=work) for _ in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(10)
    assert len(passed) == 200
    assert clock.slept != []
    assert most_in_a_minute(sorted(passed)) <= 100
