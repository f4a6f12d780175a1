"""How many distinct overall-report requests a second the sandbox answers.

The client runs in a process of its own, with eight threads, as a pipeline would.
"""

from __future__ import annotations

import multiprocessing
import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime, timedelta
from itertools import islice
from multiprocessing import Queue

import httpx

from sources.help_scout_sandbox import AccountSpec, Sandbox

UNTIL = datetime(2026, 6, 1, 4, tzinfo=UTC)
THREADS = 8
REPORTS = [
    "company",
    "conversations",
    "docs",
    "happiness",
    "productivity",
    "chat",
    "email",
    "phone",
    "user",
    "user/happiness",
    "user/chat",
    "conversations/busy-times",
]
WITHOUT_INBOXES = ("docs",)
SLICES: tuple[dict[str, str], ...] = (
    {},
    {"mailboxes": "85001"},
    {"mailboxes": "85002"},
    {"mailboxes": "85003"},
)


def instants(start: datetime, days: int) -> tuple[str, str]:
    end = start + timedelta(days=days) - timedelta(seconds=1)
    return f"{start:%Y-%m-%dT%H:%M:%SZ}", f"{end:%Y-%m-%dT%H:%M:%SZ}"


def questions() -> Iterator[tuple[str, dict[str, str]]]:
    """Distinct requests: six day windows, then a week window; all and by inbox."""
    for back in range(1, 140):
        days = 7 if back % 7 == 0 else 1
        start, end = instants(UNTIL - timedelta(days=back + days), days)
        before, until = instants(UNTIL - timedelta(days=back + 2 * days), days)
        window = {"start": start, "end": end, "previousStart": before, "previousEnd": until}
        for report in REPORTS:
            for inboxes in SLICES:
                if inboxes and report in WITHOUT_INBOXES:
                    continue
                user = {"user": str(4_001 + back % 6)} if report.startswith("user") else {}
                yield f"/v2/reports/{report}", {**window, **inboxes, **user}


def ask(base_url: str, seconds: float, rates: Queue[float]) -> None:
    """Puts the rate reached in `seconds` of distinct requests into the queue."""
    form = {
        "grant_type": "client_credentials",
        "client_id": "sandbox-id",
        "client_secret": "sandbox-secret",
    }
    pending = questions()
    with httpx.Client(base_url=base_url) as client, ThreadPoolExecutor(THREADS) as pool:
        token = client.post("/v2/oauth2/token", data=form).json()["access_token"]
        client.headers["Authorization"] = f"Bearer {token}"
        began, done = time.perf_counter(), 0
        while time.perf_counter() - began < seconds:
            batch = list(islice(pending, 400))
            if not batch:
                break
            answers = pool.map(lambda asked: client.get(asked[0], params=asked[1]), batch)
            done += sum(answer.raise_for_status().is_success for answer in answers)
        passed = time.perf_counter() - began
    rates.put(done / passed)


def requests_per_second(seconds: float = 8.0) -> float:
    """The rate at which the sandbox answers overall reports that it has not answered before."""
    context = multiprocessing.get_context("spawn")
    rates: Queue[float] = context.Queue()
    with Sandbox(AccountSpec(until=UNTIL)) as sandbox, sandbox.serve() as server:
        client = context.Process(target=ask, args=(server.base_url, seconds, rates))
        client.start()
        rate = rates.get(timeout=seconds * 5 + 30)
        client.join()
    return rate
