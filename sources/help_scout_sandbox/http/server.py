"""The sandbox: a simulated account behind a real HTTP server on the loopback interface."""

from __future__ import annotations

import asyncio
import socket
import threading
import time
from collections.abc import Callable, Collection, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from types import TracebackType
from typing import Literal, Self

import uvicorn

from ..answers.routes import endpoints_by_path
from ..answers.series import Anchor, SeriesOptions
from ..history.account import Account
from ..history.spec import AccountSpec
from ..history.surprises import Surprises, with_enough_teams
from .app import Application, Encoded
from .faults import Faults
from .platform import LoggedRequest, RateLimiter, RequestLog, Tokens

LOOPBACK = "127.0.0.1"
MOST_REMEMBERED = 4_096
MemoKey = tuple[str, tuple[tuple[str, str], ...]]


@dataclass(frozen=True, slots=True)
class RunningServer:
    """A sandbox that answers at `base_url`."""

    base_url: str
    port: int


class Sandbox:
    """A stand-in Help Scout account.

        spec = AccountSpec(until=datetime(2026, 6, 1, tzinfo=UTC))
        with Sandbox(spec) as sandbox, sandbox.serve() as server:
            httpx.post(f"{server.base_url}/v2/oauth2/token", data=...)

    `account` can be changed while it serves; `faults` can be switched on; `requests` tells what
    was asked. `anchor`, `omit_empty_buckets` and `received_messages_as` choose between
    behaviours that the provider does not document; `surprises` are what live accounts do;
    `forbidden` holds path prefixes that answer
    403, as on a plan without these reports. `clock` drives rate limit and token expiry only;
    `clock_skew_seconds` is how far the time that answers tell is ahead of this machine's.
    """

    def __init__(
        self,
        spec: AccountSpec,
        *,
        rate_limit: int = 100_000,
        client_id: str = "sandbox-id",
        client_secret: str = "sandbox-secret",  # noqa: S107 - it guards nothing
        docs_api_key: str = "sandbox-docs-key",
        token_seconds: int = 172_800,
        anchor: Anchor = "request",
        omit_empty_buckets: bool = False,
        received_messages_as: Literal["start/count", "date/messages"] = "start/count",
        surprises: Surprises | None = None,
        forbidden: Collection[str] = (),
        list_page_size: int = 50,
        latency_ms: float = 0,
        clock_skew_seconds: float = 0,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        self.client_id = client_id
        self.client_secret = client_secret
        self.docs_api_key = docs_api_key
        self.clock = clock
        self.forbidden = set(forbidden)
        self.list_page_size = list_page_size
        self.latency_ms = latency_ms
        self.clock_skew_seconds = clock_skew_seconds
        self.surprises = surprises or Surprises()
        if self.surprises.received_messages_date:
            received_messages_as = "date/messages"
        self.series = SeriesOptions(
            anchor,
            omit_empty_buckets,
            received_messages_as,
            "touched" if self.surprises.channels_count_touched else "new",
        )
        self.endpoints = endpoints_by_path(self.series)
        self.limiter = RateLimiter(rate_limit, clock)
        self.tokens = Tokens(client_id, client_secret, token_seconds, clock)
        self.faults = Faults()
        self.log = RequestLog()
        self._memo: dict[MemoKey, Encoded] = {}
        self._memo_version = 0
        self.account = Account(with_enough_teams(spec, self.surprises))
        self._application = Application(self)

    @property
    def requests(self) -> list[LoggedRequest]:
        """Every request answered so far, oldest first."""
        return self.log.all()

    def count(self, path: str) -> int:
        """How many requests for exactly this path were answered so far."""
        return sum(request.path == path for request in self.requests)

    def recall(self, key: MemoKey) -> Encoded | None:
        """The answer kept for this request, unless the history has changed since."""
        if self._memo_version != self.account.version:
            self._memo, self._memo_version = {}, self.account.version
        return self._memo.get(key)

    def remember(self, key: MemoKey, encoded: Encoded, version: int) -> None:
        """Keeps an answer that was computed at a version of the history, while that is current."""
        if version != self.account.version or version != self._memo_version:
            return
        if len(self._memo) >= MOST_REMEMBERED:
            self._memo.pop(next(iter(self._memo)))
        self._memo[key] = encoded

    @contextmanager
    def serve(self, port: int = 0) -> Iterator[RunningServer]:
        """Serves in a background thread, on a free port unless one is given, until left."""
        listener = _listen(port)
        server = _PromptServer(self._config())
        thread = threading.Thread(target=server.run, args=([listener],), daemon=True)
        thread.start()
        try:
            while not server.started:
                if not thread.is_alive():
                    raise RuntimeError("the sandbox could not start its server")
                time.sleep(0.002)
            bound: int = listener.getsockname()[1]
            yield RunningServer(f"http://{LOOPBACK}:{bound}", bound)
        finally:
            if server.started:
                server.leave()
            thread.join(timeout=10)
            listener.close()

    def close(self) -> None:
        """Ends the worker threads and deletes the temporary database."""
        self._application.close()
        self.account.close()

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        problem: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self.close()

    def _config(self) -> uvicorn.Config:
        return uvicorn.Config(
            self._application.asgi,
            interface="asgi3",
            http="httptools",
            ws="none",
            lifespan="off",
            log_config=None,
            log_level="critical",
            access_log=False,
            server_header=False,
            date_header=False,
            timeout_graceful_shutdown=1,
        )


class _PromptServer(uvicorn.Server):
    """Ends when it is told to, and not when it next looks, up to 100 ms later."""

    async def startup(self, sockets: list[socket.socket] | None = None) -> None:
        self._loop, self._leaving = asyncio.get_running_loop(), asyncio.Event()
        await super().startup(sockets)

    async def main_loop(self) -> None:
        await self._leaving.wait()

    def leave(self) -> None:
        """Ends serving, whatever is under way; from another thread."""
        self.should_exit = self.force_exit = True
        self._loop.call_soon_threadsafe(self._leaving.set)


def _listen(port: int) -> socket.socket:
    # with the protocol spelled out asyncio switches Nagle off: 40 ms a request otherwise
    listener = socket.socket(socket.AF_INET, socket.SOCK_STREAM, socket.IPPROTO_TCP)
    listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    try:
        listener.bind((LOOPBACK, port))
    except OSError:
        listener.close()
        raise
    listener.listen(128)
    return listener
