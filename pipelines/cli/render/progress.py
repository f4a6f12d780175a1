"""Progress of a load: a moving line on a terminal, a plain line a chunk otherwise."""

from __future__ import annotations

import threading
from datetime import timedelta
from types import TracebackType
from typing import Self
from zoneinfo import ZoneInfo

from rich.console import Console
from rich.progress import Progress, SpinnerColumn, TextColumn, TimeElapsedColumn

from sources.help_scout.extract.result import WindowResult

from ...planning.load_plan import Chunk


class LoadProgress:
    """Counts windows and requests while they come in. `on_result` and `on_chunk` feed it."""

    def __init__(self, console: Console) -> None:
        self._console = console
        self._is_terminal = console.is_terminal  # asked for each window it would take a while
        self._windows = 0
        self._requests = 0
        self._chunk = ""
        self._lock = threading.Lock()
        self._bar = Progress(
            SpinnerColumn(),
            TextColumn("{task.description}"),
            TimeElapsedColumn(),
            console=console,
            transient=True,
            disable=not self._is_terminal,
        )
        self._task = self._bar.add_task("starting")

    def __enter__(self) -> Self:
        self._bar.start()
        return self

    def __exit__(
        self,
        exc_type: type[BaseException] | None,
        exc: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        self._bar.stop()

    def on_chunk(self, number: int, count: int, chunk: Chunk, zone: ZoneInfo) -> None:
        """A chunk begins. It is told in local days, the last one included."""
        first, last = (instant.astimezone(zone) for instant in chunk.interval)
        last -= timedelta(seconds=1)
        self._chunk = f"{chunk.what} {first:%Y-%m-%d} to {last:%Y-%m-%d} ({number}/{count})"
        if not self._is_terminal:
            self._console.print(self._chunk)

    def on_result(self, result: WindowResult) -> None:
        """A window has been read."""
        with self._lock:
            self._windows += 1
            self._requests += result.requests
            if self._is_terminal:
                self._bar.update(
                    self._task,
                    description=f"{self._chunk}  {self._windows:,} windows  "
                    f"{self._requests:,} requests  {result.read.report.name}",
                )
