"""An example of every column: a value of the vendor's documented body, else the catalog's own."""

from __future__ import annotations

from datetime import datetime
from pathlib import Path
from typing import Any

import orjson

from sources.help_scout.catalog.model import Column
from sources.help_scout.catalog.reports import REPORTS
from sources.help_scout.parsing.flatten import flatten_report

STAMPS = {"field_id": 7}  # of the fields drilldown: the request knows it, the body does not
LONGEST = 48


class Examples:
    """Examples of columns, given a folder with the documented body of each report."""

    def __init__(self, bodies: Path) -> None:
        self._documented: dict[tuple[str, str], str] = {}
        for report in REPORTS.values():
            body = orjson.loads((bodies / f"{report.name}.json").read_bytes())
            for table, rows in flatten_report(report, [(body, STAMPS)]).rows.items():
                for name, value in (item for row in rows for item in row.items()):
                    if value not in (None, ""):
                        self._documented.setdefault((table, name), _text(value))

    def of(self, table: str, column: Column) -> str:
        """What a value of the column looks like: the first that the body has; never empty."""
        documented = self._documented.get((table, column.name))
        if documented is not None:
            return documented
        if column.labels:
            return next(iter(column.labels.values()))
        return column.example or column.unit.example


def _text(value: Any) -> str:
    if isinstance(value, bool):
        return str(value).lower()
    if isinstance(value, datetime):
        return f"{value:%Y-%m-%d %H:%M:%S}+00"
    if isinstance(value, float):
        return str(round(value, 2))
    text = " ".join(str(value).split())
    return text if len(text) <= LONGEST else f"{text[: LONGEST - 1]}…"
