"""Slices have one spelling each, on the wire, in keys and in columns."""

from __future__ import annotations

import pytest

from sources.help_scout.catalog.model import Report
from sources.help_scout.catalog.reports import REPORTS
from sources.help_scout.catalog.slices import (
    SLICE_PARAMS,
    ItemGroup,
    Slice,
    SliceValue,
    slice_params,
    wire_value,
)


def test_a_slice_of_nothing_is_all() -> None:
    total = Slice()
    assert (total.text, total.kind, total.query(), total.columns()) == ("all", "all", {}, {})


def test_a_slice_that_could_not_be_told_stands_apart_from_all() -> None:
    slice_ = Slice(unresolved="mailbox")
    assert (slice_.text, slice_.query(), slice_.columns()) == ("?mailbox", {}, {})
    assert slice_ != Slice()


@pytest.mark.parametrize("name", ["mailboxes", "rangeId", "inbox", "unresolved"])
def test_a_slice_of_an_unknown_name_is_refused(name: str) -> None:
    with pytest.raises(KeyError, match=f"no such slice parameters: .*{name}"):
        Slice.of(**{"mailbox": 1, name: 4})


def test_a_slice_is_spelled_in_one_order_whatever_the_order_of_its_values() -> None:
    slice_ = Slice.of(office_hours=True, user=4, mailbox=123)
    assert slice_ == Slice.of(mailbox=123, user=4, office_hours=True)
    assert slice_.text == "mailbox=123,user=4,office_hours=true"
    assert slice_.kind == "mailbox,user,office_hours"
    assert slice_.query() == {"mailboxes": "123", "user": "4", "officeHours": "true"}
    assert slice_.columns() == {
        "slice_mailbox_id": 123,
        "slice_user_id": 4,
        "slice_office_hours": True,
    }


def test_every_value_reaches_the_wire() -> None:
    slice_ = Slice.of(
        mailbox=ItemGroup((1, 7), "EU"),
        tag=2,
        type="email",
        folder=3,
        site="abc",
        user=4,
        range="responseTime",
        range_id=5,
        field="tagid",
        field_id=6,
        rating="great",
        status="closed",
        office_hours=False,
    )
    assert slice_.query() == {
        "mailboxes": "1,7",
        "tags": "2",
        "types": "email",
        "folders": "3",
        "sites": "abc",
        "user": "4",
        "range": "responseTime",
        "rangeId": "5",
        "field": "tagid",
        "fieldid": "6",
        "rating": "great",
        "status": "closed",
        "officeHours": "false",
    }


def test_ids_are_columns_named_as_ids_and_words_are_not() -> None:
    slice_ = Slice.of(tag=2, type="email", folder=3, site="abc", range="responseTime")
    assert slice_.columns() == {
        "slice_tag_id": 2,
        "slice_type": "email",
        "slice_folder_id": 3,
        "slice_site_id": "abc",
        "slice_range": "responseTime",
    }


@pytest.mark.parametrize(
    ("value", "expected"), [(True, "true"), (False, "false"), (12, "12"), ("email", "email")]
)
def test_the_wire_writes_booleans_in_lower_case(value: SliceValue, expected: str) -> None:
    assert wire_value(value) == expected


@pytest.mark.parametrize("report", REPORTS.values(), ids=REPORTS)
def test_a_slice_column_exists_for_each_param_that_the_report_takes(report: Report) -> None:
    names = {param.param for param in slice_params(report)}
    taken = report.wire_params & {p.param for p in SLICE_PARAMS.values()}
    assert names == taken
