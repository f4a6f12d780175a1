"""What a run may spend: requests, time, or both."""

from __future__ import annotations

import time
from collections.abc import Callable


class Budget:
    """A run's budget; None is no limit. `clock` counts seconds from anywhere.

    It is asked where a report can be left with nothing half done, so what is under way then is
    finished: a few requests more than the budget says.
    """

    def __init__(
        self,
        *,
        max_requests: int | None = None,
        max_minutes: float | None = None,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        self._max_requests = max_requests
        self._clock = clock
        self._deadline = None if max_minutes is None else clock() + max_minutes * 60
        self.was_hit = False

    @property
    def is_limited(self) -> bool:
        """Whether there is a limit at all."""
        return self._max_requests is not None or self._deadline is not None

    def is_spent(self, requests: int) -> bool:
        """Whether nothing new is to be begun, with so many requests sent or about to be."""
        if self._max_requests is not None and requests >= self._max_requests:
            self.was_hit = True
        if self._deadline is not None and self._clock() >= self._deadline:
            self.was_hit = True
        return self.was_hit
