"""A hundred thousand bodies that the API never sent: rows or an error, no leaf lost in silence."""

from __future__ import annotations

import random
from collections.abc import Iterator
from typing import Any, NamedTuple

import orjson
import pytest

from sources.help_scout.catalog.model import Column, Report
from sources.help_scout.catalog.reports import REPORTS
from sources.help_scout.errors import AnswerError
from sources.help_scout.parsing.flatten import Flattened, flatten_report
from sources.help_scout.parsing.repairs import RepairKind
from tests.helpers.builders import body_of, stamps_of

BODIES = 100_000
SENTINELS: dict[str, tuple[Any, tuple[str, ...]]] = {
    "a text": ("lost+found", ("lost+found",)),
    "a whole number": (918273645, ("918273645", "9182736.45")),  # or as a percentage
    "a fraction": (918273.25, ("918273.25", "9182.7325")),
    "digits as text": ("918273645", ("918273645", "9182736.45")),
    "an instant": ("2031-02-03T04:05:06Z", ("2031, 2, 3, 4, 5, 6", "2031-02-03T04:05:06Z")),
    "a list": ([["lost+found"]], ("lost+found",)),
    "an object": ({"unforeseen": {"id": "lost+found"}}, ("lost+found",)),
    "a row": ([{"id": 918273645, "name": "lost+found"}], ("lost+found",)),
}
"""What is put somewhere into a body, and how it shows in what comes out."""

STRANGE: list[Any] = [
    None,
    "",
    "12",
    0,
    -1,
    1e308,
    2**63,
    True,
    [],
    {},
    [None],
    [[]],
    [{}],
    "2026-01-01",
    "é\u0000",
]


class Place(NamedTuple):
    """Where a value stands: its container, its key there, its wire path."""

    container: Any
    key: Any
    path: str


def places(value: Any, path: str = "") -> Iterator[Place]:
    items = value.items() if isinstance(value, dict) else enumerate(value)
    for key, child in items:
        here = f"{path}[]" if isinstance(value, list) else f"{path}.{key}".lstrip(".")
        yield Place(value, key, here)
        if isinstance(child, dict | list):
            yield from places(child, here)


def change(body: Any, dice: random.Random) -> None:
    """One change that may take something away."""
    found = list(places(body))
    if not found:
        return
    place = dice.choice(found)
    match dice.choice(["drop", "repeat", "strange", "rename"]):
        case "drop":
            del place.container[place.key]
        case "repeat" if isinstance(place.container, list):
            place.container.append(orjson.loads(orjson.dumps(place.container[place.key])))
        case "rename" if isinstance(place.container, dict):
            place.container[f"{place.key}X"] = place.container.pop(place.key)
        case _:
            strange = dice.choice(STRANGE)
            place.container[place.key] = list(strange) if isinstance(strange, list) else strange


def put(body: Any, sentinel: Any, dice: random.Random) -> str | None:
    """Puts the sentinel somewhere: in a value's place, or beside others; its wire path."""
    found = list(places(body))
    if not found:
        return None
    place = dice.choice(found)
    if dice.random() < 0.5:
        place.container[place.key] = sentinel
        return place.path
    if isinstance(place.container, list):
        place.container.append(sentinel)
        return place.path
    name = dice.choice(["unforeseen", "Weird Name", "id", "name", "count", "slice", "account", "é"])
    if name in place.container:
        return None
    place.container[name] = sentinel
    return f"{place.path.rpartition('.')[0]}.{name}".lstrip(".")


def is_ignored(report: Report, path: str) -> bool:
    """Whether the catalog leaves out what stands there, with a reason."""
    return any(
        path == ignored or path.startswith((f"{ignored}.", f"{ignored}["))
        for ignored in (name.removesuffix("[]") for name in report.ignored)
    )


def is_counted(found: Flattened, path: str) -> bool:
    """Whether the repairs tell of a value that was lost there."""
    return any(
        path.startswith(at) or at.startswith(path) or kind == RepairKind.SPELLINGS_DISAGREE
        for kind, at in found.repairs.found
    )


@pytest.mark.slow(minutes=0.2)
@pytest.mark.parametrize("report", REPORTS.values(), ids=REPORTS)
def test_a_mutated_body_gives_rows_or_a_clear_error_and_loses_nothing(report: Report) -> None:
    dice = random.Random(report.name)
    original = orjson.dumps(body_of(report.name))
    stamps = stamps_of(report.name)
    came_through = 0
    for _ in range(BODIES // len(REPORTS)):
        body = orjson.loads(original)
        for _ in range(dice.randrange(3)):
            change(body, dice)
        what, (sentinel, shows) = dice.choice(list(SENTINELS.items()))
        path = put(body, orjson.loads(orjson.dumps(sentinel)), dice)
        told = ""
        try:
            found = flatten_report(report, [(body, stamps)])
        except AnswerError as error:
            told = str(error)
        if told:
            assert (report.name in told, "lost+found" in told) == (True, False), told
            continue
        if path is None or is_ignored(report, path):
            continue
        came_through += 1
        out = repr((found.rows, found.extra))
        if not any(sign in out for sign in shows):
            assert is_counted(found, path), f"{what} at {path} is lost: {body}"
    assert came_through > BODIES // len(REPORTS) / 20


JUNK: list[Any] = ["NaN", "Infinity", "lost+found", True, 1e300, [], {}, ["x"], {"unforeseen": 1}]


def columns_at(report: Report, path: str) -> dict[str, set[str]]:
    """The columns of each table that a change of the leaf there may change: its own, those made of
    it, and those that rows inside its row inherit."""
    by_path: dict[str, Column] = {}
    for table in report.tables:
        for rows in table.rows:
            for column in table.columns:
                for own in column.paths:
                    by_path[".".join(filter(None, (rows.path, own)))] = column
    if path not in by_path:
        return {}
    name = by_path[path].name
    labels = {c.name for table in report.tables for c in table.columns if c.label_of == name}
    changed = {name, *labels, *({"range_label"} if name == "range_id" else ())}
    return {
        table.name: {*changed, *({"occurrence"} if changed & {*table.key} else ())}
        for table in report.tables
    }


@pytest.mark.parametrize("report", REPORTS.values(), ids=REPORTS)
def test_junk_in_the_place_of_any_one_leaf_costs_that_cell_and_no_other(report: Report) -> None:
    original = orjson.dumps(body_of(report.name))
    stamps = stamps_of(report.name)
    expected = flatten_report(report, [(orjson.loads(original), stamps)]).rows
    for number, place in enumerate(places(orjson.loads(original))):
        if isinstance(place.container[place.key], dict | list):
            continue
        changeable = columns_at(report, place.path)
        for junk in JUNK:
            body = orjson.loads(original)
            container, key, path = list(places(body))[number]
            container[key] = junk
            found = flatten_report(report, [(body, stamps)])
            for table, rows in found.rows.items():
                assert len(rows) == len(expected[table]), (path, junk)
                for row, before in zip(rows, expected[table], strict=True):
                    names = {n for n in {*row, *before} if row.get(n) != before.get(n)}
                    assert names <= changeable.get(table, set()), (path, junk)
