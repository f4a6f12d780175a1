"""What the checks came to, as people and machines read it."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime, tzinfo
from typing import Any

from rich import box
from rich.console import Console
from rich.table import Table as RichTable

from ...quality.check_results import as_json
from ...quality.check_runner import CheckVerdict, Result, disagreements
from ...quality.disagreements import news_of

MOST_NAMED = 5


def results_json(results: Sequence[Result]) -> str:
    """The results for machines."""
    body = [
        {
            "check": result.check.name,
            "sentence": result.check.sentence,
            "kind": str(result.check.kind),
            "level": result.check.level and str(result.check.level),
            "tolerance": result.check.tolerance,
            "verdict": str(result.verdict),
            "rows": result.rows,
            "largest_difference_ratio": result.largest_difference_ratio,
            "disagrees_since": result.since,
            "examples": result.examples,
            "lacking": result.lacking,
        }
        for result in results
    ]
    return as_json(body)


def print_results(console: Console, results: Sequence[Result], zone: tzinfo) -> None:
    """Prints a line a check, then what the others found; days are those of the zone."""
    table = RichTable(box=box.SIMPLE_HEAD, pad_edge=False)
    table.add_column("check", no_wrap=True)
    table.add_column("verdict", no_wrap=True)
    table.add_column("rows", justify="right")
    table.add_column("what it says")
    for result in results:
        rows = f"{result.rows:,}" if result.rows else "·"
        table.add_row(result.check.name, str(result.verdict), rows, result.check.sentence)
    console.print(table)
    disagreeing = disagreements(results)
    for result in results:
        name = result.check.name
        if result.verdict is CheckVerdict.SKIPPED:
            console.print(f"{name}: not checked, {', '.join(result.lacking)} not loaded")
        if result in disagreeing:
            console.print(f"{name}: reports disagree {_since(result, zone)}", markup=False)
        if result.is_news:
            console.print(f"WARNING: {news_of(result)}", markup=False)
        for example in result.examples:
            words = ", ".join(f"{column} {_plain(value)}" for column, value in example.items())
            console.print(f"{name}: {words}", markup=False)
    failed = sum(result.verdict is CheckVerdict.FAILS for result in results)
    held = sum(result.verdict is CheckVerdict.HOLDS for result in results)
    reported = len(disagreeing) - sum(r.verdict is CheckVerdict.FAILS for r in disagreeing)
    words = f", {reported} disagree{'s' if reported == 1 else ''}" if reported else ""
    console.print(f"{held} of {len(results)} checks hold, {failed} fail{words}")


def print_disagreements(console: Console, results: Sequence[Result], zone: tzinfo) -> None:
    """Prints in one line which reports of Help Scout disagree, and a warning for each agreement
    that breaks after it has held for long."""
    found = disagreements(results)
    if not found:
        return
    named = [f"{result.check.name} {_since(result, zone)}" for result in found[:MOST_NAMED]]
    more = f" and {len(found) - MOST_NAMED} more" if len(found) > MOST_NAMED else ""
    console.print(
        f"reports of Help Scout disagree: {', '.join(named)}{more}. "
        "help-scout check shows examples",
        markup=False,
        soft_wrap=True,
    )
    for result in found:
        if result.is_news:
            console.print(f"WARNING: {news_of(result)}", markup=False, soft_wrap=True)


def _since(result: Result, zone: tzinfo) -> str:
    """Since when the check has found rows, and how many, as in: since 2026-11-10 (12 rows, by up to
    11%)."""
    rows = f"{result.rows:,} row{'' if result.rows == 1 else 's'}"
    if result.largest_difference_ratio is not None:
        rows += f", by up to {_percent(result.largest_difference_ratio)}"
    assert result.since is not None
    return f"since {result.since.astimezone(zone):%Y-%m-%d} ({rows})"


def _percent(ratio: float) -> str:
    return f"{100 * ratio:.3g}%" if ratio < 0.995 else "100%"


def _plain(value: Any) -> str:
    if isinstance(value, float):
        return f"{value:,.6g}"
    return f"{value:%Y-%m-%d %H:%M}" if isinstance(value, datetime) else str(value)
