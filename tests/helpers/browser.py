"""A browser that opens the page, and figures written as the page is to write them."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from decimal import ROUND_HALF_UP, Decimal
from pathlib import Path
from typing import Any

from playwright.sync_api import Browser, CDPSession, Page, sync_playwright

CHROMIUM = Path("/usr/bin/chromium")
FLAGS = (
    "--headless=new", "--no-sandbox", "--disable-gpu", "--disable-quic", "--no-first-run",
    "--disable-background-networking", "--disable-component-update", "--disable-sync",
)  # fmt: skip
CHOOSE = """(wanted) => Object.entries(wanted).forEach(([name, value]) => {
    const radio = document.querySelector(`input[name="${name}"][value="${value}"]`);
    const input = radio || document.getElementById(name);
    if (radio) radio.checked = true;
    else if (input.options) input.value = [...input.options].find((o) => o.text === value).value;
    else input.value = value;
    input.dispatchEvent(new Event("change", { bubbles: true }));
})"""
READY = "html[data-ready]"
PATIENCE_MS = 20_000


@contextmanager
def chromium() -> Iterator[Browser]:
    """The machine's own chromium; Playwright's is never fetched."""
    if not CHROMIUM.exists():
        raise FileNotFoundError(f"{CHROMIUM} is missing: apt-get install chromium")
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=CHROMIUM, args=list(FLAGS))
        try:
            yield browser
        finally:
            browser.close()


@dataclass(kw_only=True)
class Opened:
    """A page that was opened, what it asked for, and what it complained of."""

    page: Page
    profile: CDPSession
    requests: list[str] = field(default_factory=list)
    complaints: list[str] = field(default_factory=list)

    def seconds_of_work(self) -> float:
        """What drawing took of a processor: how long it would be on a machine that is not busy."""
        metrics = self.profile.send("Performance.getMetrics")["metrics"]
        return next(float(m["value"]) for m in metrics if m["name"] == "TaskDuration")

    def text(self, selector: str) -> str:
        return self.page.locator(selector).inner_text()

    def ready(self) -> None:
        self.page.wait_for_selector(READY, state="attached", timeout=PATIENCE_MS)

    def choose(
        self,
        *,
        grain: str = "",
        inbox: str = "",
        team: str = "",
        preset: str = "",
        dates: tuple[str, str] | None = None,
    ) -> None:
        """Sets the filters that are named, all in one moment."""
        wanted = {"grain": grain, "inbox": inbox, "team": team, "range": preset}
        wanted |= dict(zip(("from", "to"), dates or (), strict=False))
        self.page.evaluate(CHOOSE, {name: value for name, value in wanted.items() if value})
        self.ready()

    def table(self, within: str) -> list[list[str]]:
        """The cells of a table's body, lines of one cell joined by a space."""
        rows: list[list[str]] = self.page.evaluate(
            """(within) => [...document.querySelectorAll(`${within} tbody tr`)].map((row) =>
                [...row.children].map((cell) => cell.innerText.split(/\\s+/).join(" ").trim()))""",
            within,
        )
        return rows

    def numbers(self, chart: str) -> list[list[str]]:
        """A chart's table of numbers, opened if need be."""
        details = self.page.locator(f'[data-chart="{chart}"] details')
        if details.get_attribute("open") is None:
            details.locator("summary").click()
        self.page.wait_for_selector(f'[data-chart="{chart}"] tbody tr')
        return self.table(f'[data-chart="{chart}"]')


@contextmanager
def opened(
    browser: Browser, html: Path, *, theme: str = "light", width: int = 1280
) -> Iterator[Opened]:
    """The page in a window of its own, without a network."""
    context = browser.new_context(
        viewport={"width": width, "height": 900},
        color_scheme="dark" if theme == "dark" else "light",
        offline=True,
    )
    try:
        page = context.new_page()
        found = Opened(page=page, profile=context.new_cdp_session(page))
        found.profile.send("Performance.enable", {"timeDomain": "threadTicks"})
        page.on("request", lambda request: found.requests.append(request.url))
        page.on("console", lambda message: found.complaints.append(message.text))
        page.on("pageerror", lambda error: found.complaints.append(str(error)))
        page.goto(html.resolve().as_uri())
        found.ready()
        yield found
    finally:
        context.close()


NONE, MINUS = "\u2013", "\u2212"


def number(value: Any, decimals: int = 0) -> str:
    """12,345; ties away from zero, as browsers do."""
    if value is None:
        return NONE
    step = Decimal(1).scaleb(-decimals)
    rounded = Decimal(repr(float(value))).quantize(step, ROUND_HALF_UP)
    return f"{abs(rounded) if rounded == 0 else rounded:,}".replace("-", MINUS)


def percent(value: Any) -> str:
    return NONE if value is None else f"{number(value, 1)}%"


def duration(seconds: Any) -> str:
    """45 s, 12 min, 2 h 14 min, 3 d 4 h."""
    if seconds is None:
        return NONE
    if seconds < 59.5:
        return f"{number(seconds)} s"
    minutes = int(Decimal(seconds / 60).quantize(Decimal(1), ROUND_HALF_UP))
    if minutes < 60:
        return f"{minutes} min"
    big, small, units = minutes // 60, minutes % 60, ("h", "min")
    if minutes >= 2880:
        hours = int(Decimal(minutes / 60).quantize(Decimal(1), ROUND_HALF_UP))
        big, small, units = hours // 24, hours % 24, ("d", "h")
    return f"{big} {units[0]}" + (f" {small} {units[1]}" if small else "")


def change(value: Any, up: str, down: str, unit: str = "%") -> str:
    """▲ 9.8% slower"""
    if value is None:
        return "nothing to compare with"
    size = abs(float(value))
    one_decimal = size < 9.95 and number(size, 1)[-1] != "0"
    text = number(size, 1 if one_decimal else 0)
    if text == "0":
        return "no change"
    return f"▲ {text}{unit} {up}" if value > 0 else f"▼ {text}{unit} {down}"
