"""The table dictionary: every table and column with its type, unit, meaning, example and vendor's
page, and the pictures of how they join. Lines of Markdown, made of the catalog.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator

from sources.help_scout.catalog.dimensions import DIMENSIONS
from sources.help_scout.catalog.model import Column, Family, Report, Type
from sources.help_scout.catalog.reports import REPORTS, reports_by_family
from sources.help_scout.catalog.stored_tables import (
    OCCURRENCE_COLUMN,
    StoredTable,
    context_columns,
    stored_table,
)

from ..models.item_views import ITEM_VIEWS
from ..models.own_tables import OWN_TABLES, OWN_VIEWS
from .diagrams import family_diagram, lists_diagram, window_diagram
from .examples import Examples

SHARED = "Columns that every report table has"
LISTS = "Lists"
OWN = "Ledger, checks and views"


def table_dictionary(examples: Examples) -> Iterator[str]:
    """The generated part of the page."""
    yield from _contents()
    yield from _shared(examples)
    for family, reports in reports_by_family().items():
        yield from _family(family, reports, examples)
    yield from ("", f"## {LISTS}", "")
    yield (
        "What the account lists, merged on its id and never deleted, so that old numbers keep "
        "their names. `people` is made of `users`, `system_users`, `teams` and those whom only "
        "reports name. `tag_id` 1 is untagged, `user_id` 0 nobody."
    )
    yield from ("", *lists_diagram())
    for dimension in DIMENSIONS.values():
        stored = dimension.stored_table
        page = f" [Vendor's page]({dimension.doc_url})"
        yield from _table(stored, stored.columns, examples, page)
    yield from ("", f"## {OWN}", "")
    yield "This project's own; the vendor has no page about them."
    for stored in (*OWN_TABLES, *OWN_VIEWS):
        yield from _table(stored, stored.columns, examples)


def _contents() -> Iterator[str]:
    """Links to every table, a line a family."""
    yield f"- {_link(SHARED)}"
    for family, reports in reports_by_family().items():
        tables = (t.name for report in reports for t in report.tables)
        yield f"- **{_link(_heading(family))}**: {', '.join(map(_link, tables))}"
    yield f"- **{_link(LISTS)}**: {', '.join(map(_link, DIMENSIONS))}"
    yield f"- **{_link(OWN)}**: {', '.join(_link(t.name) for t in (*OWN_TABLES, *OWN_VIEWS))}"


def _heading(family: Family) -> str:
    """Not the bare word: `users` is a table, too, and each heading needs an address of its own."""
    return f"Reports: {family.title.lower()}"


def _link(heading: str) -> str:
    anchor = re.sub(r"[^\w -]", "", heading.lower()).replace(" ", "-")
    return f"[{heading}](#{anchor})"


def _shared(examples: Examples) -> Iterator[str]:
    yield from ("", f"## {SHARED}", "")
    yield (
        "The window key `account, slice, grain, window_start` joins all tables of a report, and "
        "reports with one another. The slice columns are those that the report can be narrowed by. "
        "Tables hold several grains and slices: sum one slice kind of one grain only, or take the "
        "views `<table>_daily`, `_weekly` and `_monthly`. Tables that list items also have "
        "`occurrence`."
    )
    yield ""
    yield (
        "Help Scout says 0 for the average or the share of nothing. The tables keep that 0. All "
        "views have null instead: in columns in seconds, averages for each conversation, chat or "
        "visit, shares and scores of ratings, resolved conversations or visits, and their changes."
    )
    yield from ("", *window_diagram(), "")
    shown: dict[str, Column] = {}
    for report in REPORTS.values():
        shown |= {column.name: column for column in context_columns(report)}
    shown[OCCURRENCE_COLUMN.name] = OCCURRENCE_COLUMN
    yield from column_rows((c, examples.of("", c)) for c in shown.values())
    yield from ("", "### Columns that the views by item also have", "")
    yield (
        "`<table>_by_inbox` holds the total and each inbox, `<table>_by_user` and "
        "`<table>_by_team` each user or team, `<table>_totals` the total of a report that has no "
        "inboxes, in all grains. "
        "[The marts](../../pipelines/models/marts/README.md) are made of them."
    )
    yield ""
    own = {column.name: column for view in ITEM_VIEWS.values() for column in view.columns}
    yield from column_rows((c, examples.of("", c)) for c in own.values())


def _family(family: Family, reports: Iterable[Report], examples: Examples) -> Iterator[str]:
    """The family's picture, then its reports with their tables."""
    yield from ("", f"## {_heading(family)}", "")
    yield (
        "How its tables join, and by which columns. The tables of one report also join by the "
        "window key."
    )
    yield from ("", *family_diagram(reports))
    for report in reports:
        yield from _report(report, examples)


def _report(report: Report, examples: Examples) -> Iterator[str]:
    for table in report.tables:
        page = f" [Vendor's page]({report.doc_url})"
        if table is report.tables[0] and report.summary != table.summary:
            page = f" {report.summary}.{page}"
        yield from _table(stored_table(report, table), table.columns, examples, page)
    if report.ignored:
        yield ""
        reasons = (f"`{path}` ({reason})" for path, reason in report.ignored.items())
        yield f"Not loaded: {'; '.join(reasons)}."


def _table(
    stored: StoredTable, columns: tuple[Column, ...], examples: Examples, after: str = ""
) -> Iterator[str]:
    yield from ("", f"### {stored.name}", "")
    key = ", ".join(f"`{name}`" for name in stored.primary_key)
    yield f"{stored.description}. Key: {key}.{after}"
    yield ""
    yield from column_rows(((c, examples.of(stored.name, c)) for c in columns), stored.primary_key)


def column_rows(columns: Iterable[tuple[Column, str]], key: tuple[str, ...] = ()) -> Iterator[str]:
    """A table of columns, each given with an example; those of the key are bold."""
    yield "| column | type | unit | meaning | example |"
    yield "|---|---|---|---|---|"
    for column, example in columns:
        name = f"**`{column.name}`**" if column.name in key else f"`{column.name}`"
        kind = Type.TEXT if column.unit.type is Type.JSON else column.unit.type
        personal = " (personal)" if column.personal else ""
        cells = (name, kind, column.unit.words, f"{column.meaning}{personal}", f"`{example}`")
        yield f"| {' | '.join(_cell(text) for text in cells)} |"


def _cell(text: str) -> str:
    """The text, escaped for a Markdown table."""
    return text.replace("|", "\\|")
