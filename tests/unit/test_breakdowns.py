"""Breakdowns are families of slices, and say what is wrong with them."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

import pytest
from hypothesis import assume, given
from hypothesis import strategies as st

from sources.help_scout.catalog.model import Type
from sources.help_scout.catalog.reports import REPORTS
from sources.help_scout.catalog.slices import (
    SLICE_PARAMS,
    Slice,
    SliceValue,
    kind_of,
    slice_params,
)
from sources.help_scout.errors import ConfigurationError
from sources.help_scout.planning.breakdowns import (
    Breakdown,
    parse_breakdown,
    parse_groups,
    pin_groups,
)
from tests.helpers.builders import examples

ITEMS: dict[str, list[SliceValue]] = {"mailbox": [1, 2], "type": ["email", "chat"], "user": [4, 5]}


def items_of(name: str, _fixed: Slice) -> Iterable[SliceValue]:
    return ITEMS[name]


def texts(breakdown: Breakdown) -> list[str]:
    return [slice_.text for slice_ in breakdown.slices(items_of)]


def test_a_breakdown_by_name_has_a_slice_for_each_item() -> None:
    breakdown = parse_breakdown("mailbox", REPORTS["company_overall"])
    assert texts(breakdown) == ["mailbox=1", "mailbox=2"]
    assert breakdown.fans_out_over("mailbox")
    assert not breakdown.fans_out_over("type")


def test_all_is_the_slice_of_nothing() -> None:
    assert texts(parse_breakdown("all", REPORTS["company_overall"])) == ["all"]


def test_a_range_is_a_number_with_a_column_of_its_own_name() -> None:
    breakdown = parse_breakdown("range=replies,range_id=3", REPORTS["company_drilldown"])
    (slice_,) = breakdown.slices(items_of)
    assert slice_ == Slice.of(range="replies", range_id=3)
    assert slice_.columns() == {"slice_range": "replies", "slice_range_id": 3}
    assert SLICE_PARAMS["range_id"].column.unit.type is Type.BIGINT


def test_two_names_give_every_pair_once() -> None:
    breakdown = parse_breakdown("type, mailbox", REPORTS["company_overall"])
    assert texts(breakdown) == [
        "mailbox=1,type=email",
        "mailbox=1,type=chat",
        "mailbox=2,type=email",
        "mailbox=2,type=chat",
    ]


def test_a_fixed_value_narrows_every_slice() -> None:
    breakdown = parse_breakdown("office_hours=true,user", REPORTS["user_overall"])
    assert texts(breakdown) == ["user=4,office_hours=true", "user=5,office_hours=true"]
    assert not breakdown.fans_out_over("office_hours")


def test_a_fan_out_over_nothing_gives_no_slice() -> None:
    breakdown = parse_breakdown("mailbox", REPORTS["company_overall"])
    assert list(breakdown.slices(lambda _name, _fixed: [])) == []


def test_the_items_of_a_name_may_depend_on_the_fixed_values() -> None:
    asked: list[tuple[str, str]] = []

    def note(name: str, before: Slice) -> list[SliceValue] | None:
        asked.append((name, before.text))
        return None if before.get("range") == "resolved" else [1]

    breakdown = parse_breakdown(
        "range=responseTime|resolved,range_id", REPORTS["company_drilldown"]
    )
    assert [s.text for s in breakdown.slices(note)] == [
        "range=responseTime,range_id=1",
        "range=resolved",
    ]
    assert asked == [("range_id", "range=responseTime"), ("range_id", "range=resolved")]


GROUPS = parse_groups(
    {"mailbox": {"EU": [2, 1], "US": [3]}, "type": {"written": ["email", "chat"]}}
)


@pytest.mark.parametrize(
    ("text", "slices", "kind", "queries"),
    [
        ("mailbox=EU", ["mailbox=EU"], "mailbox_group", [{"mailboxes": "1,2"}]),
        (
            "mailbox_group,type",
            [
                *("mailbox=EU,type=email", "mailbox=EU,type=chat"),
                *("mailbox=US,type=email", "mailbox=US,type=chat"),
            ],
            "mailbox_group,type",
            [
                {"mailboxes": "1,2", "types": "email"},
                {"mailboxes": "1,2", "types": "chat"},
                {"mailboxes": "3", "types": "email"},
                {"mailboxes": "3", "types": "chat"},
            ],
        ),
        ("mailbox=7+5", ["mailbox=5+7"], "mailbox_group", [{"mailboxes": "5,7"}]),
        (
            "mailbox=5|7",
            ["mailbox=5", "mailbox=7"],
            "mailbox",
            [{"mailboxes": "5"}, {"mailboxes": "7"}],
        ),
        ("type=written", ["type=written"], "type_group", [{"types": "chat,email"}]),
        ("type=email", ["type=email"], "type", [{"types": "email"}]),
    ],
)
def test_several_items_are_asked_for_one_by_one_or_as_one(
    text: str, slices: list[str], kind: str, queries: list[dict[str, str]]
) -> None:
    breakdown = parse_breakdown(text, REPORTS["company_overall"], GROUPS)
    found = list(breakdown.slices(items_of))
    assert [slice_.text for slice_ in found] == slices
    assert {slice_.kind for slice_ in found} == {breakdown.kind} == {kind}
    assert {kind_of(slice_.text) for slice_ in found} == {kind}
    assert [slice_.query() for slice_ in found] == queries


def test_a_group_s_rows_say_its_name_and_no_item() -> None:
    breakdown = parse_breakdown("mailbox=EU,type=chat", REPORTS["company_overall"], GROUPS)
    (eu,) = breakdown.slices(items_of)
    assert eu.columns() == {"slice_group": "EU", "slice_type": "chat"}


def test_office_hours_are_named_or_added_once() -> None:
    report = REPORTS["email"]
    named = parse_breakdown("mailbox,office_hours", report)
    assert texts(named) == ["mailbox=1,office_hours=true", "mailbox=2,office_hours=true"]
    assert named.narrowed_by("office_hours", value=False) == named
    plain = parse_breakdown("mailbox", report)
    assert plain.narrowed_by("office_hours", value=True) == named


def test_a_group_may_not_change_what_it_is_made_of() -> None:
    state: dict[str, Any] = {}
    pin_groups(GROUPS, state)
    pin_groups(GROUPS, state)
    changed = parse_groups({"mailbox": {"EU": [1, 2, 3]}})
    with pytest.raises(ConfigurationError, match=r"groups\.mailbox\.EU is 1,2,3 now, but was 1,2"):
        pin_groups(changed, state)


CHOICES = {name: [*param.choices, *param.also] for name, param in SLICE_PARAMS.items()}


def value_text(name: str) -> st.SearchStrategy[str]:
    kind = SLICE_PARAMS[name].unit.type
    if CHOICES[name]:
        return st.sampled_from(CHOICES[name])
    if name == "range_id":
        return st.integers(1, 5).map(str)
    if name == "site":
        return st.text("0123456789abcdef", min_size=24, max_size=24)
    if kind is Type.BIGINT:
        return st.integers(0, 10**12).map(str)
    return st.just("true")


@examples
@given(st.data())
def test_a_breakdown_of_fixed_values_reads_back_as_its_slice(data: st.DataObject) -> None:
    report = data.draw(st.sampled_from(list(REPORTS.values())))
    able = [param.name for param in slice_params(report)]
    names = data.draw(st.sets(st.sampled_from(able))) | (set(able) & {"range", "field"})
    if "user" in able:  # users and teams are one parameter
        names = names - {"user", "team"} | {data.draw(st.sampled_from(["user", "team"]))}
    terms = [f"{name}={data.draw(value_text(name))}" for name in sorted(names)]
    text = ",".join(terms) or "all"
    ranges_without_ids = ("range=resolved", "range=firstReplyResolved")
    assume("range_id" not in names or not any(without in text for without in ranges_without_ids))
    (slice_,) = parse_breakdown(text, report).slices(items_of)
    assert sorted(slice_.text.split(",")) == sorted(text.split(","))
    assert list(parse_breakdown(slice_.text, report).slices(items_of)) == [slice_]


def test_one_item_asked_for_as_one_is_that_item() -> None:
    (slice_,) = parse_breakdown("mailbox=4+4", REPORTS["company_overall"]).slices(lambda *_: None)
    assert (slice_.text, slice_.kind, slice_.columns()) == (
        "mailbox=4", "mailbox", {"slice_mailbox_id": 4}
    )  # fmt: skip


def test_row_reports_may_be_narrowed_to_one_of_what_their_rows_carry() -> None:
    report = REPORTS["conversations_drilldown"]
    assert texts(parse_breakdown("mailbox=4,type=chat", report)) == ["mailbox=4,type=chat"]
    assert texts(parse_breakdown("mailbox=EU", report, GROUPS)) == ["mailbox=EU"]
