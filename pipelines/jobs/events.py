"""What jobs report while they run. The command line prints these; other callers may ignore them."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, tzinfo
from pathlib import Path
from typing import TypeAlias
from zoneinfo import ZoneInfo

from sources.help_scout.extract.result import WindowResult

from ..planning.load_plan import Chunk
from ..publishing.published_copy import Publication
from ..quality.check_runner import Result
from .run_summary import Summary


class Event:
    """Something that a job has done or found."""

    __slots__ = ()


Emit: TypeAlias = Callable[[Event], None]


def ignore(_: Event) -> None:
    """For callers that need only what a job returns."""


@dataclass(frozen=True, slots=True)
class Notice(Event):
    """A sentence for people, of which no program needs the parts."""

    text: str


@dataclass(frozen=True, slots=True)
class Advisory(Notice):
    """A notice that does not look right, and what to do. Jobs return these as well."""


@dataclass(frozen=True, slots=True, kw_only=True)
class TimeZoneChosen(Event):
    """The load begins. `source` says where the zone comes from, `doubt` why it may be wrong."""

    zone: ZoneInfo
    source: str
    first_day: date
    doubt: str | None


@dataclass(frozen=True, slots=True)
class ChunkBegins(Event):
    """A chunk of the load plan begins: its number, how many there are, and the zone of its days."""

    number: int
    count: int
    chunk: Chunk
    zone: ZoneInfo


@dataclass(frozen=True, slots=True)
class WindowRead(Event):
    """A window has been read."""

    result: WindowResult


@dataclass(frozen=True, slots=True)
class Summarized(Event):
    """What the load came to."""

    summary: Summary


@dataclass(frozen=True, slots=True)
class LoadedInto(Event):
    """Where the tables are."""

    place: str


@dataclass(frozen=True, slots=True)
class SecondLook(Event):
    """What these checks found to disagree is read once more."""

    checks: Sequence[str]
    has_failure: bool


@dataclass(frozen=True, slots=True)
class ChecksDone(Event):
    """What the checks came to, and the zone of its days."""

    results: Sequence[Result]
    zone: tzinfo


@dataclass(frozen=True, slots=True)
class Published(Event):
    """Readers see the copy at this path; without a path, the tables of the destination."""

    path: Path | None
    publication: Publication


@dataclass(frozen=True, slots=True, kw_only=True)
class Erased(Event):
    """Customers were forgotten: rows by table, answers of the archive, and rows of the values that
    the catalog does not know, of which nothing says whose they are."""

    warehouse: Path
    ids: int
    emails: int
    rows: Mapping[str, int]
    archived_answers: int
    unplaced: int
    is_unknown: bool
