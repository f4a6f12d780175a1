"""The page: draws, answers to keys, is readable for all, light, safe, and alone."""

from __future__ import annotations

import shutil
import sys
from pathlib import Path

import duckdb
import pytest
from axe_playwright_python.sync_playwright import Axe
from click.testing import CliRunner
from playwright.sync_api import Browser

from pipelines.cli.main import main
from pipelines.publishing.dashboard import make_dashboard
from pipelines.publishing.dashboard import page as making
from pipelines.publishing.published_copy import published_path
from pipelines.settings.errors import UsageError
from tests.helpers.browser import Opened, opened

pytestmark = pytest.mark.xdist_group("dashboard")

CHARTS = {
    "inboxes", "volume", "hours", "response", "resolution", "distribution", "happiness",
    "ratings", "topics", "docs",
}  # fmt: skip
MARKS = """() => Object.fromEntries([...document.querySelectorAll("[data-chart]")].map((figure) =>
    [figure.dataset.chart, figure.querySelectorAll(".role-mark path, .role-mark text").length]))"""


def test_every_chart_has_marks_at_every_grain(page: Opened) -> None:
    for grain in ("day", "week", "month"):
        page.choose(grain=grain, preset="all")
        drawn = page.page.evaluate(MARKS)
        assert drawn.keys() == CHARTS
        assert min(drawn.values()) >= 1, drawn


def test_a_newcomer_reads_the_answers_in_words(page: Opened) -> None:
    said = page.text("#changed")

    assert "Billing answers first after" in said
    assert "% of the activity is between" in said
    assert "Searched most without a result: <u>refund policy</u>" in said


def test_customers_words_stay_words(page: Opened) -> None:
    assert page.page.title() == "Help Scout, year"
    assert page.page.locator("main img, main script, main u, main i").count() == 0
    assert "<img src=x" in page.text("#comments")


def test_the_policy_lets_no_other_script_run_and_nothing_be_fetched(
    browser: Browser, html: Path
) -> None:
    with opened(browser, html) as found:
        found.page.evaluate(
            """() => { const other = document.createElement("script");
                other.textContent = "document.title = 'other'"; document.head.append(other); }"""
        )
        fetched = found.page.evaluate("fetch('https://example.org/').then(() => 1, () => 0)")

        assert (found.page.title(), fetched) == ("Help Scout, year", 0)
        assert all("Content Security Policy" in said for said in found.complaints)
        assert len(found.complaints) >= 2


@pytest.mark.parametrize(("theme", "width"), [("light", 1280), ("dark", 390)])
def test_axe_finds_nothing_serious(browser: Browser, html: Path, theme: str, width: int) -> None:
    with opened(browser, html, theme=theme, width=width) as found:
        found.page.locator("#coverage summary").click()
        results = Axe().run(found.page, options={"resultTypes": ["violations"]}).response
        grave = [
            (violation["id"], [node["target"] for node in violation["nodes"]][:3])
            for violation in results["violations"]
            if violation["impact"] in ("serious", "critical")
        ]
        assert grave == []
        assert len(results["passes"]) > 20
        assert found.page.evaluate("document.documentElement.scrollWidth") == width


def test_keys_sort_tables_and_switch_the_theme(page: Opened) -> None:
    head = page.page.locator("#agents thead button", has_text="Handle time")
    head.focus()
    page.page.keyboard.press("Enter")
    assert head.locator("..").get_attribute("aria-sort") == "descending"
    page.page.keyboard.press("Enter")
    assert head.locator("..").get_attribute("aria-sort") == "ascending"
    minutes = [int(line[6].removesuffix(" min")) for line in page.table("#agents")]
    assert minutes == sorted(minutes)

    page.page.focus("#theme")
    page.page.keyboard.press("Enter")
    page.ready()
    assert page.page.get_attribute("html", "data-theme") == "dark"

    page.page.focus('input[name="grain"][value="week"]')
    page.page.keyboard.press("ArrowRight")
    page.ready()
    assert page.text("#focus").startswith("October 2026")


def test_a_range_without_a_whole_window_is_told(page: Opened) -> None:
    page.choose(dates=("2026-11-17", "2026-11-18"))
    assert page.text("#problem").startswith("No whole week lies in this range")
    assert page.page.locator("#tiles").is_hidden()

    page.choose(grain="day")
    assert page.page.locator("#problem").is_hidden()
    assert page.text("#focus").startswith("Wednesday 18 Nov 2026")


def test_a_year_is_light_and_opens_at_once_without_a_network(browser: Browser, html: Path) -> None:
    assert html.stat().st_size < 2_000_000
    with opened(browser, html) as found:
        took = found.page.evaluate("performance.now() / 1000")
        assert found.seconds_of_work() < 2, f"after {took:.1f} s"


def test_the_strip_says_how_far_the_numbers_can_be_trusted(page: Opened) -> None:
    strip = page.text("#strip").replace("\n", " ")
    for words in (
        "Loaded up to 21 Nov 2026, 00:00 (America/New York)",
        "Published 21 Nov 2026, 03:05",
        "2 windows are missing (2 failed)",
        "1 item is refused by Help Scout",
        "24 checks hold, 1 drifted",
        "2 reports of Help Scout disagree",
        "252 windows may still change",
    ):
        assert words in strip
    doubts = ["slices add up, <b>users</b> add up", "18 Nov 2026", "11.3%"]
    assert page.table("#trust")[:2] == [
        ["company overall", *doubts],
        ["conversations overall", *doubts],
    ]
    assert page.table("#trust")[2] == ["inbox <i>Sales</i> (103)", "happiness overall"]
    assert [line[0] for line in page.table("#trust")[3:]] == ["chat", "chat"]


def test_what_is_not_loaded_is_told_where_it_would_stand(
    browser: Browser, warehouse: Path, tmp_path: Path
) -> None:
    poor = tmp_path / "poor.duckdb"
    shutil.copy(published_path(warehouse), published_path(poor))
    gone = ("agents", "busy_hours", "docs_health", "docs_gaps", "ratings", "chat_health", "topics")
    with duckdb.connect(str(published_path(poor))) as connection:
        for name in gone:
            connection.execute(f"drop table marts.{name}")
        connection.execute("delete from marts.happiness")
        for name in ("volume", "responsiveness"):
            connection.execute(f"delete from marts.{name} where grain <> 'day'")
        connection.execute("update marts.volume set inbox_name = null where inbox_id is not null")
        connection.execute("update marts.responsiveness set inbox_name = null")

    with opened(browser, make_dashboard(poor)) as found:
        assert found.complaints == []
        assert found.text("#focus").startswith("Friday 20 Nov 2026")  # no week is whole
        assert "user reports are missing" in found.text("#agents")
        assert "busy times is missing" in found.text("#hours")
        assert "Docs are not loaded" in found.text("#docs")
        assert "No figures in this range" in found.text("#happiness")
        assert "Inbox 103" in found.text("#inboxes")
        assert "Not loaded, so not shown: ratings, chat health," in found.text("#trust")


def test_what_was_not_published_is_told(tmp_path: Path) -> None:
    told = CliRunner().invoke(main, ["dashboard", "--warehouse", str(tmp_path / "none.duckdb")])
    assert told.exit_code == 2
    assert "nothing was loaded yet; run `help-scout load`" in told.output
    (tmp_path / "there.duckdb").touch()
    with pytest.raises(UsageError, match="the last load was not published"):
        make_dashboard(tmp_path / "there.duckdb")


def test_a_missing_extra_is_told(warehouse: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "altair", None)
    monkeypatch.delitem(sys.modules, "pipelines.publishing.dashboard.charts", raising=False)
    monkeypatch.setattr(making, "_drawings", making._drawings.__wrapped__)  # it keeps what it had
    with pytest.raises(UsageError, match="needs the extra `dashboard`"):
        make_dashboard(warehouse)


def test_what_is_no_page_of_ours_is_not_overwritten(
    warehouse: Path, html: Path, tmp_path: Path
) -> None:
    copy = published_path(warehouse)
    notes, link = tmp_path / "notes.txt", tmp_path / "page.html"
    notes.write_text("the user's own")
    link.symlink_to(html)
    for taken in (notes, copy, tmp_path):
        with pytest.raises(UsageError, match="is there and no page of ours"):
            make_dashboard(warehouse, taken)

    assert notes.read_text() == "the user's own"
    assert make_dashboard(warehouse, link) == html
    assert link.is_symlink()
