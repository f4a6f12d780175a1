"""Breakdowns are families of slices, and say what is wrong with them."""

from __future__ import annotations

import re
from collections.abc import Iterable

import pytest
from hypothesis import given
from hypothesis import strategies as st

from sources.help_scout.catalog import Type
from sources.help_scout.errors import ConfigurationError
from sources.help_scout.reports import REPORTS
from sources.help_scout.slices import (
    SLICE_PARAMS,
    Breakdown,
    Slice,
    SliceValue,
    parse_breakdown,
    slice_params,
)

from .builders import examples

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

    def note(name: str, fixed: Slice) -> list[SliceValue]:
        asked.append((name, fixed.text))
        return [1]

    breakdown = parse_breakdown("range=responseTime,range_id", REPORTS["company_drilldown"])
    assert [s.text for s in breakdown.slices(note)] == ["range=responseTime,range_id=1"]
    assert asked == [("range_id", "range=responseTime")]


def value_text(name: str) -> st.SearchStrategy[str]:
    kind = SLICE_PARAMS[name].unit.type
    if kind is Type.BIGINT:
        return st.integers(0, 10**12).map(str)
    if kind is Type.BOOL:
        return st.sampled_from(["true", "false"])
    return st.text("abcXYZ019-", min_size=1, max_size=9)


@examples
@given(st.data())
def test_a_breakdown_of_fixed_values_reads_back_as_its_slice(data: st.DataObject) -> None:
    report = data.draw(st.sampled_from(list(REPORTS.values())))
    required = {p.name for p in SLICE_PARAMS.values() if p.param in report.requires}
    names = data.draw(st.sets(st.sampled_from([p.name for p in slice_params(report)]))) | required
    terms = [f"{name}={data.draw(value_text(name))}" for name in sorted(names)]
    text = ",".join(terms) or "all"
    (slice_,) = parse_breakdown(text, report).slices(items_of)
    assert sorted(slice_.text.split(",")) == sorted(text.split(","))
    assert list(parse_breakdown(slice_.text, report).slices(items_of)) == [slice_]


@pytest.mark.parametrize(
    ("report", "text", "message"),
    [
        (
            "company_overall",
            "user",
            (
                "breakdown 'user' of company_overall: the report does not take 'user'; "
                "it takes: folder, mailbox, tag, type"
            ),
        ),
        (
            "docs_overall",
            "mailbox",
            (
                "breakdown 'mailbox' of docs_overall: the report does not take 'mailbox'; "
                "it takes: site"
            ),
        ),
        (
            "company_overall",
            "",
            (
                "breakdown '' of company_overall: the report does not take ''; "
                "it takes: folder, mailbox, tag, type"
            ),
        ),
        (
            "company_overall",
            "all,mailbox",
            (
                "breakdown 'all,mailbox' of company_overall: the report does not take 'all'; "
                "it takes: folder, mailbox, tag, type"
            ),
        ),
        (
            "user_overall",
            "mailbox",
            "breakdown 'mailbox' of user_overall: the report needs 'user' in each breakdown",
        ),
        (
            "conversations_fields_drilldown",
            "all",
            (
                "breakdown 'all' of conversations_fields_drilldown: the report needs 'field' in "
                "each breakdown"
            ),
        ),
        (
            "company_overall",
            "mailbox=1,mailbox=2",
            (
                "breakdown 'mailbox=1,mailbox=2' of company_overall names 'mailbox' twice: write "
                "one breakdown for each value"
            ),
        ),
        (
            "company_overall",
            "mailbox, mailbox",
            (
                "breakdown 'mailbox, mailbox' of company_overall names 'mailbox' twice: write "
                "one breakdown for each value"
            ),
        ),
        (
            "company_overall",
            "mailbox=",
            "breakdown 'mailbox=' of company_overall: 'mailbox' needs a value: mailbox=…",
        ),
        (
            "docs_overall",
            "site",
            "breakdown 'site' of docs_overall: 'site' needs a value: site=…",
        ),
        (
            "docs_overall",
            "site=",
            "breakdown 'site=' of docs_overall: 'site' needs a value: site=…",
        ),
        (
            "company_drilldown",
            "range=replies,range_id=few",
            "range_id=few: expected a number",
        ),
        ("company_overall", "mailbox=EU", "mailbox=EU: expected a number"),
        ("company_overall", "mailbox=-1", "mailbox=-1: expected a number"),
        ("user_overall", "user=4,office_hours=yes", "office_hours=yes: expected true or false"),
    ],
)
def test_a_wrong_breakdown_is_refused_with_the_reason(report: str, text: str, message: str) -> None:
    with pytest.raises(ConfigurationError, match=f"^{re.escape(message)}$"):
        parse_breakdown(text, REPORTS[report])


def test_the_item_of_the_fields_drilldown_is_no_breakdown() -> None:
    with pytest.raises(ConfigurationError, match="does not take 'fieldid'"):
        parse_breakdown("field=tagid,fieldid=4", REPORTS["conversations_fields_drilldown"])
