"""The end of a job: the numbers are checked, and published for readers.

A check of integrity that fails keeps them from being published; reports of Help Scout that disagree
do not, unless the configuration says so, and are reported.
"""

from __future__ import annotations

import uuid
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path

import duckdb
from dlt.pipeline.pipeline import Pipeline

from sources.help_scout.extract.result import Status
from sources.help_scout.planning.session import STATE as ROUNDS
from sources.help_scout.state.ledger import WINDOW_READS
from sources.help_scout.state.run import Run

from ..models.mart_runner import create_marts
from ..models.sla_targets import Targets
from ..models.warehouse_comments import write_comments
from ..planning.load_plan import LoadRequest, count_missing, source_state
from ..publishing.published_copy import (
    Publication,
    page_path,
    publish,
    published_path,
    read_publication,
    remove_leftovers,
    unpublish,
)
from ..quality.check_results import store_results
from ..quality.check_runner import CheckVerdict, Result, disagreements
from ..quality.disagreements import pasts_of, with_pasts
from ..settings.configuration import Publishing
from ..settings.errors import COMPLETE, FAILED, PARTIAL, STOPPED, WarehouseError
from ..warehouse.base import Destination
from ..warehouse.open import open_pipeline
from ..warehouse.redaction import clear_purge_pending, copy_without_traces
from ..warehouse.sql import sql_client, tables_of
from .events import ChecksDone, Emit, Notice, Published
from .load_loop import load
from .recheck import check_twice, failed_of


@dataclass(frozen=True, slots=True)
class PublishDecision:
    """Whether what is loaded may be published: as what, or why not, and whether that is because the
    run ended early or because just that is published already; and what the checks came to."""

    publication: Publication | None
    reason: str = ""
    ended_early: bool = False
    is_published: bool = False
    results: Sequence[Result] = ()


def evaluate(
    pipeline: Pipeline,
    run: Run,
    now: datetime,
    publishing: Publishing,
    emit: Emit,
    *,
    look_again: Callable[[LoadRequest], None] | None = None,
    missing: int | None = None,
) -> PublishDecision:
    """Checks what is loaded, and once more what `look_again` has read again where it disagrees.

    `missing` is how many windows are missing, if that has been counted.
    """
    if WINDOW_READS.name not in tables_of(pipeline):
        return PublishDecision(None, "nothing is loaded yet")
    run_id, account, zone = run.run_id, run.settings.account, run.time.zone
    checked = check_twice(pipeline, run, look_again, emit, strict=publishing.strict_checks)
    if checked is None:
        return PublishDecision(None, "what disagreed is not read once more yet", ended_early=True)
    pasts = pasts_of(pipeline, account, checked.results, zone)
    results = with_pasts(checked.results, pasts, now, checked.read_again)
    store_results(pipeline, results, now, account)
    write_comments(pipeline)  # last of all, so that whatever was made has them
    emit(ChecksDone(results, zone))
    if failed := failed_of(results):
        names = ", ".join(result.check.name for result in failed)
        checks = f"the check{'s' if len(failed) > 1 else ''} {names}"
        reason = f"{checks} failed, help-scout check shows what disagrees"
        return PublishDecision(None, reason, results=results)
    if checked.unread:
        reason = f"what disagreed could not be read once more: {', '.join(checked.unread)}"
        return PublishDecision(None, reason, results=results)
    if missing is None:
        missing = count_missing(pipeline, run)
    publication = _publication_of(pipeline, run, results, run_id=run_id, now=now, missing=missing)
    return PublishDecision(publication, results=results)


def _publication_of(
    pipeline: Pipeline, run: Run, results: Sequence[Result], *, run_id: str, now: datetime,
    missing: int,
) -> Publication:  # fmt: skip
    """What is to be published, as its one row says it."""
    verdicts = [result.verdict for result in results]
    disagreeing = [result.check.name for result in disagreements(results)]
    return Publication(
        published_at=now,
        run_id=run_id,
        account=run.settings.account,
        timezone=run.time.zone.key,
        compare_to=run.settings.compare_to,
        missing_windows=missing,
        failed_windows=_count_failed(pipeline, run.settings.account),
        checks_held=verdicts.count(CheckVerdict.HOLDS) + verdicts.count(CheckVerdict.NOTICE),
        checks_failed=verdicts.count(CheckVerdict.FAILS),
        checks_skipped=verdicts.count(CheckVerdict.SKIPPED),
        checks_drifted=verdicts.count(CheckVerdict.DRIFT),
        checks_disagreeing=len(disagreeing),
        disagreeing_checks=", ".join(disagreeing),
    )


def _count_failed(pipeline: Pipeline, account: str) -> int:
    with sql_client(pipeline) as client:
        ((count,),) = client.execute_sql(
            "select count(*) from report_windows where account = %s and last_attempt_status = %s",
            account,
            str(Status.FAILED),
        ) or [(0,)]
    return int(count)


def evaluate_load(
    pipeline: Pipeline,
    run: Run,
    now: datetime,
    publishing: Publishing,
    emit: Emit,
    missing: int | None = None,
) -> PublishDecision:
    """Evaluates what a job has loaded; a second look is a run of its own in the ledger."""

    def look_again(request: LoadRequest) -> None:
        run.run_id = uuid.uuid4().hex
        load(pipeline, run, request, emit)

    return evaluate(pipeline, run, now, publishing, emit, look_again=look_again, missing=missing)


def make_marts(pipeline: Pipeline, targets: Targets, emit: Emit) -> None:
    """Creates the marts again, and reports which cannot be created."""
    if WINDOW_READS.name not in tables_of(pipeline):
        return
    skipped = create_marts(pipeline, targets).skipped
    if skipped:
        emit(
            Notice(
                f"marts not made, since not all of their tables are loaded: {', '.join(skipped)} "
                "(help-scout marts says what each lacks)"
            )
        )


def publish_or_report(
    destination: Destination, decision: PublishDecision, publishing: Publishing, emit: Emit
) -> int:
    """Publishes what was decided well, or reports why readers keep what they have; the exit code.

    The warehouse must be closed. At a destination readers see what is loaded, as it is loaded:
    there only what the checks came to is reported.
    """
    warehouse = destination.file
    if warehouse is None:
        if decision.publication is not None:
            emit(Published(None, decision.publication))
            return COMPLETE
        emit(Notice(f"do not rely on it yet: {decision.reason}"))
        return STOPPED if decision.ended_early else PARTIAL
    if decision.is_published:
        emit(Notice(f"nothing has changed since the last load. {_kept(warehouse)}"))
        return COMPLETE
    if decision.publication is None:
        emit(Notice(f"not published: {decision.reason}. {_kept(warehouse)}"))
        return STOPPED if decision.ended_early else PARTIAL
    try:
        path = publish(warehouse, decision.publication, publishing.file_mode)
    except (OSError, duckdb.Error, WarehouseError) as error:
        what = getattr(error, "strerror", None) or " ".join(str(error).split())
        emit(
            Notice(
                f"not published: cannot copy {warehouse}: {what}. The warehouse itself is whole; "
                "mend that, then help-scout backfill, or the next load, publishes it. "
                f"{_kept(warehouse)}"
            )
        )
        return FAILED
    emit(Published(path, decision.publication))
    return COMPLETE


def _kept(warehouse: Path) -> str:
    before = read_publication(warehouse)
    if before is not None:
        return f"Readers keep the copy of {before.local_time}"
    if published_path(warehouse).is_file():
        return "Readers keep the copy of before"
    return "There is no copy for readers yet"


def publish_again(warehouse: Path, run: Run, publishing: Publishing, emit: Emit) -> None:
    """Has readers see nothing that the warehouse does not hold any more: publishes it as it is now,
    or deletes the copy when it holds half a night or checks fail."""
    remove_leftovers(warehouse)
    page = page_path(warehouse)
    if page.is_file():
        page.unlink()
        emit(Notice(f"{page} is deleted: help-scout dashboard makes it anew"))
    path = published_path(warehouse)
    if not path.is_file():
        if path.exists():
            emit(Notice(f"{path} is no file: move it away, a copy is to stand there"))
        return
    try:
        with open_pipeline(warehouse) as pipeline:
            state = source_state(pipeline)
            run.reconcile_state(state)
            decision = (
                PublishDecision(None, "a load is not whole yet")
                if state.get(ROUNDS)
                else evaluate(pipeline, run, run.now, publishing, emit)
            )
        if decision.publication is not None:
            publish(warehouse, decision.publication, publishing.file_mode)
            emit(Notice(f"{path} is published anew"))
            return
    except BaseException:
        unpublish(warehouse)
        raise
    unpublish(warehouse)
    emit(
        Notice(
            f"{path} is deleted, since it holds what is gone now, and cannot be published anew: "
            f"{decision.reason}. The next load publishes"
        )
    )


def purge_overwritten(warehouse: Path, run: Run, publishing: Publishing, emit: Emit) -> None:
    """Has neither the warehouse nor its published copy hold what was overwritten. What a kill
    leaves undone the next run does."""
    copy_without_traces(warehouse)
    publish_again(warehouse, run, publishing, emit)
    clear_purge_pending(warehouse)
