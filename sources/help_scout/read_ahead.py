"""Reads run ahead in one bounded thread pool; their outcomes come back in order.

All reports of a run share the pool, so that it never drains between them. How many run at once
follows from how long answers take: quick ones need few connections, slow ones many.
"""

from __future__ import annotations

import threading
from collections import deque
from collections.abc import Callable, Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from datetime import datetime
from typing import TypeAlias

from .catalog import PAGED
from .client import Answer
from .fetch import fetch_read
from .outcome import Getter, Outcome, Outcomes, Status
from .plan import Read, Request
from .rate_limit import MOST_CONNECTIONS
from .reports import REPORTS
from .windows import Window

READS_AHEAD = 20  # of a report at least; of one with pages at most: their rows wait in memory
CONNECTIONS = 8  # where nobody tells
WINDOWS_IN_VAIN = 3

SharedKey: TypeAlias = tuple[str, Request]
_DRIVER_REPORTS = frozenset(
    driver.report for report in REPORTS.values() for driver in report.drivers
)


class ReadAhead:
    """Sends reads ahead of their use.

    `now` stamps reads that get no answer, `connections` tells how many may run at once.
    """

    def __init__(
        self,
        client: Getter,
        now: datetime,
        on_outcome: Callable[[Outcome], None] | None = None,
        connections: Callable[[], int] = lambda: CONNECTIONS,
    ) -> None:
        self._client = client
        self._now = now
        self._on_outcome = on_outcome
        self._connections = connections
        self._pool = ThreadPoolExecutor(MOST_CONNECTIONS, "help-scout")
        self._queue: deque[tuple[Future[Outcomes], Read]] = deque()
        self._running = 0
        self._shared: dict[SharedKey, Future[Outcomes]] = {}
        self._lock = threading.Lock()
        self._unsent: set[Future[Outcomes]] = set()

    @property
    def waiting(self) -> int:
        """Reads that are to be sent and of which nothing has been."""
        return len(self._unsent)

    def close(self) -> None:
        """Ends the threads; what waits to be read is dropped."""
        with self._lock:
            dropped, self._queue = self._queue, deque()
        for future, _ in dropped:
            future.cancel()
        self._pool.shutdown(wait=True, cancel_futures=True)

    def forget_shared(self) -> None:
        """Drops the shared answers: the windows that they are for have been loaded."""
        self._shared.clear()

    def submit(self, read: Read) -> Future[Outcomes]:
        """The read's outcomes to come.

        Total numbers of reports that name others' items are asked for once and shared: by the
        report's own resource and by all whose items it names.
        """
        key = shared_key(read)
        if key is None:
            return self._send(read)
        if key not in self._shared:
            self._shared[key] = self._send(read)
        return self._shared[key]

    def _send(self, read: Read) -> Future[Outcomes]:
        future: Future[Outcomes] = Future()
        self._unsent.add(future)
        future.add_done_callback(self._unsent.discard)
        with self._lock:
            self._queue.append((future, read))
        self._begin_more()
        return future

    def _begin_more(self) -> None:
        """Has as many reads run as may."""
        with self._lock:
            while self._queue and self._running < self._connections():
                future, read = self._queue.popleft()
                if future.set_running_or_notify_cancel():
                    self._running += 1
                    self._pool.submit(self._fetch, future, read)

    def _fetch(self, future: Future[Outcomes], read: Read) -> None:
        try:
            client = _Telling(self._client, lambda: self._unsent.discard(future))
            future.set_result(fetch_read(client, read, self._now))
        except BaseException as error:  # noqa: BLE001  whoever waits for it gets it
            future.set_exception(error)
        finally:
            with self._lock:
                self._running -= 1
            self._begin_more()

    def outcomes(
        self, reads: Iterator[Read | Outcomes], *, moves_cursor: bool = True
    ) -> Iterator[Outcomes]:
        """The outcomes in the order of the reads; outcomes among the reads pass through.

        Starts with one read, so that a report that the account does not have is asked once. Ends
        after the first outcome that blocks its report: nothing gets past a window that lacks.
        Where no cursor moves there is more `Patience`.
        """
        patience = Patience(moves_cursor=moves_cursor)
        ahead: deque[Future[Outcomes]] = deque()
        width, most, exhausted = 1, READS_AHEAD, False
        while True:
            while not exhausted and len(ahead) < width:
                read = next(reads, None)
                if read is None:
                    exhausted = True
                    continue
                ahead.append(_done(read) if isinstance(read, list) else self.submit(read))
                has_pages = isinstance(read, Read) and read.report.shape in PAGED
                most = READS_AHEAD if has_pages else max(READS_AHEAD, self._connections())
            if not ahead:
                return
            outcomes = ahead.popleft().result()
            for outcome in outcomes:
                if self._on_outcome is not None:
                    self._on_outcome(outcome)
            yield outcomes
            if patience.ends_with(outcomes):
                self._drop(ahead)
                return
            width = most

    def _drop(self, futures: deque[Future[Outcomes]]) -> None:
        """Takes back what has not been sent, except what others wait for too."""
        shared = {id(future) for future in self._shared.values()}
        for future in futures:
            if id(future) not in shared:
                future.cancel()


class _Telling:
    """The client, which tells of each request before it sends it."""

    def __init__(self, client: Getter, tell: Callable[[], None]) -> None:
        self._client = client
        self._tell = tell

    def get(self, request: Request) -> Answer:
        """The answer to one request."""
        self._tell()
        return self._client.get(request)


class Patience:
    """When a report's reading ends early: at its first failure where a cursor moves.

    Elsewhere after `WINDOWS_IN_VAIN` windows that failed one after the other: a window that always
    fails must not keep others from being filled, nor an API that is down be asked for all. What
    the account does not have is not asked for twice in any case.
    """

    def __init__(self, *, moves_cursor: bool) -> None:
        self._most = 1 if moves_cursor else WINDOWS_IN_VAIN
        self._in_vain: set[Window] = set()

    def ends_with(self, outcomes: Outcomes) -> bool:
        """Whether these outcomes end it."""
        blocking = [outcome for outcome in outcomes if outcome.blocks_report]
        if blocking:
            self._in_vain.add(blocking[0].read.windows[0])
        elif any(outcome.window not in self._in_vain for outcome in outcomes):
            self._in_vain.clear()  # a success elsewhere: they fail for reasons of their own
        is_not_ours = any(outcome.status is Status.UNAVAILABLE for outcome in blocking)
        return is_not_ours or len(self._in_vain) >= self._most


def shared_key(read: Read) -> SharedKey | None:
    """What tells reads whose answer is asked for once and shared; None for all others."""
    if read.report.name not in _DRIVER_REPORTS or read.slice.values:
        return None
    return read.report.name, read.parts[0].request


def _done(outcomes: Outcomes) -> Future[Outcomes]:
    future: Future[Outcomes] = Future()
    future.set_result(outcomes)
    return future
