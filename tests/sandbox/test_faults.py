"""Faults happen as often as they were asked to, and to the requests they were asked for."""

from __future__ import annotations

import json
import time
from collections.abc import Iterator

import httpx
import pytest

from sources.help_scout_sandbox import Fault
from tests.sandbox.conftest import DAY, WEEK, Client

PATH = "/v2/reports/company"


@pytest.fixture
def client(shared: Client) -> Iterator[Client]:
    """The shared sandbox, without faults before and after."""
    yield shared
    shared.sandbox.faults.clear()
    shared.log_in()
    shared.sandbox.latency_ms = 0


def test_a_status_comes_as_often_as_asked(client: Client) -> None:
    client.sandbox.faults.add(Fault(path=PATH, kind="status", status=503, times=2))
    assert [client.get("company", **DAY).status_code for _ in range(3)] == [503, 503, 200]


def test_a_429_can_say_when_to_come_back(client: Client) -> None:
    client.sandbox.faults.add(Fault(path=PATH, kind="status", status=429, retry_after=7))
    response = client.get("company", **DAY)
    assert (response.status_code, response.headers["X-RateLimit-Retry-After"]) == (429, "7")


def test_faults_can_be_aimed_and_skipped(client: Client) -> None:
    only = (("mailboxes", "85002"),)
    fault = Fault(path="/v2/reports/*", kind="status", skip=1, params=only)
    client.sandbox.faults.add(fault)
    asked = {**DAY, "mailboxes": "85002"}
    assert client.get("chat", **DAY).status_code == 200
    assert [client.get("company", **asked).status_code for _ in range(3)] == [200, 500, 200]


def test_a_body_can_be_cut_off_in_valid_http(client: Client) -> None:
    client.sandbox.faults.add(Fault(path=PATH, kind="truncate"))
    response = client.get("company", **DAY)
    assert response.status_code == 200
    with pytest.raises(json.JSONDecodeError):
        response.json()
    assert client.body("company", **DAY)["current"]["totalReplies"] > 0


def test_a_page_can_come_instead_of_json(client: Client) -> None:
    client.sandbox.faults.add(Fault(path=PATH, kind="html"))
    response = client.get("company", **DAY)
    assert response.headers["content-type"].startswith("text/html")
    assert response.text.startswith("<html>")


def test_the_connection_can_break_in_the_body(client: Client) -> None:
    client.sandbox.faults.add(Fault(path=PATH, kind="reset"))
    with pytest.raises(httpx.RemoteProtocolError):
        client.get("company", **DAY)
    assert client.get("company", **DAY).status_code == 200


def test_the_connection_can_break_before_the_answer(client: Client) -> None:
    client.sandbox.faults.add(Fault(path=PATH, kind="drop"))
    with pytest.raises(httpx.RemoteProtocolError):
        client.get("company", **DAY)
    assert client.get("company", **DAY).status_code == 200


def test_a_stall_can_come_in_the_middle_of_the_body(client: Client) -> None:
    client.sandbox.faults.add(Fault(path=PATH, kind="stall_body", seconds=5))
    with client.http.stream("GET", PATH, params=DAY, timeout=0.2) as response:
        assert response.status_code == 200
        with pytest.raises(httpx.ReadTimeout):
            response.read()
    assert client.get("company", **DAY).status_code == 200


def test_the_length_can_be_told_too_short(client: Client) -> None:
    client.sandbox.faults.add(Fault(path=PATH, kind="short_length", seconds=0.2))
    response = client.get("company", **DAY)
    with pytest.raises(json.JSONDecodeError):
        response.json()
    with pytest.raises(httpx.RemoteProtocolError):
        client.get("company", **DAY)  # the rest of the body stands where its answer should
    assert client.get("company", **DAY).status_code == 200


def test_the_length_can_be_told_too_long(client: Client) -> None:
    client.sandbox.faults.add(Fault(path=PATH, kind="long_length", seconds=0.2))
    with pytest.raises(httpx.RemoteProtocolError):
        client.get("company", **DAY)
    assert client.get("company", **DAY).status_code == 200


def test_tokens_can_expire_in_the_middle(client: Client) -> None:
    client.sandbox.faults.add(Fault(path=PATH, kind="expire_tokens", skip=1))
    assert [client.get("company", **DAY).status_code for _ in range(3)] == [200, 401, 401]


def test_dice_decide_for_some_requests(client: Client) -> None:
    client.sandbox.faults.add(Fault(path=PATH, kind="status", times=None, chance=0.3))
    codes = [client.get("company", **DAY).status_code for _ in range(100)]
    assert 15 < codes.count(500) < 45
    assert codes.count(200) == 100 - codes.count(500)


def test_a_stall_outlasts_a_timeout(client: Client) -> None:
    client.sandbox.faults.add(Fault(path=PATH, kind="stall", seconds=5))
    began = time.perf_counter()
    with pytest.raises(httpx.ReadTimeout):
        client.http.get(PATH, params=DAY, timeout=0.1)
    assert time.perf_counter() - began < 2
    assert client.get("company", **DAY).status_code == 200


def test_latency_can_be_for_one_request_or_for_all(client: Client) -> None:
    client.sandbox.faults.add(Fault(path=PATH, kind="latency", seconds=0.15))
    began = time.perf_counter()
    client.get("company", **DAY)
    assert time.perf_counter() - began >= 0.15
    client.sandbox.latency_ms = 60
    began = time.perf_counter()
    client.get("company", **DAY)
    assert time.perf_counter() - began >= 0.06


def test_a_body_can_be_changed(client: Client) -> None:
    right = client.body("company", **DAY)
    fault = Fault(path=PATH, kind="change_body", change=lambda body: {**body, "news": 1})
    client.sandbox.faults.add(fault)
    assert client.body("company", **DAY) == {**right, "news": 1}
    assert client.body("company", **DAY) == right


def test_pages_can_shift_under_the_reader(client: Client) -> None:
    path = "/v2/reports/conversations/drilldown"
    count, before = client.drilldown(path, **WEEK)
    client.sandbox.faults.add(Fault(path=path, kind="page_shift", every=2, times=1))
    shifted_count, rows = client.drilldown(path, **WEEK)
    ids, right = [row["id"] for row in rows], {row["id"] for row in before}
    assert shifted_count == count == len(ids)
    assert right - set(ids) == {before[-1]["id"]}  # moved to the top after the top was read
    assert len(set(ids)) == count - 1
    client.sandbox.faults.clear()
    again, rows = client.drilldown(path, **WEEK)
    assert (again, {row["id"] for row in rows}) == (count, right)


def test_faults_can_be_ended(client: Client) -> None:
    client.sandbox.faults.add(Fault(path=PATH, kind="status", times=None))
    assert [client.get("company", **DAY).status_code for _ in range(3)] == [500] * 3
    client.sandbox.faults.clear()
    assert client.get("company", **DAY).status_code == 200
