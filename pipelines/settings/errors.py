"""Errors of the command line, and how any failure becomes one message and an exit code.

PipelineError
├── WarehouseError      the warehouse cannot be used: locked, unwritable, not a database
├── UsageError          options that contradict each other or what is loaded
│   └── NothingLoaded   there is nothing to look at yet
└── DestinationDown     the destination does not answer, or not to these credentials
"""

from __future__ import annotations

import errno
import os
import re

from dlt.common.configuration.exceptions import (
    ConfigFieldMissingException,
    ConfigurationException,
)

from sources.help_scout.errors import ApiError, ArchiveError, ConfigurationError

DISK_ERRORS = (errno.ENOSPC, errno.EDQUOT, errno.EFBIG, errno.EROFS, errno.EIO)

MANY_LINES = 5
"""A message of so many lines quotes another's traceback, which ends with what went wrong."""

COMPLETE, FAILED, USAGE, PARTIAL, STOPPED = 0, 1, 2, 3, 75
"""Exit codes: all loaded; failed; wrong options or configuration; loaded, but not everything;
stopped by a budget or a signal, to be gone on with."""


class PipelineError(Exception):
    """Base of the command line's own errors."""


class WarehouseError(PipelineError):
    """The warehouse file cannot be used."""


class UsageError(PipelineError):
    """The options contradict each other or what is loaded."""


class NothingLoaded(UsageError):
    """There is nothing to look at yet."""


class DestinationDown(PipelineError):
    """The destination does not answer, or not to these credentials."""


def explain(error: BaseException) -> tuple[str, int]:
    """One message that says what to do, and the exit code, for any failure."""
    for cause in _causes(error):
        if isinstance(cause, ConfigFieldMissingException):
            names = ", ".join(cause.fields)
            variables = " and ".join(f"SOURCES__HELP_SCOUT__{f.upper()}" for f in cause.fields)
            message = (
                f"{names} not configured: set {variables}, or write them under "
                "[sources.help_scout] in .dlt/secrets.toml"
            )
            return message, USAGE
        if isinstance(cause, ApiError | ArchiveError | DestinationDown):
            return without_passwords(str(cause)), FAILED
        if isinstance(cause, ConfigurationError | PipelineError):
            return str(cause), USAGE
        if isinstance(cause, ConfigurationException):
            return " ".join(str(cause).split()), USAGE
    if (words := _disk_words(error)) is not None:
        return words, FAILED
    causes = _causes(error)
    last, notes = causes[-1], [n for cause in causes for n in getattr(cause, "__notes__", ())]
    said = re.split(r"Traceback \(most recent call last\)", str(last))[-1].strip().splitlines()
    words = " ".join(str(last).split()) if len(said) < MANY_LINES else said[-1].strip()
    return "; ".join((f"{type(last).__name__}: {without_passwords(words)[:500]}", *notes)), FAILED


def without_passwords(text: str) -> str:
    """The text with nothing in the place of passwords in addresses and connection strings."""
    return re.sub(r"(?<=:)[^:/@\s]+(?=@)|(?<=password=)\S+", "…", text)


def _disk_words(error: BaseException) -> str | None:
    """What to do when a disk is full or cannot be written to; None for other errors. What fails
    inside dlt or DuckDB is known by its message only."""
    messages = " ".join(str(cause) for cause in _causes(error))
    found = re.search("|".join(re.escape(os.strerror(number)) for number in DISK_ERRORS), messages)
    if found is None:
        return None
    paths = re.findall(r'(?:write|open|create)[a-z ]* file "([^"]+)"', messages)
    return (
        f"cannot write{f' {paths[-1]}' if paths else ''}: {found[0]}. The warehouse is as it was "
        "before, or holds a part of what was read: once there is room the same command goes on"
    )


def _causes(error: BaseException) -> list[BaseException]:
    """The error and what caused it, outermost first."""
    chain: list[BaseException] = []
    current: BaseException | None = error
    while current is not None and current not in chain:
        chain.append(current)
        current = current.__cause__ or current.__context__
    return chain
