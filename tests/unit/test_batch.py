"""What is stored of reads that overlap in time: nothing gets past a window that lacks."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from datetime import datetime, timedelta
from types import SimpleNamespace
from typing import Any, cast

import pytest
from hypothesis import given
from hypothesis import strategies as st

from sources.help_scout.batch import Batch, TableBatch
from sources.help_scout.outcome import Outcome, Status
from sources.help_scout.plan import plan_spans
from sources.help_scout.privacy import Privacy
from sources.help_scout.reports import REPORTS
from sources.help_scout.run import Run
from sources.help_scout.settings import Settings
from sources.help_scout.slices import Slice
from sources.help_scout.windows import Grain, Window

from .builders import NEW_YORK, NOW, at, days, examples, read_of, window

REPORT = "conversations_new"
WAITED = "read, but not stored: an earlier window of the report failed and comes first"
GOOD, REFUSED, DOWN = "good", "refused", "down"
Span = tuple[Window, ...]
Key = tuple[str, str, datetime]

TOTAL, FIRST, SECOND = Slice(), Slice.of(mailbox=1), Slice.of(mailbox=2)
WEEKS = tuple(window(day, Grain.WEEK) for day in ("2026-03-02", "2026-03-09", "2026-03-16"))


def batch() -> Batch:
    nothing_stored = SimpleNamespace(stored=None)
    run = SimpleNamespace(
        settings=Settings(),
        now=NOW,
        run_id="r1",
        planner=nothing_stored,
        is_stopping=False,
        privacy=Privacy(),
    )
    return Batch(REPORTS[REPORT], cast("Run", run))


def outcomes(span: Span, slice_: Slice, kind: str = GOOD, alone: int | None = None,
             wanted: Span | None = None) -> list[Outcome]:  # fmt: skip
    """What a read of the span comes to; `alone` is the window that fails when asked one by one."""
    read = read_of(REPORT, *span, slice_=slice_)
    status = {GOOD: Status.LOADED, REFUSED: Status.UNAVAILABLE, DOWN: Status.FAILED}
    found = []
    for position, one in enumerate(wanted or span):
        own = kind if alone is None or position == alone else GOOD
        rows = {REPORT: [{"bucket_start_at": one.start, "conversation_count": 1}]}
        found.append(
            Outcome(
                read=read,
                window=one,
                status=status[own],
                fetched_at=NOW,
                rows=rows if own == GOOD else {},
                error=None if own == GOOD else "down",
                blocks_report=own == DOWN,
            )
        )
        if own == DOWN and alone is not None:
            break
    return found


def rows_of(batches: Iterable[TableBatch]) -> dict[str, list[dict[str, Any]]]:
    """The rows that came out, by table."""
    found: dict[str, list[dict[str, Any]]] = {}
    for table, rows in batches:
        found.setdefault(table.name, []).extend(rows)
    return found


def gathered(*reads: list[Outcome]) -> dict[str, list[dict[str, Any]]]:
    """The rows of all reads, taken out after each as well as at the end."""
    target = batch()

    def batches() -> Iterator[TableBatch]:
        for read in reads:
            list(target.add(read))
            yield from target.flush()
        yield from target.finish()

    return rows_of(batches())


def story(rows: dict[str, list[dict[str, Any]]]) -> list[tuple[str, str, str]]:
    """Slice, first local day and status of each ledger row."""
    return [
        (row["slice"], row["window_start"].astimezone(NEW_YORK).date().isoformat(), row["status"])
        for row in rows["window_reads"]
    ]


def stored(rows: dict[str, list[dict[str, Any]]]) -> dict[Key, datetime]:
    """What the rows of the report's table cover, by slice, grain and window."""
    return {
        (row["slice"], row["grain"], row["window_start"]): row["covered_until"]
        for row in rows.get(REPORT, [])
    }


def lag(rows: dict[str, list[dict[str, Any]]], planned: dict[Key, datetime]) -> timedelta:
    """By how much what is stored gets past the first window that is not; 0 when it does not."""
    found = stored(rows)
    lacking = [until for key, until in planned.items() if key not in found]
    if not lacking or not found:
        return timedelta(0)
    return max(max(found.values()) - min(lacking), timedelta(0))


def plan(spans: Iterable[Span], *slices: Slice) -> dict[Key, datetime]:
    """All windows with what they cover."""
    return {
        (slice_.text, str(one.grain), one.start): one.covered_until(NOW)
        for span in spans
        for slice_ in slices
        for one in span
    }


def test_a_window_that_was_planned_twice_is_not_stored_twice() -> None:
    target, span = batch(), days("2026-03-02", 2)
    list(target.add(outcomes(span, TOTAL)))
    list(target.add(outcomes(span, TOTAL)))
    with pytest.raises(AssertionError, match="planned twice"):
        list(target.finish())


def test_reads_that_overlap_are_held_until_all_are_there() -> None:
    target, span, later = batch(), days("2026-03-02", 7), days("2026-03-24", 2)
    list(target.add(outcomes(span, TOTAL)))
    list(target.add(outcomes(WEEKS, TOTAL)))
    list(target.add(outcomes(days("2026-03-09", 3), TOTAL)))
    assert (target.row_count, list(target.flush())) == (0, [])
    list(target.add(outcomes(later, TOTAL)))
    released = rows_of(target.flush())
    assert len(released["window_reads"]) == 7 + 3 + 3
    assert len(stored(rows_of(target.finish()))) == len(later)


def test_a_read_that_begins_when_the_held_ones_end_is_held_with_them() -> None:
    target = batch()
    list(target.add(outcomes(days("2026-03-02", 7), TOTAL)))
    list(target.add(outcomes(WEEKS[:1], TOTAL, DOWN)))
    rows = rows_of(target.finish())
    assert [status for _, _, status in story(rows)] == ["loaded"] * 7 + ["failed"]


def test_what_is_covered_later_than_the_first_lacking_window_waits() -> None:
    rows = gathered(outcomes(days("2026-03-06", 4), TOTAL), outcomes(WEEKS[:1], TOTAL, DOWN))
    assert story(rows) == [
        ("all", "2026-03-06", "loaded"),
        ("all", "2026-03-07", "loaded"),
        ("all", "2026-03-08", "loaded"),  # covers as much as the week that lacks
        ("all", "2026-03-09", "failed"),
        ("all", "2026-03-02", "failed"),
    ]
    assert max(stored(rows).values()) == at("2026-03-09T04:00")


def test_a_window_that_waits_is_told_as_read_and_covers_nothing() -> None:
    rows = gathered(outcomes(days("2026-03-03", 2), FIRST),
                    outcomes(days("2026-03-03", 2), SECOND, DOWN))  # fmt: skip
    waiting = rows["window_reads"][1]
    assert {name: waiting[name] for name in ("slice", "status", "error", "rows", "is_final")} == {
        "slice": "mailbox=1",
        "status": "failed",
        "error": WAITED,
        "rows": 0,
        "is_final": False,
    }
    assert waiting["covered_until"] is None
    assert [row["error"] for row in rows["window_reads"]] == [None, WAITED, "down", "down"]


def test_a_window_that_is_left_out_holds_nothing_back() -> None:
    rows = gathered(outcomes(days("2026-03-03", 2), FIRST, REFUSED),
                    outcomes(days("2026-03-03", 2), SECOND))  # fmt: skip
    assert [status for _, _, status in story(rows)] == ["unavailable"] * 2 + ["loaded"] * 2


def test_what_was_taken_over_before_stays_when_a_later_read_fails() -> None:
    rows = gathered(outcomes(days("2026-03-02", 2), TOTAL), outcomes(days("2026-03-04", 2), TOTAL),
                    outcomes(days("2026-03-06", 2), TOTAL, DOWN))  # fmt: skip
    assert [status for _, _, status in story(rows)] == ["loaded"] * 4 + ["failed"] * 2


def test_a_batch_of_nothing_gives_nothing() -> None:
    assert list(batch().finish()) == []


@examples
@given(st.data())
def test_nothing_stored_covers_more_than_a_window_that_lacks(data: st.DataObject) -> None:
    grains = data.draw(st.sampled_from([[Grain.DAY], [Grain.WEEK], [Grain.DAY, Grain.WEEK]]))
    slices = data.draw(st.sampled_from([[TOTAL], [FIRST, SECOND], [TOTAL, FIRST, SECOND]]))
    after = NOW - timedelta(days=data.draw(st.integers(1, 150)))
    spans = plan_spans(REPORTS[REPORT], grains, NEW_YORK, after, NOW, now=NOW)
    kinds = st.sampled_from([GOOD, GOOD, GOOD, REFUSED, DOWN])
    planned, reads = plan(spans, *slices), []
    for span, slice_ in [(span, slice_) for span in spans for slice_ in slices]:
        kind = data.draw(kinds)
        reads.append(outcomes(span, slice_, kind))
        if kind == DOWN:
            break  # as the reader does: what comes after is not asked for
        if kind == REFUSED:
            planned = {key: until for key, until in planned.items()
                       if key not in plan([span], slice_)}  # fmt: skip
    rows = gathered(*reads)
    assert lag(rows, planned) == timedelta(0)
    assert len(rows.get("window_reads", [])) == sum(map(len, reads))
    if not any(outcome.blocks_report for read in reads for outcome in read):
        assert stored(rows) == planned


ONE_BY_ONE = "a read asked one by one blocks late; slices and grains after it were never asked for"
FEW_WANTED = "a read of few windows of its span ends the holding, or blocks late"


def test_slices_after_one_that_blocks_in_mid_span_are_not_passed() -> None:
    span = days("2026-02-01", 60)
    rows = gathered(outcomes(span, TOTAL), outcomes(span, FIRST, DOWN, alone=40))
    assert lag(rows, plan([span], TOTAL, FIRST, SECOND)) == timedelta(0)


def test_weeks_after_days_that_block_in_mid_span_are_not_passed() -> None:
    span = days("2026-03-02", 40)
    rows = gathered(outcomes(span, TOTAL, DOWN, alone=30))
    assert lag(rows, plan([span, WEEKS], TOTAL)) == timedelta(0)


def test_a_user_whom_one_late_window_names_does_not_end_the_holding() -> None:
    span = days("2026-02-01", 60)
    rows = gathered(outcomes(span, FIRST, wanted=span[30:31]),
                    outcomes(span, SECOND, wanted=span[50:51]),
                    outcomes(span, TOTAL, DOWN))  # fmt: skip
    assert lag(rows, plan([span], TOTAL)) == timedelta(0)


def test_slices_after_a_user_whom_one_late_window_names_are_not_passed() -> None:
    span = days("2026-02-01", 60)
    rows = gathered(outcomes(span, TOTAL), outcomes(span, FIRST, DOWN, wanted=span[50:51]))
    assert lag(rows, plan([span], TOTAL, SECOND)) == timedelta(0)
