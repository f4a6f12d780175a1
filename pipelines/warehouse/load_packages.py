"""Load packages: a source extracted, normalized and loaded, and what an interrupted run left of it.

A package that was normalized is whole on disk before the first table is touched, so that neither a
killed process nor a power cut can leave a warehouse with half of it for good: the next run loads
the rest. What was interrupted earlier has touched nothing yet; where it cannot be gone on with, it
is dropped, and what it held is still due.
"""

from __future__ import annotations

import os
from collections.abc import Iterator
from contextlib import contextmanager, nullcontext
from pathlib import Path

import dlt
from dlt.extract import DltSource
from dlt.pipeline.exceptions import PipelineStepFailed
from dlt.pipeline.pipeline import Pipeline

from sources.help_scout.errors import ArchiveError
from sources.help_scout.state.run import Run

from .base import destination_of

LARGE_PACKAGE_ROWS = 100_000


def load_package(pipeline: Pipeline, run: Run, source: DltSource) -> None:
    """Extracts, normalizes and loads the run's source as one package, as `pipeline.run` does; where
    ledgers come after it, they are a second one, on disk before the first one is loaded.

    Of a large package one table is loaded after the other: all at once would need their memory at
    once.
    """
    file_format, ledgers, before = destination_of(pipeline).file_format, _ledgers(run), run.rows
    if run.storage.ledgers == "last":
        pipeline.extract([source, ledgers], loader_file_format=file_format)
    else:
        pipeline.extract(source, loader_file_format=file_format)
        if run.ledgers:
            pipeline.extract(ledgers, loader_file_format=file_format)
    _finish_archive(pipeline, run)
    pipeline.normalize()
    _keep(pipeline)
    is_large = run.rows - before >= LARGE_PACKAGE_ROWS
    with set_options(LOAD__WORKERS="1") if is_large else nullcontext():
        _load(pipeline)
    if run.archive is not None:
        run.archive.settle()


def _finish_archive(pipeline: Pipeline, run: Run) -> None:
    """Has the archive hold the answers of what was extracted; else nothing of it is loaded."""
    if run.archive is None:
        return
    try:
        load_ids = pipeline.list_extracted_load_packages()
        run.archive.finish(load_ids, ended_early=run.budget.was_hit or run.is_stopping)
    except ArchiveError:
        _drop(pipeline)
        raise


def finish_interrupted(pipeline: Pipeline, run: Run) -> bool:
    """Loads what an interrupted run left; whether some of it had to be dropped. Of an account with
    an archive only what the archive holds is loaded, and its files say so afterwards."""
    if run.archive is None:
        return finish_pending(pipeline)
    from sources.help_scout.archive.archive_files import (  # noqa: PLC0415  imports Arrow
        manifests_in,
        settle_pending,
    )

    folder, dropped = run.archive.account_folder, False
    in_archive = {one for m in manifests_in(folder, pending=True) for one in m.load_ids}
    if set(pipeline.list_extracted_load_packages()) - in_archive:
        _load(pipeline)
        _drop(pipeline)
        dropped = True
    dropped = finish_pending(pipeline) or dropped
    destination = destination_of(pipeline)
    settle_pending(
        folder,
        lambda ids: destination.has_package(pipeline, next(iter(ids), ""), was_dropped=dropped),
    )
    return dropped


def _drop(pipeline: Pipeline) -> None:
    """Drops what was extracted or normalized and not loaded: it is still due."""
    name = pipeline.dataset_name
    pipeline.drop_pending_packages()
    pipeline.sync_destination(dataset_name=name)


def _ledgers(run: Run) -> DltSource:
    from sources.help_scout.load.resources import ledgers_resource  # noqa: PLC0415  Arrow

    name = "help_scout"
    factory = dlt.source(ledgers_resource, name=name, section=name, max_table_nesting=0)
    return factory(run)


def finish_pending(pipeline: Pipeline) -> bool:
    """Loads what an interrupted run left; whether some of it had to be dropped."""
    if not pipeline.has_pending_data:
        return False
    _load(pipeline)
    try:
        pipeline.normalize()
    except PipelineStepFailed:
        # Nothing of it has been loaded, and what was extracted cannot be read: a power cut may
        # leave files that are shorter than they were.
        _drop(pipeline)
        return True
    _keep(pipeline)
    _load(pipeline)
    return False


def _load(pipeline: Pipeline) -> None:
    """Loads what was normalized, and has SQL see it."""
    if not pipeline.list_normalized_load_packages():
        return
    destination = destination_of(pipeline)
    destination.make_tables(pipeline)
    destination.load(pipeline)
    destination.after_load(pipeline)


def _keep(pipeline: Pipeline) -> None:
    """Has the disk hold what is about to be loaded, whatever happens to this machine."""
    for path in Path(pipeline.working_dir).rglob("*"):
        handle = os.open(path, os.O_RDONLY)
        try:
            os.fsync(handle)
        finally:
            os.close(handle)


@contextmanager
def set_options(**options: str) -> Iterator[None]:
    """Gives dlt options that nothing but the environment can."""
    before = {name: os.environ.get(name) for name in options}
    os.environ.update(options)
    try:
        yield
    finally:
        for name, value in before.items():
            if value is None:
                del os.environ[name]
            else:
                os.environ[name] = value
