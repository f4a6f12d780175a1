"""What was repaired while an answer became rows: one bad cell costs one cell, and is counted.

The ledger keeps the repairs of each window in `repairs`, as `kind:wire path=how often`, joined by
commas: `nan:deltas.totalReplies=1,id_missing:tags.top[].id=2`. Wire paths are the catalog's own:
neither a value nor a word of a customer gets in here.
"""

from __future__ import annotations

import math
from collections import Counter, defaultdict
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from enum import StrEnum
from typing import Any

from .coerce import Row


class RepairKind(StrEnum):
    """What was repaired."""

    NAN = "nan"
    INFINITE = "infinite"
    UNREADABLE = "unreadable"
    LIST_UNREADABLE = "list_unreadable"
    SPELLINGS_DISAGREE = "spellings_disagree"
    ID_MISSING = "id_missing"
    KEY_REPEATED = "key_repeated"


_READ = ("1 value could not be read and is null", "{} values could not be read and are null")
WORDS: Mapping[RepairKind, tuple[tuple[str, str], str]] = {
    RepairKind.NAN: (_READ, "NaN"),
    RepairKind.INFINITE: (_READ, "Infinity"),
    RepairKind.UNREADABLE: (_READ, "another type than the column's"),
    RepairKind.LIST_UNREADABLE: (
        ("1 list of a row could not be read and is kept as it came",
         "{} lists of rows could not be read and are kept as they came"), "",
    ),
    RepairKind.SPELLINGS_DISAGREE: (
        ("1 value came in two spellings that disagree: the documented one is kept",
         "{} values came in two spellings that disagree: the documented ones are kept"), "",
    ),
    RepairKind.ID_MISSING: (("1 row without an id is kept", "{} rows without an id are kept"), ""),
    RepairKind.KEY_REPEATED: (
        ("1 row has the key of another row but other values, and is kept",
         "{} rows have the key of another row but other values, and are kept"), "",
    ),
}  # fmt: skip
"""Of each kind: what became of one and of several, and what came instead of a value."""
MOST_NAMED = 3
"""Reports that are named of each."""

_INFINITE = frozenset({"inf", "infinity", "+inf", "+infinity", "-inf", "-infinity"})


def kind_of_misfit(value: Any) -> RepairKind:
    """What is wrong with a value that does not fit its column."""
    if isinstance(value, float) and not math.isfinite(value):
        return RepairKind.NAN if math.isnan(value) else RepairKind.INFINITE
    word = value.strip().lower() if isinstance(value, str) else ""
    if word == "nan":
        return RepairKind.NAN
    return RepairKind.INFINITE if word in _INFINITE else RepairKind.UNREADABLE


@dataclass(slots=True)
class Repairs:
    """How often each kind of repair was made at each wire path.

    With `by_row` it is also known which row each was made in: of a series, whose rows are windows.
    """

    by_row: bool = field(default=False, compare=False)
    found: Counter[tuple[str, str]] = field(default_factory=Counter)
    _rows: dict[int, Counter[tuple[str, str]]] = field(
        default_factory=lambda: defaultdict(Counter), compare=False
    )

    def add(self, kind: str, path: str, row: Row | None = None, count: int = 1) -> None:
        """Counts a repair made in `row`."""
        self.found[kind, path] += count
        if self.by_row and row is not None:
            self._rows[id(row)][kind, path] += count

    def made_in(self, rows: Iterable[Row]) -> Repairs:
        """The repairs made in these rows; they must be those that were given to `add`."""
        mine = Repairs()
        for row in rows:
            mine.found.update(self._rows.get(id(row), {}))
        return mine

    @property
    def text(self) -> str | None:
        """As the ledger keeps them; None when there are none."""
        parts = (f"{kind}:{path}={count}" for (kind, path), count in sorted(self.found.items()))
        return ",".join(parts) or None


def parse_repairs(text: str) -> Iterator[tuple[RepairKind, str, int]]:
    """The kind, wire path and count of each repair that the ledger has."""
    for part in text.split(","):
        kind, _, rest = part.partition(":")
        path, _, count = rest.rpartition("=")
        yield RepairKind(kind), path, int(count)


def told_repairs(ledger: Mapping[str, Iterable[str]]) -> Iterator[str]:
    """What was repaired in each report, by the ledger's texts. A short line for each thing that
    became of it: `3 values could not be read and are null (NaN), in company_overall`."""
    counts: dict[tuple[str, str], Counter[str]] = defaultdict(Counter)
    wrongs: dict[tuple[str, str], set[str]] = defaultdict(set)
    for report, texts in ledger.items():
        for text in texts:
            for kind, _, count in parse_repairs(text):
                fate, wrong = WORDS[kind]
                counts[fate][report] += count
                wrongs[fate] |= {wrong} - {""}
    for (one, several), by_report in counts.items():
        total = by_report.total()
        told = one if total == 1 else several.format(f"{total:,}")
        wrong = ", ".join(sorted(wrongs[one, several]))
        yield f"{told}{f' ({wrong})' if wrong else ''}, in {_named(by_report)}"


def _named(by_report: Counter[str]) -> str:
    """The reports with most repairs first."""
    named = [report for report, _ in by_report.most_common(MOST_NAMED)]
    more = len(by_report) - len(named)
    return f"{', '.join(named)}{f' and {more} more' if more > 0 else ''}"
