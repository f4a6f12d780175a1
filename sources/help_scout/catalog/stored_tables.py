"""Tables as they are in the warehouse: the context columns, keys, tombstones.

Every row of a report carries its window and slice. A re-read replaces a window by its window key
(delete-insert on the merge key); so that an emptied window empties, a tombstone goes with it: a
row that exists only to be deleted, marked in the `tombstone` column.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from typing import Any, Literal

from .model import (
    FLAG,
    INSTANT,
    LOCAL_DATE,
    OCCURRENCE,
    ORDINAL,
    RAW,
    TEXT,
    Column,
    Report,
    Shape,
    Table,
    Type,
)
from .slices import GROUP, SLICE_PARAMS, slice_columns

WINDOW_KEY = ("account", "slice", "grain", "window_start")
CURSOR = "covered_until"
TOMBSTONE = "tombstone"
NO_NUMBER = -1
NO_TEXT = "\ue000"  # private use: no item of the API is called that

DEDUPLICATED = "x-stage-data-deduplicated"
"""The hint to dlt that no two rows of a package share a key: looking for them would take as long as
all else that it does to write them."""

REPORT_WINDOW_KEY = ("account", "report", "slice", "grain", "window_start")


def text_column(name: str, description: str, example: str) -> Column:
    """A column of words that no body holds."""
    return Column(name=name, unit=TEXT, description=description, example=example)


ACCOUNT = text_column("account", "Account, as named in the configuration", "main")
RUN_ID = "5506cdb1677345a087141c76bbcc9d82"
"""What the id of a run looks like."""
_SLICE = text_column("slice", "Slice, in canonical text; all is the total", "mailbox=123")
_SPAN = (
    text_column("grain", "day, week or month", "day"),
    Column(name="window_start", unit=INSTANT, description="First instant of the window"),
    Column(
        name="window_end",
        unit=INSTANT,
        description="First instant after the window",
        example="2026-03-05 05:00:00+00",
    ),
    Column(name="window_date", unit=LOCAL_DATE, description="First local day of the window"),
)
_WINDOW = (
    ACCOUNT,
    _SLICE,
    text_column("slice_kind", "What the slice narrows by, e.g. mailbox", "mailbox"),
    *_SPAN,
)
WINDOW_OF_A_REPORT = (ACCOUNT, text_column("report", "Report", "company_overall"), _SLICE, *_SPAN)
"""The columns that say which window of which slice of which report a row is about."""
_PREVIOUS = (
    Column(
        name="previous_window_start",
        unit=INSTANT,
        description="First instant of the window compared with; null without comparison",
        example="2026-03-03 05:00:00+00",
    ),
    Column(
        name="previous_window_end",
        unit=INSTANT,
        description="First instant after the window compared with",
    ),
)
_WORTH = (
    Column(
        name="fetched_at",
        unit=INSTANT,
        description="When the API gave these numbers",
        example="2026-03-12 08:15:09+00",
    ),
    Column(
        name=CURSOR,
        unit=INSTANT,
        description="Up to where they reach: the window's end, or the run's start if it was open",
        example="2026-03-05 05:00:00+00",
    ),
    Column(
        name="is_final",
        unit=FLAG,
        description="Whether the lookback had passed: no nightly run reads the window again",
    ),
    Column(
        name=TOMBSTONE,
        unit=FLAG,
        description="Null in every stored row; marks rows that only empty a window on load",
        example="null",
    ),
)
OCCURRENCE_COLUMN = Column(
    name=OCCURRENCE,
    unit=ORDINAL,
    description="1; 2 and more where the key repeats, or its id is missing: rows of their own",
    example="1",
)
"""The last column of every table that lists items."""


@dataclass(frozen=True, slots=True, kw_only=True)
class StoredTable:
    """A table with all its columns and keys, as it is declared to the destination. `may_lack` are
    columns of the primary key that can be null: ids that the API may leave out."""

    name: str
    description: str
    columns: tuple[Column, ...]
    primary_key: tuple[str, ...]
    merge_key: tuple[str, ...] = ()
    may_lack: tuple[str, ...] = ()

    @property
    def sql_columns(self) -> str:
        """The columns with their types, as SQL makes a table of them."""
        return ", ".join(f"{column.name} {column.unit.type.sql}" for column in self.columns)

    def is_nullable(self, name: str) -> bool:
        """Whether the column may be null."""
        return name not in self.primary_key or name in self.may_lack


@dataclass(frozen=True, slots=True, kw_only=True)
class Storage:
    """How the destination keeps tables: whether what is read again replaces what it was, or every
    read is kept and readers take the latest; in which format, if not the destination's own; and
    when the rows of ledgers come: beside the rows that they record, once and last in the same
    package, or in a package that is loaded after it. That is for places where of a load that was
    interrupted a part may stay for good: ledgers must not record rows there that never came."""

    replaces: bool = True
    table_format: str | None = None
    ledgers: Literal["beside", "last", "after"] = "beside"


def context_columns(report: Report) -> tuple[Column, ...]:
    """The columns that every table of the report has, whatever its body."""
    compares = report.compares and report.shape is Shape.OVERALL
    return (*_WINDOW, *slice_columns(report), *(_PREVIOUS if compares else ()), *_WORTH)


def stored_table(report: Report, table: Table) -> StoredTable:
    """A report's table with its context columns and keys."""
    return StoredTable(
        name=table.name,
        description=table.summary,
        columns=(
            *context_columns(report),
            *table.columns,
            *((OCCURRENCE_COLUMN,) if table.counts_occurrences else ()),
        ),
        primary_key=(*WINDOW_KEY, *table.row_key),
        merge_key=WINDOW_KEY,
        may_lack=table.key if table.counts_occurrences else (),
    )


RESERVED_NAMES = frozenset(
    column.name
    for column in (
        *_WINDOW,
        *_PREVIOUS,
        *_WORTH,
        OCCURRENCE_COLUMN,
        GROUP,
        *(param.column for param in SLICE_PARAMS.values()),
    )
)
"""Names that no unknown field may take."""

UNKNOWN_VALUES = StoredTable(
    name="unknown_values",
    description="Values that the catalog does not know and that no row could hold; "
    "unknown fields of a row become columns of that row instead",
    columns=(
        ACCOUNT,
        text_column("report", "Report whose body held the value", "company_overall"),
        _SLICE,
        *_SPAN[:2],
        text_column("wire_path", "Where it stood in the body", "current.newField"),
        Column(name="wire_values", unit=RAW, description="The distinct values seen, as JSON"),
        *_WORTH[:2],
    ),
    primary_key=(*REPORT_WINDOW_KEY, "wire_path"),
)


def tombstone(table: Table, window_start: datetime) -> dict[str, Any]:
    """A row that no item of the window has, marked for deletion; without its window's columns."""
    sentinels = {
        Type.TEXT: NO_TEXT,
        Type.TIMESTAMP: window_start,
    }
    key = {name: sentinels.get(table.column(name).unit.type, NO_NUMBER) for name in table.key}
    if table.counts_occurrences:
        key[OCCURRENCE] = NO_NUMBER
    return {**key, TOMBSTONE: True}
