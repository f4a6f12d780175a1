"""A warehouse made again from the archive alone: nothing is asked of the API."""

from __future__ import annotations

import shutil
from collections.abc import Mapping
from datetime import datetime
from functools import partial
from pathlib import Path
from typing import Any

from sources.help_scout.archive.answer_archive import CHAIN
from sources.help_scout.archive.archive_files import rewrite
from sources.help_scout.archive.body_privacy import protect_body
from sources.help_scout.archive.file_names import folder_of
from sources.help_scout.parsing.redaction import Forgotten, Privacy
from sources.help_scout.state.run import Run

from ..jobs.erasure import keep_forgotten
from ..jobs.events import Emit, Notice, ignore
from ..jobs.finalize import evaluate, make_marts, publish_or_report
from ..jobs.load_loop import configured_run
from ..models.sla_targets import Targets
from ..planning.load_plan import know_lists, source_state
from ..probes.account_facts import FactRow, fact_rows, keep_facts
from ..publishing.published_copy import unpublish
from ..settings.configuration import Publishing
from ..settings.constants import PLACEHOLDERS
from ..settings.errors import UsageError
from ..warehouse.database_file import check_path, put_in_place, state_folder
from ..warehouse.duckdb import DuckDbFile
from ..warehouse.open import open_pipeline
from ..warehouse.sql import stored_of
from .archive_replay import Key, Place, Session, check_beginning, sessions_in


def rebuild_from_archive(
    warehouse: Path,
    folder: Path | None,
    options: Mapping[str, Any],
    now: datetime,
    emit: Emit = ignore,
) -> int:
    """Makes the warehouse from the archive, beside the file that is there, and puts it in its
    place; the exit code. `folder` is the archive where another than the configured one is meant."""
    publishing, targets = Publishing.configured(), Targets.configured()
    configured = configured_run(**{**options, **PLACEHOLDERS})
    configured.close()
    account, place = configured.settings.account, archive_folder(configured, folder)
    check_path(warehouse)
    chain, forgotten, facts = _known_of(warehouse, account)
    sessions = sessions_in(place, chain)
    if not sessions:
        raise UsageError(
            f"{place} holds no load of account {account}: is it the right folder, and the right "
            "account?"
        )
    check_beginning(sessions)
    privacy = configured.privacy.with_forgotten(forgotten)
    if not privacy.changes_nothing:
        rewrite(place, partial(protect_body, privacy))
    new = warehouse.with_suffix(f".from-archive{warehouse.suffix}")
    _remove(new)
    try:
        answers = _load_all(new, sessions, privacy, emit)
        with open_pipeline(new) as pipeline:
            make_marts(pipeline, targets, emit)
            if forgotten:
                keep_forgotten(pipeline, account, forgotten, now)
            keep_facts(pipeline, facts)
    except BaseException:
        _remove(new)
        raise
    emit(Notice(f"{len(sessions):,} loads done again from {answers:,} answers, without a request"))
    _put(new, warehouse, now, emit)
    return _publish(warehouse, sessions[-1], privacy, publishing, now, emit)


def archive_folder(run: Run, folder: Path | None) -> Path:
    """Where the archive of the run's account is; UsageError when none is named or configured."""
    if folder is not None:
        return folder_of(folder, run.settings.account)
    if run.archive is None:
        raise UsageError(
            "no archive is configured: name its folder, or set archive under [sources.help_scout]"
        )
    return run.archive.account_folder


def _known_of(
    warehouse: Path, account: str
) -> tuple[str | None, frozenset[Forgotten], list[FactRow]]:
    """Which of the archive's files are the warehouse's, if it is there, whom it was told to
    forget, and what the probe found out about the account."""
    if not warehouse.exists():
        return None, frozenset(), []
    with open_pipeline(warehouse, account) as pipeline:
        stored = stored_of(pipeline, account)
        forgotten = frozenset(stored.forgotten() if stored is not None else ())
        facts = fact_rows(pipeline, account)
        return source_state(pipeline).get(CHAIN), forgotten, facts


def _load_all(new: Path, sessions: list[Session], privacy: Privacy, emit: Emit) -> int:
    """Loads all sessions into the file; how many answers were used."""
    earlier: dict[Key, Place] = {}
    used = 0
    for number, session in enumerate(sessions, start=1):
        with session.opened(privacy, earlier) as run:
            emit(Notice(f"load {number} of {len(sessions)}: {run.now:%Y-%m-%d %H:%M} UTC"))
            with open_pipeline(new, run.settings.account) as pipeline:
                session.load(pipeline, run)
            used += run.archived.sent
            earlier.update(run.archived.latest)
    return used


def _put(new: Path, warehouse: Path, now: datetime, emit: Emit) -> None:
    if warehouse.exists():
        kept = put_in_place(new, warehouse, now)
        emit(Notice(f"{warehouse} is rebuilt; the file that it was is {kept}"))
        return
    shutil.rmtree(state_folder(new), ignore_errors=True)
    new.replace(warehouse)
    emit(Notice(f"{warehouse} is made"))


def _publish(
    warehouse: Path,
    last: Session,
    privacy: Privacy,
    publishing: Publishing,
    now: datetime,
    emit: Emit,
) -> int:
    """Publishes what was made, as of the last load. What was published before goes in any case: it
    may hold what the archive does not hold any more."""
    with last.opened(privacy) as run:
        with open_pipeline(warehouse) as pipeline:
            run.reconcile_state(source_state(pipeline))
            stored = stored_of(pipeline, run.settings.account)
            if stored is not None:
                know_lists(stored, run.lists)
            run.run_id = last.manifests[-1].run_id
            decision = evaluate(pipeline, run, now, publishing, emit)
        if decision.publication is None and not privacy.changes_nothing:
            unpublish(warehouse)
        return publish_or_report(DuckDbFile(warehouse), decision, publishing, emit)


def _remove(path: Path) -> None:
    """Deletes what an earlier attempt left."""
    for left in (path, path.with_name(f"{path.name}.wal")):
        left.unlink(missing_ok=True)
    shutil.rmtree(state_folder(path), ignore_errors=True)
