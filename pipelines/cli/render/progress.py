"""Prints what jobs report: a moving line on a terminal while they load, plain lines otherwise."""

from __future__ import annotations

import threading
from collections.abc import Iterator, Sequence
from datetime import timedelta
from types import TracebackType
from typing import Self

from rich import box
from rich.console import Console
from rich.progress import Progress, SpinnerColumn, TextColumn, TimeElapsedColumn
from rich.table import Table

from sources.help_scout.catalog.stored_tables import UNKNOWN_VALUES

from ...jobs.account_pool import AccountResult
from ...jobs.events import (
    ChecksDone,
    ChunkBegins,
    Erased,
    Event,
    LoadedInto,
    Notice,
    Published,
    SecondLook,
    Summarized,
    TimeZoneChosen,
    WindowRead,
)
from ...publishing.published_copy import Publication
from ...settings.errors import COMPLETE
from .checks import print_disagreements
from .summary import print_summary


class JobScreen:
    """Prints a job's events in the order in which they come: give it to the job."""

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
        return self

    def __exit__(
        self,
        exc_type: type[BaseException] | None,
        exc: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        self._bar.stop()

    def __call__(self, event: Event) -> None:
        """Prints the event."""
        match event:
            case WindowRead():
                self._count(event)
            case ChunkBegins():
                self._begin(event)
            case Summarized(summary):
                self._bar.stop()
                print_summary(self._console, summary)
            case ChecksDone(results, zone):
                self._bar.stop()
                print_disagreements(self._console, results, zone)
            case LoadedInto(place):
                self._console.print(f"in {place}", markup=False, soft_wrap=True)
            case _:
                for line in lines_of(event):
                    self._console.print(line, markup=False)
        if isinstance(event, TimeZoneChosen | SecondLook):  # a load follows
            self._bar.start()

    def _begin(self, event: ChunkBegins) -> None:
        """A chunk in local days, the last one included."""
        first, last = (instant.astimezone(event.zone) for instant in event.chunk.interval)
        last -= timedelta(seconds=1)
        days = f"{first:%Y-%m-%d} to {last:%Y-%m-%d}"
        self._chunk = f"{event.chunk.what} {days} ({event.number}/{event.count})"
        if not self._is_terminal:
            self._console.print(self._chunk)

    def _count(self, event: WindowRead) -> None:
        with self._lock:
            self._windows += 1
            self._requests += event.result.requests
            if self._is_terminal:
                self._bar.update(
                    self._task,
                    description=f"{self._chunk}  {self._windows:,} windows  "
                    f"{self._requests:,} requests  {event.result.read.report.name}",
                )


def lines_of(event: Event) -> Iterator[str]:
    """The event in words, a line each."""
    match event:
        case Notice(text):
            yield text
        case TimeZoneChosen(zone=zone, source=source, first_day=first_day, doubt=doubt):
            line = f"time zone {zone.key}{source}, history from {first_day}"
            yield line if doubt is None else f"{line}. WARNING: {doubt}"
        case SecondLook(checks, has_failure):
            what = "failed" if has_failure else "found that reports disagree"
            yield (
                f"the check{'s' if len(checks) > 1 else ''} {', '.join(checks)} {what}: reading "
                "once more what disagrees, since numbers may move while they are read"
            )
        case Published(None, publication):
            yield _came_to(publication)
        case Published(path, publication):
            yield f"published for readers: {path}, {_came_to(publication)}"
        case Erased():
            yield from _erased(event)


def _came_to(publication: Publication) -> str:
    disagree = publication.checks_disagreeing
    words = f", {disagree} disagree{'s' if disagree == 1 else ''}" if disagree else ""
    return f"{publication.checks_held} checks hold{words}"


def _erased(event: Erased) -> Iterator[str]:
    for table, count in event.rows.items():
        yield f"{table}: {count:,} rows"
    if event.archived_answers:
        yield f"archive: {event.archived_answers:,} answers"
    yield (
        f"forgotten, by {event.ids} ids and {event.emails} e-mail addresses: "
        f"{sum(event.rows.values()):,} rows emptied in {len(event.rows)} tables of "
        f"{event.warehouse}; loads leave them empty"
    )
    if event.unplaced:
        yield (
            f"{UNKNOWN_VALUES.name} holds {event.unplaced:,} rows of which nothing tells whose "
            "they are: look there, or drop them with privacy_columns = { unknown = 'drop' }"
        )
    if event.is_unknown:
        yield "nothing of them was found here: is the id or address spelt right?"


def print_ends(console: Console, ends: Sequence[AccountResult]) -> None:
    """Prints how each account's process ended, a line each."""
    table = Table(box=box.SIMPLE_HEAD, pad_edge=False)
    for name in ("account", "how it ended"):
        table.add_column(name, no_wrap=True)
    table.add_column("minutes", justify="right")
    for end in ends:
        table.add_row(end.account, end.words, f"{end.seconds / 60:,.1f}")
    console.print(table)
    complete = sum(end.exit_code == COMPLETE for end in ends)
    console.print(f"{complete} of {len(ends)} accounts are complete")
