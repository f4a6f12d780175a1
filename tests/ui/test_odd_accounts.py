"""The page of accounts unlike others: names that clash or turn the text around, few days, reports
that lag or lack, windows compared with a year before or with nothing."""

from __future__ import annotations

import shutil
from collections.abc import Iterator
from pathlib import Path

import duckdb
import pytest
from playwright.sync_api import Browser

from pipelines.publishing.dashboard import make_dashboard
from pipelines.publishing.published_copy import published_path
from tests.helpers.browser import Opened, opened
from tests.helpers.year import TODAY

pytestmark = pytest.mark.xdist_group("dashboard")

LONG = "n" * 400
TURNED = "Bill\u202egnil"  # what follows would stand from right to left
WITH_INBOXES = ("volume", "responsiveness", "happiness")
HOSTILE = f"""
update marts.topics set topic_name = '{LONG}' where topic_kind = 'customer' and topic_id < 2;
update marts.topics set topic_name = '{LONG}' where topic_kind = 'tag' and topic_id = 3;
update marts.responsiveness set previous_first_response_time_seconds = 0 where inbox_id = 104;
update marts.volume set previous_new_conversations = 0 where inbox_id is null;
update marts.happiness set previous_happiness_score = 0 where inbox_id is null;
drop table marts.chat_health;
update marts.coverage set covered_until = covered_until - interval 3 day where report = 'chat';
update marts.coverage set unavailable_count = window_count, loaded_count = 0,
    covered_until = '2020-01-01 00:00:00+00' where report = 'docs_overall';
alter table reports.publication add column compare_to text;
update reports.publication set compare_to = 'previous_year';
"""
YOUNG = f"""
delete from marts.docs_health where window_date < date '{TODAY}' - 12;
drop table marts.service_targets;
delete from marts.ratings where rated_date < date '{TODAY}' - 6;
alter table reports.publication add column compare_to text;
update reports.publication set compare_to = 'none';
"""


def changed_copy(warehouse: Path, copy: Path, sql: str) -> Path:
    """The path of a warehouse whose published copy is changed by the SQL."""
    shutil.copy(published_path(warehouse), published_path(copy))
    with duckdb.connect(str(published_path(copy))) as connection:
        connection.execute(sql)
    return copy


@pytest.fixture(scope="module")
def hostile(
    browser: Browser, warehouse: Path, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[Opened]:
    """The page, on a telephone, of an account whose names are chosen to harm it."""
    names = "".join(
        f"update marts.{mart} set inbox_name = 'Support' where inbox_id = 102;"
        f"update marts.{mart} set inbox_name = '{TURNED}' where inbox_id = 103;"
        for mart in WITH_INBOXES
    )
    path = tmp_path_factory.mktemp("hostile") / "hostile.duckdb"
    copy = changed_copy(warehouse, path, names + HOSTILE)
    with opened(browser, make_dashboard(copy), width=390) as found:
        yield found
        assert found.complaints == []


@pytest.fixture(scope="module")
def young(
    browser: Browser, warehouse: Path, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[Opened]:
    """The page of an account of six days, of which only the Docs' report has a whole week."""
    days = "".join(
        f"delete from marts.{mart} where window_date < date '{TODAY}' - 6 "
        f"or grain = 'week' and window_date < date '{TODAY}' - 7;"
        for mart in (*WITH_INBOXES, "topics", "agents", "response_distribution", "busy_hours")
    )
    path = tmp_path_factory.mktemp("young") / "young.duckdb"
    with opened(browser, make_dashboard(changed_copy(warehouse, path, days + YOUNG))) as found:
        yield found
        assert found.complaints == []


def test_items_of_one_name_are_told_apart_by_their_ids(hostile: Opened) -> None:
    in_chart = [line[0] for line in hostile.numbers("inboxes")]
    twins = ["\u2068Support\u2069 (101)", "\u2068Support\u2069 (102)"]
    assert sorted(name for name in in_chart if "Support" in name) == twins

    hostile.page.check('input[name="kind"][value="customer"]', force=True)
    customers = [line[0] for line in hostile.numbers("topics")]
    assert len(customers) == len(set(customers))
    in_table = [line[0] for line in hostile.table("#topics .columns > .scroll")]
    assert {f"\u2068{LONG}\u2069 (0)", f"\u2068{LONG}\u2069 (1)"} <= set(in_table)


def test_names_turn_no_words_around_and_stay_in_their_place(hostile: Opened) -> None:
    assert hostile.page.evaluate("document.documentElement.scrollWidth") == 390
    turned = hostile.page.locator("#changed b", has_text=TURNED)
    assert turned.evaluate("(name) => getComputedStyle(name).unicodeBidi") == "isolate"
    assert hostile.page.locator("#comments .meta bdi").count() == 18
    wide = """() => [...document.querySelectorAll("#changed li, #topics tbody th")]
        .filter((part) => part.scrollWidth > 390).length"""
    assert hostile.page.evaluate(wide) == 0


def test_the_strip_goes_by_the_report_that_lags_most(hostile: Opened) -> None:
    strip = hostile.text("#strip").replace("\n", " ")
    assert "Loaded up to 18 Nov 2026, 00:00" in strip
    assert "1 report lags behind" in strip
    assert "docs overall is not available" in strip


def test_a_channel_that_is_not_loaded_is_told_at_its_chart(hostile: Opened) -> None:
    assert "Chat is not loaded." in hostile.text("#volume")
    hostile.choose(grain="day")
    assert "not loaded" not in hostile.text("#volume")  # days come from the volume report
    hostile.choose(grain="week")


def test_what_was_nothing_before_is_not_compared(hostile: Opened) -> None:
    for figure in ("new_conversations", "happiness_score"):
        said = hostile.text(f'[data-figure="{figure}"] .change')
        assert said == "nothing to compare with"
    lines = {line[0]: line[2] for line in hostile.table("#inbox-table")}
    assert lines["Success <b>EU</b>"] == "nothing to compare with"
    assert "Success <b>EU</b>" not in [line[0] for line in hostile.numbers("inboxes")]


def test_a_year_before_is_not_called_the_week_before(hostile: Opened) -> None:
    assert "against the window compared with (previous year)." in hostile.text("#focus")
    assert "compared with: " in hostile.text("#tiles")
    said = hostile.page.locator("main").inner_text()
    assert [words for words in ("the week before", "before:") if words in said] == []
    heads = hostile.page.locator("#topics .columns > .scroll thead").inner_text()
    assert "Compared with" in heads


def test_a_young_account_opens_on_days_and_has_words_for_what_lacks(young: Opened) -> None:
    assert young.page.is_checked('input[name="grain"][value="day"]')
    assert young.text("#focus").startswith("Friday 20 Nov 2026, all inboxes.")
    assert young.text('[data-figure="within_target_pct"] .foot') == "not loaded"

    young.choose(grain="week")
    assert young.text("#focus").startswith("Week of 9 Nov 2026")
    assert young.text('[data-figure="resolved"] .foot') == "no figures in this window"
    young.choose(grain="day")


def test_where_nothing_is_compared_nothing_is_said_of_it(young: Opened) -> None:
    said = young.page.locator("main").inner_text()
    unsaid = ("before", "compare", "against the", "▲", "▼", "Change\n", "Rising")
    assert [words for words in unsaid if words in said] == []
    assert young.page.locator('[data-chart="inboxes"], [data-chart="topics"]').count() == 0
