"""Time that passes only while all threads sleep: minutes of waiting in a second."""

from __future__ import annotations

import heapq
import threading
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor


class VirtualTime:
    """A clock for a number of threads, which must all be running before anyone sleeps."""

    def __init__(self, threads: int) -> None:
        self._now = 0.0
        self._awake = threads
        self._wakes: list[tuple[float, int, threading.Event]] = []
        self._lock = threading.Lock()

    def __call__(self) -> float:
        """Seconds since the beginning."""
        return self._now

    def sleep(self, seconds: float) -> None:
        """Returns when so much time has passed."""
        wake = threading.Event()
        with self._lock:
            heapq.heappush(self._wakes, (self._now + max(0.0, seconds), id(wake), wake))
            self._awake -= 1
            self._pass_time()
        wake.wait()

    def leave(self) -> None:
        """The calling thread has ended: nobody waits for it any more."""
        with self._lock:
            self._awake -= 1
            self._pass_time()

    def _pass_time(self) -> None:
        """Wakes whoever is next, one at a time, when everybody sleeps."""
        if self._awake == 0 and self._wakes:
            self._now, _, wake = heapq.heappop(self._wakes)
            self._awake = 1
            wake.set()


def run_threads(time: VirtualTime, threads: int, work: Callable[[], None]) -> None:
    """Does the work in so many threads at once, in that time; raises what any of them raises."""

    def live() -> None:
        try:
            time.sleep(0)  # until all have come
            work()
        finally:
            time.leave()

    with ThreadPoolExecutor(threads) as pool:
        for future in [pool.submit(live) for _ in range(threads)]:
            future.result()
