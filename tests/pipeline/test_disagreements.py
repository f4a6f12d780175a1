"""Reports of Help Scout that disagree keep nothing back: each agreement, damaged at the API."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace
from datetime import timedelta
from io import StringIO
from pathlib import Path
from typing import Any

import duckdb
import pytest
from rich.console import Console

from pipelines.cli.render.progress import JobScreen
from pipelines.jobs.load_job import Job, run_job
from pipelines.planning.load_plan import LoadRequest
from pipelines.publishing.published_copy import published_path
from pipelines.quality.check_runner import CheckKind, CheckVerdict, all_checks
from pipelines.warehouse.duckdb import DuckDbFile
from sources.help_scout.catalog.reports import REPORTS
from sources.help_scout.planning.request_plan import API_ROOT
from sources.help_scout_sandbox import Fault, Sandbox
from tests.helpers.loads import NOW, SMALL, query, serving, ticking
from tests.helpers.published import Nights

pytestmark = pytest.mark.xdist_group("disagreements")

Change = Callable[[Any], Any]
DAY, BOTH_DAYS = ("2026-11-08", "2026-11-09"), ("2026-11-08", "2026-11-10")
LAST_DAY = ("2026-11-09", "2026-11-10")
AGREEMENTS = {check.name: check for check in all_checks() if check.kind is CheckKind.AGREEMENT}


def more(part: str, name: str) -> Change:
    """Adds 1 to the number of that name in that part of the body, in each of its items."""

    def change(body: Any) -> Any:
        for item in body[part] if isinstance(body[part], list) else [body[part]]:
            item[name] += 1
        return body

    return change


def setting(value: float, *names: str) -> Change:
    def change(body: Any) -> Any:
        body["current"].update(dict.fromkeys(names, value))
        return body

    return change


def without_a_count(body: Any) -> Any:
    del body["current"]["totalConversations"]
    return body


def without_the_first(body: Any) -> Any:
    """The drilldown without its first conversation, and nothing that tells."""
    found = body["conversations"]
    found["results"] = found["results"][1:]
    found["count"] = max(found["count"] - 1, 0)
    return body


def of_an_unknown_inbox(body: Any) -> Any:
    for row in body["conversations"]["results"]:
        row["mailboxid"] = 99999
    return body


@dataclass(frozen=True, kw_only=True)
class Damage:
    """What the API says wrongly, of which inboxes (of all, if none is named), and what a load reads
    of it."""

    path: str
    change: Change
    reports: tuple[str, ...]
    days: tuple[str, str] = DAY
    inboxes: tuple[str, ...] = ()
    options: tuple[tuple[str, str], ...] = ()

    @property
    def faults(self) -> list[Fault]:
        plain = Fault(
            path=f"{API_ROOT}{self.path}", kind="change_body", times=None, change=self.change
        )
        narrowed = [replace(plain, params=(("mailboxes", inbox),)) for inbox in self.inboxes]
        return narrowed or [plain]


DAMAGE = {
    "averages_lie_between_their_slices": Damage(
        path="productivity",
        change=setting(1e7, "resolutionTime"),
        inboxes=("85001", "85002"),
        reports=("productivity_overall",),
    ),
    "channels_add_up": Damage(
        path="conversations/volume-by-channel",
        change=more("current", "email"),
        reports=("conversations_volume_by_channel", "conversations_overall"),
    ),
    "company_users_are_the_user_reports": Damage(
        path="user",
        change=more("current", "totalReplies"),
        reports=("company_overall", "user_overall"),
    ),
    "counts_are_there": Damage(
        path="conversations", change=without_a_count, reports=("conversations_overall",)
    ),
    "distinct_counts_stay_within_their_slices": Damage(
        path="company",
        change=setting(1000, "customersHelped"),
        inboxes=("85002",),
        reports=("company_overall",),
    ),
    "drilldown_lists_every_conversation": Damage(
        path="conversations/drilldown",
        change=without_the_first,
        reports=("conversations_overall", "conversations_drilldown"),
    ),
    "field_drilldown_lists_every_use": Damage(
        path="conversations/fields-drilldown",
        change=without_the_first,
        reports=("conversations_overall", "conversations_fields_drilldown"),
    ),
    "ids_are_known": Damage(
        path="conversations/drilldown",
        change=of_an_unknown_inbox,
        reports=("conversations_drilldown",),
    ),
    "new_drilldown_lists_every_new_conversation": Damage(
        path="conversations/new-drilldown",
        change=without_the_first,
        reports=("conversations_new", "conversations_new_drilldown"),
    ),
    "office_hours_make_a_difference": Damage(
        path="productivity",
        change=setting(60, "resolutionTime", "responseTime", "firstResponseTime"),
        reports=("productivity_overall",),
        options=(("office_hours", "both"),),
    ),
    "previous_blocks_are_the_windows_before": Damage(
        path="conversations",
        change=more("previous", "totalConversations"),
        reports=("conversations_overall",),
        days=BOTH_DAYS,
    ),
    "previous_blocks_drift": Damage(
        path="conversations",
        change=more("previous", "totalConversations"),
        reports=("conversations_overall",),
        days=LAST_DAY,
    ),
    "range_drilldown_lists_every_range": Damage(
        path="company/drilldown",
        change=without_the_first,
        reports=("productivity_overall", "company_drilldown"),
        days=LAST_DAY,
    ),
    "ranges_add_up": Damage(
        path="productivity",
        change=more("responseTime", "count"),
        reports=("productivity_overall",),
    ),
    "ratings_are_the_happiness_counts": Damage(
        path="happiness",
        change=more("current", "greatCount"),
        reports=("happiness_overall", "happiness_ratings"),
    ),
    "series_are_the_overall_reports": Damage(
        path="productivity/resolved",
        change=more("current", "resolved"),
        reports=("productivity_overall", "productivity_resolved"),
    ),
    "slices_add_up": Damage(
        path="company",
        change=more("current", "totalReplies"),
        inboxes=("85002",),
        reports=("company_overall",),
    ),
    "user_ratings_are_the_user_happiness_counts": Damage(
        path="user/happiness",
        change=more("current", "ratingsCount"),
        reports=("user_happiness", "user_ratings"),
    ),
    "user_series_are_the_company_report": Damage(
        path="user/replies",
        change=more("current", "replies"),
        reports=("company_overall", "user_replies"),
        days=LAST_DAY,
    ),
    "users_add_up_to_the_company": Damage(
        path="company",
        change=more("current", "totalReplies"),
        reports=("company_overall",),
    ),
}


@pytest.fixture(scope="module")
def account(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Nights]:
    """A sandbox, and a warehouse with two days and a week of everything, published, in which each
    agreement is known to be broken and was read again: so no load reads anything twice."""
    with Sandbox(replace(SMALL, days=30)) as sandbox, serving(sandbox) as base_url:
        nights = Nights(sandbox, base_url, tmp_path_factory.mktemp("agreeing") / "w.duckdb")
        code, told = load(nights, nights.first, tuple(REPORTS), BOTH_DAYS)
        assert code == 0, told
        with duckdb.connect(str(nights.first)) as connection:
            connection.execute(
                "update reports.check_results set verdict = 'disagrees', read_again = true "
                "where kind = 'agreement'"
            )
        yield nights


def load(
    nights: Nights,
    warehouse: Path,
    reports: tuple[str, ...],
    days: tuple[str, str],
    night: int = 0,
    **options: str,
) -> tuple[int, str]:
    """A load of an interval: its exit code and what it printed."""
    console = Console(record=True, width=400, file=StringIO())
    given = {
        "base_url": nights.base_url,
        "client_id": "sandbox-id",
        "client_secret": "sandbox-secret",
        "start_date": "2026-10-26",
        **options,
    }
    request = LoadRequest(reports=reports, since=days[0], until=days[1])
    clock = ticking(NOW + timedelta(days=night))
    ended = run_job(
        Job(DuckDbFile(warehouse), request=request, options=given, clock=clock), JobScreen(console)
    )
    return ended.exit_code, console.export_text()


def load_damaged(
    nights: Nights, warehouse: Path, damage: Damage, night: int = 1
) -> tuple[int, str]:
    for fault in damage.faults:
        nights.sandbox.faults.add(fault)
    try:
        options = dict(damage.options)
        return load(nights, warehouse, damage.reports, damage.days, night, **options)
    finally:
        nights.sandbox.faults.clear()


LATEST = (
    "select verdict, disagrees_since::date::varchar, read_again from check_results "
    "where check_name = '{}' order by checked_at desc limit 1"
)


def test_every_agreement_has_its_damage() -> None:
    assert set(DAMAGE) == set(AGREEMENTS)


@pytest.mark.parametrize("name", AGREEMENTS)
def test_an_agreement_that_the_api_breaks_keeps_nothing_back(
    account: Nights, tmp_path: Path, name: str
) -> None:
    warehouse = account.copy_to(tmp_path)
    code, told = load_damaged(account, warehouse, DAMAGE[name])

    assert code == 0, told
    assert f"published for readers: {published_path(warehouse)}, " in told
    assert "reading once more" not in told
    level = AGREEMENTS[name].level
    (found,) = query(published_path(warehouse), LATEST.format(name))
    assert found == (level or CheckVerdict.DISAGREES, "2026-11-10", False)
    ((named,),) = query(published_path(warehouse), "select disagreeing_checks from publication")
    assert (name in named.split(", ")) == (f"{name} since 2026-11-10" in told) == (level is None)
