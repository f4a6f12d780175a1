"""The generated parts of the READMEs, made of the catalog and the marts.

Generated parts are between `<!-- NAME:begin -->` and `<!-- NAME:end -->`.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from functools import partial
from pathlib import Path
from typing import TypeAlias

from sources.help_scout.catalog.dimensions import DIMENSIONS
from sources.help_scout.catalog.model import Report
from sources.help_scout.catalog.naming import snake_case
from sources.help_scout.catalog.reports import REPORTS, reports_by_family

from .examples import Examples
from .mart_pages import mart_dictionary
from .table_pages import table_dictionary

ROOT = Path(__file__).parents[2]

Part: TypeAlias = Callable[[], Iterator[str]]
"""What makes the lines of a generated part."""


def report_table() -> Iterator[str]:
    """The 32 reports: what they say, their tables, and how they are loaded by default."""
    yield "| report | what it says | tables | windows | slices |"
    yield "|---|---|---|---|---|"
    for report in REPORTS.values():
        lists = [table.name.removeprefix(f"{report.name}_") for table in report.tables[1:]]
        tables = f"`{report.name}`" + "".join(f", `…_{name}`" for name in lists)
        yield (
            f"| [{report.name}]({report.doc_url}) | {report.summary} | {tables} "
            f"| {', '.join(report.grains)} | {', '.join(f'`{s}`' for s in report.slices)} |"
        )


def picture() -> Iterator[str]:
    """The tables as a Mermaid picture: lists give names to reports, the ledger records windows."""
    yield "```mermaid"
    yield "flowchart LR"
    lists = "<br/>".join(DIMENSIONS)
    yield f'  lists["<b>lists</b><br/>{lists}"]'
    for family, reports in reports_by_family().items():
        names = "<br/>".join(map(_with_lists, reports))
        box = snake_case(family.title)
        yield f'  {box}["<b>{family.title}</b><br/>{names}"]'
        yield f"  lists -- ids --> {box}"
        yield f"  {box} -- every window --> ledger"
    yield '  ledger["<b>ledger</b><br/>window_reads<br/>report_windows"]'
    yield "```"


def _with_lists(report: Report) -> str:
    lists = [table.name.removeprefix(f"{report.name}_") for table in report.tables[1:]]
    return report.name + (f" + {', '.join(lists)}" if lists else "")


def parts_of_pages(examples: Examples) -> dict[str, dict[str, Part]]:
    """What makes the generated parts of each page, by the names of their marks."""
    return {
        "README.md": {"reports": report_table, "picture": picture},
        "sources/help_scout/README.md": {"dictionary": partial(table_dictionary, examples)},
        "pipelines/models/marts/README.md": {"marts": partial(mart_dictionary, examples)},
    }


def with_parts(text: str, parts: Mapping[str, Part]) -> str:
    """The text with its generated parts written again; ValueError when a mark is missing."""
    for name, make in parts.items():
        begin, end = f"<!-- {name}:begin -->\n", f"<!-- {name}:end -->"
        before, found, rest = text.partition(begin)
        _, closed, after = rest.partition(end)
        if not found or not closed:
            raise ValueError(f"the marks of the generated part {name!r} are missing")
        text = before + begin + "\n".join(make()) + "\n" + end + after
    return text
