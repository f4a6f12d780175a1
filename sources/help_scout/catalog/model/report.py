"""Reports: one entry says all that is particular to a report of the API."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from enum import StrEnum

from .columns import Column
from .tables import Table
from .units import COUNT

DOC_ROOT = "https://developer.helpscout.com/mailbox-api/endpoints/reports/"


class Shape(StrEnum):
    """How a report's body is built, and so how windows are requested."""

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
"""What a body must have to be the report at all: a path and the type there."""


@dataclass(frozen=True, slots=True, kw_only=True)
class ParentReport:
    """A report whose body names the items that another report is requested for.

    `param` is the parameter that takes the item, `path` where the item ids are, `field` the fixed
    value of the `field` parameter that goes with it (fields drilldown only).
    """

    report: str
    path: str
    param: str
    field: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Family:
    """Reports that belong together: their heading in the dictionary, their place among the other
    families, and where the product shows their numbers (below Reports).

    https://docs.helpscout.com/article/46-reporting
    """

    title: str
    order: int
    screen: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Report:
    """One report of the API, as data.

    `filters`, `options` and `requires` are parameters by their wire names: filters narrow what
    is counted, options are the report's own, required ones must be sent. `grains` and `slices`
    are the defaults that configuration can replace. `ignored` maps wire paths that are not
    loaded to the reason. `sort` is sent with every page so that pages hold still; `sort_fields`
    are what it can be changed to. `dated_by` is the wire field by which rows belong to a window,
    `names_user` the one that holds the user requested. `overall` is the column, as table and name,
    that is zero where a bucket of a series is, or where there are no rows. `screen` is where the
    product shows its numbers, if not where its family's are. `offers_tags` says that the account's
    tags are read from the filters that it offers.
    """

    name: str
    family: Family
    path: str
    doc: str
    summary: str
    shape: Shape
    tables: tuple[Table, ...]
    grains: tuple[str, ...] = ("day", "week", "month")
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
    parents: tuple[ParentReport, ...] = ()
    ignored: Mapping[str, str] = field(default_factory=dict)
    screen: str = ""
    offers_tags: bool = False

    def __post_init__(self) -> None:
        if not self.tables or self.tables[0].name != self.name:
            raise ValueError(f"report {self.name}: its first table must carry its name")
        allowed = {"day", "week"} if self.shape is Shape.SERIES else {"day", "week", "month"}
        if not set(self.grains) <= allowed:
            raise ValueError(f"report {self.name}: grains {self.grains} are not all of {allowed}")
        if self.shape in PAGED:
            return
        for table in self.tables:
            for column in table.columns:
                if column.unit == COUNT and column.additivity is None:
                    raise ValueError(f"{table.name}.{column.name} does not say how it adds up")

    def measures(self) -> Iterator[tuple[Table, Column]]:
        """What it counts or averages in a window, by table; none where it lists single things. The
        previous period's are left out."""
        for table in () if self.shape in PAGED else self.tables:
            for column in table.columns:
                if column.additivity is not None and not column.compares:
                    yield table, column

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
    def app_screen(self) -> str:
        """Where the product shows its numbers, below Reports."""
        return self.screen or self.family.screen

    @property
    def doc_url(self) -> str:
        """The vendor's page."""
        return DOC_ROOT + self.doc
