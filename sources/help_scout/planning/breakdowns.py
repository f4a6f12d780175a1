"""Breakdowns: how configuration asks for families of slices.

all                     the total
mailbox                 one slice an inbox
mailbox,type            one a pair
mailbox=123             this inbox only
mailbox=123|456         these two, a slice each
mailbox=123+456         these two as one
mailbox=EU              the group of inboxes that `groups.mailbox` calls EU, as one
mailbox_group           every group of inboxes, a slice each
user,office_hours       one a user, durations counted in office hours
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, TypeAlias

from ..catalog.model import PAGED, Report, Type
from ..catalog.reports.blocks import RANGE_LABELS
from ..catalog.slices import (
    SLICE_PARAMS,
    ItemGroup,
    Slice,
    SliceParam,
    SliceValue,
    slice_params,
    slice_text,
    wire_value,
)
from ..errors import ConfigurationError

Groups: TypeAlias = Mapping[str, Mapping[str, ItemGroup]]
"""Named groups of items, by slice parameter and name."""

ItemsOf: TypeAlias = Callable[[str, Slice], Iterable[SliceValue] | None]
"""The values that a breakdown by a name fans out over, given the values before it; None where the
name does not apply to them."""

GROUP_SUFFIX = "_group"
CARRIED_BY_ROWS = {"mailbox": "mailbox_id", "type": "conversation_type", "tag": "tag_id"}
_GROUP_NAME = re.compile(r"[A-Za-z][A-Za-z0-9_.-]*")
_NEEDS_VALUE = frozenset({"field_id"})


@dataclass(frozen=True, slots=True)
class Breakdown:
    """A family of slices: parameters with the values to take, or None for every item."""

    terms: tuple[tuple[str, tuple[SliceValue, ...] | None], ...]

    def slices(self, items: ItemsOf) -> Iterator[Slice]:
        """Every slice of the family."""
        yield from self._slices(0, {}, items)

    def _slices(
        self, position: int, chosen: dict[str, SliceValue], items: ItemsOf
    ) -> Iterator[Slice]:
        if position == len(self.terms):
            yield Slice.of(**chosen)
            return
        name, values = self.terms[position]
        found = items(name, Slice.of(**chosen)) if values is None else values
        if found is None:
            yield from self._slices(position + 1, chosen, items)
            return
        for value in list(found):
            yield from self._slices(position + 1, {**chosen, name: value}, items)

    @property
    def text(self) -> str:
        """The breakdown as configuration writes it."""
        terms = (
            f"{name}={'|'.join(slice_text(value) for value in values)}" if values else name
            for name, values in self.terms
        )
        return ",".join(terms) or "all"

    @property
    def names(self) -> tuple[str, ...]:
        """The parameters that it narrows by."""
        return tuple(name for name, _ in self.terms)

    @property
    def kind(self) -> str:
        """The kind of its slices, as `Slice.kind`."""
        kinds = (
            name + GROUP_SUFFIX if values and isinstance(values[0], ItemGroup) else name
            for name, values in self.terms
        )
        return ",".join(kinds) or "all"

    def takes(self, name: str, value: SliceValue) -> bool:
        """Whether the family has slices with that value."""
        return any(n == name and (values is None or value in values) for n, values in self.terms)

    def fans_out_over(self, name: str) -> bool:
        """Whether the family has a slice for every item of that parameter."""
        return (name, None) in self.terms

    def narrowed_by(self, name: str, value: SliceValue) -> Breakdown:
        """The same family with one more value in each slice; itself when it has that name."""
        return self if name in self.names else _in_order({**dict(self.terms), name: (value,)})


def parse_groups(groups: Mapping[str, Mapping[str, Sequence[str | int]]]) -> Groups:
    """The configured groups, checked; ConfigurationError says what is wrong."""
    return {name: dict(_groups_of(name, named)) for name, named in groups.items()}


def _groups_of(
    name: str, named: Mapping[str, Sequence[str | int]]
) -> Iterator[tuple[str, ItemGroup]]:
    param = SLICE_PARAMS.get(name)
    if param is None or not param.joins:
        able = ", ".join(param.name for param in SLICE_PARAMS.values() if param.joins)
        raise ConfigurationError(f"groups.{name}: groups can be made of {able}")
    if not isinstance(named, Mapping):
        raise ConfigurationError(f"groups.{name}: expected names with lists of items, EU = [1, 2]")
    for group, items in named.items():
        option = f"groups.{name}.{group}"
        is_item = param.is_item(str(group))
        if not _GROUP_NAME.fullmatch(str(group)) or is_item:
            raise ConfigurationError(
                f"{option}: name it by letters, digits and _ . - only, beginning with a letter"
                + (f"; {group} is an item" if is_item else "")
            )
        if isinstance(items, str) or not isinstance(items, Sequence) or not items:
            raise ConfigurationError(f"{option}: expected a list of items, [1, 2]")
        try:
            parsed = [param.parse(str(item)) for item in items]
        except ConfigurationError as error:
            raise ConfigurationError(f"{option}: {error}") from error
        yield group, _joined(parsed, group)


def pin_groups(groups: Groups, state: dict[str, Any]) -> None:
    """Keeps what each group is made of, as the first load had it.

    Windows of one name and two meanings must not stand side by side: ConfigurationError.
    """
    pinned = dict(state.get("groups", {}))
    for name, named in groups.items():
        for group, items in named.items():
            made_of = wire_value(items)
            known = pinned.setdefault(f"{name}.{group}", made_of)
            if known != made_of:
                raise ConfigurationError(
                    f"groups.{name}.{group} is {made_of} now, but was {known} in the loads so far, "
                    "whose numbers would mean something else: give it another name (help-scout "
                    "backfill fetches its history), or load everything anew with: help-scout "
                    "rebuild"
                )
    if pinned:
        state["groups"] = pinned


def _joined(values: Iterable[SliceValue], name: str = "") -> ItemGroup:
    """Several values as one, each once and in order."""
    plain = {value for value in values if isinstance(value, str | int)}
    return ItemGroup(tuple(sorted(plain, key=lambda value: (str(type(value)), value))), name)


def parse_breakdown(text: str, report: Report, groups: Groups | None = None) -> Breakdown:
    """The breakdown that the text asks of the report; ConfigurationError says what is wrong."""
    where = f"breakdown {text!r} of {report.name}"
    available = {param.name: param for param in slice_params(report)}
    terms: dict[str, tuple[SliceValue, ...] | None] = {}
    for term in text.split(",") if text != "all" else []:
        name, given, value = term.strip().partition("=")
        every_group = not given and name.endswith(GROUP_SUFFIX)
        name = name.removesuffix(GROUP_SUFFIX) if every_group else name
        param = available.get(name)
        if param is None or (every_group and not param.joins):
            raise ConfigurationError(
                f"{where}: the report does not take {term.strip().partition('=')[0]!r}"
                + (", did you mean 'mailbox'?" if name == "inbox" else "")
                + f"; it takes: {', '.join(sorted(available)) or 'none'}"
            )
        if any(SLICE_PARAMS[other].param == param.param for other in terms):
            raise ConfigurationError(
                f"{where} names {name!r} twice: write one breakdown for each value"
                if name in terms
                else f"{where}: user and team are one parameter, write a breakdown for each"
            )
        named = (groups or {}).get(name, {})
        if every_group and not named:
            raise ConfigurationError(f"{where}: groups.{name} names no group")
        if (given and not value) or (name in _NEEDS_VALUE and not given):
            raise ConfigurationError(f"{where}: {name!r} needs a value: {name}=…")
        if every_group:
            terms[name] = tuple(named.values())
        elif given:
            terms[name] = tuple(_parse_value(param, one, named) for one in value.split("|"))
        else:
            terms[name] = (True,) if param.unit.type is Type.BOOL else None
    _check_requirements(where, report, terms)
    _check_rows(where, report, terms)
    return _in_order(terms)


def _parse_value(param: SliceParam, text: str, groups: Mapping[str, ItemGroup]) -> SliceValue:
    if text in groups:
        return groups[text]
    parts = text.split("+")
    if len(parts) > 1:
        if not param.joins:
            raise ConfigurationError(
                f"{param.name}={text}: takes one value at a time, {'|'.join(parts)} for each"
            )
        joined = _joined(param.parse(part) for part in parts)
        return joined if len(joined.items) > 1 else joined.items[0]
    try:
        return param.parse(text)
    except ConfigurationError as error:
        if not param.joins:
            raise
        known = f": {', '.join(groups)}" if groups else ", which names none"
        raise ConfigurationError(f"{error}, or a group of groups.{param.name}{known}") from error


def _check_requirements(
    where: str, report: Report, terms: Mapping[str, tuple[SliceValue, ...] | None]
) -> None:
    """Refuses a breakdown without what the report cannot do without."""
    sent = {SLICE_PARAMS[name].param for name in terms}
    for required in report.requires:
        if required != "fieldid" and required not in sent:
            able = [param.name for param in SLICE_PARAMS.values() if param.param == required]
            raise ConfigurationError(
                f"{where}: the report needs {' or '.join(map(repr, able))} in each breakdown"
            )
    if "range_id" in terms and terms["range_id"] is not None:
        ranges = terms.get("range") or SLICE_PARAMS["range"].choices
        for chosen in ranges:
            labels = RANGE_LABELS.get(str(chosen), {})
            wrong = [str(value) for value in terms["range_id"] if value not in labels]
            if wrong:
                raise ConfigurationError(
                    f"{where}: range={chosen} has no range_id {', '.join(wrong)}"
                    + (f", only 1 to {max(labels)}" if labels else ", nor any other")
                )
    if "field_id" in terms and len(terms.get("field") or ()) != 1:
        raise ConfigurationError(f"{where}: field_id needs its field: field=tagid,field_id=…")


def _check_rows(
    where: str, report: Report, terms: Mapping[str, tuple[SliceValue, ...] | None]
) -> None:
    """Refuses to load rows once for each item of what they carry themselves."""
    if report.shape not in PAGED:
        return
    columns = {column.name for table in report.tables for column in table.columns}
    for name, values in terms.items():
        carried = CARRIED_BY_ROWS.get(name)
        if carried in columns and (values is None or len(values) > 1):
            raise ConfigurationError(
                f"{where}: the rows say their {name} themselves, in {carried}: group by it. "
                f"To load one {name} only, write {name}=…"
            )


def _in_order(terms: Mapping[str, tuple[SliceValue, ...] | None]) -> Breakdown:
    return Breakdown(tuple((name, terms[name]) for name in SLICE_PARAMS if name in terms))
