"""What the page says in words is what its marts hold: which tags rise, what good news is."""

from __future__ import annotations

import shutil
from pathlib import Path

import duckdb
import pytest
from playwright.sync_api import Browser

from pipelines.publishing.dashboard import make_dashboard
from pipelines.publishing.published_copy import published_path
from tests.helpers.browser import NONE, Opened, number, opened

pytestmark = pytest.mark.xdist_group("dashboard")

TAGS = "topic_kind = 'tag' and grain = 'week' and window_date = '2026-11-09' and inbox_id is null"
TONES = """() => [...document.querySelectorAll("main .change")]
    .filter((said) => said.matches(".good, .bad")).length"""


def test_tags_rise_and_fall_by_the_trend_of_their_mart(
    page: Opened, marts: duckdb.DuckDBPyConnection
) -> None:
    def most(way: str) -> str:
        found = marts.execute(
            f"select topic_name, conversation_count, abs(change_count) from topics where {TAGS} "
            f"and topic_id <> 1 and trend = '{way}' order by abs(change_count) desc limit 1"
        ).fetchone()
        assert found is not None
        name, n, change = found
        more = "more" if way == "rising" else "fewer"
        return (
            f"The tag {name}: {number(n)} conversations, "
            f"{number(change)} {more} than the week before."
        )

    said = page.text("#changed")

    assert most("rising") in said
    assert most("falling") in said


def test_nothing_is_good_or_bad_against_another_weekday(page: Opened) -> None:
    assert page.page.evaluate(TONES) > 0
    page.choose(grain="day")

    assert page.page.evaluate(TONES) == 0
    assert (
        "against the day before. That was a Thursday, so no change is coloured as good or bad."
        in page.text("#focus")
    )


def test_a_score_that_nobody_or_few_gave_is_no_news(page: Opened) -> None:
    tile = page.page.locator('[data-figure="happiness_score"]')
    assert tile.locator(".change.good, .change.bad").count() == 1  # of 30 ratings

    page.choose(inbox="Billing")
    assert tile.locator(".change.flat").count() == 1  # of 6

    page.choose(grain="day", inbox="Success <b>EU</b>")
    assert tile.locator(".value").inner_text() == NONE
    assert [line[6] for line in page.table("#inbox-table") if line[0].startswith("Succ")] == [
        f"{NONE} 0 ratings"
    ]


def test_where_nothing_rises_or_was_before_the_page_says_so(
    browser: Browser, warehouse: Path, tmp_path: Path
) -> None:
    calm = tmp_path / "calm.duckdb"
    shutil.copy(published_path(warehouse), published_path(calm))
    with duckdb.connect(str(published_path(calm))) as connection:
        connection.execute("update marts.topics set trend = 'steady' where topic_id <> 1")
        connection.execute("update marts.topics set topic_name = '(untagged)' where topic_id = 1")
        connection.execute(
            f"update marts.topics set trend = 'falling' where topic_id = 1 and {TAGS}"
        )
        tables = "select table_name from information_schema.columns where column_name = 'grain'"
        for (name,) in connection.execute(f"{tables} and table_schema = 'marts'").fetchall():
            if name != "coverage":
                connection.execute(
                    f"delete from marts.{name} where window_date < case grain "
                    "when 'day' then date '2026-09-16' when 'week' then date '2026-09-14' "
                    "else date '2026-09-01' end"
                )
        connection.execute("delete from marts.volume_daily where window_date < '2026-09-16'")

    with opened(browser, make_dashboard(calm)) as found:
        said = found.text("#changed")
        assert "No tag is rising (by at least 10 % and 3 conversations)." in said
        assert "(untagged): " in said
        assert found.page.input_value("#from") == "2026-09-16"
        found.choose(preset="all", grain="month")
        assert found.page.input_value("#from") == "2026-09-16"
        assert len(found.numbers("response")) == 6  # of three months
