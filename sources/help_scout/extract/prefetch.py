"""Reads run ahead in one bounded thread pool; their results come back in order.

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

from ..api.client import Answer
from ..api.rate_limit import MOST_CONNECTIONS
from ..catalog.model import PAGED
from ..catalog.reports import REPORTS
from ..planning.request_plan import Read, Request
from ..planning.windows import Window
from .fetch import fetch_read
from .result import Getter, Status, WindowResult, WindowResults

READS_AHEAD = 20  # of a report at least; of one with pages at most: their rows wait in memory
CONNECTIONS = 8  # where nobody tells
FAILURES_IN_A_ROW = 3

SharedKey: TypeAlias = tuple[str, Request]
_PARENT_REPORTS = frozenset(
    parent.report for report in REPORTS.values() for parent in report.parents
)


class ReadAhead:
    """Sends reads ahead of their use.

    `now` stamps reads that get no answer, `connections` tells how many may run at once.
    """

    def __init__(
        self,
        client: Getter,
        now: datetime,
        on_result: Callable[[WindowResult], None] | None = None,
        connections: Callable[[], int] = lambda: CONNECTIONS,
    ) -> None:
        self._client = client
        self._now = now
        self._on_result = on_result
        self._connections = connections
        self._pool = ThreadPoolExecutor(MOST_CONNECTIONS, "help-scout")
        self._queue: deque[tuple[Future[WindowResults], Read]] = deque()
        self._running = 0
        self._failures = FailurePolicy()
        self._shared: dict[SharedKey, Future[WindowResults]] = {}
        self._lock = threading.Lock()
        self._unsent: set[Future[WindowResults]] = set()

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

    def submit(self, read: Read) -> Future[WindowResults]:
        """The read's results to come.

        Total numbers of reports that name others' items are asked for once and shared: by the
        report's own resource and by all whose items it names.
        """
        key = shared_key(read)
        if key is None:
            return self._send(read)
        if key not in self._shared:
            self._shared[key] = self._send(read)
        return self._shared[key]

    def _send(self, read: Read) -> Future[WindowResults]:
        future: Future[WindowResults] = Future()
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

    def _fetch(self, future: Future[WindowResults], read: Read) -> None:
        try:
            client = _Getter(
                self._client,
                lambda: self._unsent.discard(future),
                once=self._failures.is_failing(read.report.name),
            )
            future.set_result(fetch_read(client, read, self._now))
        except BaseException as error:  # noqa: BLE001  whoever waits for it gets it
            future.set_exception(error)
        finally:
            with self._lock:
                self._running -= 1
            self._begin_more()

    def results(self, reads: Iterator[Read | WindowResults]) -> Iterator[WindowResults]:
        """The results in the order of the reads; results among the reads pass through.

        Starts with one read, so that a report that the account does not have is asked once. A
        window that fails stops no other.
        """
        ahead: deque[Future[WindowResults]] = deque()
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
            results = ahead.popleft().result()
            self._failures.note(results)
            for result in results:
                if self._on_result is not None:
                    self._on_result(result)
            yield results
            width = most


class FailurePolicy:
    """Which reports get one try a request instead of several: those of which `FAILURES_IN_A_ROW`
    windows have just failed, one after the other. A window that always fails must not keep others
    from being read, and a report that is down must not take a night."""

    def __init__(self) -> None:
        self._failing: dict[str, set[Window]] = {}

    def note(self, results: WindowResults) -> None:
        """Remembers what windows came to."""
        for result in results:
            failing = self._failing.setdefault(result.read.report.name, set())
            if result.status is Status.FAILED:
                failing.add(result.window)
            elif result.window not in failing:
                failing.clear()

    def is_failing(self, report: str) -> bool:
        """Whether the report's requests get one try."""
        return len(self._failing.get(report, ())) >= FAILURES_IN_A_ROW


class _Getter:
    """The client, which says of each request that it is sent, and tries it once where that is all
    that is worth it."""

    def __init__(self, client: Getter, on_send: Callable[[], None], *, once: bool) -> None:
        self._client = client
        self._on_send = on_send
        self._once = once

    def get(self, request: Request, *, most_tries: int | None = None) -> Answer:
        """The answer to one request."""
        self._on_send()
        return self._client.get(request, most_tries=1 if self._once else most_tries)


def shared_key(read: Read) -> SharedKey | None:
    """What tells reads whose answer is asked for once and shared; None for all others."""
    if read.report.name not in _PARENT_REPORTS or read.slice.values:
        return None
    return read.report.name, read.parts[0].request


def _done(results: WindowResults) -> Future[WindowResults]:
    future: Future[WindowResults] = Future()
    future.set_result(results)
    return future
