"""Every report of the catalog against what is known of the API, and against its example body."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, datetime
from typing import Any
from zoneinfo import ZoneInfo

import pytest

from sources.help_scout.catalog.model import (
    CHANGE,
    CODE,
    COUNT,
    DAYS,
    PCT,
    POINTS,
    RATE,
    RATIO,
    SCORE,
    SECONDS,
    WEEKDAY,
    Column,
    Report,
    Shape,
    Type,
    Unit,
)
from sources.help_scout.catalog.reports import REPORTS
from sources.help_scout.catalog.slices import Slice
from sources.help_scout.catalog.stored_tables import RESERVED_NAMES, stored_table
from sources.help_scout.parsing.arrow import arrow_schema, to_arrow
from sources.help_scout.parsing.flatten import flatten_report
from sources.help_scout.planning.breakdowns import parse_breakdown
from sources.help_scout.planning.request_plan import Read, plan_read, plan_spans
from sources.help_scout.planning.windows import Grain
from tests.conftest import CONTRACT, example_body
from tests.helpers.leaves import leaves

ZONE = ZoneInfo("America/New_York")
UNITS: dict[str, tuple[Unit, ...]] = {
    "count": (COUNT,),
    "days": (DAYS,),
    "seconds": (SECONDS,),
    "percent_0_100": (PCT,),
    "fraction_0_1": (RATIO,),
    "percent_change": (CHANGE,),
    "percentage_points": (POINTS,),
    "score_-100_100": (SCORE,),
    "rate": (RATE,),
    "weekday_1_7": (WEEKDAY,),
}
TYPES: dict[str, tuple[Type, ...]] = {
    "integer": (Type.BIGINT, Type.DOUBLE),
    "number": (Type.DOUBLE,),
    "string": (Type.TEXT, Type.BIGINT),  # company_overall quotes its user ids
    "boolean": (Type.BOOL,),
    "datetime": (Type.TIMESTAMP,),
}
PYTHON_TYPES: dict[Type, type] = {
    Type.BIGINT: int,
    Type.DOUBLE: float,
    Type.TEXT: str,
    Type.BOOL: bool,
    Type.TIMESTAMP: datetime,
    Type.JSON: str,
}
every_report = pytest.mark.parametrize("report", REPORTS.values(), ids=REPORTS.keys())


def stamps_of(report: Report) -> dict[str, int]:
    return {"field_id": 7} if "fieldid" in report.requires else {}


def full_path(rows: str, path: str) -> str:
    if rows.endswith("[]") and path == "":
        return rows
    return f"{rows}.{path}" if rows else path


def mapped_columns(report: Report) -> dict[str, Column]:
    """Each wire path of the report that lands in a column."""
    return {
        full_path(rows.path, path): column
        for table in report.tables
        for rows in table.rows
        for column in table.columns
        for path in column.paths
    }


def is_ignored(report: Report, path: str) -> bool:
    return any(path == i or path.startswith((f"{i}.", f"{i}[")) for i in report.ignored)


def contract_leaves(name: str) -> Iterator[dict[str, Any]]:
    for entry in CONTRACT[name]["response"]:
        if entry["type"] == "array<integer>":
            yield {**entry, "path": f"{entry['path']}[]", "type": "integer"}
        elif entry["type"] not in ("object", "array<object>"):
            yield entry


def test_the_catalog_has_the_32_reports_of_the_contract() -> None:
    assert set(REPORTS) == set(CONTRACT)


@every_report
def test_path_shape_and_page_are_the_contracts(report: Report) -> None:
    shapes = {"time_series": Shape.SERIES}
    contract = CONTRACT[report.name]

    assert f"/v2/reports/{report.path}" == contract["path"]
    assert report.shape == shapes.get(contract["shape"], contract["shape"])
    assert report.doc_url == contract["doc"]


@every_report
def test_the_example_flattens_to_the_declared_types(report: Report) -> None:
    flat = flatten_report(report, [(example_body(report.name), stamps_of(report))])

    assert flat.unknown == set()
    assert any(flat.rows.values())
    for table in report.tables:
        columns = stored_table(report, table).columns
        types = {column.name: PYTHON_TYPES.get(column.unit.type) for column in columns}
        misfits = [
            (name, value)
            for row in flat.rows[table.name]
            for name, value in row.items()
            if value is not None and type(value) is not types[name]
        ]
        assert misfits == []


@every_report
def test_every_leaf_of_the_example_lands_in_a_column_or_is_ignored_for_a_reason(
    report: Report,
) -> None:
    mapped = mapped_columns(report)
    paths = set(leaves(example_body(report.name)))

    assert {p for p in paths if p not in mapped and not is_ignored(report, p)} == set()
    assert all(report.ignored.values())


@every_report
def test_every_field_of_the_contract_lands_in_a_column_or_is_ignored(report: Report) -> None:
    mapped = mapped_columns(report)
    paths = {entry["path"] for entry in contract_leaves(report.name)}

    assert {p for p in paths if p not in mapped and not is_ignored(report, p)} == set()


@every_report
def test_every_column_has_the_contracts_unit_and_type(report: Report) -> None:
    mapped = mapped_columns(report)
    wrong = []
    for entry in contract_leaves(report.name):
        column = mapped.get(entry["path"])
        if column is None:
            continue
        units = UNITS.get(entry.get("unit", ""))
        # Averages that the contract calls integers are doubles here: nothing is cut off.
        if units is not None and column.unit not in (*units, CODE):
            wrong.append((entry["path"], entry["unit"], column.unit.words))
        if column.unit.type not in TYPES[entry["type"]]:
            wrong.append((entry["path"], entry["type"], column.unit.type))
    assert wrong == []


@every_report
def test_keys_tell_the_rows_of_the_example_apart(report: Report) -> None:
    flat = flatten_report(report, [(example_body(report.name), stamps_of(report))])

    for table in report.tables:
        if report.shape is Shape.SERIES:
            continue  # a row a window: the window is the key
        keys = [tuple(row[name] for name in table.row_key) for row in flat.rows[table.name]]
        assert len(keys) == len(set(keys))
        assert table.key or len(keys) == 1


@every_report
def test_the_example_becomes_arrow_with_exactly_the_declared_columns(report: Report) -> None:
    flat = flatten_report(report, [(example_body(report.name), stamps_of(report))])

    for table in report.tables:
        stored = stored_table(report, table)
        arrow = to_arrow(stored, flat.rows[table.name], {})
        assert arrow.schema == arrow_schema(stored)
        assert arrow.num_rows == len(flat.rows[table.name])


@every_report
def test_no_column_of_the_report_takes_the_name_of_a_context_column(report: Report) -> None:
    for table in report.tables:
        assert RESERVED_NAMES & {column.name for column in table.columns} == set()


def planned_reads(report: Report) -> list[Read]:
    """Reads of the report's default breakdowns around a clock change, a few items each."""
    now = datetime(2026, 4, 1, tzinfo=UTC)
    items = {"mailbox": [1, 2], "user": [4], "range_id": [1, 10]}
    grains = [Grain(grain) for grain in report.grains]
    after = datetime(2026, 1, 1, tzinfo=UTC)
    return [
        plan_read(
            report,
            span,
            slice_,
            zone=ZONE,
            compare_to="previous_period",
            items=[7, 8] if "fieldid" in report.requires else None,
        )
        for span in plan_spans(report, grains, ZONE, after, now, now=now)
        for text in report.slices
        for slice_ in parse_breakdown(text, report).slices(lambda name, _: items[name])
    ]


@every_report
def test_what_is_sent_is_what_the_contract_allows_spelled_as_the_wire_spells_it(
    report: Report,
) -> None:
    params = {param["name"]: param for param in CONTRACT[report.name]["params"]}
    required = {name for name, param in params.items() if param["required"]}
    reads = planned_reads(report)

    assert reads
    for read in reads:
        for part in read.parts:
            query = dict(part.request.query)
            assert part.request.path == CONTRACT[report.name]["path"]
            assert set(query) <= set(params)
            assert required <= set(query)
            assert ("previousStart" in query) == ("previousEnd" in query)
            for name, value in query.items():
                allowed = params[name].get("values")
                assert allowed is None or set(value.split(",")) <= set(allowed)
            for name in {"start", "end", "previousStart", "previousEnd"} & set(query):
                assert datetime.strptime(query[name], "%Y-%m-%dT%H:%M:%SZ")  # noqa: DTZ007


@every_report
def test_the_catalog_knows_every_parameter_of_the_contract(report: Report) -> None:
    ours = set(report.wire_params)
    theirs = {param["name"] for param in CONTRACT[report.name]["params"]}
    # Three lists and busy times take a previous period that their bodies have no place for.
    unused = {"previousStart", "previousEnd"} if not report.compares else set()

    assert ours - theirs == set()
    assert theirs - ours <= unused


def test_a_slice_of_every_parameter_reaches_the_wire() -> None:
    slice_ = Slice.of(
        mailbox=1, tag=2, type="email", folder=3, user=4, office_hours=True,
        range="responseTime", range_id=5, rating="not-good", status="closed", site="a",
        field="tagid",
    )  # fmt: skip

    assert slice_.query() == {
        "mailboxes": "1", "tags": "2", "types": "email", "folders": "3", "user": "4",
        "officeHours": "true", "range": "responseTime", "rangeId": "5", "rating": "not-good",
        "status": "closed", "sites": "a", "field": "tagid",
    }  # fmt: skip
