"""Reads run ahead, and their results come back in order."""

from __future__ import annotations

import threading
import time
from collections import Counter
from collections.abc import Iterator
from typing import Any

import pytest

from sources.help_scout.api.client import Answer
from sources.help_scout.catalog.slices import Slice
from sources.help_scout.errors import RequestRefused, Unreachable
from sources.help_scout.extract.prefetch import READS_AHEAD, ReadAhead
from sources.help_scout.extract.result import Status, WindowResult, WindowResults
from sources.help_scout.planning.request_plan import Read, Request
from tests.helpers.builders import NOW, StubGetter, body_of, days, read_of

SPAN = days("2026-03-02", 30)


def reads_of(report: str, slice_: Slice | None = None) -> list[Read]:
    return [read_of(report, window, slice_=slice_) for window in SPAN]


class Reader:
    """A read-ahead over a stub, which notes what it was told."""

    def __init__(self, getter: StubGetter) -> None:
        self.told: list[WindowResult] = []
        self.ahead = ReadAhead(getter, NOW, self.told.append)

    def __enter__(self) -> ReadAhead:
        return self.ahead

    def __exit__(self, *_exc: object) -> None:
        self.ahead.close()


def statuses(results: list[WindowResults]) -> list[Status]:
    return [result.status for found in results for result in found]


def test_results_come_in_the_order_of_their_reads() -> None:
    late = threading.Event()

    def answer(query: dict[str, str]) -> Any:
        if query["start"].startswith("2026-03-03"):
            late.wait(2)  # the second read answers after all that run beside it
        elif query["start"].startswith("2026-03-10"):
            late.set()
        return body_of("docs_overall")

    reads = reads_of("docs_overall")
    reader = Reader(StubGetter(answer))
    with reader as ahead:
        results = list(ahead.results(iter(reads)))
    assert [found[0].read for found in results] == reads
    assert [result.read for result in reader.told] == reads


def test_one_read_is_sent_before_all_others() -> None:
    sent_at_first: list[int] = []
    taken: list[Read] = []

    def coming() -> Iterator[Read]:
        for read in reads_of("docs_overall"):
            taken.append(read)
            yield read

    with Reader(StubGetter(lambda _query: body_of("docs_overall"))) as ahead:
        results = ahead.results(coming())
        next(results)
        sent_at_first.append(len(taken))
        next(results)
        assert (sent_at_first, len(taken)) == ([1], READS_AHEAD + 1)


def test_a_window_that_fails_keeps_no_other_from_being_read() -> None:
    def answer(query: dict[str, str]) -> Any:
        failed = query["start"].startswith("2026-03-07")
        return Unreachable("down", requests=5) if failed else body_of("docs_overall")

    reader = Reader(StubGetter(answer))
    with reader as ahead:
        results = list(ahead.results(iter(reads_of("docs_overall"))))
    expected = [Status.LOADED] * len(SPAN)
    expected[5] = Status.FAILED
    assert statuses(results) == expected
    assert len(reader.told) == len(SPAN)


def test_a_report_that_fails_three_times_in_a_row_gets_one_try_a_request() -> None:
    tries: list[int | None] = []

    class Counting(StubGetter):
        def get(self, request: Request, *, most_tries: int | None = None) -> Answer:
            tries.append(most_tries)
            return super().get(request)

    with Reader(Counting(lambda _query: Unreachable("down", requests=5))) as ahead:
        results = list(ahead.results(iter(reads_of("docs_overall"))))
        list(ahead.results(iter(reads_of("docs_overall"))))
    assert statuses(results) == [Status.FAILED] * len(SPAN)
    assert tries[:1] == [None]
    assert tries[len(SPAN) :] == [1] * len(SPAN)


def test_a_user_who_cannot_be_asked_for_does_not_stop_the_report() -> None:
    with Reader(StubGetter(lambda _query: RequestRefused("no", status=400))) as ahead:
        results = list(ahead.results(iter(reads_of("user_overall", Slice.of(user=4)))))
    assert statuses(results) == [Status.UNAVAILABLE] * len(SPAN)


def test_results_among_the_reads_pass_through_in_their_place() -> None:
    first, second, third = reads_of("docs_overall")[:3]
    ready = [WindowResult(read=second, window=SPAN[1], status=Status.EMPTY, fetched_at=NOW)]
    with Reader(StubGetter(lambda _query: body_of("docs_overall"))) as ahead:
        results = list(ahead.results(iter([first, ready, third])))
    assert [found[0].read for found in results] == [first, second, third]
    assert results[1] is ready


def test_no_reads_give_no_results() -> None:
    with Reader(StubGetter(lambda _query: None)) as ahead:
        assert list(ahead.results(iter([]))) == []


@pytest.mark.parametrize("report", ["company_overall", "conversations_overall"])
def test_the_totals_that_name_others_items_are_sent_once(report: str) -> None:
    getter = StubGetter(lambda _query: body_of(report))
    with Reader(getter) as ahead:
        driven = [ahead.submit(read).result() for read in reads_of(report)]
        own = list(ahead.results(iter(reads_of(report))))
    assert own == driven
    assert set(Counter(getter.sent).values()) == {1}


def test_slices_and_other_reports_are_not_shared() -> None:
    getter = StubGetter(lambda _query: body_of("company_overall"))
    read = read_of("company_overall", slice_=Slice.of(mailbox=1))
    with Reader(getter) as ahead:
        ahead.submit(read).result()
        ahead.submit(read).result()
    assert len(getter.sent) == 2


def test_shared_answers_can_be_forgotten() -> None:
    getter = StubGetter(lambda _query: body_of("company_overall"))
    with Reader(getter) as ahead:
        ahead.submit(read_of("company_overall")).result()
        ahead.forget_shared()
        ahead.submit(read_of("company_overall")).result()
    assert len(getter.sent) == 2


def test_as_many_reads_run_at_once_as_answers_call_for() -> None:
    wanted, at_once, most, lock = [2], [0], [0], threading.Lock()

    def answer(_query: dict[str, str]) -> Any:
        with lock:
            at_once[0] += 1
            most[0] = max(most[0], at_once[0])
        time.sleep(0.02)
        with lock:
            at_once[0] -= 1
        return body_of("docs_overall")

    ahead = ReadAhead(StubGetter(answer), NOW, connections=lambda: wanted[0])
    list(ahead.results(iter(reads_of("docs_overall"))))
    few = most[0]
    wanted[0] = 6
    list(ahead.results(iter(reads_of("docs_overall"))))
    ahead.close()
    assert (few, most[0]) == (2, 6)


def test_reads_that_wait_when_it_is_closed_are_not_sent() -> None:
    go = threading.Event()

    def answer(_query: dict[str, str]) -> Any:
        go.wait(2)
        return body_of("docs_overall")

    getter = StubGetter(answer)
    ahead = ReadAhead(getter, NOW, connections=lambda: 1)
    futures = [ahead.submit(read) for read in reads_of("docs_overall")[:3]]
    threading.Timer(0.05, go.set).start()
    ahead.close()
    assert [future.cancelled() for future in futures] == [False, True, True]
    assert (len(getter.sent), ahead.waiting) == (1, 0)


def test_a_read_waits_until_its_first_request_is_sent() -> None:
    asked, go = threading.Semaphore(0), threading.Event()

    def answer(_query: dict[str, str]) -> Any:
        asked.release()
        go.wait(2)
        return body_of("docs_overall")

    ahead = ReadAhead(StubGetter(answer), NOW, connections=lambda: 2)
    reads = reads_of("docs_overall")[:5]
    futures = [ahead.submit(read) for read in reads]
    for _ in range(2):
        asked.acquire()
    counted = [ahead.waiting]
    futures[4].cancel()
    counted.append(ahead.waiting)
    go.set()
    for future in futures[:4]:
        future.result()
    counted.append(ahead.waiting)
    ahead.close()
    assert counted == [3, 2, 0]
