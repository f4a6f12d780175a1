"""Columns: where a value is in the body, and what it means."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field

from ..naming import snake_case, with_unit
from .units import CHANGE, TEXT, Additivity, Unit


@dataclass(frozen=True, slots=True, kw_only=True)
class Column:
    """One column of a table: where its value is on the wire and what it means.

    `paths` has more than one entry when the wire spells one thing in two ways; it is empty for
    columns that are not read from the body (`metric`, `range_label`, `occurrence`, `position`).
    `label_of` names the column whose code it puts in words, by `labels`. `example` is for the
    dictionary, where neither the documented body nor the unit has a good one.

    `ratio_of` names the two columns of a share's counts, part and total. They decide on which scale
    the share was sent. `weight` names the column by which an average of several windows is
    weighted, where the table has it.
    `measured_by` names the columns that are 0 where there was nothing to measure, maybe itself: a 0
    that the API gives then is null in the views.
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
    ratio_of: tuple[str, str] | None = None
    weight: str = ""
    measured_by: tuple[str, ...] = ()
    unconfirmed: str = ""

    def __post_init__(self) -> None:
        if not self.description:
            raise ValueError(f"column {self.name} has no description")
        if self.weight and self.additivity is not Additivity.AVERAGE:
            raise ValueError(f"column {self.name} has a weight and is no average")

    @property
    def additivity(self) -> Additivity | None:
        """How its values of several windows combine; None where they do not."""
        return self.unit.additivity

    @property
    def meaning(self) -> str:
        """Its description, and whether its unit is unconfirmed."""
        if not self.unconfirmed:
            return self.description
        return f"{self.description} (unit unconfirmed: {self.unconfirmed})"

    @property
    def comment(self) -> str:
        """Its comment in the warehouse: its meaning and its unit."""
        return f"{self.meaning} ({self.unit.words})"

    @property
    def compares(self) -> bool:
        """Whether it is about the previous period: it means nothing unless one was requested."""
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
    weight: str = "",
    unconfirmed: str = "",
) -> Column:
    """One column read from `path`, named by the naming rule unless `name` is given."""
    name = name or with_unit(snake_case(path), unit.suffix)
    return Column(
        name=name,
        unit=unit,
        description=description,
        paths=(path, *also),
        personal=personal,
        example=example,
        weight=weight,
        measured_by=(name,) if unit.zero_is_nothing else (),
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
    ratio_of: tuple[str, str] | None = None,
    weight: str = "",
    counted_by: str = "",
    unconfirmed: str = "",
    delta_unconfirmed: str = "",
) -> Iterator[Column]:
    """The columns of a measure that is in `current`, `previous` and `deltas`.

    `name` is without the unit's ending; `delta` is None where the deltas do not have the measure.
    `ratio_of` are the paths of a share's counts, which each block has beside it; `weight` is the
    column that weighs an average of the current block, `counted_by` the one that is 0 where a share
    or a score is of nothing, if that is another one. The change of nothing is nothing.
    """
    stem = name or snake_case(path)
    counted_by = counted_by or weight
    measured_by: list[str] = []
    for block in ("current", "previous") if previous else ("current",):
        prefix, words = ("", "") if block == "current" else ("previous_", "Previous period: ")
        counts = tuple(f"{prefix}{snake_case(count)}" for count in ratio_of or ())
        stored = with_unit(f"{prefix}{stem}", unit.suffix)
        by = stored if unit.zero_is_nothing else counted_by and f"{prefix}{counted_by}"
        measured_by += [by] if by else []
        yield Column(
            name=stored,
            unit=unit,
            description=f"{words}{description}",
            paths=(f"{block}.{path}",),
            ratio_of=(counts[0], counts[1]) if counts else None,
            weight=weight and f"{prefix}{weight}",
            measured_by=(by,) if by else (),
            unconfirmed=unconfirmed,
        )
    if delta is not None:
        yield Column(
            name=with_unit(f"delta_{stem}", delta.suffix),
            unit=delta,
            description=f"Change against the previous period: {description}",
            paths=(f"deltas.{path}",),
            measured_by=tuple(measured_by),
            unconfirmed=delta_unconfirmed,
        )
