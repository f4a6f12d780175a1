"""Options are checked before anything is sent, and say what to write instead."""

from __future__ import annotations

import re
import tomllib
from datetime import date, timedelta
from typing import Any

import pytest

from pipelines.docs import ROOT
from pipelines.models.sla_targets import Targets
from pipelines.settings.configuration import Alerts, Publishing
from pipelines.warehouse.open import DESTINATIONS
from sources.help_scout.catalog.reports import REPORTS
from sources.help_scout.errors import ConfigurationError
from sources.help_scout.parsing.redaction import Privacy
from sources.help_scout.planning.settings import Settings, find_report, parse_date, zone_of
from sources.help_scout.planning.windows import Grain


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


def texts(settings: Settings, report: str) -> list[str]:
    return [breakdown.text for breakdown in settings.breakdowns_of(REPORTS[report])]


def test_what_is_wanted_of_every_report_is_asked_of_those_that_can() -> None:
    wanted = ["all", "mailbox,type", "user,mailbox"]
    settings = Settings(breakdowns={"every_report": wanted, "email": ["mailbox"]})
    assert texts(settings, "company_overall") == ["all", "mailbox,type"]
    assert texts(settings, "chat") == ["all"]  # it is one channel already
    assert texts(settings, "email") == ["mailbox"]
    assert texts(settings, "conversations_drilldown") == ["all"]  # its rows carry the inbox
    assert texts(settings, "user_overall") == ["mailbox,user"]
    assert texts(settings, "company_drilldown") == ["range=firstResponseTime,range_id"]


@pytest.mark.parametrize(
    ("office_hours", "expected"),
    [
        ("off", ["all", "mailbox"]),
        ("on", ["office_hours=true", "mailbox,office_hours=true"]),
        ("both", ["all", "mailbox", "office_hours=true", "mailbox,office_hours=true"]),
    ],
)
def test_office_hours_are_off_on_or_both(office_hours: str, expected: list[str]) -> None:
    settings = Settings(office_hours=office_hours)
    assert texts(settings, "productivity_overall") == expected
    assert texts(settings, "company_overall") == ["all", "mailbox"]  # it cannot


def test_the_order_of_lists_can_be_chosen() -> None:
    settings = Settings(sort={"happiness_ratings": "rating DESC"})
    chosen = settings.sort_of(REPORTS["happiness_ratings"])
    assert chosen == {"sortField": "rating", "sortOrder": "DESC"}
    usual = settings.sort_of(REPORTS["user_ratings"])
    assert usual == {"sortField": "number", "sortOrder": "ASC"}


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"office_hours": "yes"}, "office_hours='yes': expected one of off, on, both"),
        ({"skip_inactive": ["inbox"]}, "skip_inactive: 'inbox' is not one of user, tag"),
        ({"skip_inactive": "user"}, 'skip_inactive is a text: write a list, ["user"]'),
        (
            {"breakdowns": {"every_report": ["inbox"]}},
            "breakdowns.every_report: no report takes 'inbox'; the names are mailbox, tag",
        ),
        ({"grains": {"every_report": ["day"]}}, "unknown report 'every_report'"),
        (
            {"breakdowns": {"every_reports": ["all"]}},
            "breakdowns.every_reports: did you mean",
        ),
        (
            {"breakdowns": {"every_report": ["mailbox"] * 2}},
            "breakdowns.every_report names",
        ),
        ({"breakdowns": {"company_overall": []}}, "breakdowns.company_overall is empty, which"),
        ({"grains": {"company_overall": []}}, "grains.company_overall is empty, which would load"),
        ({"breakdowns": {"company_overall": [123]}}, "breakdowns.company_overall=[123]: expected"),
        ({"breakdowns": {"company_overall": None}}, "breakdowns.company_overall=None: expected"),
        ({"breakdowns": ["mailbox"]}, "breakdowns=['mailbox']: expected lists by report name"),
        ({"sort": {"happiness_ratings": 5}}, "sort.happiness_ratings=5: expected a text"),
        ({"groups": {"mailbox": {1: [2]}}}, "groups.mailbox.1: name it by letters"),
        (
            {"sort": {"email": "number ASC"}},
            "sort.email='number ASC': the report cannot be sorted",
        ),
        (
            {"sort": {"user_ratings": "name"}},
            "sort.user_ratings='name': expected number or modifiedAt or rating, then ASC or DESC",
        ),
        ({"compare_to": "2026-02-01..2026-01-01"}, "compare_to='2026-02-01..2026-01-01': expected"),
        ({"compare_to": "0d"}, "compare_to='0d': expected one of"),
    ],
)
def test_a_wrong_slice_option_is_refused(options: dict[str, Any], message: str) -> None:
    with pytest.raises(ConfigurationError, match=f"^{re.escape(message)}"):
        Settings(**options)


def blocks() -> list[str]:
    """The set-ups that the README shows to copy, and those that config.toml has as comments."""
    readme = (ROOT / "README.md").read_text()
    found = re.findall(r"```toml\n(.*?)```", readme, re.DOTALL)
    comments = (ROOT / ".dlt/config.toml").read_text().replace("# every_report", "every_report")
    tables = re.findall(r"^# (\[sources[^\n]+\n(?:# \w+ = [^\n]+\n)+)", comments, re.MULTILINE)
    return [*found, *(table.replace("\n# ", "\n") for table in tables)]


@pytest.mark.parametrize("block", blocks())
def test_set_ups_to_copy_are_right(block: str) -> None:
    sections = tomllib.loads(block)
    Targets.of(sections.pop("service_targets", {}))
    assert sections.pop("publish", {}).keys() <= Publishing.__dataclass_fields__.keys()
    assert sections.pop("alerts", {}).keys() <= Alerts.__dataclass_fields__.keys()
    assert sections.pop("destination", {}).keys() <= DESTINATIONS.keys()
    options = sections.pop("sources", {"help_scout": {}})["help_scout"]
    accounts = sections.pop("accounts", {})
    assert not sections, "a section that nothing reads"
    groups = {"groups": {"mailbox": {"EU": [123, 456]}}}
    for one in (options, *accounts.values()):
        Privacy(one.pop("privacy", "keep"), one.pop("privacy_columns", None))
        one.pop("archive", None)
        Settings(**groups | one)


def test_the_three_most_wanted_set_ups_can_be_copied() -> None:
    text = "\n".join(blocks())
    for part in ('every_report = ["all", "mailbox"', '"user", "team"', 'office_hours = "both"'):
        assert part in text
