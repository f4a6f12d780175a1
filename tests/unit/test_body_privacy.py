"""Bodies of the archive: what is protected in them gives the rows that a load stores."""

from __future__ import annotations

import copy
import json
from typing import Any

import pytest

from sources.help_scout.archive.body_privacy import protect_body
from sources.help_scout.catalog.dimensions import DIMENSIONS
from sources.help_scout.catalog.reports import REPORTS
from sources.help_scout.extract.dimension_lists import dimension_row
from sources.help_scout.parsing.coerce import Row
from sources.help_scout.parsing.flatten import flatten_report
from sources.help_scout.parsing.redaction import Forgotten, Privacy, personal_columns
from sources.help_scout.planning.request_plan import API_ROOT, Request
from tests.helpers.builders import body_of, stamps_of

KEY = "a key of many characters"
MODES = {
    "drop": Privacy("drop"),
    "hash": Privacy("hash", key=KEY),
    "some": Privacy("drop", {"user_name": "keep", "users.email": "hash"}, KEY),
}


def rows_of(report: str, body: Any, privacy: Privacy) -> dict[str, list[dict[str, Any]]]:
    """What a load stores of the body."""
    flat = flatten_report(REPORTS[report], [(copy.deepcopy(body), stamps_of(report))])
    stored = privacy.protect_report(REPORTS[report], flat.rows)
    return {table: [_said(row) for row in rows] for table, rows in stored.items()}


def _said(row: Row) -> Row:
    """A value may be missing or null: a warehouse has null for both."""
    return {name: value for name, value in row.items() if value is not None}


def protected(report: str, body: Any, privacy: Privacy) -> Any:
    return protect_body(privacy, Request.of(API_ROOT + REPORTS[report].path, {}), body)


@pytest.mark.parametrize("mode", MODES)
@pytest.mark.parametrize("report", REPORTS)
def test_a_protected_body_loads_as_the_body_itself_does(report: str, mode: str) -> None:
    body, privacy = body_of(report), MODES[mode]
    kept = protected(report, body, privacy)
    assert rows_of(report, kept, privacy) == rows_of(report, body, privacy)
    assert protected(report, kept, privacy) == kept


def test_what_is_dropped_is_nowhere_in_the_body() -> None:
    body = body_of("happiness_ratings")
    body["results"][0] |= {"ratingComments": "a secret word", "unheard of": {"of": "another one"}}
    kept = json.dumps(protected("happiness_ratings", body, MODES["drop"]))
    assert [word for word in ("a secret word", "another one") if word in kept] == []
    assert all(str(row["id"]) in kept for row in body["results"])


def test_search_terms_that_are_dropped_stay_apart() -> None:
    terms = [{"id": term, "count": 2} for term in ("refund", "price", "refund")]
    body = body_of("docs_overall")
    body["failedSearches"] = terms
    kept = protected("docs_overall", body, MODES["drop"])
    found = [term["id"] for term in kept["failedSearches"]]
    assert found == ["removed 1", "removed 2", "removed 1"]


@pytest.mark.parametrize(
    "report",
    [
        "company_drilldown",
        "conversations_drilldown",
        "conversations_fields_drilldown",
        "conversations_new_drilldown",
        "happiness_ratings",
    ],
)
def test_a_forgotten_customer_is_forgotten_in_bodies_as_in_rows(report: str) -> None:
    body, keyed = body_of(report), Privacy("keep", key=KEY)
    table = next(name for name, rows in rows_of(report, body, keyed).items()
                 if any("customer_id" in row for row in rows))  # fmt: skip
    row = rows_of(report, body, keyed)[table][0]
    hashes = {Forgotten(keyed.customer_hash(row["customer_id"]), keyed.key_print)}
    privacy = keyed.with_forgotten(hashes)
    kept = protected(report, body, privacy)
    assert rows_of(report, kept, privacy) == rows_of(report, body, privacy)
    assert rows_of(report, kept, keyed) == rows_of(report, body, privacy)
    assert kept != body


@pytest.mark.parametrize("mode", MODES)
def test_lists_are_protected_and_keep_their_paging(mode: str) -> None:
    privacy, users = MODES[mode], DIMENSIONS["users"]
    item = {
        "id": 4,
        "firstName": "Jane",
        "email": "Jane@example.com",
        "type": "user",
        "alternateEmails": ["j@example.com"],
        "nickname": "Janie",
        "timezone": "UTC",
    }
    body = {"_embedded": {"users": [item]}, "page": {"totalPages": 1}, "_links": {"next": {}}}
    kept = protect_body(privacy, Request.of("/v2/users", {}), body)

    def stored(listed: Any) -> Any:
        rows = [dimension_row(users, one, None) for one in listed["_embedded"]["users"]]
        rows = privacy.protect_list("users", users.stored_table.columns, rows)
        return [_said(row) for row in rows]

    assert stored(kept) == stored(body)
    assert (kept["page"], kept["_links"]) == (body["page"], body["_links"])
    assert kept["_embedded"]["users"][0]["timezone"] == "UTC"
    assert "Janie" not in json.dumps(kept)


def test_every_personal_column_is_read_from_somewhere_in_a_body() -> None:
    assert [column.name for _, column, _ in personal_columns() if not column.paths] == []


def test_nothing_is_copied_where_nothing_is_protected() -> None:
    body = body_of("company_overall")
    assert protected("company_overall", body, Privacy()) is body
