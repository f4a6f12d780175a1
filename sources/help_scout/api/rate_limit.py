"""The account's request budget: as fast as allowed, never faster.

A sliding log of the last minute's requests, so that a small run bursts and a long one settles at
the limit. A request leaves the log a minute after its answer, not after it was sent: it may have
reached the API at any moment between, and the API counts by its own clock. So no minute of the
API's ever holds more of ours than the limit, however it cuts its minutes.

The limit is learned from `X-RateLimit-Limit-Minute`; what other clients of the account use shows
in `X-RateLimit-Remaining-Minute`. While others are busy, requests go out evenly: they find room
at any moment, and what they use stays in sight. Clock and sleep are injected.
https://developer.helpscout.com/mailbox-api/overview/rate-limiting/
"""

from __future__ import annotations

import math
import re
import threading
from collections import deque
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from typing import Any

import orjson

from ..errors import ConfigurationError

MINUTE_SECONDS = 60.0
RETRY_AFTER = "X-RateLimit-Retry-After"
DEFAULT_RETRY_AFTER_SECONDS = 10.0
LONGEST_RETRY_AFTER_SECONDS = 600.0
ASSUMED_LIMIT_PER_MINUTE = 200  # the least that any source names, until the first answer tells
RESERVE_SHARE = 0.05  # of the limit: kept free while others are busy, ours even if they take all
SHORTEST_LOOK_SECONDS = 10.0  # others' requests of a shorter time say little about their minute
POLL_SECONDS = 0.01  # while nothing but requests under way fill the budget
BURST_SECONDS = 2.0  # in which a minute's budget is sent, however slow the answers are
MOST_PER_SECOND = 400  # more than that no machine of ours sends
LEAST_CONNECTIONS, MOST_CONNECTIONS = 4, 320
LATENCY_WEIGHT = 0.1  # of the latest answer in the mean


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
            raise ConfigurationError(
                f"rate_limit_fraction={share}: expected more than 0, at most 1"
            )
        self._clock = clock
        self._sleep = sleep
        self._share = share
        self._limit = ASSUMED_LIMIT_PER_MINUTE
        self.is_told = False
        """Whether any answer has told the limit."""
        self._under_way = 0
        self._waiting = 0
        self._answered: deque[float] = deque()
        self.sent = 0
        """Requests let through so far."""
        self._last_sent_at = -math.inf
        self._latency_seconds: float | None = None
        self._others = OtherClients()
        self._blocked_until = 0.0
        self._lock = threading.Lock()

    @property
    def limit_per_minute(self) -> int:
        """The account's limit as last told by the API."""
        return self._limit

    @property
    def others_per_minute(self) -> float:
        """Requests that other clients of the account send in a minute, as far as was seen."""
        with self._lock:
            return self._others.per_minute(self._clock())

    @property
    def connections(self) -> int:
        """Requests worth having under way at once: so many that a minute's budget goes out within
        `BURST_SECONDS`. What waits longer waits again each minute."""
        if self._latency_seconds is None:
            return ASSUMED_LIMIT_PER_MINUTE
        per_second = min(self._limit * self._share / BURST_SECONDS, MOST_PER_SECOND)
        wanted = math.ceil(per_second * self._latency_seconds)
        return min(max(wanted, LEAST_CONNECTIONS), MOST_CONNECTIONS)

    @contextmanager
    def slot(self) -> Iterator[int]:
        """Waits until one more request may be sent; leave it when the answer's head is there.

        Gives how many had been answered when it was sent: `observe` wants to know.
        """
        behind = None
        while (wait := self._try_send(behind)) > 0:
            try:
                self._sleep(wait)
            finally:
                with self._lock:
                    self._waiting -= 1
            behind = 0  # whoever has waited is next
        answered_before = self.sent - self._under_way
        sent_at = self._clock()
        try:
            yield answered_before
            self._note_latency(self._clock() - sent_at)
        finally:
            with self._lock:
                self._under_way -= 1
                self._answered.append(self._clock())

    def _note_latency(self, seconds: float) -> None:
        known = self._latency_seconds
        self._latency_seconds = (
            seconds if known is None else known + LATENCY_WEIGHT * (seconds - known)
        )

    def observe(self, headers: Mapping[str, str], answered_before: int) -> None:
        """Learns the limit, and what others use of it, from an answer's headers."""
        limit = _number(headers.get("X-RateLimit-Limit-Minute"))
        remaining = _number(headers.get("X-RateLimit-Remaining-Minute"))
        with self._lock:
            if limit:
                self._limit, self.is_told = limit, True
            if remaining is not None:
                now = self._clock()
                self._others.observe(
                    now,
                    self._limit - remaining,
                    counted=(answered_before + 1, self.sent),
                    in_last_minute=self._in_last_minute(now),
                )

    def pause_after(self, headers: Mapping[str, str], content: bytes = b"") -> None:
        """After a 429: nobody sends for as long as its header says, else its body
        (`{"message": …, "interval": …, "retry_after": 7}`)."""
        seconds = _seconds(headers.get(RETRY_AFTER))
        if seconds is None:
            seconds = _seconds(_retry_after(content))
        if seconds is None:
            seconds = DEFAULT_RETRY_AFTER_SECONDS
        seconds = min(max(seconds, 0.0), LONGEST_RETRY_AFTER_SECONDS)
        with self._lock:
            self._blocked_until = max(self._blocked_until, self._clock() + seconds)

    def _try_send(self, behind: int | None) -> float:
        """0 when the request is let through, else seconds until it is worth a try: `behind` so
        many others, or all who wait."""
        with self._lock:
            wait = self._wait_of(self._clock(), self._waiting if behind is None else behind)
            if wait > 0:
                self._waiting += 1
            return wait

    def _wait_of(self, now: float, behind: int) -> float:
        if now < self._blocked_until:
            return self._blocked_until - now
        budget, interval = self._budget(now)
        if now < self._last_sent_at + interval:
            return self._last_sent_at + interval - now
        if self._in_last_minute(now) < budget:
            self._under_way += 1
            self.sent += 1
            self._last_sent_at = now
            return 0.0
        if not self._answered:
            return POLL_SECONDS
        # Each waits for a request of its own to leave the log: all would wake for the first one.
        mine = self._answered[min(behind, len(self._answered) - 1)]
        return max(mine + MINUTE_SECONDS - now, 0.001)

    def _budget(self, now: float) -> tuple[int, float]:
        """Requests for a minute, and the least seconds between two of them."""
        share = max(1, int(self._limit * self._share))
        others = self._others.per_minute(now)
        reserve = self._limit * RESERVE_SHARE
        if others <= reserve:
            return max(1, min(share, self._limit - math.ceil(2 * others))), 0.0
        if self._others.left_at_most(now, self._limit, self._under_way) <= reserve:
            return share, MINUTE_SECONDS / max(1.0, reserve)
        budget = min(share, max(1, int(max(reserve, self._limit - others - reserve))))
        busy = self._others.are_busy(now)
        return budget, MINUTE_SECONDS / budget if busy else 0.0

    def _in_last_minute(self, now: float) -> int:
        while self._answered and self._answered[0] <= now - MINUTE_SECONDS:
            self._answered.popleft()
        return self._under_way + len(self._answered)


class OtherClients:
    """How much of the account's limit others use, by what answers say is used in all.

    The API does not say how it cuts its minutes, nor how many of our requests it had counted when
    it answered. So the bounds of `used` less all of ours ever counted are followed: that falls when
    the API begins a minute anew or lets requests go, and rises only when somebody else sends.
    """

    def __init__(self) -> None:
        self._level = math.inf
        self._sent_at_fall = 0
        self._observed_at = -math.inf
        self._looks: deque[tuple[float, float, int]] = deque()
        self._looked_seconds = 0.0
        self._arrived = 0
        self._used = 0
        self._standing = 0

    def observe(
        self, now: float, used: int, *, counted: tuple[int, int], in_last_minute: int
    ) -> None:
        """Takes in an answer: `used` by all; of ours at least and at most `counted` ever, and
        `in_last_minute` at most."""
        at_least, at_most = used - counted[1], used - counted[0]
        if at_most < self._level:
            self._level, self._sent_at_fall = at_most, counted[1]
        elif counted[0] > self._sent_at_fall:  # else it may have been answered before the fall
            arrived = max(0, at_least - int(self._level))
            self._looks.append((now, now - self._observed_at, arrived))
            self._looked_seconds += now - self._observed_at
            self._arrived += arrived
            self._level += arrived
        self._used, self._observed_at = used, now
        self._standing = max(0, used - in_last_minute)

    def per_minute(self, now: float) -> float:
        """Requests a minute that others send, or have sent before we began."""
        self._forget(now)
        standing = self._standing if now < self._observed_at + MINUTE_SECONDS else 0
        looked = max(self._looked_seconds, SHORTEST_LOOK_SECONDS)
        return max(standing, self._arrived * MINUTE_SECONDS / looked)

    def are_busy(self, now: float) -> bool:
        """Whether others have sent anything in the last minute, while we looked."""
        self._forget(now)
        return self._arrived > 0

    def left_at_most(self, now: float, limit: int, under_way: int) -> float:
        """Requests that the API still allows for, by its latest answer."""
        is_fresh = now < self._observed_at + MINUTE_SECONDS
        return limit - self._used - under_way if is_fresh else limit

    def _forget(self, now: float) -> None:
        while self._looks and self._looks[0][0] <= now - MINUTE_SECONDS:
            _, seconds, arrived = self._looks.popleft()
            self._looked_seconds -= seconds
            self._arrived -= arrived


def _seconds(told: Any) -> float | None:
    """The number of seconds that a header or a body names; None for anything else."""
    if isinstance(told, bool) or not isinstance(told, str | int | float):
        return None
    try:
        seconds = float(told)
    except ValueError:
        return None
    return None if math.isnan(seconds) else seconds


def _retry_after(content: bytes) -> Any:
    try:
        body = orjson.loads(content)
    except orjson.JSONDecodeError:
        return None
    return body.get("retry_after") if isinstance(body, dict) else None


def _number(text: str | None) -> int | None:
    return int(text) if text is not None and re.fullmatch(r"\d{1,9}", text) else None
