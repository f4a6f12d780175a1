"""Reports whose bodies name the items that other reports are asked for."""

from __future__ import annotations

from datetime import datetime

from ..catalog.model import ParentReport
from ..catalog.reports import REPORTS
from ..errors import ConfigurationError
from ..planning.breakdowns import Breakdown
from ..planning.request_plan import Read
from .result import WindowResult


def driver_column(driver: ParentReport) -> tuple[str, str]:
    """The table and column where a driver's items stand."""
    list_path, _, leaf = driver.path.rpartition(".")
    for table in REPORTS[driver.report].tables:
        if any(rows.path == list_path for rows in table.rows):
            return table.name, next(c.name for c in table.columns if leaf in c.paths)
    raise ConfigurationError(f"{driver.report} has no list at {driver.path}")


def driver_items(driver: ParentReport, outcome: WindowResult) -> set[int]:
    """The item ids that a driver's rows name."""
    table, column = driver_column(driver)
    return {
        row[column]
        for rows in outcome.row_blocks()
        for row in rows.get(table, ())
        if row.get(column)
    }


def drives(driver: ParentReport, breakdown: Breakdown) -> bool:
    """Whether the breakdown needs the items that the driver names."""
    if driver.field is not None:
        return breakdown.takes("field", driver.field) and "field_id" not in breakdown.names
    return breakdown.fans_out_over(driver.param)


def not_asked(read: Read, driver: WindowResult, now: datetime) -> list[WindowResult]:
    """Outcomes for a read whose items are not known, since the report that names them failed."""
    name = driver.read.report.name
    return [
        WindowResult(
            read=read,
            window=window,
            status=driver.status,
            fetched_at=now,
            error=f"not asked: {name} names its items and came to {driver.status}: {driver.error}",
            correlation_id=driver.correlation_id,
        )
        for window in read.wanted
    ]
