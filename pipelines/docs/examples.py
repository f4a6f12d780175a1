"""An example of every column: a value of the vendor's documented body, else the catalog's own.

A developer's tool (`make docs`): it reads the documented bodies, which are fixtures of the tests.
"""

from __future__ import annotations

from datetime import datetime
from functools import cache
from pathlib import Path
from typing import Any

import orjson

from sources.help_scout.catalog.model import Column
from sources.help_scout.catalog.reports import REPORTS
from sources.help_scout.parsing.flatten import flatten_report

BODIES = Path(__file__).parents[2] / "tests" / "fixtures" / "api"
STAMPS = {"field_id": 7}  # of the fields drilldown: the request knows it, the body does not
LONGEST = 48


def example_of(table: str, column: Column) -> str:
    """What a value of the column looks like; never empty."""
    documented = _documented().get((table, column.name))
    if documented is not None:
        return documented
    if column.labels:
        return next(iter(column.labels.values()))
    return column.example or column.unit.example


@cache
def _documented() -> dict[tuple[str, str], str]:
    """The first value that each column has in its report's documented body."""
    found: dict[tuple[str, str], str] = {}
    for report in REPORTS.values():
        body = orjson.loads((BODIES / f"{report.name}.json").read_bytes())
        for table, rows in flatten_report(report, [(body, STAMPS)]).rows.items():
            for row in rows:
                for name, value in row.items():
                    if value not in (None, ""):
                        found.setdefault((table, name), _text(value))
    return found


def _text(value: Any) -> str:
    if isinstance(value, bool):
        return str(value).lower()
    if isinstance(value, datetime):
        return f"{value:%Y-%m-%d %H:%M:%S}+00"
    if isinstance(value, float):
        return str(round(value, 2))
    text = " ".join(str(value).split())
    return text if len(text) <= LONGEST else f"{text[: LONGEST - 1]}…"
