"""Files for bug reports: nothing of the account is in them, all that a load counts is."""

from __future__ import annotations

import json
import re
from typing import Any

import pytest

from pipelines.from_archive.anonymous import Anonymizer
from pipelines.from_archive.replacements import SPECIAL_IDS
from sources.help_scout.catalog.model import ID, TEXT, TEXT_ID
from sources.help_scout.catalog.reports import REPORTS
from sources.help_scout.parsing.flatten import flatten_report
from sources.help_scout.planning.request_plan import API_ROOT, Request
from tests.helpers.builders import body_of, stamps_of

WORDS_KEPT = ("conversation_status", "conversation_type")


def anonymous(report: str, body: Any) -> Any:
    request = Request.of(API_ROOT + REPORTS[report].path, {})
    return Anonymizer().body(request, body)


def rows_of(report: str, body: Any) -> dict[str, list[dict[str, Any]]]:
    flat = flatten_report(REPORTS[report], [(body, stamps_of(report))])
    return {table: [dict(row) for row in rows] for table, rows in flat.rows.items()}


@pytest.mark.parametrize("report", REPORTS)
def test_a_body_keeps_its_rows_and_measures_and_loses_its_texts_and_ids(report: str) -> None:
    before = rows_of(report, body_of(report))
    after = rows_of(report, anonymous(report, body_of(report)))
    for table in REPORTS[report].tables:
        assert len(after[table.name]) == len(before[table.name])
        for column in table.columns:
            was = [row.get(column.name) for row in before[table.name]]
            now = [row.get(column.name) for row in after[table.name]]
            is_stamp = column.name in stamps_of(report) or (not column.paths and column.unit != ID)
            if is_stamp or column.name in WORDS_KEPT or column.unit not in (ID, TEXT, TEXT_ID):
                assert now == was, column.name
            else:
                shown = {value for value in was if value not in (None, "", *SPECIAL_IDS)}
                assert shown.isdisjoint(now), column.name
                assert len(set(now)) == len(set(was)), column.name


def test_an_id_is_the_same_wherever_it_stands() -> None:
    one = Anonymizer()
    users = Request.of("/v2/users", {})
    listed = one.body(users, {"_embedded": {"users": [{"id": 4001, "firstName": "Jane"}]}})
    new = listed["_embedded"]["users"][0]["id"]
    asked = one.request(Request.of("/v2/reports/user", {"user": "4001", "mailboxes": "85001,4001"}))
    assert dict(asked.query)["user"] == str(new)
    assert dict(asked.query)["mailboxes"].endswith(f",{new}")
    assert one.request(Request.of("/v2/teams/4001/members", {})).path == f"/v2/teams/{new}/members"
    assert one.options({"breakdowns": {"user_overall": ["user=4001|0", "mailbox=Jane's"]}}) == {
        "breakdowns": {"user_overall": [f"user={new}|0", "mailbox=Group2"]}
    }


def test_what_is_unknown_of_a_body_is_replaced_too() -> None:
    body = {
        "results": [{"id": 12, "nickname": "Janie", "phone": 15550100, "jane@x.org": "y"}],
        "page": 1,
        "pages": 1,
        "count": 1,
        "facets": {"Jane Doe": ["of Acme"]},
        "_links": {"next": {"href": "https://acme.example/v2/reports/happiness/ratings?c=SmFuZQ"}},
    }
    told = json.dumps(anonymous("happiness_ratings", body))
    hidden = ("Janie", "15550100", "jane@x.org", "Jane Doe", "Acme", "acme", "SmFuZQ")
    assert [word for word in hidden if word in told] == []
    assert json.loads(told)["count"] == 1


def test_lists_keep_what_loads_decide_by() -> None:
    page = {"size": 50, "totalElements": 60, "totalPages": 2, "number": 1}
    tag = {"id": 1, "name": "(untagged)", "ticketCount": 0, "createdAt": "2026-01-02T03:04:05Z"}
    href = "https://api.helpscout.net/v2/tags?page=2"
    body = {"_embedded": {"tags": [tag]}, "page": page, "_links": {"next": {"href": href}}}
    kept = Anonymizer().body(Request.of("/v2/tags", {}), body)
    (after,) = kept["_embedded"]["tags"]
    assert kept["page"] == page
    assert (after["id"], after["ticketCount"], after["createdAt"]) == (1, 0, tag["createdAt"])
    assert re.fullmatch(r"https://[^/]+\.invalid/v2/tags\?page=2", kept["_links"]["next"]["href"])


def test_names_and_ids_inside_what_nothing_is_known_of_are_replaced() -> None:
    page = {"results": [], "page": 1, "pages": 0, "count": 0}
    facets = {"users": [{"id": 4711, "count": 3}], "Schmidt": 17}
    request = Request.of("/v2/reports/happiness/ratings", {})
    body = Anonymizer().body(request, {**page, "facets": facets, "brandNew": {"Schmidt": 4}})
    assert set(body) == {*page, "facets", "brandNew"}
    assert "Schmidt" not in str(body)
    (user,) = body["facets"]["users"]
    assert user["id"] != 4711
    assert user["count"] == 3
