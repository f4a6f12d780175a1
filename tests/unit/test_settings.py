"""Options are checked before anything is sent, and say what to write instead."""

from __future__ import annotations

import re
from datetime import date, timedelta
from typing import Any

import pytest

from sources.help_scout.errors import ConfigurationError
from sources.help_scout.reports import REPORTS
from sources.help_scout.settings import Settings, find_report, parse_date, zone_of
from sources.help_scout.windows import Grain


def test_the_defaults_are_those_of_the_catalog() -> None:
    settings = Settings()
    assert (settings.account, settings.lookback) == ("main", timedelta(days=7))
    assert (settings.compare_to, settings.include_open_windows) == ("previous_period", True)
    for report in REPORTS.values():
        assert settings.grains_of(report) == tuple(Grain(name) for name in report.grains)
        assert len(settings.breakdowns_of(report)) == len(report.slices)


def test_grains_and_breakdowns_replace_those_of_one_report() -> None:
    settings = Settings(
        grains={"company_overall": ["week"]}, breakdowns={"company_overall": ["all", "tag=4"]}
    )
    report = REPORTS["company_overall"]
    assert settings.grains_of(report) == (Grain.WEEK,)
    assert [breakdown.text for breakdown in settings.breakdowns_of(report)] == ["all", "tag=4"]
    assert settings.grains_of(REPORTS["email"]) == (Grain.DAY, Grain.WEEK, Grain.MONTH)


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"account": ""}, "account is empty: give the account a short name"),
        (
            {"lookback_days": 0},
            (
                "lookback_days=0: expected at least 1, since numbers move for days after a window "
                "has ended"
            ),
        ),
        (
            {"compare_to": "last_year"},
            (
                "compare_to='last_year': expected one of previous_period, previous_year, none, "
                "days like 364d, or an interval of days like 2026-01-01..2026-04-01"
            ),
        ),
        (
            {"timezone": "New York"},
            "timezone='New York' is unknown: write it like America/New_York",
        ),
        ({"timezone": ""}, "timezone='' is unknown: write it like America/New_York"),
        (
            {"timezone": "../../etc/passwd"},
            "timezone='../../etc/passwd' is unknown: write it like America/New_York",
        ),
        (
            {"grains": {"company_overal": ["day"]}},
            "unknown report 'company_overal', did you mean 'company_overall'?",
        ),
        (
            {"breakdowns": {"zzz": ["all"]}},
            "unknown report 'zzz'; the README lists all 32",
        ),
        (
            {"grains": {"company_overall": ["hour"]}},
            "grains.company_overall: 'hour' is not one of day, week, month",
        ),
        (
            {"grains": {"user_replies": ["month"]}},
            (
                "grains.user_replies: 'month' is not one of day, week; exact months come from the "
                "overall reports"
            ),
        ),
        (
            {"grains": {"company_overall": ["week", "day", "week", "day"]}},
            "grains.company_overall names day, week twice",
        ),
        (
            {"breakdowns": {"company_overall": ["all", "mailbox", "mailbox"]}},
            "breakdowns.company_overall names mailbox twice",
        ),
        (
            {"breakdowns": {"company_overall": ["all", "user"]}},
            (
                "breakdown 'user' of company_overall: the report does not take 'user'; it takes: "
                "folder, mailbox, tag, type"
            ),
        ),
    ],
)
def test_a_wrong_option_is_refused_with_what_to_write(
    options: dict[str, Any], message: str
) -> None:
    with pytest.raises(ConfigurationError, match=f"^{re.escape(message)}$"):
        Settings(**options)


@pytest.mark.parametrize(
    ("value", "expected"),
    [(None, None), ("2026-03-01", date(2026, 3, 1)), (date(2026, 3, 1), date(2026, 3, 1))],
)
def test_a_date_is_read(value: str | date | None, expected: date | None) -> None:
    assert parse_date("since", value) == expected


@pytest.mark.parametrize("value", ["", "yesterday", "2026-02-30", "01/03/2026"])
def test_what_is_no_date_is_refused_by_its_option(value: str) -> None:
    with pytest.raises(ConfigurationError, match=f"^since={re.escape(repr(value))}: expected"):
        parse_date("since", value)


def test_reports_and_zones_are_found_by_name() -> None:
    assert find_report("email") is REPORTS["email"]
    assert zone_of("America/New_York").key == "America/New_York"
