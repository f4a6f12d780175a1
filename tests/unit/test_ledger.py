"""The ledger's rows for lists."""

from __future__ import annotations

import pytest

from sources.help_scout.ledger import LIST_READS, list_row

from .builders import NOW


@pytest.mark.parametrize(("error", "status"), [(None, "loaded"), ("down", "failed")])
def test_a_list_has_one_row_a_run(error: str | None, status: str) -> None:
    row = list_row("users", 3, error, account="main", run_id="r1", fetched_at=NOW)
    assert row == {
        "account": "main",
        "list": "users",
        "status": status,
        "rows": 3,
        "fetched_at": NOW,
        "error": error,
        "run_id": "r1",
    }
    assert set(row) == {column.name for column in LIST_READS.columns}
