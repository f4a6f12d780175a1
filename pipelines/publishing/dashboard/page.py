"""The page as one file: figures, charts, style and script, and the library that draws.

Nothing is asked of a network: a policy in the page forbids it, and names by their hashes the two
scripts that may run. Figures and library lie in it packed, and the browser unpacks them. Customers'
words stay data: they are never part of the page's markup.
"""

from __future__ import annotations

import base64
import gzip
import hashlib
import html
import re
from collections.abc import Mapping
from dataclasses import asdict
from functools import cache
from pathlib import Path
from typing import Any

import orjson

from ...settings.errors import UsageError, WarehouseError
from ..published_copy import unfinished_page
from .payload import Figures, read_figures

FOLDER = Path(__file__).parent / "page"
SCRIPTS = (
    "format.js",
    "elements.js",
    "figures.js",
    "charts.js",
    "controls.js",
    "headlines.js",
    "volume.js",
    "people.js",
    "topics.js",
    "trust.js",
    "main.js",
)
POLICY = (
    "default-src 'none'; script-src {scripts}; "
    "style-src 'unsafe-inline'; "  # charts set the style of what they draw
    "base-uri 'none'; form-action 'none'"
)


def write_page(published: Path, out: Path) -> Path:
    """The page of a published file, written to `out`, for whoever may read that file; who opens
    it meanwhile has the old one or the new one whole. UsageError says why there is none."""
    _drawings()  # before all else: what they need may not be installed
    text = build_page(read_figures(published))
    unfinished = unfinished_page(out)
    try:
        unfinished.write_text(text, encoding="utf-8")
        unfinished.chmod(published.stat().st_mode & 0o777)
        return unfinished.replace(out)
    except OSError as error:
        raise WarehouseError(
            f"cannot write {out}: {error.strerror}. --out names another file"
        ) from error
    finally:
        unfinished.unlink(missing_ok=True)


def build_page(figures: Figures) -> str:
    """The page's HTML."""
    charts, library = _drawings()
    script = _read_scripts()
    payload = orjson.dumps({**asdict(figures), "charts": charts})
    parts = {
        "title": html.escape(f"Help Scout, {figures.publication['account']}"),
        "policy": POLICY.format(scripts=f"{_hash(library)} {_hash(script)}"),
        "style": (FOLDER / "page.css").read_text(encoding="utf-8"),
        "library": _packed(library.encode()),
        "payload": _packed(payload),
        "script": script,
    }
    return _filled((FOLDER / "page.html").read_text(encoding="utf-8"), parts)


@cache
def _drawings() -> tuple[dict[str, dict[str, Any]], str]:
    """The charts' specifications, and the script that draws them: Vega, Vega-Lite and Vega-Embed
    from the wheel that brings them. UsageError when they are not installed."""
    try:
        import vl_convert  # noqa: PLC0415, an extra

        from .charts import all_charts  # noqa: PLC0415, an extra
    except ImportError as error:
        raise UsageError(
            f"the dashboard needs the extra `dashboard` ({error.name} is not installed): "
            "`make setup` installs it"
        ) from error
    return all_charts(), vl_convert.javascript_bundle("window.vegaEmbed = vegaEmbed;")


def _read_scripts() -> str:
    """The page's own scripts, one after the other, out of the reach of other scripts."""
    bodies = [(FOLDER / name).read_text(encoding="utf-8") for name in SCRIPTS]
    return '\n"use strict";\n(() => {\n' + "\n".join(bodies) + "\n})();\n"


def _hash(script: str) -> str:
    digest = hashlib.sha256(script.encode()).digest()
    return f"'sha256-{base64.b64encode(digest).decode()}'"


def _packed(data: bytes) -> str:
    """The data as text that can stand in a script tag: of its alphabet nothing is markup."""
    return base64.b64encode(gzip.compress(data, compresslevel=6, mtime=0)).decode()


def _filled(template: str, parts: Mapping[str, str]) -> str:
    return re.sub(r"\{\{(\w+)\}\}", lambda found: parts[found[1]], template)
