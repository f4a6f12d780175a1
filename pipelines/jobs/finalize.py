"""The end of a job: the numbers are checked, and published for readers.

A check of integrity that fails keeps them from being published; reports of Help Scout that disagree
do not, unless the configuration says so, and are reported.

An account moves while it is read: a number of a closed window may change between two requests of
one night, and then a check finds a difference though nothing is wrong. So what disagrees is read
once more before anything is decided.
"""

from __future__ import annotations

import uuid
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path

import duckdb
from dlt.pipeline.pipeline import Pipeline
from rich.console import Console

from sources.help_scout.extract.result import Status
from sources.help_scout.planning.session import STATE as ROUNDS
from sources.help_scout.state.ledger import WINDOW_READS
from sources.help_scout.state.run import Run

from ..cli.render.progress import LoadProgress
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
from ..quality.check_runner import CheckVerdict, Result, all_checks, check_pipeline, disagreements
from ..quality.disagreements import pasts_of, tell_disagreements, with_pasts
from ..settings.errors import COMPLETE, FAILED, PARTIAL, STOPPED, WarehouseError
from ..settings.publish_options import configured_mode, configured_strictness
from ..warehouse.open import Warehouse, open_pipeline
from ..warehouse.redaction import clear_purge_pending, copy_without_traces
from ..warehouse.remote import RemoteWarehouse
from ..warehouse.sql import sql_client, tables_of
from .load_loop import load
from .recheck import disagreeing_windows, failed_of, left_unread, second_look, worth_reading_again


@dataclass(frozen=True, slots=True, kw_only=True)
class FinalizeOptions:
    """How jobs end, as configured: the targets of the marts and the mode of the published copy."""

    targets: Targets
    mode: int

    @classmethod
    def configured(cls) -> FinalizeOptions:
        """As dlt's configuration has it; UsageError for what cannot be."""
        configured_strictness()
        return cls(targets=Targets.configured(), mode=configured_mode())


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
    console: Console,
    pipeline: Pipeline,
    run: Run,
    now: datetime,
    *,
    look_again: Callable[[LoadRequest], None] | None = None,
    missing: int | None = None,
) -> PublishDecision:
    """Checks what is loaded, and once more what `look_again` has read again where it disagrees.

    `missing` is how many windows are wanted and not there, if that has been counted.
    """
    if WINDOW_READS.name not in tables_of(pipeline):
        return PublishDecision(None, "nothing is loaded yet")
    run_id, account, zone = run.run_id, run.settings.account, run.time.zone
    checked = _check_twice(console, pipeline, run, look_again)
    if checked is None:
        return PublishDecision(None, "what disagreed is not read once more yet", ended_early=True)
    pasts = pasts_of(pipeline, account, checked.results, zone)
    results = with_pasts(checked.results, pasts, now, checked.read_again)
    store_results(pipeline, results, now, account)
    write_comments(pipeline)  # last of all, so that whatever was made has them
    tell_disagreements(console, results, zone)
    if failed := failed_of(results):
        reason = f"{_named(failed)} failed, help-scout check shows what disagrees"
        return PublishDecision(None, reason, results=results)
    if checked.unread:
        reason = f"what disagreed could not be read once more: {', '.join(checked.unread)}"
        return PublishDecision(None, reason, results=results)
    if missing is None:
        missing = count_missing(pipeline, run)
    publication = _publication_of(pipeline, run, results, run_id=run_id, now=now, missing=missing)
    return PublishDecision(publication, results=results)


@dataclass(frozen=True, slots=True)
class _Checked:
    """What the checks came to at last, the names of those of which a second look has read what
    disagreed, and the windows of failures that it could not read."""

    results: Sequence[Result]
    read_again: Sequence[str] = ()
    unread: Sequence[str] = ()


def _check_twice(
    console: Console,
    pipeline: Pipeline,
    run: Run,
    look_again: Callable[[LoadRequest], None] | None,
) -> _Checked | None:
    """Checks what is loaded, and again after a second look; None when that ended early and so did
    not settle a failure."""
    account = run.settings.account
    found = _check(pipeline, account)
    if look_again is None:
        return _Checked(found)
    doubtful = worth_reading_again(run, found, pasts_of(pipeline, account, found, run.time.zone))
    again = second_look(run, doubtful)
    if again is None:
        return _Checked(found)
    failed = failed_of(doubtful)
    what = "failed" if failed else "found that reports disagree"
    console.print(
        f"{_named(doubtful)} {what}: reading once more what disagrees, since numbers may move "
        "while they are read"
    )
    look_again(again)
    if failed and (run.budget.was_hit or run.is_stopping):
        return None
    return _Checked(
        _of_both_looks(pipeline, run, doubtful, _check(pipeline, account)),
        [result.check.name for result in doubtful],
        left_unread(pipeline, account, run.run_id, disagreeing_windows(failed)),
    )


def _check(pipeline: Pipeline, account: str) -> list[Result]:
    return check_pipeline(pipeline, all_checks(), account, strict=configured_strictness())


def _of_both_looks(
    pipeline: Pipeline, run: Run, doubtful: Sequence[Result], second: Sequence[Result]
) -> list[Result]:
    """The results of the second look. Where windows that disagreed could not be read again, nothing
    compares them any more: there the disagreement of the first look stays."""
    account, kept = run.settings.account, dict[str, Result]()
    for result in doubtful:
        windows = disagreeing_windows([result])
        is_agreement = result.verdict is CheckVerdict.DISAGREES
        if is_agreement and left_unread(pipeline, account, run.run_id, windows):
            kept[result.check.name] = result
    return [
        kept.get(result.check.name, result) if result.verdict is CheckVerdict.HOLDS else result
        for result in second
    ]


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


def _named(failed: Sequence[Result]) -> str:
    names = ", ".join(result.check.name for result in failed)
    return f"the check{'s' if len(failed) > 1 else ''} {names}"


def _count_failed(pipeline: Pipeline, account: str) -> int:
    with sql_client(pipeline) as client:
        ((count,),) = client.execute_sql(
            "select count(*) from report_windows where account = %s and last_attempt_status = %s",
            account,
            str(Status.FAILED),
        ) or [(0,)]
    return int(count)


def evaluate_load(
    console: Console, pipeline: Pipeline, run: Run, now: datetime, progress: LoadProgress,
    missing: int | None = None,
) -> PublishDecision:  # fmt: skip
    """Judges what a job has loaded; a second look is a run of its own in the ledger."""

    def look_again(request: LoadRequest) -> None:
        run.run_id = uuid.uuid4().hex
        with progress:
            load(pipeline, run, request, progress.on_chunk)

    return evaluate(console, pipeline, run, now, look_again=look_again, missing=missing)


def make_marts(console: Console, pipeline: Pipeline, targets: Targets) -> None:
    """Makes the marts anew, and says which cannot be made."""
    if WINDOW_READS.name not in tables_of(pipeline):
        return
    skipped = create_marts(pipeline, targets).skipped
    if skipped:
        console.print(
            f"marts not made, since not all of their tables are loaded: {', '.join(skipped)} "
            "(help-scout marts says what each lacks)"
        )


def publish_or_report(
    console: Console, warehouse: Warehouse, judgement: PublishDecision, mode: int
) -> int:
    """Publishes what was judged well, or says why readers keep what they have; the exit code. The
    warehouse must be closed. At a destination readers see what is loaded, as it is loaded: there
    it is told what the checks came to."""
    if isinstance(warehouse, RemoteWarehouse):
        return _tell_hosted(console, judgement)
    if judgement.is_published:
        console.print(f"nothing has changed since the last load. {_kept(warehouse)}", markup=False)
        return COMPLETE
    if judgement.publication is None:
        console.print(f"not published: {judgement.reason}. {_kept(warehouse)}", markup=False)
        return STOPPED if judgement.ended_early else PARTIAL
    try:
        path = publish(warehouse, judgement.publication, mode)
    except (OSError, duckdb.Error, WarehouseError) as error:
        what = getattr(error, "strerror", None) or " ".join(str(error).split())
        console.print(
            f"not published: cannot copy {warehouse}: {what}. The warehouse itself is whole; mend "
            f"that, then help-scout backfill, or the next load, publishes it. {_kept(warehouse)}",
            markup=False,
        )
        return FAILED
    came_to = _came_to(judgement.publication)
    console.print(f"published for readers: {path}, {came_to}", markup=False)
    return COMPLETE


def _came_to(publication: Publication) -> str:
    disagree = publication.checks_disagreeing
    words = f", {disagree} disagree{'s' if disagree == 1 else ''}" if disagree else ""
    return f"{publication.checks_held} checks hold{words}"


def _tell_hosted(console: Console, judgement: PublishDecision) -> int:
    if judgement.publication is None:
        console.print(f"do not rely on it yet: {judgement.reason}", markup=False)
        return STOPPED if judgement.ended_early else PARTIAL
    console.print(_came_to(judgement.publication))
    return COMPLETE


def _kept(warehouse: Path) -> str:
    before = read_publication(warehouse)
    if before is not None:
        return f"Readers keep the copy of {before.local_time}"
    if published_path(warehouse).is_file():
        return "Readers keep the copy of before"
    return "There is no copy for readers yet"


def publish_anew(console: Console, warehouse: Path, run: Run, mode: int) -> None:
    """Has readers see nothing that the warehouse does not hold any more: publishes it as it is now,
    or deletes the copy when it holds half a night or checks fail."""
    remove_leftovers(warehouse)
    page = page_path(warehouse)
    if page.is_file():
        page.unlink()
        console.print(f"{page} is deleted: help-scout dashboard makes it anew", markup=False)
    path = published_path(warehouse)
    if not path.is_file():
        if path.exists():
            console.print(
                f"{path} is no file: move it away, a copy is to stand there", markup=False
            )
        return
    try:
        with open_pipeline(warehouse) as pipeline:
            state = source_state(pipeline)
            run.reconcile_state(state)
            judgement = (
                PublishDecision(None, "a load is not whole yet")
                if state.get(ROUNDS)
                else evaluate(console, pipeline, run, run.now)
            )
        if judgement.publication is not None:
            publish(warehouse, judgement.publication, mode)
            console.print(f"{path} is published anew", markup=False)
            return
    except BaseException:
        unpublish(warehouse)
        raise
    unpublish(warehouse)
    console.print(
        f"{path} is deleted, since it holds what is gone now, and cannot be published anew: "
        f"{judgement.reason}. The next load publishes",
        markup=False,
    )


def purge_overwritten(console: Console, warehouse: Path, run: Run, mode: int) -> None:
    """Has neither the warehouse nor its published copy hold what was overwritten; what a kill
    leaves undone, the next run owes."""
    copy_without_traces(warehouse)
    publish_anew(console, warehouse, run, mode)
    clear_purge_pending(warehouse)
