"""The run loop: an agenda's chunks, one load package each.

A killed load resumes where it stood: the package that was pending is finished first, and what
was not loaded is still due.
"""

from __future__ import annotations

import logging
from collections.abc import Callable, Collection
from contextlib import nullcontext
from datetime import datetime
from typing import Any

import dlt
from dlt.common.configuration import resolve_configuration
from dlt.extract import DltSource
from dlt.pipeline.pipeline import Pipeline

from sources.help_scout import help_scout, open_run, resources_of
from sources.help_scout.api.client import utc_now
from sources.help_scout.extract.result import WindowResult
from sources.help_scout.state.run import Run

from ..models.base_views import create_views
from ..planning.load_plan import LoadRequest, has_reads, plan_agenda, source_state, use
from ..probes.account_facts import give_facts
from ..settings.configuration import check_option_names
from ..warehouse.base import destination_of
from ..warehouse.load_packages import finish_interrupted, load_package, set_options
from .events import ChunkBegins, Emit, ignore

log = logging.getLogger(__name__)

CONFIG_SECTIONS = ("sources", "help_scout")
INTERVAL_OPTIONS = ("since", "until")


def configured_run(
    *,
    clock: Callable[[], datetime] = utc_now,
    on_result: Callable[[WindowResult], None] | None = None,
    **options: Any,
) -> Run:
    """A run with the options of dlt's configuration; those given here come before it."""
    spec = help_scout.ref.SPEC()
    given = {name: value for name, value in options.items() if value is not None}
    resolved = dict(
        resolve_configuration(spec, sections=CONFIG_SECTIONS, explicit_value=given or None)
    )
    for name in INTERVAL_OPTIONS:
        resolved.pop(name)
    check_option_names(spec.get_resolvable_fields(), CONFIG_SECTIONS)
    return open_run(**resolved, clock=clock, on_result=on_result)


def configured_account() -> str:
    """The account's name as configured in the source's own section."""
    section = ".".join((*CONFIG_SECTIONS, "account"))
    return str(dlt.config.get(section) or help_scout.ref.SPEC().account)


def has_credentials() -> bool:
    """Whether the source's own section has credentials."""
    return bool(dlt.secrets.get(".".join((*CONFIG_SECTIONS, "client_id"))))


def source_of(
    run: Run, since: datetime | None, until: datetime | None, names: Collection[str]
) -> DltSource:
    """The run's resources of these names as the source `help_scout`."""
    factory = dlt.source(resources_of, name="help_scout", section="help_scout", max_table_nesting=0)
    return factory(run, since, until, names)


def load(
    pipeline: Pipeline,
    run: Run,
    request: LoadRequest,
    emit: Emit = ignore,
) -> None:
    """Loads what the request names and creates the views again.

    Emits each chunk before it is loaded. `run.budget.was_hit` and `run.is_stopping` say whether the
    load ended early.
    """
    if finish_interrupted(pipeline, run):
        log.warning("an interrupted load could not be read any more: what it held is asked again")
    facts = give_facts(pipeline, run)
    if run.archive is not None:
        run.archive.begin(run.run_id, request.as_json(), facts)
    run.reconcile_state(source_state(pipeline))
    agenda = plan_agenda(pipeline, run, request)
    run.round, run.storage = agenda.round, destination_of(pipeline).storage
    pending = [c for c in agenda.chunks if not c.is_optional or has_reads(run, agenda, c)]
    # All reports at once would each spend a part of a small budget on windows that they cannot
    # finish: fifo has dlt read one after the other.
    with set_options(EXTRACT__NEXT_ITEM_MODE="fifo") if run.budget.is_limited else nullcontext():
        for number, chunk in enumerate(pending, start=1):
            if run.is_stopping:
                continue
            emit(ChunkBegins(number, len(pending), chunk, run.time.zone))
            use(run, agenda, chunk)
            run.steer()
            dimensions = run.list_names if number == 1 else ()
            since, until = chunk.interval if chunk.is_explicit else (None, None)
            source = source_of(run, since, until, (*dimensions, *chunk.reports))
            load_package(pipeline, run, source)
            run.reader.forget_shared()
            if run.budget.was_hit or run.is_stopping:
                break
    create_views(pipeline, run.settings)
