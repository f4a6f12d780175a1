"""Tokens, parameter checks, the rate limit, paging of lists, and the request log."""

from __future__ import annotations

import re
from typing import Any

import httpx
import pytest

from sources.help_scout_sandbox import LoggedRequest, Sandbox
from tests.sandbox.conftest import CREDENTIALS, DAY, SHORT, WEEK, Client, Opener


class Clock:
    def __init__(self) -> None:
        self.now = 1_000.0

    def __call__(self) -> float:
        return self.now


def errors(response: httpx.Response) -> list[tuple[str, str | None]]:
    assert response.status_code == 400, response.text
    body = response.json()
    assert {"logRef", "message", "_embedded", "_links"} == set(body)
    return [(entry["path"], entry.get("rejectedValue")) for entry in body["_embedded"]["errors"]]


@pytest.mark.parametrize(
    ("path", "asked", "expected"),
    [
        ("company", {}, [("start", None), ("end", None)]),
        ("company", {**DAY, "start": "2026-04-08"}, [("start", "2026-04-08")]),
        ("company", {**DAY, "start": "2026-04-08T04:00:00.000Z"}, [("start", None)]),
        ("company", {**DAY, "start": "2026-02-30T04:00:00Z"}, [("start", "2026-02-30T04:00:00Z")]),
        ("company", {"start": DAY["end"], "end": DAY["start"]}, [("start", DAY["end"])]),
        ("company", {**DAY, "previousStart": DAY["start"]}, [("previousEnd", None)]),
        ("company", {**DAY, "mailboxes": "1,x"}, [("mailboxes", "1,x")]),
        ("company", {**DAY, "mailboxes": ""}, [("mailboxes", "")]),
        ("company", {**DAY, "types": "email,fax"}, [("types", "email,fax")]),
        ("company", {**DAY, "viewBy": "day"}, [("viewBy", "day")]),
        ("company", {**DAY, "mailbox": "1"}, [("mailbox", "1")]),
        ("company", {**DAY, "tags": ["1201", "1202"]}, [("tags", "1202")]),
        ("productivity", {**DAY, "officeHours": "1"}, [("officeHours", "1")]),
        ("docs", {**DAY, "sites": "abc"}, [("sites", "abc")]),
        ("user", DAY, [("user", None)]),
        ("user", {**DAY, "user": "77"}, [("user", "77")]),
        ("user/chat", {**DAY, "user": "4001", "folders": "1"}, [("folders", "1")]),
        ("conversations/drilldown", {**DAY, "rows": "51"}, [("rows", "51")]),
        ("conversations/drilldown", {**DAY, "page": "0"}, [("page", "0")]),
        ("company/drilldown", DAY, [("range", None)]),
        ("company/drilldown", {**DAY, "range": "speed"}, [("range", "speed")]),
        ("company/drilldown", {**DAY, "range": "resolved", "rangeId": "1"}, [("rangeId", "1")]),
        ("conversations/fields-drilldown", {**DAY, "field": "tagid"}, [("fieldid", None)]),
        ("happiness/ratings", {**DAY, "sortField": "repliesSent"}, [("sortField", "repliesSent")]),
        ("happiness/ratings", {**DAY, "sortField": "createdAt"}, [("sortField", "createdAt")]),
        ("happiness/ratings", {**DAY, "sortOrder": "asc"}, [("sortOrder", "asc")]),
        ("happiness/ratings", {**DAY, "rating": "okay"}, [("rating", "okay")]),
    ],
)
def test_a_wrong_query_is_refused_by_the_parameter_s_name(
    shared: Client, path: str, asked: dict[str, Any], expected: list[tuple[str, str | None]]
) -> None:
    found = errors(shared.get(path, **asked))
    assert [name for name, _ in found] == [name for name, _ in expected]
    for (_, rejected), (_, wanted) in zip(found, expected, strict=True):
        assert wanted is None or rejected == wanted


def test_every_problem_of_a_query_is_named_at_once(shared: Client) -> None:
    found = errors(shared.get("user", user="x", mailboxes="y", nonsense="z"))
    assert {name for name, _ in found} == {"nonsense", "start", "end", "user", "mailboxes"}


def test_a_token_is_needed_and_unknown_paths_are_not_found(shared: Client) -> None:
    base = str(shared.http.base_url)
    assert httpx.get(f"{base}/v2/reports/company", params=DAY).status_code == 401
    headers = {"Authorization": "Bearer nonsense"}
    assert httpx.get(f"{base}/v2/users", headers=headers).status_code == 401
    missing = shared.get("/v2/reports/nothing", **DAY)
    assert (missing.status_code, missing.json()["message"]) == (404, "Unknown URL")


def test_the_token_endpoint_takes_forms_and_json_and_the_right_secret(shared: Client) -> None:
    def token(**change: str) -> tuple[int, dict[str, Any]]:
        response = shared.http.post("/v2/oauth2/token", data={**CREDENTIALS, **change})
        return response.status_code, response.json()

    status, body = token()
    assert (status, body["token_type"], body["expires_in"]) == (200, "bearer", 172_800)
    assert "refresh_token" not in body
    status, body = token(client_secret="wrong")
    assert (status, body["error"], set(body)) == (
        401,
        "invalid_client",
        {"error", "error_description"},
    )
    assert token(grant_type="password")[1]["error"] == "unsupported_grant_type"
    assert shared.http.post("/v2/oauth2/token", json=CREDENTIALS).status_code == 200
    assert shared.http.post("/v2/oauth2/token", content="nonsense").status_code == 400


def test_refresh_tokens_rotate(shared: Client) -> None:
    def grant(**form: str) -> httpx.Response:
        return shared.http.post("/v2/oauth2/token", data={**CREDENTIALS, **form})

    first = grant(grant_type="authorization_code", code="abc").json()
    again = {"grant_type": "refresh_token", "refresh_token": first["refresh_token"]}
    second = grant(**again).json()
    assert second["refresh_token"] != first["refresh_token"]
    assert grant(**again).status_code == 400


def test_tokens_expire(opened: Opener) -> None:
    clock = Clock()
    client = opened(clock=clock, token_seconds=60)
    assert client.get("company", **DAY).status_code == 200
    clock.now += 60
    assert client.get("company", **DAY).status_code == 401
    client.log_in()
    assert client.get("company", **DAY).status_code == 200


def test_over_the_rate_limit_it_says_when_to_come_back(opened: Opener) -> None:
    clock = Clock()
    client = opened(clock=clock, rate_limit=3)
    left = [client.get("company", **DAY).headers["X-RateLimit-Remaining-Minute"] for _ in "12"]
    assert left == ["1", "0"]
    clock.now += 17.5
    refused = client.get("company", **DAY)
    assert (refused.status_code, refused.json()) == (429, {"message": "API rate limit exceeded"})
    assert refused.headers["X-RateLimit-Retry-After"] == "43"
    assert refused.headers["X-RateLimit-Limit-Minute"] == "3"
    clock.now += 42.5
    assert client.get("company", **DAY).status_code == 200


def test_every_answer_has_a_correlation_id(shared: Client) -> None:
    for path in ("company", "/v2/users", "/v2/nothing"):
        assert re.fullmatch(r"sandbox-\d+", shared.get(path).headers["Correlation-Id"])
    refused = shared.get("company")
    assert refused.json()["logRef"] == refused.headers["Correlation-Id"]


def test_forbidden_reports_answer_403(opened: Opener) -> None:
    client = opened(forbidden={"/v2/reports/chat"})
    assert client.get("chat", **DAY).status_code == 403
    assert client.get("company", **DAY).status_code == 200


def test_drilldown_pages_hold_each_conversation_once(shared: Client) -> None:
    first = shared.body("conversations/drilldown", **WEEK)["conversations"]
    assert (len(first["results"]), first["page"]) == (25, 1)
    count, rows = shared.drilldown("conversations/drilldown", **WEEK)
    assert len({row["id"] for row in rows}) == count
    assert first["pages"] == -(-count // 25)
    beyond = shared.body("conversations/drilldown", page=99, **WEEK)["conversations"]
    assert (beyond["results"], beyond["count"], beyond["page"]) == ([], count, 99)


def test_ratings_and_history_are_sorted_as_asked(shared: Client) -> None:
    window = {"start": "2026-03-10T04:00:00Z", "end": "2026-04-20T03:59:59Z"}
    page = shared.body("happiness/ratings", sortField="rating", sortOrder="ASC", **window)
    ids = [row["ratingId"] for row in page["results"]]
    assert (len(ids), ids) == (50, sorted(ids))
    assert page["pages"] == 2
    only = shared.body("happiness/ratings", rating="not-good", **window)
    assert {row["ratingId"] for row in only["results"]} == {3}
    history = shared.body(
        "user/conversation-history", user=4001, sortField="responseTime", **window
    )
    times = [row["responseTime"] for row in history["results"]]
    assert (len(times), times) == (100, sorted(times, reverse=True))
    closed = shared.body("user/conversation-history", user=4001, status="closed", **window)
    assert 0 < closed["count"] < history["count"]


def test_lists_are_paged_as_hal(opened: Opener) -> None:
    client = opened(list_page_size=4)
    first, second = client.body("/v2/users"), client.body("/v2/users", page=2)
    users = first["_embedded"]["users"] + second["_embedded"]["users"]
    assert [user["id"] for user in users] == [4001, 4002, 4003, 4004, 4005, 4006]
    assert first["page"] == {"size": 4, "totalElements": 6, "totalPages": 2, "number": 1}
    assert client.http.get(first["_links"]["next"]["href"]).json() == second
    assert "_embedded" not in client.body("/v2/users", page=3)
    assert client.body("/v2/users", size=50) == first  # the page size cannot be chosen


@pytest.mark.parametrize(
    ("path", "key", "count"),
    [
        ("/v3/system-users", "system_users", 1),
        ("/v2/teams", "teams", 2),
        ("/v2/teams/7002/members", "users", 3),
        ("/v2/mailboxes", "mailboxes", 3),
        ("/v2/mailboxes/85001/folders", "folders", 5),
        ("/v2/mailboxes/85001/fields", "fields", 2),
        ("/v2/workflows", "workflows", 12),
        ("/v2/tags", "tags", 12),
    ],
)
def test_lists_hold_what_the_account_has(shared: Client, path: str, key: str, count: int) -> None:
    rows = shared.body(path)["_embedded"][key]
    assert len(rows) == count
    assert 1 not in [row["id"] for row in rows]


def test_saved_replies_are_a_bare_array_and_unknown_inboxes_are_not_found(shared: Client) -> None:
    replies = shared.body("/v2/mailboxes/85002/saved-replies")
    assert [reply["id"] for reply in replies] == list(range(10_100, 10_106))
    assert shared.get("/v2/mailboxes/1/saved-replies").status_code == 404
    assert shared.get("/v2/mailboxes/1/folders").status_code == 404
    assert errors(shared.get("/v2/users", page="x")) == [("page", "x")]


def test_the_former_user_is_not_listed_but_present_in_the_reports(shared: Client) -> None:
    listed = [user["id"] for user in shared.body("/v2/users")["_embedded"]["users"]]
    march = {"start": "2026-03-16T04:00:00Z", "end": "2026-03-23T03:59:59Z"}
    users = {row["user"]: row["name"] for row in shared.body("company", **march)["users"]}
    assert (3999 in listed, users["3999"]) == (False, "Robin Gone")
    assert "3999" not in [row["user"] for row in shared.body("company", **WEEK)["users"]]
    assert shared.body("user", user=3999, **march)["user"]["name"] == "Robin Gone"


def test_requests_are_logged(opened: Opener) -> None:
    clock = Clock()
    client = opened(clock=clock)
    client.get("company", **DAY)
    client.get("company")
    path = "/v2/reports/company"
    assert client.sandbox.requests[1:] == [
        LoggedRequest("GET", path, DAY, 200, 1_000.0),
        LoggedRequest("GET", path, {}, 400, 1_000.0),
    ]
    assert client.sandbox.count(path) == 2


def test_closing_deletes_the_database(tmp_path: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("tempfile.tempdir", str(tmp_path))
    with Sandbox(SHORT):
        assert len(list(tmp_path.iterdir())) == 1
    assert list(tmp_path.iterdir()) == []
