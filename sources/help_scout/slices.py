"""Slices: the parameter combination that a number is for, and the breakdowns that ask for them.

A slice's canonical text (`all`, `mailbox=123`, `user=4,office_hours=true`) is part of every key;
its values are columns of their own. A breakdown is how configuration writes a family of slices:
`all`, `mailbox` (one slice an inbox), `mailbox,type` (one a pair), `user,office_hours=true`,
`range=firstResponseTime,range_id`. A name alone stands for every item, `name=value` for one.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from itertools import product
from typing import TypeAlias

from .catalog import CODE, FLAG, ID, TEXT, TEXT_ID, Column, Report, Type, Unit
from .errors import ConfigurationError

SliceValue: TypeAlias = str | int | bool


@dataclass(frozen=True, slots=True)
class SliceParam:
    """One thing that numbers can be sliced by: its name, wire parameter and column."""

    name: str
    param: str
    unit: Unit
    words: str

    @property
    def column(self) -> Column:
        """The typed column that every table of a report with this parameter has."""
        return Column(
            name=f"slice_{self.name}" + ("_id" if self.unit in (ID, TEXT_ID) else ""),
            unit=self.unit,
            description=f"Slice: {self.words}; null when not narrowed by it",
        )

    def parse(self, text: str) -> SliceValue:
        """The value that the text stands for; ConfigurationError when it cannot."""
        if self.unit.type is Type.BIGINT:
            if not text.isdecimal():
                raise ConfigurationError(f"{self.name}={text}: expected a number")
            return int(text)
        if self.unit.type is Type.BOOL:
            if text not in ("true", "false"):
                raise ConfigurationError(f"{self.name}={text}: expected true or false")
            return text == "true"
        return text


SLICE_PARAMS: dict[str, SliceParam] = {
    param.name: param
    for param in (
        SliceParam("mailbox", "mailboxes", ID, "inbox"),
        SliceParam("tag", "tags", ID, "tag; 1 is untagged"),
        SliceParam("type", "types", TEXT, "channel"),
        SliceParam("folder", "folders", ID, "folder"),
        SliceParam("site", "sites", TEXT_ID, "Docs site"),
        SliceParam("user", "user", ID, "user or team"),
        SliceParam("range", "range", TEXT, "metric whose ranges are listed"),
        SliceParam("range_id", "rangeId", CODE, "range of that metric"),
        SliceParam("field", "field", TEXT, "field whose items are listed"),
        SliceParam("rating", "rating", TEXT, "rating"),
        SliceParam("status", "status", TEXT, "conversation status"),
        SliceParam("office_hours", "officeHours", FLAG, "durations counted in office hours"),
    )
}
"""In the order in which a slice's text names them."""

UNLISTED = frozenset({"site"})
"""Parameters whose items no list of this API tells."""

_BY_PARAM = {param.param: param for param in SLICE_PARAMS.values()}


@dataclass(frozen=True, slots=True)
class Slice:
    """One parameter combination. `values` are (name, value) in `SLICE_PARAMS` order.

    `unresolved` is the breakdown whose slices could not be told, since a list of the account was
    not to be had; such a slice stands in the ledger only, as `?mailbox`.
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
        return ",".join(f"{name}={wire_value(value)}" for name, value in self.values) or "all"

    @property
    def kind(self) -> str:
        """Which dimensions the slice names: `all`, `mailbox`, `user,office_hours`, …"""
        return ",".join(name for name, _ in self.values) or "all"

    def query(self) -> dict[str, str]:
        """The slice as query parameters, spelled as the wire spells them."""
        return {SLICE_PARAMS[name].param: wire_value(value) for name, value in self.values}

    def columns(self) -> dict[str, SliceValue]:
        """The slice as column values."""
        return {SLICE_PARAMS[name].column.name: value for name, value in self.values}


def wire_value(value: SliceValue) -> str:
    """A value as the wire writes it: booleans in lower case."""
    return str(value).lower() if isinstance(value, bool) else str(value)


def slice_params(report: Report) -> list[SliceParam]:
    """The dimensions that a report can be sliced by, in canonical order."""
    params = report.wire_params - {"fieldid"}
    return [param for param in SLICE_PARAMS.values() if param.param in params]


@dataclass(frozen=True, slots=True)
class Breakdown:
    """A family of slices: dimensions with their fixed value, or None for every item."""

    terms: tuple[tuple[str, SliceValue | None], ...]

    def slices(self, items: Callable[[str, Slice], Iterable[SliceValue]]) -> Iterator[Slice]:
        """Every slice of the family. `items` gives a dimension's values, knowing the fixed ones."""
        fixed = Slice.of(**{name: value for name, value in self.terms if value is not None})
        options = [
            [value] if value is not None else list(items(name, fixed)) for name, value in self.terms
        ]
        names = [name for name, _ in self.terms]
        for values in product(*options):
            yield Slice.of(**dict(zip(names, values, strict=True)))

    @property
    def text(self) -> str:
        """The breakdown as configuration writes it."""
        terms = (f"{n}={wire_value(v)}" if v is not None else n for n, v in self.terms)
        return ",".join(terms) or "all"

    def fans_out_over(self, name: str) -> bool:
        """Whether the family has a slice for every item of that param."""
        return (name, None) in self.terms


def parse_breakdown(text: str, report: Report) -> Breakdown:
    """The breakdown that the text asks of the report; ConfigurationError says what is wrong."""
    terms: list[tuple[str, SliceValue | None]] = []
    available = {param.name for param in slice_params(report)}
    for term in text.split(",") if text != "all" else []:
        name, given, value = term.strip().partition("=")
        if name not in available:
            raise ConfigurationError(
                f"breakdown {text!r} of {report.name}: the report does not take {name!r}; "
                f"it takes: {', '.join(sorted(available)) or 'none'}"
            )
        if name in dict(terms):
            raise ConfigurationError(
                f"breakdown {text!r} of {report.name} names {name!r} twice: write one "
                "breakdown for each value"
            )
        if (given and not value) or (name in UNLISTED and not given):
            raise ConfigurationError(
                f"breakdown {text!r} of {report.name}: {name!r} needs a value: {name}=…"
            )
        terms.append((name, SLICE_PARAMS[name].parse(value) if given else None))
    named = {SLICE_PARAMS[name].param for name, _ in terms}
    for param in report.requires:
        if param != "fieldid" and param not in named:
            raise ConfigurationError(
                f"breakdown {text!r} of {report.name}: the report needs "
                f"{_BY_PARAM[param].name!r} in each breakdown"
            )
    order = list(SLICE_PARAMS)
    return Breakdown(tuple(sorted(terms, key=lambda term: order.index(term[0]))))
