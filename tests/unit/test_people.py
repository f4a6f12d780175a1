"""Who is a user: people vote for the time zone and are asked for; teams and AI agents are not."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from sources.help_scout.catalog.reports import REPORTS
from sources.help_scout.errors import (
    ApiError,
    ConfigurationError,
    ReportUnavailable,
    RequestRefused,
    Unreachable,
)
from sources.help_scout.extract.result import Status
from sources.help_scout.planning.request_plan import Read
from tests.helpers.builders import days
from tests.helpers.stand_in_account import (
    AI_AGENTS,
    COMPANY,
    TEAMS,
    USERS,
    hal,
    run_over,
    users_in,
)

CASE = Path(__file__).parents[1] / "fixtures" / "cases" / "users_with_teams_utc.json"
USERS_WITH_TEAMS = json.loads(CASE.read_text())["paths"][USERS]["body"]
REPLIES = REPORTS["user_replies"]
SPAN = days("2026-03-04", 1)


def row(number: int, zone: str | None = "UTC", **more: Any) -> dict[str, Any]:
    return {"id": number, "timezone": zone, **more}


def slices_asked(bodies: dict[str, Any], breakdown: str = "user") -> list[str]:
    """The slices of the replies report that the account is asked for."""
    with run_over(bodies, breakdowns={REPLIES.name: [breakdown]}) as (run, _):
        planned = list(run.reads(REPLIES, [SPAN]))
    assert all(isinstance(read, Read) for read in planned)
    return [read.slice.text for read in planned if isinstance(read, Read)]


def company_names(*users: int) -> Any:
    return {"current": {"closed": 1}, "users": [{"user": user} for user in users]}


def test_teams_among_the_users_neither_vote_for_the_zone_nor_are_asked_for() -> None:
    bodies = {USERS: USERS_WITH_TEAMS, COMPANY: company_names(1, 2, 3)}
    with run_over(bodies, timezone=None) as (run, _):
        assert (run.time.zone.key, run.time.is_elected) == ("America/New_York", True)
        assert str(run.time.vote()) == "set by 1 of 1 users"
        # nothing is lost: the table has every row that the API listed
        assert [user["id"] for _, user in run.lists.list_of("users")] == [1, 2, 3]
    assert slices_asked(bodies) == ["user=1"]


def test_the_vote_counts_the_people_invited_and_zoneless_ones_too() -> None:
    people = [row(1, "Asia/Tokyo"), row(2, "Asia/Tokyo", type="user"), row(3, None, type=None)]
    others = [row(4, type="team"), row(5), row(6), row(7, type="system_user"), row(8, type="team")]
    bodies = {
        USERS: hal("users", *people, *others),
        TEAMS: hal("teams", {"id": 5}),  # a team by its own list alone
        AI_AGENTS: hal("system_users", {"id": 6}),  # an AI agent that looks like a user
        COMPANY: company_names(6, 9),
    }
    with run_over(bodies, timezone=None) as (run, _):
        assert run.time.zone.key == "Asia/Tokyo"
        assert str(run.time.vote()) == "set by 2 of 3 users"
        assert run.lists.not_people() == {4, 5, 6, 7, 8}
    # The replies of an AI agent are nobody else's: it is asked for where a report names it.
    assert slices_asked(bodies) == ["user=1", "user=2", "user=3", "user=6", "user=9"]
    bodies[COMPANY] = company_names(4, 5, 7)
    assert slices_asked(bodies) == ["user=1", "user=2", "user=3"]


def test_a_team_that_the_configuration_names_is_asked_for() -> None:
    assert slices_asked({USERS: USERS_WITH_TEAMS}, "user=2|1") == ["user=2", "user=1"]


def test_an_account_where_only_teams_have_a_zone_asks_for_one() -> None:
    users = hal("users", row(1, None), row(2, type="team"))
    with (
        run_over({USERS: users}, timezone=None) as (run, _),
        pytest.raises(ConfigurationError, match=r"set timezone, e\.g\. America/New_York"),
    ):
        _ = run.time.zone


@pytest.mark.parametrize("error", [Unreachable("down"), ReportUnavailable("no", status=403)])
def test_who_is_no_person_is_told_by_the_lists_that_are_to_be_had(error: ApiError) -> None:
    bodies = {USERS: USERS_WITH_TEAMS, AI_AGENTS: error, TEAMS: error}
    with run_over(bodies) as (run, _):
        assert run.lists.not_people() == {2, 3}


# --- the list of users is refused -----------------------------------------------------------

REFUSALS = (ReportUnavailable("no", status=403), RequestRefused("no", status=404))


@pytest.mark.parametrize("refusal", REFUSALS)
def test_without_the_list_of_users_the_zone_must_be_configured(refusal: ApiError) -> None:
    with (
        run_over({USERS: refusal}, timezone=None) as (run, _),
        pytest.raises(ConfigurationError) as caught,
    ):
        _ = run.time.zone
    assert str(caught.value) == (
        f"the API refuses the list of users ({refusal.status}), so the account's time zone is not "
        "known: set timezone, e.g. America/New_York. Then the load goes on without the list"
    )


@pytest.mark.parametrize("refusal", REFUSALS)
def test_without_the_list_of_users_those_whom_reports_name_are_asked_for(refusal: ApiError) -> None:
    bodies = {USERS: refusal, COMPANY: company_names(7, 9), TEAMS: hal("teams", {"id": 9})}
    assert slices_asked(bodies) == ["user=7"]


def test_a_list_of_users_that_fails_otherwise_fails_what_needs_it() -> None:
    bodies = {USERS: Unreachable("down", status=502), COMPANY: company_names(7)}
    with run_over(bodies, breakdowns={REPLIES.name: ["user"]}) as (run, _):
        (failed,) = run.reads(REPLIES, [SPAN])
    assert isinstance(failed, list)
    assert [result.status for result in failed] == [Status.FAILED]


def test_users_who_are_listed_and_people_alone_are_new() -> None:
    bodies = {USERS: users_in("UTC", "UTC"), TEAMS: hal("teams", {"id": 2})}
    with run_over(bodies) as (run, _):
        assert run.lists.people_since() == {1: None}
