"""Rows of the ledgers, and the context columns of the rows of a window."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime, timedelta
from typing import Any

from ..catalog.stored_tables import CURSOR
from ..extract.list_guard import ListStatus
from ..extract.result import Status, WindowResult


def list_row(
    name: str,
    status: ListStatus,
    rows: int,
    error: str | None,
    *,
    repairs: int = 0,
    account: str,
    run_id: str,
    fetched_at: datetime,
) -> dict[str, Any]:
    """The ledger's row for a list; `error` is None when there is nothing to say."""
    return {
        "account": account,
        "list": name,
        "status": str(status),
        "rows": rows,
        "repairs": repairs,
        "fetched_at": fetched_at,
        "error": error,
        "run_id": run_id,
    }


def is_final(result: WindowResult, lookback: timedelta, now: datetime) -> bool:
    """Whether the numbers are as final as they get: read whole, after window end plus lookback, by
    a run that began after the end."""
    is_whole = result.status in (Status.LOADED, Status.EMPTY) and result.window.end <= now
    return is_whole and result.fetched_at >= result.window.final_from(lookback)


def window_values(result: WindowResult, account: str) -> dict[str, Any]:
    """Which window of which slice the result is of."""
    window = result.window
    return {
        "account": account,
        "slice": result.read.slice.text,
        "grain": str(window.grain),
        "window_start": window.start,
        "window_end": window.end,
        "window_date": window.local_date,
    }


def ledger_row(
    result: WindowResult, *, account: str, run_id: str, lookback: timedelta, now: datetime
) -> dict[str, Any]:
    """The ledger's row for a read. Without success it carries no coverage: it must not move the
    cursor past a window that is not loaded."""
    is_stored = result.replaces_rows
    return {
        **window_values(result, account),
        "report": result.read.report.name,
        "status": str(result.status),
        "rows": result.row_count,
        "pages": result.pages,
        "api_count": result.api_count,
        "requests": result.requests,
        "query": result.query,
        "fetched_at": result.fetched_at,
        CURSOR: result.window.covered_until(now) if is_stored else None,
        "is_final": is_stored and is_final(result, lookback, now),
        "error": result.error,
        "http_status": result.http_status,
        "echo_shift_seconds": result.echo_shift_seconds,
        "correlation_id": result.correlation_id,
        "unknown_fields": ",".join(sorted(result.unknown)) or None,
        "repairs": result.repairs.text if is_stored else None,
        "run_id": run_id,
    }


def window_context(
    result: WindowResult, *, account: str, lookback: timedelta, now: datetime
) -> Mapping[str, Any]:
    """The context columns of every row of the window.

    What is covered counts from `now`, when the run began: so it is one instant for all windows
    that were open then, whenever each was fetched, and the next run begins where this one did.
    """
    read = result.read
    context: dict[str, Any] = {
        **window_values(result, account),
        "slice_kind": read.slice.kind,
        "fetched_at": result.fetched_at,
        CURSOR: result.window.covered_until(now),
        "is_final": is_final(result, lookback, now),
        **read.slice.columns(),
    }
    if read.previous is not None:
        context["previous_window_start"] = read.previous.start
        context["previous_window_end"] = read.previous.end
    return context
