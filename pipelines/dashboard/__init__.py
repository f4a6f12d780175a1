"""One HTML page of the published marts: what is read (`reads`, `figures`), how it is drawn
(`charts`), and how both become a file that needs nothing else (`page`)."""

from __future__ import annotations

from pathlib import Path

from ..errors import UsageError
from ..publish import page_path, published_path
from .page import write_page


def make_dashboard(warehouse: Path, out: Path | None = None) -> Path:
    """The page of what was published of the warehouse, beside it unless `out` says where.
    UsageError says why there is none."""
    published = published_path(warehouse)
    if not published.exists():
        raise UsageError(
            f"{published} does not exist: "
            + (
                "the last load was not published; `help-scout load` publishes when its checks hold"
                if warehouse.exists()
                else "nothing was loaded yet; run `help-scout load`"
            )
        )
    return write_page(published, out or page_path(warehouse))
