"""Which report or list a path of the API belongs to."""

from __future__ import annotations

import re
from functools import cache

from ..catalog.dimension_model import Dimension
from ..catalog.dimensions import DIMENSIONS
from ..catalog.model import Report
from ..catalog.reports import REPORTS
from .request_plan import API_ROOT


@cache
def _reports() -> dict[str, Report]:
    return {API_ROOT + report.path: report for report in REPORTS.values()}


def report_at(path: str) -> Report | None:
    """The report at the path; None where there is none."""
    return _reports().get(path)


@cache
def dimension_at(path: str) -> Dimension | None:
    """The list at the path, whichever its parent; None where there is none."""
    for dimension in DIMENSIONS.values():
        if dimension.path:
            pattern = re.escape(dimension.path).replace(re.escape("{parent}"), "[^/]+")
            if re.fullmatch(pattern, path):
                return dimension
    return None
