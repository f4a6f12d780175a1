"""Every fault ends in words: what could not be read, why, after how many tries, and what to do."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from typing import Any

import httpx
import pytest

from sources.help_scout import client, rate_limit
from sources.help_scout.auth import TOKEN_PATH
from sources.help_scout_sandbox import Fault, Sandbox
from tests.pipeline.support import SMALL, serving

from .support import Finished, help_scout, reaching

pytestmark = pytest.mark.xdist_group("cli_faults")
CHAT = "/v2/reports/chat"
FIRST = "chat: 3 failed. First the day 2026-11-02 of all: /v2/reports/chat: "
NEXT = "what failed is due again: the next load asks for it"
SECONDS = 0.2
Account = tuple[Sandbox, dict[str, str]]


@pytest.fixture(scope="module")
def account() -> Iterator[Account]:
    sandbox = Sandbox(SMALL)
    with serving(sandbox) as base_url:
        yield sandbox, reaching(sandbox, base_url, timezone="America/New_York")


@pytest.fixture(autouse=True)
def little_patience(account: Account, monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    monkeypatch.setattr(client, "TIMEOUT", httpx.Timeout(SECONDS))
    monkeypatch.setattr(client, "FIRST_WAIT_SECONDS", 0.001)
    monkeypatch.setattr(client, "MAX_WAIT_SECONDS", 0.01)
    monkeypatch.setattr(rate_limit, "DEFAULT_RETRY_AFTER_SECONDS", 0.01)
    yield
    account[0].faults.clear()


def load_through(account: Account, path: str, **fault: Any) -> Finished:
    """A load of one day of two reports, with a fault that does not end."""
    sandbox, env = account
    sandbox.faults.add(Fault(**{"path": path, "times": None, "seconds": 3 * SECONDS, **fault}))
    day = ("--since", "2026-11-02", "--until", "2026-11-03")
    done = help_scout("load", "--reports", "chat,email", *day, env=env)
    assert "Traceback" not in done.out + done.err
    return replace(done, out=" ".join(done.out.split()))  # whatever the terminal's width


@pytest.mark.parametrize(
    ("fault", "words"),
    [
        ({"kind": "status", "status": 500}, "the API answered 500 (5 tries in"),
        ({"kind": "status", "status": 502}, "the API answered 502 (5 tries in"),
        ({"kind": "status", "status": 503}, "the API answered 503 (5 tries in"),
        ({"kind": "status", "status": 504}, "the API answered 504 (5 tries in"),
        ({"kind": "status", "status": 429}, "over the account's rate limit (429) (15 tries in"),
        (
            {"kind": "status", "status": 429, "retry_after": 0},
            "over the account's rate limit (429) (15 tries in",
        ),
        (
            {"kind": "status", "status": 401},
            "the API refuses even a new token (401). Is the user who owns the app active? (5 tries",
        ),
        ({"kind": "stall"}, "no answer in time (5 tries in"),
        ({"kind": "stall_body"}, "no answer in time (5 tries in"),
        ({"kind": "long_length"}, "no answer in time (5 tries in"),
        ({"kind": "short_length"}, "the answer is not JSON, or was cut short (5 tries in"),
        ({"kind": "truncate"}, "the answer is not JSON, or was cut short (5 tries in"),
        ({"kind": "html"}, "the answer is not JSON, or was cut short (5 tries in"),
        ({"kind": "drop"}, "the connection broke"),
        ({"kind": "reset"}, "the connection broke"),
    ],
    ids=lambda value: "-".join(map(str, value.values())) if isinstance(value, dict) else "",
)
def test_a_report_that_cannot_be_read_is_named_with_its_first_window(
    account: Account, fault: dict[str, Any], words: str
) -> None:
    done = load_through(account, CHAT, **fault)
    assert done.code == 3
    assert FIRST + words in done.out
    assert NEXT in done.out
    assert " email 2 3 " in done.out  # the others are loaded


def test_a_report_that_the_plan_lacks_is_unavailable(account: Account) -> None:
    done = load_through(account, CHAT, kind="status", status=403)
    assert done.code == 3
    assert "not available to this user (403). Reports need the Plus or Pro plan" in done.out


@pytest.mark.parametrize(
    ("fault", "code", "words"),
    [
        ({"kind": "status", "status": 401}, 2, "refused the credentials (401). Check client_id"),
        ({"kind": "status", "status": 400}, 2, "refused the credentials (400). Check client_id"),
        ({"kind": "status", "status": 503}, 1, "the token endpoint answered 503 (5 tries in"),
        ({"kind": "status", "status": 429}, 1, "the token endpoint answered 429 (15 tries in"),
        ({"kind": "html"}, 1, "without a token: is base_url right?"),
        ({"kind": "truncate"}, 1, "without a token: is base_url right?"),
        ({"kind": "stall"}, 1, "no answer in time (5 tries in"),
        ({"kind": "drop"}, 1, "the connection broke"),
    ],
    ids=lambda value: "-".join(map(str, value.values())) if isinstance(value, dict) else "",
)
def test_without_a_token_nothing_is_begun(
    account: Account, fault: dict[str, Any], code: int, words: str
) -> None:
    account[0].tokens.expire_all()
    done = load_through(account, TOKEN_PATH, **fault)
    assert (done.code, words in done.err) == (code, True), done
    assert len(done.err.strip().splitlines()) == 1


def test_a_list_that_cannot_be_read_is_named(account: Account) -> None:
    done = load_through(account, "/v2/mailboxes", kind="status", status=500)
    assert done.code == 3
    assert "list mailboxes: failed. /v2/mailboxes: the API answered 500 (5 tries in" in done.out


@pytest.mark.parametrize("kind", ["latency", "expire_tokens"])
def test_what_can_be_borne_is_borne_in_silence(account: Account, kind: str) -> None:
    done = load_through(account, CHAT, kind=kind, seconds=0.01, times=2)
    assert done.code == 0
    assert "failed." not in done.out
    assert done.err == ""


def test_a_clock_that_is_wrong_is_told(account: Account) -> None:
    account[0].clock_skew_seconds = 600
    try:
        done = load_through(account, CHAT, kind="latency", seconds=0.01)
    finally:
        account[0].clock_skew_seconds = 0
    assert done.code == 0
    assert "clock" in done.out + done.err
