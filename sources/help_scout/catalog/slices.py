"""Slices: the parameter combination that a number is for.

A slice's canonical text (`all`, `mailbox=123`, `user=4,office_hours=true`, `mailbox=EU`) is part
of every key; its values are columns of their own. How configuration asks for families of slices
is in `breakdowns`.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from functools import cache
from typing import TypeAlias

from ..errors import ConfigurationError
from .model import CODE, FLAG, ID, TEXT, TEXT_ID, Column, Report, Type, Unit
from .reports.blocks import RANGE_LABELS

_SITE_ID = re.compile(r"[0-9a-f]{24}")


@dataclass(frozen=True, slots=True)
class ItemGroup:
    """Several items requested as one, comma-joined: a named group, or a list.

    Averages and distinct counts of several items cannot be had from those of each.
    """

    items: tuple[str | int, ...]
    name: str = ""

    def __str__(self) -> str:
        return self.name or "+".join(str(item) for item in self.items)


SliceValue: TypeAlias = str | int | bool | ItemGroup


@dataclass(frozen=True, slots=True, kw_only=True)
class SliceParam:
    """One thing that numbers can be sliced by: its name, wire parameter and column.

    The items that a breakdown by it fans out over are `choices`, or those of the dimension
    `listed`. `also` are values that can be requested but are no item; `joins` says whether the
    wire takes several, comma-joined.
    """

    name: str
    param: str
    unit: Unit
    words: str
    choices: tuple[str, ...] = ()
    also: tuple[str, ...] = ()
    listed: str = ""
    joins: bool = False

    @property
    def column(self) -> Column:
        """The typed column that every table of a report with this parameter has."""
        return Column(
            name=f"slice_{self.name}" + ("_id" if self.unit in (ID, TEXT_ID) else ""),
            unit=self.unit,
            description=f"Slice: {self.words}; null when not narrowed to one",
            example=next(iter(self.choices), ""),
        )

    def is_item(self, text: str) -> bool:
        """Whether the text, part of a slice's, is one item and not a group's name or a list."""
        if self.unit is TEXT_ID:
            return _SITE_ID.fullmatch(text) is not None
        return text.isdecimal() or text in (*self.choices, *self.also)

    def parse(self, text: str) -> SliceValue:
        """The value that the text stands for; ConfigurationError when it cannot."""
        if self.unit.type is Type.BIGINT:
            if not text.isdecimal():
                listed = f" (the table {self.listed} has them)" if self.listed else ""
                raise ConfigurationError(f"{self.name}={text}: expected a number{listed}")
            return int(text)
        if self.unit.type is Type.BOOL:
            if text not in ("true", "false"):
                raise ConfigurationError(f"{self.name}={text}: expected true or false")
            return text == "true"
        if self.choices and text not in (*self.choices, *self.also):
            allowed = ", ".join((*self.choices, *self.also))
            raise ConfigurationError(f"{self.name}={text}: expected one of {allowed}")
        if self.unit is TEXT_ID and not self.is_item(text):
            raise ConfigurationError(f"{self.name}={text}: expected 24 of 0-9 and a-f")
        return text


SLICE_PARAMS: dict[str, SliceParam] = {
    param.name: param
    for param in (
        SliceParam(name="mailbox", param="mailboxes", unit=ID, words="inbox",
                   listed="inboxes", joins=True),
        SliceParam(name="tag", param="tags", unit=ID, words="tag; 1 is untagged",
                   listed="tags", joins=True),
        SliceParam(name="type", param="types", unit=TEXT, words="channel",
                   choices=("email", "chat", "phone"), joins=True),
        SliceParam(name="folder", param="folders", unit=ID, words="folder",
                   listed="inbox_folders", joins=True),
        SliceParam(name="site", param="sites", unit=TEXT_ID, words="Docs site",
                   listed="docs_sites", joins=True),
        SliceParam(name="user", param="user", unit=ID, words="user", listed="users"),
        SliceParam(name="team", param="user", unit=ID, words="team, all its members",
                   listed="teams"),
        SliceParam(name="range", param="range", unit=TEXT, words="metric whose ranges are listed",
                   choices=(*RANGE_LABELS, "resolved", "firstReplyResolved")),
        SliceParam(name="range_id", param="rangeId", unit=CODE, words="range of that metric"),
        SliceParam(name="field", param="field", unit=TEXT, words="field whose items are listed",
                   choices=("tagid", "replyid", "workflowid", "customerid")),
        SliceParam(name="field_id", param="fieldid", unit=ID, words="item of that field"),
        SliceParam(name="rating", param="rating", unit=TEXT, words="rating",
                   choices=("great", "ok", "not-good"), also=("all",)),
        SliceParam(name="status", param="status", unit=TEXT, words="conversation status",
                   choices=("active", "pending", "closed")),
        SliceParam(name="office_hours", param="officeHours", unit=FLAG,
                   words="durations counted in office hours"),
    )
}  # fmt: skip
"""In the order in which a slice's text names them."""

GROUP = Column(
    name="slice_group",
    unit=TEXT,
    description="Slice: the named group, or list of items, that was asked for as one",
    example="EU",
)


@dataclass(frozen=True, slots=True)
class Slice:
    """One parameter combination. `values` are (name, value) in `SLICE_PARAMS` order.

    `unresolved` is the breakdown whose slices are not known, because a list of the account could
    not be read. Such a slice is in the ledger only, as `?mailbox`.
    """

    values: tuple[tuple[str, SliceValue], ...] = ()
    unresolved: str = ""

    @classmethod
    def of(cls, **values: SliceValue) -> Slice:
        """The slice of these values, in canonical order; KeyError for a name that is none."""
        unknown = values.keys() - SLICE_PARAMS.keys()
        if unknown:
            raise KeyError(f"no such slice parameters: {sorted(unknown)}")
        return cls(tuple((name, values[name]) for name in SLICE_PARAMS if name in values))

    @property
    def text(self) -> str:
        """The canonical text, part of every key."""
        if self.unresolved:
            return f"?{self.unresolved}"
        return ",".join(f"{name}={slice_text(value)}" for name, value in self.values) or "all"

    @property
    def kind(self) -> str:
        """Which dimensions the slice names: `all`, `mailbox`, `mailbox_group`, `user,status`, …"""
        kinds = (f"{n}_group" if isinstance(value, ItemGroup) else n for n, value in self.values)
        return ",".join(kinds) or "all"

    def get(self, name: str) -> SliceValue | None:
        """The value of that name, None when the slice has none."""
        return dict(self.values).get(name)

    def query(self) -> dict[str, str]:
        """The slice as query parameters, spelled as the wire spells them."""
        return {SLICE_PARAMS[name].param: wire_value(value) for name, value in self.values}

    def columns(self) -> dict[str, str | int | bool]:
        """The slice as column values; of several items as one only their name."""
        columns: dict[str, str | int | bool] = {}
        for name, value in self.values:
            if not isinstance(value, ItemGroup):
                columns[SLICE_PARAMS[name].column.name] = value
            elif GROUP.name in columns:
                columns[GROUP.name] = f"{columns[GROUP.name]},{value}"
            else:
                columns[GROUP.name] = str(value)
        return columns


def each_item(values: Iterable[SliceValue]) -> Iterator[SliceValue]:
    """The items of the values, those requested as one included."""
    for value in values:
        yield from value.items if isinstance(value, ItemGroup) else (value,)


def wire_value(value: SliceValue) -> str:
    """A value as the wire writes it: booleans in lower case, several items comma-joined."""
    if isinstance(value, ItemGroup):
        return ",".join(str(item) for item in value.items)
    return str(value).lower() if isinstance(value, bool) else str(value)


def slice_text(value: SliceValue) -> str:
    """A value as a slice's text names it: groups by their name."""
    return str(value) if isinstance(value, ItemGroup) else wire_value(value)


@cache
def kind_of(text: str) -> str:
    """The kind of the slice that a canonical text names, as `Slice.kind`."""
    terms = (term.partition("=") for term in text.split(",") if text != "all")
    return (
        ",".join(
            f"{name}_group"
            if SLICE_PARAMS[name].joins and not SLICE_PARAMS[name].is_item(value)
            else name
            for name, _, value in terms
        )
        or "all"
    )


def slice_params(report: Report) -> list[SliceParam]:
    """The dimensions that a report can be sliced by, in canonical order."""
    return [param for param in SLICE_PARAMS.values() if param.param in report.wire_params]


def slice_columns(report: Report) -> tuple[Column, ...]:
    """The columns that say for which slice a row of the report is."""
    params = slice_params(report)
    group = (GROUP,) if any(param.joins for param in params) else ()
    return (*(param.column for param in params), *group)
