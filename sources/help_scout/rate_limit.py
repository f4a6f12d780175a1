"""The account's request budget: as fast as allowed, never faster.

A sliding log of the last minute's requests, so that a small run bursts and a long one settles at
the limit. The limit is learned from `X-RateLimit-Limit-Minute`; what others of the account use
shows in `X-RateLimit-Remaining-Minute`. Clock and sleep are injected.
https://developer.helpscout.com/mailbox-api/overview/rate-limiting/
"""

from __future__ import annotations

import math
import threading
from collections import deque
from collections.abc import Callable, Mapping

from .errors import ConfigurationError

MINUTE_SECONDS = 60.0
DEFAULT_RETRY_AFTER_SECONDS = 10.0
LONGEST_RETRY_AFTER_SECONDS = 600.0
ASSUMED_LIMIT_PER_MINUTE = 200  # the least that any source names, until the first answer tells


class RateLimiter:
    """Lets at most `share` of the account's limit through in any minute, for all threads."""

    def __init__(
        self,
        *,
        clock: Callable[[], float],
        sleep: Callable[[float], None],
        share: float = 1.0,
    ) -> None:
        if not 0 < share <= 1:
            raise ConfigurationError(f"rate_limit_share={share}: expected more than 0, at most 1")
        self._clock = clock
        self._sleep = sleep
        self._share = share
        self._limit = ASSUMED_LIMIT_PER_MINUTE
        self._sent: deque[float] = deque()
        self._others = 0
        self._others_until = 0.0
        self._blocked_until = 0.0
        self._lock = threading.Lock()

    @property
    def limit_per_minute(self) -> int:
        """The account's limit as last told by the API."""
        return self._limit

    def acquire(self) -> None:
        """Returns when one more request may be sent."""
        while (wait := self._try_send()) > 0:
            self._sleep(wait)

    def observe(self, headers: Mapping[str, str]) -> None:
        """Learns the limit, and what others use of it, from an answer's headers."""
        limit = _number(headers.get("X-RateLimit-Limit-Minute"))
        remaining = _number(headers.get("X-RateLimit-Remaining-Minute"))
        with self._lock:
            if limit:
                self._limit = limit
            if remaining is not None:
                now = self._clock()
                self._forget(now)
                others = self._limit - remaining - len(self._sent)
                if others > 0:
                    self._others, self._others_until = others, now + MINUTE_SECONDS
                elif now >= self._others_until:
                    self._others = 0

    def pause_after(self, headers: Mapping[str, str]) -> None:
        """After a 429: nobody sends for as long as its headers say."""
        try:
            seconds = float(headers.get("X-RateLimit-Retry-After", ""))
        except ValueError:
            seconds = DEFAULT_RETRY_AFTER_SECONDS
        if math.isnan(seconds):
            seconds = DEFAULT_RETRY_AFTER_SECONDS
        seconds = min(max(seconds, 0.0), LONGEST_RETRY_AFTER_SECONDS)
        with self._lock:
            self._blocked_until = max(self._blocked_until, self._clock() + seconds)

    def _try_send(self) -> float:
        """0 when the request is let through and logged, else seconds until it is worth a try."""
        with self._lock:
            now = self._clock()
            self._forget(now)
            if now < self._blocked_until:
                return self._blocked_until - now
            others = self._others if now < self._others_until else 0
            budget = max(1, min(int(self._limit * self._share), self._limit - others))
            if len(self._sent) < budget:
                self._sent.append(now)
                return 0.0
            return max(self._sent[0] + MINUTE_SECONDS - now, 0.001)

    def _forget(self, now: float) -> None:
        while self._sent and self._sent[0] <= now - MINUTE_SECONDS:
            self._sent.popleft()


def _number(text: str | None) -> int | None:
    return int(text) if text is not None and text.isdecimal() else None
