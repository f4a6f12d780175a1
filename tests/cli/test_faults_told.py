"""Every fault ends in words: what could not be read, why, after how many tries, and what to do."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import replace
from typing import Any

import httpx
import pytest

from sources.help_scout.api import client, rate_limit, retries
from sources.help_scout.api.auth import TOKEN_PATH
from sources.help_scout.catalog.reports import REPORTS
from sources.help_scout.planning.request_plan import API_ROOT
from sources.help_scout_sandbox import Fault, Sandbox
from tests.helpers.commands import Finished, help_scout, reaching
from tests.helpers.loads import SMALL, serving

pytestmark = pytest.mark.xdist_group("cli_faults")
CHAT = "/v2/reports/chat"
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
    shorten(monkeypatch)
    yield
    account[0].faults.clear()


def shorten(patch: pytest.MonkeyPatch) -> None:
    """Makes time-outs and waits short."""
    patch.setattr(client, "TIMEOUT", httpx.Timeout(SECONDS))
    patch.setattr(retries, "FIRST_WAIT_SECONDS", 0.001)
    patch.setattr(retries, "MAX_WAIT_SECONDS", 0.01)
    patch.setattr(rate_limit, "DEFAULT_RETRY_AFTER_SECONDS", 0.01)


def load(account: Account, *reports: str) -> Finished:
    """A load of one day of the reports."""
    day = ("--since", "2026-11-02", "--until", "2026-11-03")
    done = help_scout("load", "--reports", ",".join(reports), *day, env=account[1])
    assert "Traceback" not in done.out + done.err
    return replace(done, out=" ".join(done.out.split()))  # whatever the terminal's width


def load_through(account: Account, path: str, **fault: Any) -> Finished:
    """A load with a fault that does not end."""
    account[0].faults.add(Fault(**{"path": path, "times": None, "seconds": 3 * SECONDS, **fault}))
    return load(account, "chat", "email")


@pytest.fixture(scope="module")
def told(account: Account, tmp_path_factory: pytest.TempPathFactory) -> str:
    """What a load prints whose reports each have a fault of their own, but for `email`."""
    for report, fault, _ in FAULTS:
        path = API_ROOT + REPORTS[report].path
        account[0].faults.add(Fault(path=path, times=None, seconds=3 * SECONDS, **fault))
    with pytest.MonkeyPatch.context() as patch:
        shorten(patch)
        patch.chdir(tmp_path_factory.mktemp("told"))
        done = load(account, "email", *(report for report, *_ in FAULTS))
    assert done.code == 3
    assert " email 2 3 · " in done.out  # the others are loaded
    assert NEXT in done.out
    return done.out


FAULTS: list[tuple[str, dict[str, Any], str]] = [
    ("chat", {"kind": "status", "status": 500}, "the API answered 500 (5 tries in"),
    ("phone", {"kind": "status", "status": 502}, "the API answered 502 (5 tries in"),
    ("company_overall", {"kind": "status", "status": 503}, "the API answered 503 (5 tries in"),
    ("docs_overall", {"kind": "status", "status": 504}, "the API answered 504 (5 tries in"),
    (
        "conversations_overall",
        {"kind": "status", "status": 429},
        "over the account's rate limit (429) (15 tries in",
    ),
    (
        "productivity_overall",
        {"kind": "status", "status": 429, "retry_after": 0},
        "over the account's rate limit (429) (15 tries in",
    ),
    (
        "happiness_overall",
        {"kind": "status", "status": 401},
        "the API refuses even a new token (401). Is the user who owns the app active? (5 tries in",
    ),
    ("conversations_new", {"kind": "stall"}, "no answer in time (5 tries in"),
    ("productivity_resolved", {"kind": "stall_body"}, "no answer in time (5 tries in"),
    ("productivity_replies_sent", {"kind": "long_length"}, "no answer in time (5 tries in"),
    ("company_customers_helped", {"kind": "short_length"}, "the answer is not JSON, or was cut"),
    ("conversations_new_drilldown", {"kind": "truncate"}, "the answer is not JSON, or was cut"),
    ("company_drilldown", {"kind": "html"}, "the answer is not JSON, or was cut short (5 tries in"),
    ("conversations_drilldown", {"kind": "drop"}, "the connection broke"),
    ("productivity_response_time", {"kind": "reset"}, "the connection broke"),
]
"""Reports, their faults, and what is said of them."""


@pytest.mark.parametrize(("report", "words"), [(report, words) for report, _, words in FAULTS])
def test_a_report_that_cannot_be_read_is_named_with_its_first_window(
    told: str, report: str, words: str
) -> None:
    path = API_ROOT + REPORTS[report].path
    found = re.search(rf"{report}: \d+ failed. First the day 2026-11-02 of \S+: {path}: ", told)
    assert found is not None
    assert told[found.end() :].startswith(words)


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
    assert "list inboxes: failed. /v2/mailboxes: the API answered 500 (5 tries in" in done.out


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
