"""What the configuration wants of a report, and what of it earlier loads did not want."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import date
from typing import Any

from .catalog import Report
from .settings import Settings


def wants_of(report: Report, settings: Settings, first_day: date) -> dict[str, Any]:
    """Start, grains and breakdowns of the report, as kept in the state."""
    return {
        "start_date": first_day.isoformat(),
        "grains": [str(grain) for grain in settings.grains_of(report)],
        "breakdowns": [breakdown.text for breakdown in settings.breakdowns_of(report)],
    }


def newly_wanted(before: Mapping[str, Any] | None, now: Mapping[str, Any]) -> list[str]:
    """What is wanted now and was not before, in words; nothing when nothing was loaded before.

    A load asks for it from now on only: the cursor tells that the days before are loaded.
    """
    if before is None:
        return []
    news = [
        f"{kind.removesuffix('s')} {item!r}"
        for kind in ("grains", "breakdowns")
        for item in now[kind]
        if item not in before[kind]
    ]
    if now["start_date"] < before["start_date"]:
        news.append(f"start_date {now['start_date']}")
    return news
