"""Reports whose bodies name the items that other reports are asked for."""

from __future__ import annotations

from datetime import datetime

from ..catalog.model import ParentReport
from ..catalog.reports import REPORTS
from ..errors import ConfigurationError
from ..planning.breakdowns import Breakdown
from ..planning.request_plan import Read
from .result import WindowResult


def parent_column(parent: ParentReport) -> tuple[str, str]:
    """The table and column where a parent's items are."""
    list_path, _, leaf = parent.path.rpartition(".")
    for table in REPORTS[parent.report].tables:
        if any(rows.path == list_path for rows in table.rows):
            return table.name, next(c.name for c in table.columns if leaf in c.paths)
    raise ConfigurationError(f"{parent.report} has no list at {parent.path}")


def parent_items(parent: ParentReport, result: WindowResult) -> set[int]:
    """The item ids that a parent's rows name."""
    table, column = parent_column(parent)
    return {
        row[column]
        for rows in result.row_blocks()
        for row in rows.get(table, ())
        if row.get(column)
    }


def is_needed(parent: ParentReport, breakdown: Breakdown) -> bool:
    """Whether the breakdown needs the items that the parent names."""
    if parent.field is not None:
        return breakdown.takes("field", parent.field) and "field_id" not in breakdown.names
    return breakdown.fans_out_over(parent.param)


def not_asked(read: Read, parent: WindowResult, now: datetime) -> list[WindowResult]:
    """Results for a read whose items are not known, since the report that names them failed."""
    name = parent.read.report.name
    return [
        WindowResult(
            read=read,
            window=window,
            status=parent.status,
            fetched_at=now,
            error=f"not asked: {name} names its items and came to {parent.status}: {parent.error}",
            correlation_id=parent.correlation_id,
        )
        for window in read.wanted
    ]
