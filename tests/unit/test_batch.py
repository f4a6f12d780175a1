"""What is stored of the windows that were read."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from types import SimpleNamespace
from typing import Any, cast

import pytest

from sources.help_scout.catalog.reports import REPORTS
from sources.help_scout.catalog.slices import Slice
from sources.help_scout.extract.result import Status, WindowResult
from sources.help_scout.load.batch import Batch, TableBatch
from sources.help_scout.parsing.redaction import Privacy
from sources.help_scout.planning.settings import Settings
from sources.help_scout.planning.windows import Window
from sources.help_scout.state.run import Run
from tests.helpers.builders import NEW_YORK, NOW, days, read_of

REPORT = "conversations_new"
GOOD, REFUSED, DOWN = "good", "refused", "down"
Span = tuple[Window, ...]

TOTAL, FIRST, SECOND = Slice(), Slice.of(mailbox=1), Slice.of(mailbox=2)


def batch() -> Batch:
    nothing_stored = SimpleNamespace(stored=None)
    run = SimpleNamespace(
        settings=Settings(),
        now=NOW,
        run_id="r1",
        planner=nothing_stored,
        privacy=Privacy(),
    )
    return Batch(REPORTS[REPORT], cast("Run", run))


def results(span: Span, slice_: Slice, kind: str = GOOD) -> list[WindowResult]:
    """What a read of the span comes to."""
    read = read_of(REPORT, *span, slice_=slice_)
    status = {GOOD: Status.LOADED, REFUSED: Status.UNAVAILABLE, DOWN: Status.FAILED}[kind]
    return [
        WindowResult(
            read=read,
            window=one,
            status=status,
            fetched_at=NOW,
            rows={REPORT: [{"bucket_start_at": one.start, "conversation_count": 1}]}
            if kind == GOOD
            else {},
            error=None if kind == GOOD else "down",
        )
        for one in span
    ]


def rows_of(batches: Iterable[TableBatch]) -> dict[str, list[dict[str, Any]]]:
    """The rows that came out, by table."""
    found: dict[str, list[dict[str, Any]]] = {}
    for table, rows in batches:
        found.setdefault(table.name, []).extend(rows)
    return found


def gathered(*reads: list[WindowResult]) -> dict[str, list[dict[str, Any]]]:
    """The rows of all reads, taken out after each."""
    target = batch()

    def batches() -> Iterator[TableBatch]:
        for read in reads:
            list(target.add(read))
            yield from target.flush()

    return rows_of(batches())


def story(rows: dict[str, list[dict[str, Any]]]) -> list[tuple[str, str, str]]:
    """Slice, first local day and status of each ledger row."""
    return [
        (row["slice"], row["window_start"].astimezone(NEW_YORK).date().isoformat(), row["status"])
        for row in rows["window_reads"]
    ]


def test_a_window_that_was_planned_twice_is_not_stored_twice() -> None:
    target, span = batch(), days("2026-03-02", 2)
    list(target.add(results(span, TOTAL)))
    with pytest.raises(AssertionError, match="planned twice"):
        list(target.add(results(span, TOTAL)))


@pytest.mark.parametrize("kind", [REFUSED, DOWN])
def test_a_window_that_is_not_loaded_is_a_row_of_the_ledger_and_holds_nothing_back(
    kind: str,
) -> None:
    rows = gathered(results(days("2026-03-03", 2), FIRST),
                    results(days("2026-03-03", 2), SECOND, kind),
                    results(days("2026-03-05", 2), TOTAL))  # fmt: skip
    bad = {REFUSED: "unavailable", DOWN: "failed"}[kind]
    assert [status for _, _, status in story(rows)] == ["loaded"] * 2 + [bad] * 2 + ["loaded"] * 2
    covered = [row["covered_until"] for row in rows["window_reads"]]
    assert [until is None for until in covered] == [False, False, True, True, False, False]
    assert len(rows[REPORT]) == 4


def test_what_keeps_the_stored_rows_gives_none_and_covers_nothing() -> None:
    (result,) = results(days("2026-03-03", 1), TOTAL)
    result.status, result.keeps_stored, result.rows = Status.INCOMPLETE, True, {}
    rows = gathered([result])
    assert REPORT not in rows
    (row,) = rows["window_reads"]
    assert (row["status"], row["covered_until"], row["is_final"]) == ("incomplete", None, False)


def test_a_batch_of_nothing_gives_nothing() -> None:
    assert list(batch().flush()) == []
