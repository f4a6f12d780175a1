"""The ledger's rows for lists."""

from __future__ import annotations

from sources.help_scout.extract.list_guard import ListStatus
from sources.help_scout.state.ledger import LIST_READS
from sources.help_scout.state.ledger_rows import list_row
from tests.helpers.builders import NOW


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
