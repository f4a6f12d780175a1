"""Serves an application over HTTP on the loopback interface, from a thread of this process."""

from __future__ import annotations

import asyncio
import socket
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass

import uvicorn
from starlette.types import ASGIApp

LOOPBACK = "127.0.0.1"


@dataclass(frozen=True, slots=True)
class RunningServer:
    """A server that answers at `base_url`."""

    base_url: str
    port: int


@contextmanager
def serve_app(app: ASGIApp, port: int) -> Iterator[RunningServer]:
    """Serves in a background thread until left; port 0 means a free one."""
    config = uvicorn.Config(
        app,
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
    listener = _listen(port)
    server = _PromptServer(config)
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


class _PromptServer(uvicorn.Server):
    """Stops as soon as it should, not up to 100 ms later."""

    async def startup(self, sockets: list[socket.socket] | None = None) -> None:
        self._loop, self._leaving = asyncio.get_running_loop(), asyncio.Event()
        await super().startup(sockets)

    async def main_loop(self) -> None:
        await self._leaving.wait()

    def leave(self) -> None:
        """Ends serving without waiting for open requests; called from another thread."""
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
