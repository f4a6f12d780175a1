"""The ledger's rows for lists, and for windows that were read and have to wait."""

from __future__ import annotations

from sources.help_scout.ledger import LIST_READS, list_row, not_stored
from sources.help_scout.list_guard import ListStatus
from sources.help_scout.outcome import Outcome, Status

from .builders import NOW, read_of


def test_a_list_has_one_row_a_run() -> None:
    row = list_row(
        "users", ListStatus.SHRUNK, 3, "less", repairs=1, account="main", run_id="r1",
        fetched_at=NOW,
    )  # fmt: skip
    assert row == {
        "account": "main",
        "list": "users",
        "status": "shrunk",
        "rows": 3,
        "repairs": 1,
        "fetched_at": NOW,
        "error": "less",
        "run_id": "r1",
    }
    assert set(row) == {column.name for column in LIST_READS.columns}


def test_a_window_that_waits_keeps_its_story_and_none_of_its_rows() -> None:
    read = read_of("docs_overall")
    outcome = Outcome(
        read=read,
        window=read.windows[0],
        status=Status.INCOMPLETE,
        fetched_at=NOW,
        rows={"docs_overall": [{}]},
        extra={"mode": [1]},
        query="q",
        requests=2,
        pages=2,
        api_count=9,
        correlation_id="abc",
    )
    assert not_stored(outcome) == Outcome(
        read=read,
        window=read.windows[0],
        status=Status.FAILED,
        fetched_at=NOW,
        query="q",
        requests=2,
        pages=2,
        api_count=9,
        error="read, but not stored: an earlier window of the report failed and comes first",
        correlation_id="abc",
    )
    assert outcome.rows == {"docs_overall": [{}]}
