"""Each problem of the doctor's, in an account or on a machine that has it."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta
from pathlib import Path

import duckdb
import pytest

from pipelines.jobs import diagnostics
from sources.help_scout_sandbox import Fault, Sandbox
from tests.helpers.commands import Finished, help_scout, reaching
from tests.helpers.loads import SMALL, serving

pytestmark = pytest.mark.xdist_group("cli_doctor")
PREFIX = "SOURCES__HELP_SCOUT__"
NO_INBOXES = {"_embedded": {"mailboxes": []}, "page": {"totalPages": 1, "totalElements": 0}}


@dataclass(frozen=True)
class Account:
    sandbox: Sandbox
    env: dict[str, str]

    def examined(self, **more: str) -> Finished:
        return help_scout("doctor", "--warehouse", "w.duckdb", env=self.env | more)


@pytest.fixture(scope="module")
def shared() -> Iterator[Account]:
    until = datetime.now(UTC) - timedelta(hours=1)
    # so many that any week has some at three o'clock, whichever day this runs on
    spec = replace(SMALL, until=until, days=20, timezone="UTC", conversations_per_day=400)
    with Sandbox(spec) as sandbox, serving(sandbox) as base_url:
        yield Account(sandbox, reaching(sandbox, base_url, timezone="UTC"))


@pytest.fixture
def account(shared: Account) -> Iterator[Account]:
    """The account without problems before and after."""
    yield shared
    shared.sandbox.faults.clear()
    shared.sandbox.forbidden.clear()
    shared.sandbox.clock_skew_seconds = 0


def lines(done: Finished) -> dict[str, tuple[str, str]]:
    """Each matter with its verdict and words, lines that were wrapped joined."""
    found: dict[str, tuple[str, str]] = {}
    matter = ""
    for line in done.out.splitlines():
        cells = re.split(r" {2,}", line.strip())
        if len(cells) == 3 and cells[1] in ("ok", "warning", "problem"):
            matter = cells[0]
            found[matter] = (cells[1], cells[2])
        elif matter and line.startswith("   ") and len(cells) == 1 and cells[0]:
            found[matter] = (found[matter][0], f"{found[matter][1]} {cells[0]}")
    return found


def test_a_sound_account_is_ok_in_every_line(account: Account) -> None:
    done = account.examined()
    assert done.code == 0, done
    assert {matter: verdict for matter, (verdict, _) in lines(done).items()} == dict.fromkeys(
        ("libraries", "warehouse", "credentials", "clock", "rate limit", "inboxes", "plan",
         "time zone"),
        "ok",
    )  # fmt: skip
    assert "0 problems, 0 warnings" in done.out
    assert not Path("w.duckdb").exists()


def told(done: Finished, matter: str, verdict: str, words: str) -> None:
    assert lines(done)[matter][0] == verdict, done.out
    assert words in lines(done)[matter][1]
    assert done.code == (3 if verdict == "problem" else 0)
    assert "Traceback" not in done.out + done.err


def test_wrong_credentials(account: Account) -> None:
    done = account.examined(**{f"{PREFIX}CLIENT_SECRET": "hush-hush"})
    told(done, "credentials", "problem", "the token endpoint refused the credentials (401). Check")
    assert "hush-hush" not in done.out


def test_a_token_that_is_refused_for_good(
    account: Account, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("sources.help_scout.api.retries.MAX_TRIES", 2)
    account.sandbox.faults.add(Fault(path="/v2/users*", kind="status", status=401, times=None))
    told(account.examined(), "credentials", "problem", "Is the user who owns the app active?")


def test_a_list_of_users_that_is_refused(account: Account) -> None:
    account.sandbox.forbidden.add("/v2/users")
    told(account.examined(), "credentials", "warning", "the list of users is refused (403)")
    del account.env[f"{PREFIX}TIMEZONE"]
    without = account.examined()
    account.env[f"{PREFIX}TIMEZONE"] = "UTC"
    told(without, "credentials", "problem", "set timezone, e.g. America/New_York")


def test_a_plan_without_reports(account: Account) -> None:
    account.sandbox.forbidden.add("/v2/reports")
    told(
        account.examined(), "plan", "problem", "they need the Plus or Pro plan, and the app's user"
    )


def test_a_plan_without_one_report(account: Account) -> None:
    account.sandbox.forbidden.add("/v2/reports/chat")
    told(account.examined(), "plan", "warning", "not allowed (403): chat. If the plan lacks them")
    expected = account.examined(**{f"{PREFIX}OPTIONAL_REPORTS": '["chat"]'})
    told(expected, "plan", "ok", "all reports are allowed")


def test_a_report_that_fails(account: Account, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("sources.help_scout.api.retries.MAX_TRIES", 1)
    account.sandbox.faults.add(Fault(path="/v2/reports/phone", kind="status", times=None))
    told(
        account.examined(), "phone", "problem", "/v2/reports/phone: the API answered 500 (1 try in"
    )


def test_a_user_who_sees_no_inbox(account: Account) -> None:
    account.sandbox.faults.add(
        Fault(path="/v2/mailboxes", kind="change_body", change=lambda _: NO_INBOXES, times=None)
    )
    told(account.examined(), "inboxes", "problem", "the app's user sees no inbox: every number")


def test_an_inbox_that_is_not_seen_any_more(account: Account) -> None:
    day = (datetime.now(UTC) - timedelta(days=2)).date()
    since = ("--since", str(day), "--until", str(day + timedelta(days=1)))
    env = account.env
    done = help_scout("load", "--reports", "chat", *since, "--warehouse", "w.duckdb", env=env)
    assert done.code == 0, done

    def lose_one(body: dict[str, dict[str, list[object]]]) -> object:
        lost = {"totalPages": 1, "totalElements": len(body["_embedded"]["mailboxes"]) - 1}
        return {"_embedded": {"mailboxes": body["_embedded"]["mailboxes"][1:]}, "page": lost}

    account.sandbox.faults.add(
        Fault(path="/v2/mailboxes", kind="change_body", change=lose_one, times=None)
    )
    told(account.examined(), "inboxes", "warning", "1 inboxes that earlier loads saw are not seen")


def test_a_limit_that_others_use_up(account: Account) -> None:
    headers = account.sandbox.limiter
    before, headers._used = headers._used, int(headers.limit * 0.9)
    headers._began = account.sandbox.clock()
    told(account.examined(), "rate limit", "warning", "others of the account use")
    headers._used = before


@pytest.mark.parametrize(("skew", "words"), [(3600, "behind"), (-86400, "ahead")])
def test_a_clock_that_is_wrong(account: Account, skew: int, words: str) -> None:
    account.sandbox.clock_skew_seconds = skew
    told(account.examined(), "clock", "problem", f"{abs(skew) - 1:,}"[:2])
    assert f"s {words}" in account.examined().out


def test_a_time_zone_that_is_not_the_companys(account: Account) -> None:
    done = account.examined(**{f"{PREFIX}TIMEZONE": "Asia/Tokyo"})
    told(done, "time zone", "warning", "noon in Asia/Tokyo is 3:00 in Help Scout's busiest hours")


def test_a_warehouse_that_cannot_be_written(account: Account) -> None:
    done = help_scout("doctor", "--warehouse", "/sys/w.duckdb", env=account.env)
    told(done, "warehouse", "problem", "cannot write to /sys")


def test_a_warehouse_that_is_something_else(account: Account) -> None:
    Path("w.duckdb").write_text("dear diary " * 500)
    told(account.examined(), "warehouse", "problem", "is not a DuckDB database")


def test_a_warehouse_of_the_demo(account: Account) -> None:
    with duckdb.connect("w.duckdb") as connection:
        connection.execute(
            "create schema reports; create table reports.window_reads as select 'demo' as account"
        )
    done = account.examined(**{f"{PREFIX}ACCOUNT": "main"})
    told(done, "warehouse", "problem", "holds the demo's invented numbers")


def test_a_disk_that_is_nearly_full(account: Account, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("pipelines.warehouse.duckdb.LEAST_FREE_BYTES", 10**18)
    told(account.examined(), "warehouse", "warning", "MB are free in")


def test_a_library_that_is_known_to_break(
    account: Account, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(diagnostics, "BROKEN_FROM", {"duckdb": (1, 2)})
    told(account.examined(), "libraries", "problem", "is known to break: install one before 1.2")


def test_the_probe_tells_a_line_each_and_keeps_them(account: Account, tmp_path: Path) -> None:
    warehouse = tmp_path / "w.duckdb"
    done = help_scout("doctor", "--probe", "--warehouse", str(warehouse), env=account.env)
    assert done.code == 0, done.out + done.err
    assert re.search(r"Day buckets begin at the time of day .* +confirmed +request", done.out)
    assert re.search(r"44 assumptions: \d+ confirmed, \d+ contradicted, \d+ could not be", done.out)
    with duckdb.connect(str(warehouse), read_only=True) as connection:
        ((kept,),) = connection.execute("select count(*) from reports.account_facts").fetchall()
    assert kept == 44
