"""The ledger: one row for every read of a window, never updated.

`window_reads` travels in the same load package as the rows it tells of. The view
`report_windows` is what planning and people read: one row a window, what it is worth now.
"""

from __future__ import annotations

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
