"""How long a request is tried again: after failures that may pass, and over the rate limit."""

from __future__ import annotations

from collections.abc import Callable

import httpx
from tenacity import RetryCallState
from tenacity.wait import wait_exponential_jitter

from ..errors import ApiError

MAX_TRIES = 5
MAX_TRIES_OVER_LIMIT = 15  # 429 is the turn of others, not a failure
MAX_TRYING_SECONDS = 900.0
FIRST_WAIT_SECONDS = 0.5
MAX_WAIT_SECONDS = 60.0


class StopTrying:
    """When trying one request ends: after so many tries, and after so long in any case."""

    def __init__(self, clock: Callable[[], float], most_tries: int | None = None) -> None:
        self._clock = clock
        self._most_tries = MAX_TRIES if most_tries is None else most_tries
        self._latest = clock() + MAX_TRYING_SECONDS
        self._over_limit = 0

    def __call__(self, state: RetryCallState) -> bool:
        """Whether the try just made was the last."""
        self._over_limit += _is_over_limit(state)
        return (
            state.attempt_number - self._over_limit >= self._most_tries
            or self._over_limit >= MAX_TRIES_OVER_LIMIT
            or self._clock() >= self._latest
        )


def wait_seconds(state: RetryCallState) -> float:
    """Before the next try: the limiter alone after a 429, else growing with jitter."""
    if _is_over_limit(state):
        return 0.0
    wait = wait_exponential_jitter(multiplier=FIRST_WAIT_SECONDS, max=MAX_WAIT_SECONDS)
    return float(wait(state))


def _is_over_limit(state: RetryCallState) -> bool:
    error = state.outcome.exception() if state.outcome is not None else None
    return isinstance(error, ApiError) and error.status == httpx.codes.TOO_MANY_REQUESTS
