"""Reports whose bodies name the items that other reports are asked for."""

from __future__ import annotations

from datetime import datetime

from .catalog import Driver
from .errors import ConfigurationError
from .outcome import Outcome
from .plan import Read
from .slices import Breakdown


def driver_items(driver: Driver, outcome: Outcome) -> set[int]:
    """The item ids that a driver's rows name."""
    list_path, _, leaf = driver.path.rpartition(".")
    for table in outcome.read.report.tables:
        if any(rows.path == list_path for rows in table.rows):
            name = next(column.name for column in table.columns if leaf in column.paths)
            return {row[name] for row in outcome.rows[table.name] if row.get(name)}
    raise ConfigurationError(f"{driver.report} has no list at {driver.path}")


def drives(driver: Driver, breakdown: Breakdown) -> bool:
    """Whether the breakdown needs the items that the driver names."""
    if driver.field is not None:
        return ("field", driver.field) in breakdown.terms or breakdown.fans_out_over("field")
    return breakdown.fans_out_over(driver.param)


def not_asked(read: Read, driver: Outcome, now: datetime) -> list[Outcome]:
    """Outcomes for a read whose items are not known, since the report that names them failed."""
    name = driver.read.report.name
    return [
        Outcome(
            read=read,
            window=window,
            status=driver.status,
            fetched_at=now,
            error=f"not asked: {name} names its items and came to {driver.status}: {driver.error}",
            correlation_id=driver.correlation_id,
            blocks_report=True,
        )
        for window in read.wanted
    ]
