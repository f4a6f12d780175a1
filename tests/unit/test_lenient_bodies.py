"""What bodies hold that means nothing, or the same in other words: taken, and nothing guessed."""

from __future__ import annotations

from typing import Any

import pytest

from sources.help_scout.catalog.reports import REPORTS
from sources.help_scout.errors import CoercionError
from sources.help_scout.parsing.coerce import TableRows
from sources.help_scout.parsing.flatten import flatten_report
from tests.helpers.builders import at

USER = {"user": 1, "name": "Ada"}


def rows_of(report: str, body: Any) -> TableRows:
    return flatten_report(REPORTS[report], [(body, {})]).rows


def company(**parts: Any) -> TableRows:
    return rows_of("company_overall", {"current": {}} | parts)


def conversation(**fields: Any) -> dict[str, Any]:
    found = rows_of("company_drilldown", {"conversations": {"results": [{"id": 4} | fields]}})
    return found["company_drilldown"][0]


def test_rows_that_say_the_same_are_one_row() -> None:
    alone = company(users=[USER])
    assert len(alone["company_overall_users"]) == 1
    assert company(users=[USER, dict(USER), USER | {"user": "1"}]) == alone


def test_rows_that_differ_in_an_unknown_field_differ() -> None:
    found = company(users=[USER, USER | {"brandNew": 1}, dict(USER)])["company_overall_users"]
    assert [(row["occurrence"], row.get("brand_new")) for row in found] == [(1, None), (2, 1.0)]


def test_the_row_of_a_window_without_a_key_is_never_one_of_two() -> None:
    body = {"current": {"closed": 3}}
    found = flatten_report(REPORTS["company_overall"], [(body, {})]).rows["company_overall"]
    assert found == [{"closed": 3}]


def test_an_inner_list_that_says_a_row_twice_says_it_once() -> None:
    body = {"conversations": {"results": [{"id": 4, "tags": [{"id": 7}, {"id": 7}]}]}}
    plain = {"conversations": {"results": [{"id": 4, "tags": [{"id": 7}]}]}}
    assert rows_of("company_drilldown", body) == rows_of("company_drilldown", plain)


def test_null_items_of_a_list_are_skipped() -> None:
    assert company(users=[None, USER, None]) == company(users=[USER])
    cells = [None, {"day": 1, "hour": 2, "count": 3}]
    assert rows_of("conversations_busy_times", cells) == rows_of(
        "conversations_busy_times", cells[1:]
    )


@pytest.mark.parametrize("empty", [None, {}, []])
def test_an_empty_object_is_an_empty_list(empty: Any) -> None:
    assert company(users=empty) == company()


@pytest.mark.parametrize("value", [{"id": 1}, "", "x", 0, False])
def test_what_is_no_list_is_no_empty_list(value: Any) -> None:
    with pytest.raises(CoercionError, match=r"^company_overall: users: expected a list, found "):
        company(users=value)


def test_an_empty_instant_is_null() -> None:
    (row,) = rows_of("company_overall", {"current": {"startDate": ""}})["company_overall"]
    assert row == {"start_at": None}


def test_a_rating_without_a_time_is_kept() -> None:
    body = {"results": [{"threadid": 3, "ratingCustomerId": 4, "ratingCreatedAt": ""}]}
    (row,) = rows_of("happiness_ratings", body)["happiness_ratings"]
    assert (row["thread_id"], row["rated_at"], row["occurrence"]) == (3, None, 1)


INSTANT = "2026-03-04T05:00:00Z"


@pytest.mark.parametrize(
    "bucket",
    [
        {"start": "", "date": INSTANT},
        {"start": INSTANT, "date": ""},
    ],
)
def test_an_empty_spelling_gives_way_to_the_one_that_tells(bucket: dict[str, Any]) -> None:
    found = rows_of("conversations_received_messages", {"current": [bucket | {"count": 1}]})
    assert found["conversations_received_messages"] == [
        {"bucket_start_at": at("2026-03-04T05:00"), "message_count": 1}
    ]


@pytest.mark.parametrize(
    ("value", "expected"), [(True, True), (False, False), (1, True), (0, False), (None, None)]
)
def test_flags_are_read_as_booleans_or_as_ones_and_zeros(value: Any, expected: Any) -> None:
    flag = conversation(attachments=value).get("has_attachments")
    assert (flag, type(flag)) == (expected, type(expected))


@pytest.mark.parametrize("value", [2, -1, 0.5, 1.0, "true", "1", "", [], {}])
def test_what_is_neither_is_no_flag(value: Any) -> None:
    assert conversation(attachments=value)["has_attachments"] is None
