"""Writes the generated parts of the READMEs from the catalog, or checks that they are current.

    python -m pipelines.dictionary [--check]

Generated parts stand between `<!-- NAME:begin -->` and `<!-- NAME:end -->`.
"""

from __future__ import annotations

import sys
from collections.abc import Callable, Iterator, Mapping
from pathlib import Path

from sources.help_scout.catalog import Column, Report, Type
from sources.help_scout.dimensions import DIMENSIONS
from sources.help_scout.ledger import WINDOW_READS
from sources.help_scout.reports import REPORTS
from sources.help_scout.restatements import RESTATEMENTS
from sources.help_scout.tables import (
    UNKNOWN_VALUES,
    StoredTable,
    context_columns,
    stored_table,
)

ROOT = Path(__file__).parents[1]
FAMILIES = {
    "Company": ("company_",),
    "Conversations": ("conversations_",),
    "Docs": ("docs_",),
    "Happiness": ("happiness_",),
    "Productivity": ("productivity_",),
    "Users": ("user_",),
    "Channels": ("chat", "email", "phone"),
}


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
    """The tables as a Mermaid picture: lists give names to reports, the ledger tells of them."""
    yield "```mermaid"
    yield "flowchart LR"
    lists = "<br/>".join(DIMENSIONS)
    yield f'  lists["<b>lists</b><br/>{lists}"]'
    for family, prefixes in FAMILIES.items():
        reports = [r for r in REPORTS.values() if r.name.startswith(prefixes)]
        names = "<br/>".join(_with_lists(report) for report in reports)
        yield f'  {family.lower()}["<b>{family}</b><br/>{names}"]'
        yield f"  lists -- ids --> {family.lower()}"
        yield f"  {family.lower()} -- every window --> ledger"
    yield '  ledger["<b>ledger</b><br/>window_reads<br/>report_windows"]'
    yield "```"


def _with_lists(report: Report) -> str:
    lists = [table.name.removeprefix(f"{report.name}_") for table in report.tables[1:]]
    return report.name + (f" + {', '.join(lists)}" if lists else "")


def dictionary() -> Iterator[str]:
    """Every table with every column, its type, unit and meaning."""
    yield "## Columns that every report table has"
    yield ""
    yield "The slice columns are those that the report can be narrowed by."
    yield ""
    shown: dict[str, Column] = {}
    for report in REPORTS.values():
        shown |= {column.name: column for column in context_columns(report)}
    yield from _column_rows(tuple(shown.values()), ())
    for report in REPORTS.values():
        yield ""
        yield f"## {report.name}"
        yield ""
        yield f"{report.summary}. [Vendor's page]({report.doc_url})"
        for table in report.tables:
            stored = stored_table(report, table)
            yield from _table(stored, table.columns)
        if report.ignored:
            yield ""
            reasons = (f"`{path}` ({reason})" for path, reason in report.ignored.items())
            yield f"Not loaded: {'; '.join(reasons)}."
    yield ""
    yield "## Lists"
    for dimension in DIMENSIONS.values():
        yield from _table(dimension.stored_table, dimension.stored_table.columns)
    yield ""
    yield "## Ledger"
    for stored in (WINDOW_READS, RESTATEMENTS, UNKNOWN_VALUES):
        yield from _table(stored, stored.columns)


def _table(stored: StoredTable, columns: tuple[Column, ...]) -> Iterator[str]:
    yield ""
    yield f"### `{stored.name}`"
    yield ""
    yield f"{stored.description}. Key: {', '.join(f'`{name}`' for name in stored.primary_key)}."
    yield ""
    yield from _column_rows(columns, stored.primary_key)


def _column_rows(columns: tuple[Column, ...], key: tuple[str, ...]) -> Iterator[str]:
    yield "| column | type | unit | meaning |"
    yield "|---|---|---|---|"
    for column in columns:
        name = f"**`{column.name}`**" if column.name in key else f"`{column.name}`"
        kind = Type.TEXT if column.unit.type is Type.JSON else column.unit.type
        personal = " (personal)" if column.personal else ""
        yield f"| {name} | {kind} | {column.unit.words} | {column.description}{personal} |"


PARTS: Mapping[str, Mapping[str, Callable[[], Iterator[str]]]] = {
    "README.md": {"reports": report_table, "picture": picture},
    "sources/help_scout/README.md": {"dictionary": dictionary},
}


def with_parts(text: str, parts: Mapping[str, Callable[[], Iterator[str]]]) -> str:
    """The text with its generated parts written anew; ValueError when a mark is missing."""
    for name, make in parts.items():
        begin, end = f"<!-- {name}:begin -->\n", f"<!-- {name}:end -->"
        before, found, rest = text.partition(begin)
        _, closed, after = rest.partition(end)
        if not found or not closed:
            raise ValueError(f"the marks of the generated part {name!r} are missing")
        text = before + begin + "\n".join(make()) + "\n" + end + after
    return text


def main() -> None:
    """Writes the parts; with --check only tells whether they are current (exit 1 if not)."""
    stale = []
    for name, parts in PARTS.items():
        path = ROOT / name
        text = path.read_text(encoding="utf-8")
        current = with_parts(text, parts)
        if current != text:
            stale.append(name)
            if "--check" not in sys.argv:
                path.write_text(current, encoding="utf-8")
    if "--check" in sys.argv and stale:
        sys.exit(f"generated parts are not current, run `make docs`: {', '.join(stale)}")


if __name__ == "__main__":
    main()
