"""Service targets: within which time customers shall be answered, as configured.

Help Scout counts answers in ranges (within 15 minutes, 30 minutes, an hour …): how many met a
target is known for the bounds of these ranges only.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from sources.help_scout.catalog.reports.blocks import RESPONSE_TIME_UPPER_SECONDS

from ..settings.configuration import SERVICE_TARGETS, service_target_hours
from ..settings.errors import UsageError

TARGETS = "targets"
HOUR_SECONDS = 3_600
METRICS = {
    "first_response_hours": ("firstResponseTime", "first response time"),
    "response_hours": ("responseTime", "response time"),
}


@dataclass(frozen=True, slots=True, kw_only=True)
class Targets:
    """For each metric, the last range that meets the target."""

    ranges: Mapping[str, int]

    @classmethod
    def of(cls, hours: Mapping[str, float]) -> Targets:
        """The targets of these hours; UsageError for hours that are no range's bound."""
        ranges = {}
        for name, given in hours.items():
            bounds = {
                seconds / HOUR_SECONDS: number
                for number, seconds in RESPONSE_TIME_UPPER_SECONDS.items()
            }
            if given not in bounds:
                raise UsageError(
                    f"{SERVICE_TARGETS}.{name} = {given:g}: Help Scout counts answers within "
                    f"{', '.join(f'{bound:g}' for bound in bounds)} hours, choose one of these"
                )
            ranges[name] = bounds[given]
        return cls(ranges=ranges)

    @classmethod
    def configured(cls) -> Targets:
        """The targets as dlt's configuration has them."""
        return cls.of(service_target_hours())

    def sql(self) -> str:
        """The query that the view `marts.targets` is: one row a metric."""
        rows = ", ".join(
            f"('{METRICS[name][0]}', '{METRICS[name][1]}', {number}, "
            f"{RESPONSE_TIME_UPPER_SECONDS[number]})"
            for name, number in self.ranges.items()
        )
        return (
            f"select * from (values {rows}) "
            "as targets (metric, metric_label, last_range_id, target_seconds)"
        )
