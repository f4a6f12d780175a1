"""One run over an account: its calendar is found once, kept, and never changed in silence."""

from __future__ import annotations

import re
from datetime import date, datetime, timedelta
from typing import Any

import pytest

from sources.help_scout.catalog.reports import REPORTS
from sources.help_scout.catalog.version import CATALOG_VERSION
from sources.help_scout.errors import ConfigurationError, Unreachable
from sources.help_scout.extract.dimension_lists import UNTAGGED
from sources.help_scout.planning.windows import window_of
from tests.helpers.builders import BERLIN, NEW_YORK, NOW, at, days, read_of
from tests.helpers.stand_in_account import (
    CONVERSATIONS,
    INBOXES,
    TAGS,
    USERS,
    hal,
    run_over,
    users_in,
)

DOWN = Unreachable("down", status=502)
BERLINERS = users_in("Europe/Berlin", "Europe/Berlin", "America/New_York")


# --- the calendar ---------------------------------------------------------------------------


def test_a_configured_time_zone_is_taken_and_nobody_asked() -> None:
    with run_over({}, timezone="Europe/Berlin") as (run, account):
        assert (run.time.zone, account.asked) == (BERLIN, [])


@pytest.mark.parametrize(
    ("zones", "expected"),
    [
        (["Europe/Berlin", "America/New_York", "Europe/Berlin"], "Europe/Berlin"),
        (["Europe/Berlin", "America/New_York"], "America/New_York"),  # a tie: by name
        (["America/New_York", "Europe/Berlin"], "America/New_York"),
        ([None, "", "Asia/Tokyo", None, None], "Asia/Tokyo"),
    ],
)
def test_without_one_the_commonest_of_the_users_is_the_companys(
    zones: list[str | None], expected: str
) -> None:
    with run_over({USERS: users_in(*zones)}, timezone=None) as (run, account):
        assert [run.time.zone.key, run.time.zone.key] == [expected, expected]
        assert account.paths == [USERS]


@pytest.mark.parametrize("zones", [[], [None], [""]])
def test_an_account_that_shows_no_time_zone_must_be_told_one(zones: list[str | None]) -> None:
    with (
        run_over({USERS: users_in(*zones)}, timezone=None) as (run, _),
        pytest.raises(ConfigurationError, match=r"set timezone, e\.g\. America/New_York"),
    ):
        _ = run.time.zone


def test_history_begins_ninety_local_days_ago() -> None:
    with run_over({}) as (run, _):
        assert run.time.first_day == date(2026, 1, 20)
        assert run.time.start == at("2026-01-20T05:00")


def test_history_begins_at_the_first_instant_of_the_day_that_was_given() -> None:
    with run_over({}, start_date=date(2026, 3, 9), timezone="Europe/Berlin") as (run, _):
        assert (run.time.first_day, run.time.start) == (date(2026, 3, 9), at("2026-03-08T23:00"))


def test_the_first_run_pins_its_time_zone_and_start() -> None:
    state: dict[str, Any] = {"other": 1}
    with run_over({USERS: BERLINERS}, timezone=None) as (run, _):
        run.reconcile_state(state)
    assert set(state.pop("breakdowns").values()) == {run.now.isoformat()}
    assert state.pop("catalog_version") == CATALOG_VERSION
    assert set(state.pop("privacy").values()) == {"keep"}
    assert state == {
        "other": 1,
        "account": "main",
        "timezone": "Europe/Berlin",
        "start_date": "2026-01-20",
    }


def test_later_runs_keep_what_is_pinned_and_ask_nobody() -> None:
    state: dict[str, Any] = {"timezone": "Europe/Berlin", "start_date": "2025-07-01"}
    with run_over({}, timezone=None) as (run, account):
        run.reconcile_state(state)
        run.reconcile_state(state)
        assert (run.time.zone, run.time.first_day, account.asked) == (BERLIN, date(2025, 7, 1), [])
    assert state.pop("breakdowns")
    assert state.pop("catalog_version") == CATALOG_VERSION
    assert state.pop("privacy")
    assert state == {"account": "main", "timezone": "Europe/Berlin", "start_date": "2025-07-01"}


def test_a_start_that_is_given_replaces_the_pinned_one() -> None:
    state: dict[str, Any] = {"timezone": "America/New_York", "start_date": "2025-07-01"}
    with run_over({}, start_date=date(2024, 1, 1)) as (run, _):
        run.reconcile_state(state)
        assert run.time.first_day == date(2024, 1, 1)
    assert state.pop("breakdowns")
    assert state.pop("catalog_version") == CATALOG_VERSION
    assert state.pop("privacy")
    assert state == {"account": "main", "timezone": "America/New_York", "start_date": "2024-01-01"}


def test_another_account_than_the_pinned_one_is_refused_and_changes_nothing() -> None:
    state = {"account": "other"}
    with run_over({}) as (run, _), pytest.raises(ConfigurationError, match="loads 'other'"):
        run.reconcile_state(state)
    assert state == {"account": "other"}


def test_another_time_zone_than_the_pinned_one_is_refused_and_changes_nothing() -> None:
    state: dict[str, Any] = {"timezone": "Europe/Berlin", "start_date": "2025-07-01"}
    with run_over({}) as (run, _), pytest.raises(ConfigurationError) as caught:
        run.reconcile_state(state)
    assert str(caught.value) == (
        "timezone America/New_York, but this warehouse was loaded in Europe/Berlin: windows "
        "of both would overlap. Set timezone = 'Europe/Berlin', or load everything anew in "
        "America/New_York with: help-scout rebuild"
    )
    assert state == {"timezone": "Europe/Berlin", "start_date": "2025-07-01"}


def test_an_interval_cut_in_another_zone_than_the_pinned_one_is_refused() -> None:
    state = {"timezone": "America/New_York", "start_date": "2025-07-01"}
    with run_over({USERS: BERLINERS}, timezone=None) as (run, _):
        run.time.interval("2026-03-01", "2026-03-05")
        with pytest.raises(ConfigurationError, match="Set timezone = 'America/New_York'"):
            run.reconcile_state(state)
    assert state["timezone"] == "America/New_York"


@pytest.mark.parametrize(
    ("since", "until", "expected"),
    [
        (None, None, (None, None)),
        ("2026-03-08", "2026-03-09", (at("2026-03-08T05:00"), at("2026-03-09T04:00"))),
        (date(2026, 3, 8), date(2026, 3, 9), (at("2026-03-08T05:00"), at("2026-03-09T04:00"))),
        ("2026-03-08", None, (at("2026-03-08T05:00"), NOW)),
        ("2026-04-20", None, (at("2026-04-20T04:00"), NOW)),
        ("2026-04-20", "2026-05-01", (at("2026-04-20T04:00"), at("2026-05-01T04:00"))),
    ],
)
def test_an_interval_is_of_local_days(
    since: str | date | None, until: str | date | None, expected: tuple[datetime, datetime]
) -> None:
    with run_over({}) as (run, _):
        assert run.time.interval(since, until) == expected


@pytest.mark.parametrize(
    ("since", "until", "message"),
    [
        (None, "2026-03-01", "until is given without since: name both, or neither"),
        ("2026-04-21", None, "since=2026-04-21: that is in the future, nothing to load"),
        ("2027-01-01", "2027-02-01", "since=2027-01-01: that is in the future, nothing to load"),
        (
            "2026-03-02",
            "2026-03-02",
            "since=2026-03-02 is not before until=2026-03-02: until is the first day left out",
        ),
        (
            "2026-03-02",
            "2026-03-01",
            "since=2026-03-02 is not before until=2026-03-01: until is the first day left out",
        ),
        ("soon", None, "since='soon': expected a date like 2026-03-01"),
        ("2026-03-01", "2026-3-5", "until='2026-3-5': expected a date like 2026-03-01"),
    ],
)
def test_what_is_no_interval_is_refused(since: str | None, until: str | None, message: str) -> None:
    with (
        run_over({}) as (run, account),
        pytest.raises(ConfigurationError, match=f"^{re.escape(message)}$"),
    ):
        run.time.interval(since, until)
    assert account.asked == []


# --- what is due ----------------------------------------------------------------------------


def test_spans_end_now_and_stay_in_the_chunk() -> None:
    report = REPORTS["conversations_busy_times"]
    with run_over({}, grains={report.name: ["day"]}) as (run, _):
        every = [span[0] for span in run.spans(report, NOW - timedelta(days=4), None)]
        assert every == list(days("2026-04-16", 5))
        run.chunk = (at("2026-04-18T04:00"), at("2026-04-20T04:00"))
        within = run.spans(report, NOW - timedelta(days=4), at("2026-12-01T00:00"))
        assert [span[0] for span in within] == list(days("2026-04-18", 2))


# --- lists ----------------------------------------------------------------------------------


def test_a_list_is_asked_for_once_a_run() -> None:
    with run_over({INBOXES: hal("mailboxes", {"id": 4}, {"id": 5})}) as (run, account):
        assert [run.lists.ids_of("inboxes"), run.lists.ids_of("inboxes")] == [[4, 5], [4, 5]]
        assert account.paths == [INBOXES]


def test_lists_of_a_parent_carry_its_id() -> None:
    bodies = {
        INBOXES: hal("mailboxes", {"id": 4}, {"id": 5}),
        f"{INBOXES}/4/fields": hal("fields", {"id": 8, "options": [{"id": 1}]}, {"id": 9}),
        f"{INBOXES}/5/fields": hal("fields"),
    }
    with run_over(bodies) as (run, account):
        assert run.lists.list_of("custom_field_options") == [(8, {"id": 1})]
        assert run.lists.list_of("custom_fields") == [(4, {"id": 8, "options": [{"id": 1}]}),
                                                (4, {"id": 9})]  # fmt: skip
        assert account.paths == list(bodies)


def test_a_list_that_is_known_is_not_asked_for() -> None:
    with run_over({}) as (run, account):
        run.lists.know_list("inboxes", [{"id": 4}, {"id": 5}])
        assert (run.lists.ids_of("inboxes"), account.asked) == ([4, 5], [])


@pytest.mark.parametrize(
    ("report", "more"),
    [
        ({"current": {}, "filterTags": [{"id": 7}, {"id": 9, "name": "old"}, {"id": 9}]},
         [{"id": 9, "name": "old"}]),
        ({"report": {"current": {}, "filterTags": [{"id": 9}]}}, [{"id": 9}]),
        ({"current": {}, "filterTags": [None, 5, {"name": "x"}, {"id": "8"}]}, []),
        ({"current": {}, "filterTags": {}}, []),
        ({"current": {}}, []),
        ({"error": "x"}, []),
        (DOWN, []),
    ],
)  # fmt: skip
def test_tags_that_only_reports_know_are_tags(report: Any, more: list[dict[str, Any]]) -> None:
    with run_over({TAGS: hal("tags", {"id": 7}), CONVERSATIONS: report}) as (run, account):
        listed = [tag for _, tag in run.lists.list_of("tags")]
    assert listed == [{"id": 7}, UNTAGGED, *more]
    yesterday = window_of(read_of("email").windows[0].grain, date(2026, 4, 19), NEW_YORK)
    query = dict(account.asked[1].query)
    assert datetime.fromisoformat(query["start"]) == yesterday.start
