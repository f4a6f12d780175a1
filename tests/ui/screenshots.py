"""Pictures of the demo's page, in two widths and two themes: `make screenshots`."""

from __future__ import annotations

import sys
from pathlib import Path

from playwright.sync_api import FloatRect

from pipelines.publishing.dashboard import make_dashboard
from pipelines.settings.errors import UsageError
from tests.helpers.browser import chromium, opened

WIDTHS = (1280, 390)
THEMES = ("light", "dark")
IN_README = Path("pipelines/publishing/dashboard/screenshot.png")


def take_pictures(warehouse: Path, folder: Path) -> list[Path]:
    """The pictures of the whole page, and the one that the README shows."""
    folder.mkdir(parents=True, exist_ok=True)
    page, taken = make_dashboard(warehouse), [IN_README]
    with chromium() as browser:
        for width in WIDTHS:
            for theme in THEMES:
                with opened(browser, page, theme=theme, width=width) as found:
                    taken.append(folder / f"dashboard-{width}-{theme}.png")
                    found.page.screenshot(path=taken[-1], full_page=True)
        with opened(browser, page) as found:
            last = found.page.locator(".card", has=found.page.locator("#inboxes")).bounding_box()
            assert last is not None
            clip = FloatRect(x=0, y=0, width=WIDTHS[0], height=last["y"] + last["height"] + 16)
            found.page.screenshot(path=IN_README, full_page=True, clip=clip)
    return taken


if __name__ == "__main__":
    try:
        print(*take_pictures(Path(sys.argv[1]), Path(sys.argv[2])), sep="\n")  # noqa: T201
    except UsageError as error:
        sys.exit(f"error: {error}")
