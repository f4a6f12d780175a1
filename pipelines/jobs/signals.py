"""SIGINT and SIGTERM end a run early, with all that was read whole loaded."""

from __future__ import annotations

import signal
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from types import FrameType

from sources.help_scout.state.run import Run

from .events import Emit, Notice

SIGNALS = (signal.SIGINT, signal.SIGTERM)


@contextmanager
def stopping_at_signals(run: Run, emit: Emit) -> Iterator[None]:
    """Has the first signal stop the run, and the second end the process as it always would.

    Either way nothing is lost: the next run goes on from what is loaded.
    """
    if threading.current_thread() is not threading.main_thread():
        yield  # signals are the main thread's
        return
    before = {number: signal.getsignal(number) for number in SIGNALS}

    def restore() -> None:
        for number, handler in before.items():
            signal.signal(number, handler)

    def stop(_number: int, _frame: FrameType | None) -> None:
        restore()
        run.stop()
        emit(Notice("stopping: what was read whole is being loaded (again to end at once)"))

    for number in SIGNALS:
        signal.signal(number, stop)
    try:
        yield
    finally:
        restore()
