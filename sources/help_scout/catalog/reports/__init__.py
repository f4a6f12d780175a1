"""All reports, in the order in which they are loaded: reports that name the items of others (users,
saved replies, workflows) come first.

Each module here holds one family and is found by itself: a new report is one entry.
"""

from __future__ import annotations

from collections.abc import Iterator
from importlib import import_module
from pkgutil import iter_modules

from ..model import Family, Report


def _entries() -> Iterator[Report]:
    for module in iter_modules(__path__):
        yield from getattr(import_module(f".{module.name}", __name__), "REPORTS", ())


REPORTS: dict[str, Report] = {
    report.name: report for report in sorted(_entries(), key=lambda report: report.family.order)
}


def reports_by_family() -> dict[Family, list[Report]]:
    """The reports of each family, families and reports in the catalog's order."""
    found: dict[Family, list[Report]] = {}
    for report in REPORTS.values():
        found.setdefault(report.family, []).append(report)
    return found
