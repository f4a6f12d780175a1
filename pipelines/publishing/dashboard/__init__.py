"""One HTML page of the published marts: what is read (`reads`, `figures`), how it is drawn
(`charts`), and how both become a file that needs nothing else (`page`)."""

from __future__ import annotations

import os
from pathlib import Path

from ...settings.errors import UsageError
from ...warehouse.database_file import refuse_published
from ..published_copy import page_path, published_path
from .page import write_page

FIRST_LINE = b"<!doctype html>"


def make_dashboard(warehouse: Path, out: Path | None = None) -> Path:
    """The page of what was published of the warehouse, beside it unless `out` says where.
    UsageError says why there is none."""
    refuse_published(warehouse)
    published = published_path(warehouse)
    if not published.exists():
        if not warehouse.exists():
            raise UsageError(
                f"{warehouse} does not exist: nothing was loaded yet; run `help-scout load`, or "
                "name another file with --warehouse"
            )
        raise UsageError(
            f"{published} does not exist: the last load was not published; `help-scout load` "
            "publishes when its checks hold"
        )
    page = Path(os.path.realpath(out or page_path(warehouse)))  # a link stays one
    if not _may_be_replaced(page):
        raise UsageError(f"{page} is there and no page of ours: --out takes the name of a new file")
    return write_page(published, page)


def _may_be_replaced(page: Path) -> bool:
    if not page.exists():
        return True
    if not page.is_file():
        return False
    with page.open("rb") as file:
        return file.read(len(FIRST_LINE)) in (b"", FIRST_LINE)
