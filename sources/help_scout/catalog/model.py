"""The words in which reports are described: columns, tables, reports. All of it is data.

A report is one `Report` entry in `reports/`; everything downstream (planning, flattening, dlt
hints, views, the table dictionary) reads these entries and knows no report by name.

Wire paths are dotted (`current.volume.emailsCreated`), relative to the row of their table;
`[]` marks a list whose items are rows (`users[]`, `customFields.fields[].values[]`).
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from enum import StrEnum

from .naming import snake_case, with_unit

OCCURRENCE = "occurrence"
DOC_ROOT = "https://developer.helpscout.com/mailbox-api/endpoints/reports/"


class Type(StrEnum):
    """A column's type, by dlt's names; `json` is stored as text, which every warehouse reads."""

    BIGINT = "bigint"
    DOUBLE = "double"
    TEXT = "text"
    BOOL = "bool"
    TIMESTAMP = "timestamp"
    DATE = "date"
    JSON = "json"


@dataclass(frozen=True, slots=True)
class Unit:
    """What a value measures: its words, its type, the ending of its column's name, and what such a
    value looks like."""

    words: str
    type: Type
    suffix: str = ""
    example: str = field(kw_only=True)

    def __post_init__(self) -> None:
        if not self.example:
            raise ValueError(f"unit {self.words} has no example")


SOME_TEXT = "some text"
"""What a text looks like of which nothing better is known: no column may be left with it."""
COUNT = Unit("count", Type.BIGINT, example="42")
DAYS = Unit("days", Type.BIGINT, example="7")
SECONDS = Unit("seconds", Type.DOUBLE, "seconds", example="5400.0")
PCT = Unit("percent, 0 to 100", Type.DOUBLE, "pct", example="61.5")
RATIO = Unit("ratio, 0 to 1", Type.DOUBLE, "ratio", example="0.62")
POINTS = Unit("percentage points", Type.DOUBLE, "points", example="-3.5")
CHANGE = Unit("relative change in percent", Type.DOUBLE, "pct", example="12.5")
SCORE = Unit("score, -100 to 100", Type.DOUBLE, example="74.0")
RATE = Unit("average", Type.DOUBLE, example="3.4")
WEEKDAY = Unit("weekday, Monday 1 to Sunday 7, company time zone", Type.BIGINT, example="1")
HOUR = Unit("hour 0 to 23, company time zone", Type.BIGINT, example="14")
CODE = Unit("code", Type.BIGINT, example="3")
ORDINAL = Unit("ordinal", Type.BIGINT, example="1")
ID = Unit("id", Type.BIGINT, example="123456")
TEXT_ID = Unit("id", Type.TEXT, example="53b3e4f2e4b0a1c2d3e4f5a6")
TEXT = Unit("text", Type.TEXT, example=SOME_TEXT)
FLAG = Unit("true or false", Type.BOOL, example="true")
INSTANT = Unit("instant, UTC", Type.TIMESTAMP, example="2026-03-04 05:00:00+00")
LOCAL_DATE = Unit("date, company time zone", Type.DATE, example="2026-03-04")
RAW = Unit("JSON as text", Type.JSON, example='["a", "b"]')


@dataclass(frozen=True, slots=True, kw_only=True)
class Column:
    """One column of a table: where its value stands on the wire and what it means.

    `paths` has more than one entry when the wire spells one thing in two ways; it is empty for
    columns that are not read from the body (`metric`, `range_label`, `occurrence`, `position`).
    `label_of` names the column whose code it puts in words, by `labels`. `example` is for the
    dictionary, where neither the documented body nor the unit has a telling one. `scale_from` names
    the two columns of a share's counts, part and total, which decide on what scale it came.
    `unconfirmed` says why the unit may be another one: nothing but a sample shows it.
    """

    name: str
    unit: Unit
    description: str
    paths: tuple[str, ...] = ()
    example: str = ""
    personal: bool = False
    label_of: str = ""
    labels: Mapping[int, str] = field(default_factory=dict)
    scale_from: tuple[str, str] | None = None
    unconfirmed: str = ""

    def __post_init__(self) -> None:
        if not self.description:
            raise ValueError(f"column {self.name} has no description")

    @property
    def meaning(self) -> str:
        """Its description, and whether its unit is unconfirmed."""
        if not self.unconfirmed:
            return self.description
        return f"{self.description} (unit unconfirmed: {self.unconfirmed})"

    @property
    def comment(self) -> str:
        """What warehouses are told of it: its meaning and its unit."""
        return f"{self.meaning} ({self.unit.words})"

    @property
    def compares(self) -> bool:
        """Whether it is about the previous period: it means nothing unless one was asked for."""
        return bool(self.paths) and self.name.startswith(("previous_", "delta_"))


def column(
    path: str,
    unit: Unit,
    description: str,
    *,
    name: str | None = None,
    also: tuple[str, ...] = (),
    personal: bool = False,
    example: str = "",
    unconfirmed: str = "",
) -> Column:
    """One column read from `path`, named by the naming rule unless `name` is given."""
    return Column(
        name=name or with_unit(snake_case(path), unit.suffix),
        unit=unit,
        description=description,
        paths=(path, *also),
        personal=personal,
        example=example,
        unconfirmed=unconfirmed,
    )


def label(name: str, of: str, labels: Mapping[int, str], description: str) -> Column:
    """The column that puts the code in the column `of` in words; null for a code unheard of."""
    return Column(name=name, unit=TEXT, description=description, label_of=of, labels=labels)


def measure(
    path: str,
    unit: Unit,
    description: str,
    *,
    name: str | None = None,
    previous: bool = True,
    delta: Unit | None = CHANGE,
    scale_from: tuple[str, str] | None = None,
    unconfirmed: str = "",
    delta_unconfirmed: str = "",
) -> Iterator[Column]:
    """The columns of a measure that stands in `current`, `previous` and `deltas`.

    `name` is without the unit's ending; `delta` is None where the deltas lack the measure.
    `scale_from` are the paths of a share's counts, which each block has beside it.
    """
    stem = name or snake_case(path)
    for block in ("current", "previous") if previous else ("current",):
        prefix, words = ("", "") if block == "current" else ("previous_", "Previous period: ")
        counts = tuple(f"{prefix}{snake_case(count)}" for count in scale_from or ())
        yield Column(
            name=with_unit(f"{prefix}{stem}", unit.suffix),
            unit=unit,
            description=f"{words}{description}",
            paths=(f"{block}.{path}",),
            scale_from=(counts[0], counts[1]) if counts else None,
            unconfirmed=unconfirmed,
        )
    if delta is not None:
        yield column(
            f"deltas.{path}",
            delta,
            f"Change against the previous period: {description}",
            name=with_unit(f"delta_{stem}", delta.suffix),
            unconfirmed=delta_unconfirmed,
        )


@dataclass(frozen=True, slots=True, kw_only=True)
class Rows:
    """Where a table's rows stand in the body.

    `path` "" is the body itself (one row). Several lists can fill one table: `metric` then says
    which list a row came from, and `labels` names its `range_id`s.
    """

    path: str = ""
    metric: str | None = None
    labels: Mapping[int, str] = field(default_factory=dict)


@dataclass(frozen=True, slots=True, kw_only=True)
class Table:
    """One flat table. Its primary key is the window key and `row_key`.

    `key` is what tells its items apart in the body. `inherits` are columns copied from the row that
    the list stands in. A key column named `position` counts the rows of the window, for rows that
    have no identity of their own. In all other lists the API may leave an id out, or say one twice:
    `occurrence` counts the rows that are equal in `key`, and belongs to the key that is stored. So
    an id that is missing stays null, as no number invented in its place would, and every row of
    every list has a key at every destination. A row that repeats another one wholly is dropped,
    unless the table `keeps_equal_rows`.
    """

    name: str
    summary: str
    rows: tuple[Rows, ...]
    columns: tuple[Column, ...]
    key: tuple[str, ...] = ()
    inherits: tuple[str, ...] = ()
    keeps_equal_rows: bool = False

    def __post_init__(self) -> None:
        names = [column.name for column in self.columns]
        doubles = {name for name in names if names.count(name) > 1}
        if doubles:
            raise ValueError(f"table {self.name}: columns named twice: {sorted(doubles)}")
        for name in (*self.key, *self.inherits):
            if name not in names:
                raise ValueError(f"table {self.name}: no column {name!r} for its key")
        for column in self.columns:
            for name in column.scale_from or ():
                if name not in names:
                    raise ValueError(f"table {self.name}: no column {name!r} for {column.name}")

    @property
    def one_row_a_window(self) -> bool:
        """Whether a window has at most one row here."""
        return not self.key

    @property
    def counts_positions(self) -> bool:
        """Whether its rows are told apart by their position in the window."""
        return "position" in self.key and "position" not in self.inherits

    @property
    def counts_occurrences(self) -> bool:
        """Whether rows that are equal in all key columns are numbered."""
        return bool(self.key) and "position" not in set(self.key) - {*self.inherits}

    @property
    def row_key(self) -> tuple[str, ...]:
        """The columns that tell the rows of a window apart."""
        return (*self.key, OCCURRENCE) if self.counts_occurrences else self.key

    def has_column(self, name: str) -> bool:
        """Whether it has a column of that name."""
        return any(column.name == name for column in self.columns)

    def column(self, name: str) -> Column:
        """The column of that name; KeyError when there is none."""
        for candidate in self.columns:
            if candidate.name == name:
                return candidate
        raise KeyError(f"{self.name} has no column {name}")


class Shape(StrEnum):
    """How a report's body is built, and so how windows are asked for."""

    OVERALL = "overall"  # one window a request: current, previous, deltas
    HEATMAP = "heatmap"  # one window a request: a bare array of cells
    SERIES = "series"  # many windows a request: one bucket each
    DRILLDOWN = "drilldown"  # pages of conversations, size up to 50
    LIST = "list"  # pages of rows, size fixed by the API


PAGED = frozenset({Shape.DRILLDOWN, Shape.LIST})

ENVELOPES: Mapping[Shape, tuple[str, type]] = {
    Shape.OVERALL: ("current", dict),
    Shape.HEATMAP: ("", list),
    Shape.SERIES: ("current", list),
    Shape.DRILLDOWN: ("conversations.results", list),
    Shape.LIST: ("results", list),
}
"""What a body must have to be the report at all: a path and the type that stands there."""


@dataclass(frozen=True, slots=True, kw_only=True)
class ParentReport:
    """A report whose body names the items that another report is asked for.

    `param` is the parameter that takes the item, `path` where the item ids stand, `field` the
    fixed value of the `field` parameter that goes with it (fields drilldown only).
    """

    report: str
    path: str
    param: str
    field: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Report:
    """One report of the API, as data.

    `filters`, `options` and `requires` are parameters by their wire names: filters narrow what
    is counted, options are the report's own, required ones must be sent. `grains` and `slices`
    are the defaults that configuration can replace. `ignored` maps wire paths that are not
    loaded to the reason. `sort` is sent with every page so that pages hold still; `sort_fields`
    are what it can be changed to. `dated_by` is the wire field by which rows belong to a window,
    `names_user` the one that holds the user asked for. `overall` is the column, as table and name,
    that is zero where a bucket of a series is, or where there are no rows.
    """

    name: str
    path: str
    doc: str
    summary: str
    shape: Shape
    tables: tuple[Table, ...]
    grains: tuple[str, ...]
    slices: tuple[str, ...] = ("all", "mailbox")
    filters: tuple[str, ...] = ("mailboxes", "types", "folders", "tags")
    options: tuple[str, ...] = ()
    requires: tuple[str, ...] = ()
    compares: bool = True
    office_hours: bool = False
    sort: Mapping[str, str] = field(default_factory=dict)
    sort_fields: tuple[str, ...] = ()
    dated_by: str = ""
    names_user: str = ""
    overall: tuple[str, str] | None = None
    drivers: tuple[ParentReport, ...] = ()
    ignored: Mapping[str, str] = field(default_factory=dict)

    def __post_init__(self) -> None:
        if not self.tables or self.tables[0].name != self.name:
            raise ValueError(f"report {self.name}: its first table must carry its name")
        allowed = {"day", "week"} if self.shape is Shape.SERIES else {"day", "week", "month"}
        if not set(self.grains) <= allowed:
            raise ValueError(f"report {self.name}: grains {self.grains} are not all of {allowed}")

    @property
    def wire_params(self) -> frozenset[str]:
        """Every parameter that may be sent, by its wire name, dates and paging included."""
        names = {"start", "end", *self.filters, *self.options, *self.requires}
        if self.compares:
            names |= {"previousStart", "previousEnd"}
        if self.office_hours:
            names.add("officeHours")
        if self.shape is Shape.SERIES:
            names.add("viewBy")
        if self.shape is Shape.DRILLDOWN:
            names |= {"page", "rows"}
        if self.shape is Shape.LIST:
            names.add("page")
        return frozenset(names)

    @property
    def doc_url(self) -> str:
        """The vendor's page."""
        return DOC_ROOT + self.doc
