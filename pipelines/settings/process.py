"""What holds for the whole process of a command: its defaults for dlt, its files, its memory."""

from __future__ import annotations

import gc
import os

DLT_DEFAULTS = {
    "RUNTIME__DLTHUB_TELEMETRY": "false",
    "RUNTIME__LOG_LEVEL": "CRITICAL",
    "RUNTIME__INTERCEPT_SIGNALS": "false",
    "EXTRACT__FUTURES_POLL_INTERVAL": "0",
    "LOAD__WORKERS": "4",
    "LOAD__DELETE_COMPLETED_JOBS": "true",
    "ARROW_DEFAULT_MEMORY_POOL": "system",
}
"""Ours where the user's environment is silent: few tables are loaded at once, since each needs
memory, Arrow's own pool would keep memory that it no longer needs, signals are answered by
`stopping`, errors are told once and by us, rows that have been loaded need not lie about in files,
and a resource that has nothing yet need not be waited for: it waits itself."""

NEW_OBJECTS_PER_COLLECTION = 100_000
"""Bodies are many objects and no cycles: looked through as often as Python does by default, they
take a quarter longer."""


def prepare_process() -> None:
    """Called once, before anything is loaded."""
    os.umask(0o077)  # what is written is for its owner only
    for name, value in DLT_DEFAULTS.items():
        os.environ.setdefault(name, value)
    gc.set_threshold(NEW_OBJECTS_PER_COLLECTION, 50, 100)
