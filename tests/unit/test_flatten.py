"""Bodies to rows: each leaf lands in one place, and what does not fit costs its own cell."""

from __future__ import annotations

from typing import Any

import pytest

from sources.help_scout.catalog.reports import REPORTS
from sources.help_scout.errors import UnexpectedResponse
from sources.help_scout.parsing.envelope import unwrap
from sources.help_scout.parsing.flatten import Flattened, Flattener, flatten_report
from sources.help_scout.parsing.repairs import RepairKind
from tests.helpers.builders import FIELD_STAMP, at, body_of, stamps_of
from tests.helpers.leaves import leaves


def flat(report: str, *bodies: Any) -> Flattened:
    stamps = stamps_of(report)
    return flatten_report(REPORTS[report], [(body, stamps) for body in bodies])


def test_an_overall_report_is_one_row_with_its_three_blocks() -> None:
    body = {
        "current": {"visitors": 3, "browseAction": 50},
        "previous": {"visitors": 2, "browseAction": 25.5},
        "deltas": {"visitors": 50, "browseAction": 24.5},
        "popularSearches": [{"id": "refund", "count": 2, "results": 0}],
    }
    assert flat("docs_overall", body) == Flattened(
        {
            "docs_overall": [
                {
                    "visitor_count": 3,
                    "browse_action_pct": 50.0,
                    "previous_visitor_count": 2,
                    "previous_browse_action_pct": 25.5,
                    "delta_visitor_count_pct": 50.0,
                    "delta_browse_action_points": 24.5,
                }
            ],
            "docs_overall_popular_searches": [
                {"search_term": "refund", "search_count": 2, "result_count": 0, "occurrence": 1}
            ],
            "docs_overall_failed_searches": [],
            "docs_overall_top_articles": [],
            "docs_overall_top_categories": [],
        }
    )


def test_inner_lists_inherit_the_key_of_their_row_wherever_it_stands() -> None:
    body = {
        "current": {},
        "customFields": {
            "fields": [{"values": [{"id": 7, "count": 2}], "summary": {"total": 9}, "id": 8}]
        },
    }
    rows = flat("conversations_overall", body).rows
    assert rows["conversations_overall_custom_fields"] == [
        {"conversation_count": 9, "custom_field_id": 8, "occurrence": 1}
    ]
    assert rows["conversations_overall_custom_field_values"] == [
        {"custom_field_id": 8, "option_id": 7, "conversation_count": 2, "occurrence": 1}
    ]


def test_ranges_carry_their_metric_and_label() -> None:
    body = {
        "current": {},
        "responseTime": {"count": 5, "ranges": [{"id": 1, "count": 5, "percent": 100}]},
        "resolutionTime": {"ranges": [{"id": 1, "count": 2}]},
    }
    found = flat("email", body).rows
    assert found["email_ranges"] == [
        {
            "metric": "responseTime",
            "range_id": 1,
            "range_label": "< 15 min",
            "conversation_count": 5,
            "conversation_pct": 100.0,
            "occurrence": 1,
        },
        {
            "metric": "resolutionTime",
            "range_id": 1,
            "range_label": None,
            "conversation_count": 2,
            "occurrence": 1,
        },
    ]
    assert found["email"] == [{"response_time_conversation_count": 5}]


def test_the_items_of_the_fields_drilldown_carry_their_field_in_every_table() -> None:
    rows = flat("conversations_fields_drilldown", body_of("conversations_fields_drilldown")).rows
    name = "conversations_fields_drilldown"
    assert {table: [row["field_id"] for row in found] for table, found in rows.items()} == {
        name: [7],
        f"{name}_tags": [7],
        f"{name}_customers": [7],
    }


def test_one_conversation_may_stand_under_two_items() -> None:
    name = "conversations_fields_drilldown"
    parts = [(body_of(name), FIELD_STAMP), (body_of(name), {"field_id": 8})]
    rows = flatten_report(REPORTS[name], parts).rows[name]
    assert [(row["field_id"], row["conversation_id"]) for row in rows] == [(7, 583), (8, 583)]


def test_history_positions_count_on_through_the_pages() -> None:
    name = "user_conversation_history"
    rows = flat(name, body_of(name), body_of(name)).rows
    assert [row["position"] for row in rows[name]] == [1, 2, 3, 4]
    assert [(row["position"], row["customer_id"]) for row in rows[f"{name}_customers"]] == [
        (1, 138946703),
        (2, 137966680),
        (3, 138946703),
        (4, 137966680),
    ]


def test_equal_ratings_are_all_kept_and_numbered() -> None:
    body = body_of("happiness_ratings")
    rating, other = body["results"]
    body["results"] = [rating, other, dict(rating), rating | {"threadid": 5}]
    rows = flat("happiness_ratings", body).rows["happiness_ratings"]
    assert [(row["thread_id"], row["occurrence"]) for row in rows] == [
        (1169815634, 1),
        (1169298612, 1),
        (1169815634, 2),
        (5, 1),
    ]


@pytest.mark.parametrize(
    "bucket",
    [
        {"start": "2026-03-04T05:00:00Z", "count": 29},
        {"date": "2026-03-04T05:00:00Z", "messages": 29},
        {"date": "2026-03-04T00:00:00-05:00", "count": 29.0},
        {"start": "2026-03-04T05:00:00Z", "date": "2026-03-04T05:00:00Z", "count": "29"},
    ],
)
def test_both_spellings_of_received_messages_land_in_one_column(bucket: dict[str, Any]) -> None:
    assert flat("conversations_received_messages", {"current": [bucket]}) == Flattened(
        {
            "conversations_received_messages": [
                {"bucket_start_at": at("2026-03-04T05:00"), "message_count": 29}
            ]
        }
    )


@pytest.mark.parametrize("spelling", ["unansweredPreviousPercent", "previousUnansweredPercent"])
def test_both_spellings_of_the_unanswered_share_land_in_one_column(spelling: str) -> None:
    body = {"current": {}, "customFields": {"fields": [{"id": 8, "summary": {spelling: 12.5}}]}}
    rows = flat("conversations_overall", body).rows["conversations_overall_custom_fields"]
    assert rows == [{"custom_field_id": 8, "previous_unanswered_pct": 12.5, "occurrence": 1}]


@pytest.mark.parametrize("bucket", [{"count": 1, "messages": 2}, {"messages": 2, "count": 1}])
def test_of_two_spellings_that_disagree_the_documented_one_counts(bucket: dict[str, Any]) -> None:
    found = flat("conversations_received_messages", {"current": [bucket]})
    (row,) = found.rows["conversations_received_messages"]
    assert row["message_count"] == 2
    assert [kind for kind, _ in found.repairs.found] == [RepairKind.SPELLINGS_DISAGREE]


@pytest.mark.parametrize("report", REPORTS)
def test_a_body_in_a_report_wrapper_is_the_same_report(report: str) -> None:
    assert flat(report, {"report": body_of(report)}) == flat(report, body_of(report))


@pytest.mark.parametrize("report", REPORTS)
@pytest.mark.parametrize(
    "body",
    [None, {}, "", 5, True, {"error": "server_error"}, {"current": None}, {"conversations": []},
     {"results": {}}, {"report": None}, {"report": {}}, {"_embedded": {"errors": []}}],
    ids=str,
)  # fmt: skip
def test_an_answer_that_is_not_the_report_is_no_empty_report(report: str, body: Any) -> None:
    if report == "conversations_busy_times" and body in ({}, {"report": {}}):
        assert unwrap(REPORTS[report], body) == []  # what PHP makes of an empty list
        return
    with pytest.raises(UnexpectedResponse, match=f"^{report}: the answer is not this report"):
        unwrap(REPORTS[report], body)


@pytest.mark.parametrize(
    ("report", "table", "body", "rows", "repairs"),
    [
        (
            "company_overall",
            "company_overall_users",
            {"current": {}, "users": [{"user": "1", "name": "a"}, {"user": 1, "name": "b"}]},
            [
                {"user_id": 1, "user_name": "a", "occurrence": 1},
                {"user_id": 1, "user_name": "b", "occurrence": 2},
            ],
            "key_repeated:users[].user=1",
        ),
        (
            "company_drilldown",
            "company_drilldown",
            {"conversations": {"results": [{"number": 4}, {"id": None, "number": 4}, {"id": 4}]}},
            [
                {"conversation_number": 4, "conversation_id": None, "occurrence": 1},
                {"conversation_number": 4, "conversation_id": None, "occurrence": 2},
                {"conversation_id": 4, "occurrence": 1},
            ],
            "id_missing:conversations.results[].id=2",
        ),
        (
            "company_drilldown",
            "company_drilldown_tags",
            {"conversations": {"results": [{"tags": [{"id": 7}]}, {"tags": [{"id": 7}]}]}},
            [
                {"conversation_id": None, "tag_id": 7, "occurrence": 1},
                {"conversation_id": None, "tag_id": 7, "occurrence": 2},
            ],
            "id_missing:conversations.results[].id=2",
        ),
        (
            "docs_overall",
            "docs_overall_top_articles",
            {"current": {}, "topArticles": [{"id": "", "count": 1}, {"count": 2}]},
            [
                {"article_id": None, "view_count": 1, "occurrence": 1},
                {"article_id": None, "view_count": 2, "occurrence": 2},
            ],
            "id_missing:topArticles[].id=2",
        ),
        (
            "conversations_overall",
            "conversations_overall_tags",
            {"current": {}, "tags": {"top": [{"id": "x", "count": 2}]}},
            [{"tag_id": None, "conversation_count": 2, "occurrence": 1}],
            "id_missing:tags.top[].id=1,unreadable:tags.top[].id=1",
        ),
        (
            "company_drilldown",
            "company_drilldown",
            {"conversations": {"results": [{"id": 4, "tags": "x"}]}},
            [{"conversation_id": 4, "tags": "x", "occurrence": 1}],
            "list_unreadable:conversations.results[].tags=1",
        ),
    ],
)
def test_rows_that_no_key_tells_apart_are_all_kept_and_numbered(
    report: str, table: str, body: Any, rows: list[Any], repairs: str
) -> None:
    found = flat(report, body)
    assert found.rows[table] == rows
    assert found.repairs.text == repairs


def test_rows_without_an_id_are_numbered_through_all_blocks() -> None:
    flattener = Flattener(REPORTS["company_drilldown"])
    page = {"conversations": {"results": [{"number": 4, "tags": [{"id": 7}]}]}}
    numbers = []
    for _ in range(2):
        flattener.add(page, {})
        numbers.append([row["occurrence"] for rows in flattener.take().values() for row in rows])
    assert numbers == [[1, 1], [2, 2]]


def test_the_repairs_of_a_series_are_told_of_their_own_window() -> None:
    body = {"current": [{"date": "2026-03-04T05:00:00Z", "resolved": "NaN"}, {"resolved": 1}]}
    found = flat("productivity_resolved", body)
    first, second = found.rows["productivity_resolved"]
    assert found.repairs.made_in([first]).text == "nan:current[].resolved=1"
    assert found.repairs.made_in([second]).text is None


def test_the_leaves_of_a_body_are_its_values_by_path() -> None:
    body = {"a": {"b": 1, "c": [{"d": None}, {"e": [2, 3]}]}, "f": [], "g": {}}
    assert set(leaves(body)) == {"a.b", "a.c[].d", "a.c[].e[]"}
