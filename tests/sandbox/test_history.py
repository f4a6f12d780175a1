"""The history looks lifelike, comes from its seed alone, and is never seen half changed."""

from __future__ import annotations

import threading
from dataclasses import replace
from datetime import UTC, date, datetime
from typing import Any
from zoneinfo import ZoneInfo

import pytest

from sources.help_scout_sandbox import Account, AccountSpec
from sources.help_scout_sandbox.history.company_time import CompanyTime
from tests.sandbox.conftest import SHORT, WEEK, Client, Opener

TABLES = "event conversation rating chat tagged visit article_view search"


def dump(spec: AccountSpec) -> dict[str, list[Any]]:
    account = Account(spec)
    try:
        return {
            table: sorted(account.query(f"SELECT * FROM {table}"), key=str)
            for table in TABLES.split()
        }
    finally:
        account.close()


def share(client: Client, condition: str, among: str = "1") -> float:
    sql = f"SELECT AVG(CAST({condition} AS REAL)) FROM conversation WHERE hidden = 0 AND {among}"
    found: float = client.sandbox.account.query(sql)[0][0]
    return found


def test_equal_specs_make_equal_histories_and_other_seeds_other_ones() -> None:
    tiny = replace(SHORT, days=3, conversations_per_day=6)
    assert dump(tiny) == dump(tiny)
    assert dump(tiny)["event"] != dump(replace(tiny, seed=8))["event"]


def test_channels_outcomes_and_answers_have_lifelike_shares(shared: Client) -> None:
    assert share(shared, "channel = 'email'") == pytest.approx(0.7, abs=0.06)
    assert share(shared, "channel = 'chat'") == pytest.approx(0.2, abs=0.05)
    assert share(shared, "status = 'closed'") == pytest.approx(0.82, abs=0.1)
    assert share(shared, "option_id IS NOT NULL") == pytest.approx(0.6, abs=0.06)
    assert 0.2 < share(shared, "tag_count = 0") < 0.5
    resolved = shared.sandbox.account.query(
        "SELECT COUNT(*) FROM conversation WHERE hidden = 0 AND resolved_at IS NOT NULL"
    )[0][0]
    ratings = shared.sandbox.account.query("SELECT COUNT(*) FROM rating WHERE hidden = 0")[0][0]
    assert ratings / resolved == pytest.approx(0.12, abs=0.04)


def test_office_seconds_count_working_hours_across_a_clock_change() -> None:
    time = CompanyTime(ZoneInfo("America/New_York"), date(2026, 3, 1))
    friday_noon = int(datetime(2026, 3, 6, 17, tzinfo=UTC).timestamp())
    monday_ten = int(datetime(2026, 3, 9, 14, tzinfo=UTC).timestamp())
    assert time.office_seconds(friday_noon, monday_ten) == (5 + 1) * 3_600
    assert divmod(time.cell(friday_noon), 24) == (5, 12)
    assert divmod(time.cell(monday_ten), 24) == (1, 10)


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"until": datetime(2026, 4, 20)}, "until has no time zone"),  # noqa: DTZ001
        ({"users": 0}, "users is 0: use 1 to 400"),
        ({"conversations_per_day": 9_999}, "conversations_per_day is 9999: use 0 to 3000"),
    ],
)
def test_impossible_accounts_are_refused(change: dict[str, Any], message: str) -> None:
    with pytest.raises(ValueError, match=message):
        replace(SHORT, **change)


def test_an_account_without_conversations_answers(opened: Opener) -> None:
    client = opened(replace(SHORT, days=1, conversations_per_day=0))
    assert client.body("conversations", **WEEK)["current"]["totalConversations"] == 0
    assert client.body("company", **WEEK)["users"] == []


def test_no_report_sees_half_of_a_change(opened: Opener) -> None:
    client = opened()
    halves: list[Any] = []
    stop = threading.Event()

    def read() -> None:
        while not stop.is_set():
            body = client.body("conversations", **WEEK)
            fields = sum(field["summary"]["total"] for field in body["customFields"]["fields"])
            if not body["current"]["totalConversations"] == body["customers"]["count"] == fields:
                halves.append(body)

    readers = [threading.Thread(target=read) for _ in range(2)]
    for reader in readers:
        reader.start()
    _, rows = client.drilldown("conversations/drilldown", **WEEK)
    for row in rows[:40]:
        client.sandbox.account.mark_spam(row["id"])
    stop.set()
    for reader in readers:
        reader.join()
    assert halves == []
    assert client.drilldown("conversations/drilldown", **WEEK)[0] == len(rows) - 40
