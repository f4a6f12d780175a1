"""The dictionary: nothing left out, no cell left empty, and every line of a picture true."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import replace

import pytest

from pipelines.docs import ROOT, parts_of_pages, with_parts
from pipelines.docs.diagrams import family_diagram, lists_diagram, window_diagram
from pipelines.docs.examples import Examples
from pipelines.docs.mart_pages import mart_types
from pipelines.docs.table_pages import column_rows
from pipelines.models.mart_columns import type_of, unit_of
from pipelines.models.own_tables import PEOPLE_VIEW
from pipelines.models.sla_targets import TARGETS
from pipelines.models.table_docs import everything, report_tables
from sources.help_scout.catalog.model import (
    CHANGE,
    COUNT,
    INSTANT,
    ORDINAL,
    PCT,
    RATE,
    SECONDS,
    SOME_TEXT,
    TEXT,
    WEEKDAY,
    Column,
    Type,
    Unit,
)
from sources.help_scout.catalog.reports import REPORTS, reports_by_family
from tests.conftest import FIXTURES

PAGE = "sources/help_scout/README.md"
EXAMPLES = Examples(FIXTURES / "api")
PARTS = parts_of_pages(EXAMPLES)
TABLES = {table.name: table for table in everything()}


def read(name: str) -> str:
    return (ROOT / name).read_text(encoding="utf-8")


def cells(markdown: str) -> Iterator[list[str]]:
    """The cells of every table row; a bar that is escaped is none between cells."""
    for line in markdown.splitlines():
        if line.startswith("|"):
            yield [cell.strip(" `*") for cell in re.split(r"(?<!\\)\|", line)[1:-1]]


@pytest.mark.parametrize("name", PARTS)
def test_no_cell_of_a_generated_table_is_empty(name: str) -> None:
    generated = re.findall(r"<!-- \w+:begin -->.+?<!-- \w+:end -->", read(name), flags=re.DOTALL)
    rows = [row for part in generated for row in cells(part)]

    assert [row for row in rows if "" in row] == []
    assert rows != []


def test_an_empty_cell_would_be_seen() -> None:
    blank = Column(name="a", unit=Unit(" ", Type.TEXT, example="x"), description="A")

    assert list(cells("\n".join(column_rows([(blank, "x")]))))[2] == ["a", "text", "", "A", "x"]


def test_every_column_of_everything_stands_in_the_dictionary() -> None:
    parts = re.split(r"^### (\w+)$", read(PAGE), flags=re.MULTILINE)
    named = {
        name: {row[0] for row in cells(text)}
        for name, text in zip(parts[1::2], parts[2::2], strict=True)
    }
    shared = {row[0] for row in cells(parts[0])}

    assert named.keys() == TABLES.keys()
    lacking = [
        f"{table.name}.{column.name}"
        for table in TABLES.values()
        for column in table.columns
        if column.name
        not in named[table.name] | (shared if table.name in report_tables() else set())
    ]
    assert lacking == []


def test_a_page_that_differs_from_the_catalog_is_told(monkeypatch: pytest.MonkeyPatch) -> None:
    text = read(PAGE)
    more = Column(name="more_count", unit=COUNT, description="One more")
    people = replace(PEOPLE_VIEW, columns=(*PEOPLE_VIEW.columns, more))
    monkeypatch.setattr("pipelines.docs.table_pages.OWN_VIEWS", (people,))

    assert "| `more_count` | bigint | count | One more | `42` |" in with_parts(text, PARTS[PAGE])
    assert "more_count" not in text


def test_every_address_on_the_page_is_that_of_one_heading() -> None:
    text = read(PAGE)
    headings = [
        re.sub(r"[^\w -]", "", heading.lower()).replace(" ", "-")
        for heading in re.findall(r"^#+ (.+)$", text, flags=re.MULTILINE)
    ]

    assert len(headings) == len(set(headings))
    assert set(re.findall(r"\(#([^)]+)\)", text)) <= set(headings)


def test_examples_are_the_documented_bodies_own_where_they_have_one() -> None:
    columns = {column.name: column for column in REPORTS["happiness_ratings"].tables[0].columns}

    assert EXAMPLES.of("happiness_ratings", columns["rated_at"]) == "2017-09-15 12:26:53+00"
    assert EXAMPLES.of("happiness_ratings", columns["rating_label"]) == "great"
    assert EXAMPLES.of("nowhere", Column(name="x", unit=COUNT, description="X")) == "42"


def test_every_column_of_every_mart_stands_in_its_dictionary_with_its_type() -> None:
    parts = re.split(r"^## (\w+)$", read("pipelines/models/marts/README.md"), flags=re.MULTILINE)
    shown = {
        name: {row[0]: row[1] for row in list(cells(text))[2:]}
        for name, text in zip(parts[1::2], parts[2::2], strict=True)
    }
    shown[TARGETS] = {name: str(type_of(kind)) for name, kind in mart_types()[TARGETS].items()}

    assert shown == {
        mart: {name: str(type_of(kind)) for name, kind in types.items()}
        for mart, types in mart_types().items()
    }
    assert SOME_TEXT not in "".join(parts)


@pytest.mark.parametrize(
    ("name", "kind", "unit"),
    [
        ("window_start", Type.TIMESTAMP, INSTANT),
        ("response_time_seconds", Type.DOUBLE, SECONDS),
        ("delta_response_time_pct", Type.DOUBLE, CHANGE),
        ("change_week_pct", Type.DOUBLE, CHANGE),
        ("great_pct", Type.DOUBLE, PCT),
        ("weekday", Type.BIGINT, WEEKDAY),
        ("topic_rank", Type.BIGINT, ORDINAL),
        ("calls_created", Type.BIGINT, COUNT),
        ("messages_per_chat", Type.DOUBLE, RATE),
        ("trend", Type.TEXT, TEXT),
    ],
)
def test_a_marts_units_are_told_by_the_catalog_by_endings_and_by_types(
    name: str, kind: Type, unit: Unit
) -> None:
    assert unit_of(name, kind) == unit


@pytest.mark.parametrize(
    ("data_type", "kind"),
    [
        ("TIMESTAMP WITH TIME ZONE", Type.TIMESTAMP),
        ("timestamp with time zone", Type.TIMESTAMP),
        ("double precision", Type.DOUBLE),
        ("character varying", Type.TEXT),
        ("INTEGER", Type.BIGINT),
        ("boolean", Type.BOOL),
        ("DATE", Type.DATE),
    ],
)
def test_both_warehouses_words_for_types_are_known(data_type: str, kind: Type) -> None:
    assert type_of(data_type) is kind


def test_no_text_is_left_with_the_example_of_any_text() -> None:
    untold = [
        f"{table.name}.{column.name}"
        for table in TABLES.values()
        for column in table.columns
        if EXAMPLES.of(table.name, column) == SOME_TEXT
    ]

    assert untold == []


def test_a_unit_without_an_example_is_refused() -> None:
    with pytest.raises(ValueError, match="unit count has no example"):
        Unit("count", Type.BIGINT, example="")


def test_pictures_join_tables_by_columns_that_both_have() -> None:
    lines = [
        *(line for reports in reports_by_family().values() for line in family_diagram(reports)),
        *lists_diagram(),
    ]
    wrong, pictured = [], set()
    for line in lines:
        if (found := re.fullmatch(r'  (\w+) \S+--\S+ (\w+) : "(.+)"', line)) is None:
            pictured.add(line.strip(" {}"))
            continue
        left, right, by = found[1], found[2], found[3].removeprefix("window key").strip(", ")
        for name in by.split(", ") if by else []:
            wrong += [line] if name not in {c.name for c in TABLES[right].columns} else []
            known = {c.name for c in TABLES[left].columns}
            wrong += [line] if not any(name == n or name.endswith(f"_{n}") for n in known) else []

    assert wrong == []
    assert {t for report in REPORTS.values() for t in (t.name for t in report.tables)} <= pictured


def test_the_picture_of_all_slices_names_what_their_ids_are_looked_up_in() -> None:
    lines = [line.strip() for line in window_diagram() if "slice_" in line and "--" in line]

    assert lines == [
        'inboxes |o--o{ any_report_table : "slice_mailbox_id"',
        'tags |o--o{ any_report_table : "slice_tag_id"',
        'inbox_folders |o--o{ any_report_table : "slice_folder_id"',
        'docs_sites |o--o{ any_report_table : "slice_site_id"',
        'people |o--o{ any_report_table : "slice_user_id"',
        'teams |o--o{ any_report_table : "slice_team_id"',
    ]
