"""What the API may send one day: nothing of it breaks the run or gets lost in silence."""

from __future__ import annotations

import json
from collections.abc import Iterator
from copy import deepcopy
from typing import Any

import orjson
import pytest
from hypothesis import given
from hypothesis import strategies as st

from sources.help_scout.catalog.model import Report
from sources.help_scout.catalog.reports import REPORTS
from sources.help_scout.catalog.slices import SLICE_PARAMS, SliceParam
from sources.help_scout.errors import HelpScoutError
from sources.help_scout.parsing.coerce import unknown_field
from sources.help_scout.parsing.flatten import Flattened, flatten_report
from tests.helpers.builders import a_few_examples, body_of, stamps_of

Place = tuple[Any, Any]

scalars = st.one_of(
    st.integers(-(2**53), 2**53),
    st.floats(allow_nan=False, allow_infinity=False),
    st.booleans(),
    st.text(max_size=9),
)
strange = st.one_of(
    st.none(),
    scalars,
    st.lists(scalars, max_size=2),
    st.dictionaries(st.text(max_size=4), scalars, max_size=2),
    st.sampled_from([[None], [[]], [{}], [5], {"id": []}, "12", "1.5", "2026-01-01", 0, -1]),
)


def flat(report: Report, body: Any) -> Flattened:
    return flatten_report(report, [(body, stamps_of(report.name))])


def places(value: Any) -> Iterator[Place]:
    """Every (container, key) of a body."""
    items = value.items() if isinstance(value, dict) else enumerate(value)
    for key, child in items:
        yield value, key
        if isinstance(child, dict | list):
            yield from places(child)


def mutate(data: st.DataObject, body: Any) -> None:
    """One change at a random place."""
    found = list(places(body))
    if not found:
        return
    container, key = data.draw(st.sampled_from(found))
    value = container[key]
    change = data.draw(st.sampled_from(["drop", "null", "retype", "quote", "replace", "repeat"]))
    if change == "drop":
        del container[key]
    elif change == "null":
        container[key] = None
    elif change == "retype" and isinstance(value, int | float) and value == int(value):
        container[key] = float(value) if isinstance(value, int) else int(value)
    elif change == "quote" and isinstance(value, int | float):
        container[key] = json.dumps(value)
    elif change == "repeat" and isinstance(container, list):
        container.append(deepcopy(value))
    else:
        container[key] = deepcopy(data.draw(strange))


@a_few_examples
@given(st.data())
@pytest.mark.parametrize("report", REPORTS.values(), ids=REPORTS)
def test_a_changed_body_gives_rows_or_an_error_that_says_why(
    report: Report, data: st.DataObject
) -> None:
    body = body_of(report.name)
    for _ in range(data.draw(st.integers(1, 5))):
        mutate(data, body)
    try:
        found = flat(report, body)
    except HelpScoutError as error:
        assert report.name in str(error)  # noqa: PT017
    else:
        assert set(found.rows) == {table.name for table in report.tables}


def objects(value: Any, path: str = "") -> Iterator[tuple[dict[str, Any], str]]:
    """Every object of a body with its wire path."""
    if isinstance(value, dict):
        yield value, path
        for name, child in value.items():
            yield from objects(child, f"{path}.{name}" if path else name)
    elif isinstance(value, list):
        for child in value:
            yield from objects(child, f"{path}[]")


def stored(found: Flattened) -> list[Any]:
    """Every value that came through, nested unknown ones taken out of their JSON."""
    values = [value for rows in found.rows.values() for row in rows for value in row.values()]
    texts = [value for value in values if isinstance(value, str)]
    inner = [orjson.loads(text) for text in texts if text[:1] in ("[", "{")]
    return [*values, *inner, *(value for kept in found.extra.values() for value in kept)]


@a_few_examples
@given(st.data(), st.integers(10**9, 2**53))
@pytest.mark.parametrize("report", REPORTS.values(), ids=REPORTS)
def test_an_unknown_leaf_is_found_again_wherever_it_stands(
    report: Report, data: st.DataObject, number: int
) -> None:
    body = body_of(report.name)
    ignored = set(report.ignored)
    open_objects = [
        (value, path)
        for value, path in objects(body)
        if not any(path == name or path.startswith((f"{name}.", f"{name}[")) for name in ignored)
    ]
    value, path = data.draw(st.sampled_from(open_objects))
    leaf = data.draw(
        st.sampled_from([number, float(number), f"text {number}", [number], {"deep": [number]}])
    )
    value["brandNewField"] = leaf
    found = flat(report, body)
    assert found.unknown == {f"{path}.brandNewField" if path else "brandNewField"}
    assert leaf in stored(found)


@pytest.mark.parametrize("report", REPORTS.values(), ids=REPORTS)
def test_the_documented_body_holds_nothing_unknown(report: Report) -> None:
    found = flat(report, body_of(report.name))
    assert (found.unknown, found.extra) == (set(), {})


def test_an_unknown_field_of_a_row_becomes_a_column_of_that_row() -> None:
    body = {"current": {"newThing": 4, "nested": {"a": 1}}, "previous": {"newThing": 3},
            "users": [{"user": 1, "isAgent": True}]}  # fmt: skip
    found = flat(REPORTS["company_overall"], body)
    assert found.rows == {
        "company_overall": [{"new_thing": 4.0, "nested": '{"a":1}', "previous_new_thing": 3.0}],
        "company_overall_users": [{"user_id": 1, "is_agent": True, "occurrence": 1}],
    }
    assert found.unknown == {
        "current.newThing",
        "current.nested",
        "previous.newThing",
        "users[].isAgent",
    }


def test_a_value_that_stands_where_a_group_was_expected_is_kept() -> None:
    found = flat(REPORTS["conversations_overall"], {"current": {}, "tags": 5, "replies": [1]})
    assert found.rows["conversations_overall"] == [{"tags": 5.0, "replies": "[1]"}]
    assert found.unknown == {"tags", "replies"}


def test_an_unknown_value_outside_all_rows_is_kept_apart() -> None:
    body = {"conversations": {"results": [], "note": "a"}, "mode": 1}
    found = flatten_report(REPORTS["company_drilldown"], [(body, {}), (body | {"mode": 2}, {})])
    assert found.extra == {"conversations.note": ["a"], "mode": [1, 2]}
    assert found.unknown == {"conversations.note", "mode"}


@pytest.mark.parametrize(
    ("path", "value", "expected"),
    [
        ("newThing", 4, {"new_thing": 4.0}),
        ("newThing", True, {"new_thing": True}),
        ("newThing", "x", {"new_thing": "x"}),
        ("newThing", [1], {"new_thing": "[1]"}),
        ("newThing", None, {}),
        ("deltas.newThing", 4, {"delta_new_thing": 4.0}),
        ("taken", 4, {"wire_taken": 4.0}),
        ("windowStart", 4, {"wire_window_start": 4.0}),
    ],
)
def test_unknown_fields_are_named_by_the_naming_rule_and_take_no_taken_name(
    path: str, value: Any, expected: dict[str, Any]
) -> None:
    assert unknown_field(path, value, {"taken", "window_start"}, {}) == expected


def test_unknown_fields_that_come_to_one_name_get_numbers() -> None:
    block = {"newThing": 4, "new_thing": "x", "NewThing": True, "newThing2": 5, "new": {"thing": 6}}
    found = flat(REPORTS["company_overall"], {"current": block, "newThing": 7})
    assert found.rows["company_overall"] == [
        {
            "new_thing": 4.0,
            "new_thing_2": "x",
            "new_thing_3": True,
            "new_thing_2_2": 5.0,
            "new": '{"thing":6}',
            "new_thing_4": 7.0,
        }
    ]


@pytest.mark.parametrize("value", [2**53 + 1, -(2**53) - 1, 2**63 - 1, 2**64 - 1])
def test_whole_numbers_that_a_double_cannot_hold_stay_exact_as_text(value: int) -> None:
    assert unknown_field("newThing", value, (), ()) == {"new_thing": str(value)}


@pytest.mark.parametrize("value", [2**53, -(2**53), 0])
def test_whole_numbers_that_a_double_holds_are_numbers(value: int) -> None:
    assert unknown_field("newThing", value, (), ()) == {"new_thing": float(value)}


@pytest.mark.parametrize("param", SLICE_PARAMS.values(), ids=SLICE_PARAMS)
def test_no_unknown_field_takes_the_name_of_a_slice_column(param: SliceParam) -> None:
    name = param.column.name
    found = flat(REPORTS["company_overall"], {"current": {name: "x"}})
    assert found.rows["company_overall"] == [{f"wire_{name}": "x"}]


def test_a_number_of_any_length_is_kept_in_an_unknown_list() -> None:
    name, report = "user_resolutions", REPORTS["user_resolutions"]
    body = body_of(name)
    body["current"][0]["sizes"] = [2**64]
    (row, *_) = flat(report, body).rows[name]
    assert row["sizes"] == "[18446744073709551616]"
