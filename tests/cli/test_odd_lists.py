"""Lists that Help Scout refuses, and who votes for the time zone, as a load tells of them."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any

import duckdb
import pytest

from sources.help_scout_sandbox import AccountSpec, Fault, Sandbox
from tests.helpers.commands import Finished, help_scout, reaching
from tests.helpers.loads import serving

pytestmark = pytest.mark.xdist_group("cli_odd_lists")
DAY = (datetime.now(UTC) - timedelta(days=3)).date()
INTERVAL = ("--since", str(DAY), "--until", str(DAY + timedelta(days=1)))


@dataclass(frozen=True)
class Account:
    sandbox: Sandbox
    env: dict[str, str]

    def loads(self, *reports: str, **settings: str) -> Finished:
        more = {f"SOURCES__HELP_SCOUT__{name.upper()}": text for name, text in settings.items()}
        named = ("--reports", ",".join(reports))
        return help_scout("load", *named, *INTERVAL, "--warehouse", "w.duckdb", env=self.env | more)

    def users(self, *zones: str, **row: Any) -> None:
        """Has the list of users be these, after one another."""
        rows = [{"id": 1 + n, "timezone": zone, **row} for n, zone in enumerate(zones)]
        body = {"_embedded": {"users": rows}}
        self.sandbox.faults.add(
            Fault(path="/v2/users", kind="change_body", change=lambda _: body, times=None)
        )


@pytest.fixture(scope="module")
def shared() -> Iterator[Account]:
    until = datetime.now(UTC) - timedelta(hours=1)
    spec = AccountSpec(
        until=until, days=10, users=3, inboxes=2, conversations_per_day=100, timezone="UTC"
    )
    with Sandbox(spec) as sandbox, serving(sandbox) as base_url:
        yield Account(sandbox, reaching(sandbox, base_url))


@pytest.fixture
def account(shared: Account) -> Iterator[Account]:
    yield shared
    shared.sandbox.faults.clear()
    shared.sandbox.forbidden.clear()


def rows(sql: str) -> list[tuple[Any, ...]]:
    with duckdb.connect("w.duckdb", read_only=True) as connection:
        connection.execute("use reports")
        return connection.execute(sql).fetchall()


def test_refused_lists_are_said_once_and_the_load_is_complete(account: Account) -> None:
    inbox = account.sandbox.account.roster.inboxes[0].id
    account.sandbox.forbidden |= {"/v3/system-users", "/v2/teams", "/v2/tags", "/v2/workflows"}
    account.sandbox.forbidden.add(f"/v2/mailboxes/{inbox}/saved-replies")
    done = account.loads("email", timezone="UTC")
    assert done.code == 0, done
    out = " ".join(done.out.split())
    assert out.count("could not be listed: ") == 1
    assert (
        "could not be listed: system_users, tags, team_members, teams, workflows. refused (403): "
        "the app's user may not see it" in out
    )
    assert f"list saved_replies: refused for some inboxes: {inbox}" in out
    assert rows("select list, status from list_reads where status <> 'loaded' order by 1") == [
        ("saved_replies", "partial"),
        ("system_users", "unavailable"),
        ("tags", "unavailable"),
        ("team_members", "unavailable"),
        ("teams", "unavailable"),
        ("workflows", "unavailable"),
    ]
    assert rows("select count(*) > 0 from saved_replies") == [(True,)]


def test_a_load_without_the_list_of_users_takes_those_whom_reports_name(account: Account) -> None:
    account.sandbox.forbidden.add("/v2/users")
    refused = account.loads("user_replies")
    assert (refused.code, "set timezone, e.g. America/New_York" in refused.err) == (2, True)
    done = account.loads("user_replies", timezone="UTC")
    assert done.code == 0, done
    assert "could not be listed: users" in done.out
    assert "time zone UTC (configured)" in done.out.splitlines()[0]
    named = rows("select count(distinct slice) from window_reads where status = 'loaded'")
    assert named[0][0] >= 2


def test_the_zone_is_printed_with_the_vote_and_a_doubtful_one_with_a_warning(
    account: Account,
) -> None:
    account.users("Asia/Tokyo", "Asia/Tokyo", "")
    done = account.loads("email")
    first = done.out.splitlines()[0]
    assert first.startswith("time zone Asia/Tokyo, set by 2 of 3 users, history from ")
    assert "WARNING: noon in Asia/Tokyo is 3:00 in Help Scout's busiest hours" in done.out.replace(
        "\n", " "
    )
    asked = len(account.sandbox.requests)
    again = account.loads("email")  # pinned: said with the vote, and not compared again
    assert "set by 2 of 3 users" in again.out
    assert "WARNING" not in again.out
    busy = [r for r in account.sandbox.requests[asked:] if "busy" in r.path]
    assert busy == []


def test_a_zone_that_only_teams_have_is_asked_for(account: Account) -> None:
    account.users("UTC", "UTC", type="team")
    done = account.loads("email")
    assert (done.code, "teams and AI agents do not count" in done.err) == (2, True), done


def test_teams_and_ai_agents_among_the_users_are_known_as_such_and_are_no_agents(
    account: Account,
) -> None:
    roster = account.sandbox.account.roster
    team, agent = roster.teams[0].id, roster.system_user.id
    odd = [{"id": 77, "type": "team"}, {"id": team}, {"id": agent, "firstName": "AI"}]

    def with_odd(body: Any) -> Any:
        return {"_embedded": {"users": [*body["_embedded"]["users"], *odd]}}

    account.sandbox.faults.add(
        Fault(path="/v2/users", kind="change_body", change=with_odd, times=None)
    )
    done = account.loads("company_overall", "user_overall")
    assert done.code == 0, done
    kinds = dict(rows("select user_id, user_kind from people where is_listed"))
    people = {user.id for user in roster.users}
    assert kinds == {**dict.fromkeys(people, "user"), 77: "team", team: "team", agent: "ai_agent",
                     **{other.id: "team" for other in roster.teams}}  # fmt: skip
    assert rows(f"select count(*) from users where user_id in (77, {team}, {agent})") == [(3,)]
    assert {user for (user,) in rows("select distinct user_id from marts.agents")} <= people
    asked = {r.query.get("user") for r in account.sandbox.requests}
    assert not asked & {"77", str(team)}
