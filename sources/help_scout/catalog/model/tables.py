"""Tables: which lists of a body fill them, and which columns identify their rows."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

from .columns import Column

OCCURRENCE = "occurrence"


@dataclass(frozen=True, slots=True, kw_only=True)
class Rows:
    """Where a table's rows are in the body.

    `path` "" is the body itself (one row). Several lists can fill one table: `metric` then says
    which list a row came from, and `labels` names its `range_id`s.
    """

    path: str = ""
    metric: str | None = None
    labels: Mapping[int, str] = field(default_factory=dict)


@dataclass(frozen=True, slots=True, kw_only=True)
class Table:
    """One flat table. Its primary key is the window key and `row_key`.

    `key` identifies its items in the body. `inherits` are columns copied from the row that holds
    the list. A key column named `position` counts the rows of the window, for rows that
    have no identity of their own. In all other lists the API may leave an id out, or say one twice:
    `occurrence` counts the rows that are equal in `key`, and belongs to the key that is stored. So
    an id that is missing stays null, as no number invented in its place would, and every row of
    every list has a key at every destination. A row that repeats another one wholly is dropped,
    unless the table `keeps_equal_rows`. `people` are the columns with a user's id and name, of
    tables that name users whom no list of the account has any more.
    """

    name: str
    summary: str
    rows: tuple[Rows, ...] = (Rows(),)
    columns: tuple[Column, ...]
    key: tuple[str, ...] = ()
    inherits: tuple[str, ...] = ()
    keeps_equal_rows: bool = False
    people: tuple[str, str] | None = None

    def __post_init__(self) -> None:
        names = [column.name for column in self.columns]
        doubles = {name for name in names if names.count(name) > 1}
        if doubles:
            raise ValueError(f"table {self.name}: columns named twice: {sorted(doubles)}")
        for name in (*self.key, *self.inherits):
            if name not in names:
                raise ValueError(f"table {self.name}: no column {name!r} for its key")
        for name in self.people or ():
            if name not in names:
                raise ValueError(f"table {self.name}: no column {name!r} for its people")
        for column in self.columns:
            for name in (*(column.ratio_of or ()), column.weight, *column.measured_by):
                if name and name not in names:
                    raise ValueError(f"table {self.name}: no column {name!r} for {column.name}")

    @property
    def one_row_a_window(self) -> bool:
        """Whether a window has at most one row here."""
        return not self.key

    @property
    def counts_positions(self) -> bool:
        """Whether its rows are identified by their position in the window."""
        return "position" in self.key and "position" not in self.inherits

    @property
    def counts_occurrences(self) -> bool:
        """Whether rows that are equal in all key columns are numbered."""
        return bool(self.key) and "position" not in set(self.key) - {*self.inherits}

    @property
    def row_key(self) -> tuple[str, ...]:
        """The columns that identify the rows of a window."""
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
