"""Every report answers in the documented shape."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from sources.help_scout_sandbox.answers.routes import ENDPOINTS, Endpoint
from tests.sandbox.conftest import BEFORE, WEEK, Client

EXAMPLES = Path(__file__).parents[1] / "fixtures" / "api"
OVERALL = {"company", "conversations", "docs", "happiness", "productivity", "user"}
NULL_OR_MORE = {
    # the documented account had no earlier conversations with this field, ours has
    "conversations.customFields.fields[].values[].previousCount",
    "conversations.customFields.fields[].values[].previousPercent",
    "conversations.customFields.fields[].values[].deltaPercent",
    "conversations.customFields.fields[].summary.previousTotal",
    "conversations.customFields.fields[].summary.previousTotalAnswered",
    "conversations.customFields.fields[].summary.unansweredPreviousPercent",
    # the example's first tag is the one for untagged, which has no name
    "conversations.tags.top[].name",
    # these examples leave out a block that their field tables have
    "docs.previous",
    "user/customers-helped.previous",
    "user/replies.previous",
    "user/resolutions.previous",
    # the example's conversations are unassigned
    "user/drilldown.conversations.results[].assignedName",
    # the example's previous interval has no chats
    "user/chat.previous.responseTime",
    "user/chat.previous.waitTime",
    "user/chat.previous.duration",
    "user/chat.deltas.responseTime",
    "user/chat.deltas.waitTime",
    "user/chat.deltas.duration",
}


def example_of(path: str) -> Any:
    name = path.replace("/", "_").replace("-", "_") + ("_overall" if path in OVERALL else "")
    return json.loads((EXAMPLES / f"{name}.json").read_text())


def question(endpoint: Endpoint) -> dict[str, str]:
    params = {**WEEK}
    params |= BEFORE if "previousStart" in endpoint.params else {}
    extras = {
        "user": "4001",
        "range": "responseTime",
        "field": "replyid",
        "fieldid": "10000",
        "viewBy": "day",
    }
    return params | {name: value for name, value in extras.items() if name in endpoint.params}


def differences(expected: Any, actual: Any, path: str) -> set[str]:
    """The paths at which two bodies differ in keys or in value types."""
    if isinstance(expected, dict) and isinstance(actual, dict):
        found = {f"{path}.{key}" for key in expected.keys() ^ actual.keys()}
        for key in expected.keys() & actual.keys():
            found |= differences(expected[key], actual[key], f"{path}.{key}")
        return found
    if isinstance(expected, list) and isinstance(actual, list):
        assert actual, f"{path} is empty: this proves nothing"
        fullest = max(actual, key=lambda row: len(str(row)))
        return differences(expected[0], fullest, f"{path}[]")
    return set() if type(expected) is type(actual) else {path}


@pytest.mark.parametrize("endpoint", ENDPOINTS, ids=lambda endpoint: endpoint.path)
def test_every_report_has_the_keys_and_types_of_its_example(
    shared: Client, endpoint: Endpoint
) -> None:
    response = shared.get(endpoint.path, **question(endpoint))
    assert response.status_code == 200, response.text
    found = differences(example_of(endpoint.path), response.json(), endpoint.path)
    assert found - NULL_OR_MORE == set()
    assert response.headers["content-type"] == endpoint.media_type


@pytest.mark.parametrize("endpoint", ENDPOINTS, ids=lambda endpoint: endpoint.path)
def test_without_a_previous_interval_nothing_is_compared(
    shared: Client, endpoint: Endpoint
) -> None:
    params = {k: v for k, v in question(endpoint).items() if not k.startswith("previous")}
    text = shared.get(endpoint.path, **params).text
    for word in ('"previous":', '"deltas":', '"deltaPercent":', '"previousCount":'):
        assert word not in text


def test_there_are_thirty_two_reports() -> None:
    assert len({endpoint.path for endpoint in ENDPOINTS}) == 32


def test_an_empty_window_answers_zeros_and_empty_lists(shared: Client) -> None:
    window = {"start": "2020-01-01T00:00:00Z", "end": "2020-01-01T23:59:59Z"}
    for endpoint in ENDPOINTS:
        asked = {**question(endpoint), **window}
        assert shared.get(endpoint.path, **asked).status_code == 200
    chat = shared.body("user/chat", user=4001, **window)["current"]
    assert (chat["newConversations"], chat["messagesPerChat"]) == (0, 0.0)
    assert [chat[key] for key in ("responseTime", "waitTime", "duration")] == [None] * 3
    assert shared.body("conversations/busy-times", **window) == []


def test_quirks_are_as_documented(shared: Client) -> None:
    company = shared.body("company", **WEEK)
    assert all(isinstance(row["user"], str) for row in company["users"])
    top = shared.body("conversations", **WEEK)["tags"]["top"]
    assert [set(row) for row in top if row["id"] == 1] == [{"id", "count", "percent"}]
    chat = shared.body("chat", **WEEK, **BEFORE)["messagesPerChat"]["ranges"]
    assert sorted(row["id"] for row in chat) == [1, 2, 3, 4, 5]
    assert all(isinstance(row["previousPercent"], int) for row in chat)
    email = shared.body("email", **WEEK, **BEFORE)
    assert "percentResolvedOnFirstReply" not in email["deltas"]["resolutions"]
    assert set(shared.body("phone", **WEEK, **BEFORE)["deltas"]) == {
        "newConversations",
        "phoneCallsCreated",
        "customers",
    }
