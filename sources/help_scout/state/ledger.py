"""The ledger: one row for every read of a window, never updated.

`window_reads` travels in the same load package as the rows it tells of. The view
`report_windows` is what planning and people read: one row a window, what it is worth now.
"""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime, timedelta
from typing import Any

from ..catalog.model import CODE, COUNT, FLAG, INSTANT, SECONDS, Column
from ..catalog.stored_tables import (
    ACCOUNT,
    CURSOR,
    REPORT_WINDOW_KEY,
    RUN_ID,
    WINDOW_OF_A_REPORT,
    StoredTable,
    text_column,
)
from ..extract.list_guard import ListStatus
from ..extract.result import Status, WindowResult

WINDOW_READS = StoredTable(
    name="window_reads",
    description="The ledger: one row for every read of a window, loaded or not",
    columns=(
        *WINDOW_OF_A_REPORT,
        text_column(
            "status",
            "loaded, empty, incomplete (pages kept shifting), unavailable or failed",
            "loaded",
        ),
        Column(name="rows", unit=COUNT, description="Rows loaded, over all tables of the report"),
        Column(name="pages", unit=COUNT, description="Pages read"),
        Column(name="api_count", unit=COUNT, description="Rows that the API says there are"),
        Column(
            name="requests",
            unit=COUNT,
            description="Requests sent, retries included; those of a series stand with its "
            "first window",
        ),
        text_column(
            "query",
            "The request's query, of the first page",
            "start=2026-03-04T05:00:00Z&end=2026-03-05T04:59:59Z",
        ),
        Column(
            name="fetched_at",
            unit=INSTANT,
            description="When the API answered, or did not",
            example="2026-03-12 08:15:09+00",
        ),
        Column(
            name=CURSOR,
            unit=INSTANT,
            description="Up to where the window is covered; null when nothing was loaded",
            example="2026-03-05 05:00:00+00",
        ),
        Column(
            name="is_final",
            unit=FLAG,
            description="Whether the lookback had passed: no nightly run reads the window again",
        ),
        text_column("error", "What went wrong and what to do", "403: the plan lacks this report"),
        Column(
            name="http_status",
            unit=CODE,
            description="HTTP status of the answer that ended the read; null when it was read, or "
            "nothing answered",
            example="403",
        ),
        Column(
            name="echo_shift_seconds",
            unit=SECONDS,
            description="By how much the dates in the answer differ from those asked for; null "
            "where it says none",
            example="0",
        ),
        text_column(
            "correlation_id",
            "What Help Scout's support asks for",
            "8e1f0a52-6d1b-4c1e-9b57-2a4a9f6c1d10#5",
        ),
        text_column(
            "unknown_fields",
            "Wire paths that the catalog does not know, comma-joined; they are kept "
            "as columns or in unknown_values",
            "current.newField",
        ),
        text_column(
            "repairs",
            "What did not fit and was repaired, each as kind:wire path=how often, "
            "comma-joined; null when nothing",
            "nan:deltas.totalReplies=1",
        ),
        text_column("run_id", "The run that read it", RUN_ID),
    ),
    primary_key=(*REPORT_WINDOW_KEY, "run_id"),
)

LIST_READS = StoredTable(
    name="list_reads",
    description="The ledger of lists (users, inboxes, …): one row a list and run",
    columns=(
        ACCOUNT,
        text_column("list", "List, by its table's name", "users"),
        text_column(
            "status",
            "loaded, partial (refused for some parents), incomplete (the API counts "
            "more than it gave), shrunk (too many known items are missing to believe it yet), "
            "unavailable (refused: 403 or 404) or failed",
            "loaded",
        ),
        Column(name="rows", unit=COUNT, description="Items that the API gave"),
        Column(name="repairs", unit=COUNT, description="Items without an id, left out"),
        Column(name="fetched_at", unit=INSTANT, description="When the run asked for it"),
        text_column("error", "What went wrong and what to do", "403: the plan lacks this report"),
        text_column("run_id", "The run that read it", RUN_ID),
    ),
    primary_key=("account", "list", "run_id"),
)


_KEY = ", ".join(REPORT_WINDOW_KEY)
SUCCEEDED = "status in ('loaded', 'empty', 'incomplete') and covered_until is not null"
"""The condition that holds for reads whose rows are stored."""

REPORT_WINDOWS = f"""
with all_reads as (
    select
        *,
        {SUCCEEDED} as succeeded,
        max(case when status in ('loaded', 'empty') then fetched_at end) over (
            partition by {_KEY}
        ) as last_whole_at
    from window_reads
    where left(slice, 1) <> '?'
),
reads as (
    select
        *,
        row_number() over (
            partition by {_KEY}
            order by case when succeeded then 0 else 1 end, fetched_at desc
        ) as by_worth,
        min(
            case when last_whole_at is null or fetched_at > last_whole_at then fetched_at end
        ) over (partition by {_KEY}) as failing_since,
        first_value(fetched_at) over latest as last_attempt_at,
        first_value(status) over latest as last_attempt_status,
        first_value(error) over latest as last_error
    from all_reads
    window latest as (partition by {_KEY} order by fetched_at desc)
)
select
    {_KEY},
    window_end,
    window_date,
    status,
    case when succeeded then "rows" end as "rows",
    case when succeeded then pages end as pages,
    case when succeeded then api_count end as api_count,
    case when succeeded then query end as query,
    case when succeeded then run_id end as run_id,
    case when succeeded then fetched_at end as fetched_at,
    covered_until,
    is_final,
    last_attempt_at,
    last_attempt_status,
    last_error,
    failing_since
from reads
where by_worth = 1
"""
"""What each window is worth now, one row a window: of its last successful read, and what the last
attempt came to. A failed re-read does not hide that the window is loaded."""


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
