"""The result of `doctor --probe`: one row for each assumption, and how many have each verdict."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence

from rich import box
from rich.console import Console
from rich.markup import escape
from rich.table import Table

from ...probes.consequences import AGREEMENT, CONSEQUENCES
from ...probes.probe import Certainty, Fact


def print_facts(console: Console, facts: Sequence[Fact], sent: int) -> None:
    """Prints each fact, the consequence of each contradicted one, and the counts by verdict."""
    table = Table(box=box.SIMPLE_HEAD, pad_edge=False)
    for name in ("assumption", "verdict", "found"):
        table.add_column(name, no_wrap=name == "verdict")
    for fact in facts:
        value = (fact.value or "").replace("_", " ")
        found = ": ".join(part for part in (value, fact.detail) if part)
        if fact.verdict is Certainty.CONTRADICTED:
            found = f"{found}. {CONSEQUENCES.get(fact.name, AGREEMENT)}"
        table.add_row(fact.sentence, str(fact.verdict), escape(found))
    console.print(table)
    counts = Counter(fact.verdict for fact in facts)
    by_verdict = ", ".join(f"{counts[verdict]} {verdict}" for verdict in Certainty)
    console.print(f"{len(facts)} assumptions: {by_verdict}; {sent} requests")
