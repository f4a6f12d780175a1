"""The change log: which numbers of closed windows a re-read found otherwise than they were.

Nobody else can tell why last week's number is different today: the API gives only what is true
now. Kept are the measures of overall and series reports, of their current block; pure.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from datetime import datetime
from typing import Any

from ..catalog.model import DAYS, FLAG, INSTANT, Column, Report, Shape, Type, Unit
from ..catalog.stored_tables import (
    CURSOR,
    REPORT_WINDOW_KEY,
    RUN_ID,
    WINDOW_OF_A_REPORT,
    StoredTable,
    text_column,
)
from ..extract.result import WindowResult
from .coverage import WindowState
from .ledger_rows import window_values

VALUE = Unit("the measure's", Type.DOUBLE, example="42.0")

RESTATEMENTS = StoredTable(
    name="restatements",
    description="Measures of closed windows that a re-read found changed, with the old and the "
    "new value; of overall and series reports",
    columns=(
        *WINDOW_OF_A_REPORT,
        text_column("measure", "Column of the report's table that changed", "closed"),
        Column(
            name="old_value",
            unit=VALUE,
            description="Value before; null when there was none",
        ),
        Column(name="new_value", unit=VALUE, description="Value now; null when there is none"),
        Column(name="old_fetched_at", unit=INSTANT, description="When the old value was read"),
        Column(name="fetched_at", unit=INSTANT, description="When the new value was read"),
        Column(
            name="was_final",
            unit=FLAG,
            description="Whether the old value was called final: a longer lookback would have "
            "found the change by itself",
        ),
        Column(
            name="days_after_end",
            unit=DAYS,
            description="Days from the window's end to the read that found the change, rounded "
            "up: the lookback_days that finds it",
        ),
        Column(name=CURSOR, unit=INSTANT, description="Up to where the window is covered"),
        text_column("run_id", "The run that read the new value", RUN_ID),
    ),
    primary_key=(*REPORT_WINDOW_KEY, "measure", "run_id"),
)

Values = Mapping[str, Any]


def measures_of(report: Report) -> tuple[Column, ...]:
    """The columns of the report's own table whose changes are logged; none for row reports."""
    if report.shape not in (Shape.OVERALL, Shape.SERIES):
        return ()
    block = "current." if report.shape is Shape.OVERALL else ""
    return tuple(
        column
        for column in report.tables[0].columns
        if any(path.startswith(block) for path in column.paths)
        and column.unit.type in (Type.BIGINT, Type.DOUBLE)
    )


def compared_measures(report: Report) -> dict[str, str]:
    """The report's measures with the columns that hold them of the previous window; empty for
    reports whose body has no previous block."""
    table = report.tables[0]
    by_path = {path: column.name for column in table.columns for path in column.paths}
    return {
        column.name: by_path[previous]
        for column in measures_of(report)
        for path in column.paths
        if (previous := path.replace("current.", "previous.", 1)) in by_path and previous != path
    }


def restatements(
    result: WindowResult,
    before: Values | None,
    state: WindowState | None,
    measures: Sequence[Column],
    *,
    account: str,
    run_id: str,
    now: datetime,
) -> Iterator[dict[str, Any]]:
    """A row for each measure of a closed window that is otherwise than it was.

    `before` are the window's stored values, None when it had none, and `worth` what the ledger
    said of it: a window that was open then, or never read, is not restated but completed.
    """
    window = result.window
    if state is None or not state.was_closed(window) or window.covered_until(now) < window.end:
        return
    found = result.rows.get(result.read.report.name) or [{}]
    days_after_end = -(-(result.fetched_at - window.end).total_seconds() // 86_400)
    for column in measures:
        if before is not None and column.name not in before:
            continue  # the column is new: nobody knows what it would have been
        old, new = (before or {}).get(column.name), found[0].get(column.name)
        if old == new:
            continue
        yield {
            **window_values(result, account),
            "report": result.read.report.name,
            "measure": column.name,
            "old_value": old,
            "new_value": new,
            "old_fetched_at": state.fetched_at,
            "fetched_at": result.fetched_at,
            "was_final": state.is_final,
            "days_after_end": int(days_after_end),
            CURSOR: window.covered_until(now),
            "run_id": run_id,
        }
