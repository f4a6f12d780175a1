"""The nightly job: what is due, oldest first, in chunks of a month, each one load package.

A killed load resumes where it stood: the package that was pending is finished first, and what
was not loaded is still due.
"""

from __future__ import annotations

import os
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from difflib import get_close_matches
from typing import Any
from zoneinfo import ZoneInfo

import dlt
from dlt.common.configuration import resolve_configuration
from dlt.common.configuration.container import Container
from dlt.common.configuration.providers.toml import SettingsTomlProvider
from dlt.common.configuration.specs.pluggable_run_context import PluggableRunContext
from dlt.extract import DltSource
from dlt.pipeline.pipeline import Pipeline

from sources.help_scout import help_scout, open_run, resources_of
from sources.help_scout.client import utc_now
from sources.help_scout.dimensions import DIMENSIONS
from sources.help_scout.outcome import Outcome
from sources.help_scout.reports import REPORTS
from sources.help_scout.run import Interval, Run
from sources.help_scout.tables import CURSOR
from sources.help_scout.wants import newly_wanted, wants_of
from sources.help_scout.windows import local_midnight

from .errors import UsageError
from .views import create_views

CONFIG_SECTIONS = ("sources", "help_scout")
ENVIRONMENT_PREFIX = "SOURCES__HELP_SCOUT__"
CHUNK_DAYS = 31
INTERVAL_OPTIONS = ("since", "until")


@dataclass(frozen=True, slots=True, kw_only=True)
class LoadRequest:
    """What one load was asked for: reports by name (all when empty), and an interval if any."""

    reports: tuple[str, ...] = ()
    since: str | None = None
    until: str | None = None


def configured_run(
    *,
    clock: Callable[[], datetime] = utc_now,
    on_outcome: Callable[[Outcome], None] | None = None,
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
    check_option_names(set(spec.get_resolvable_fields()))
    return open_run(**resolved, clock=clock, on_outcome=on_outcome)


def check_option_names(known: set[str]) -> None:
    """Refuses names in the section `sources.help_scout` that are no options: a misspelt one would
    change nothing, in silence."""
    given = {
        name.removeprefix(ENVIRONMENT_PREFIX).split("__")[0].lower()
        for name in os.environ
        if name.startswith(ENVIRONMENT_PREFIX)
    }
    for provider in Container()[PluggableRunContext].providers.providers:
        if isinstance(provider, SettingsTomlProvider):
            section, _ = provider.get_value(CONFIG_SECTIONS[-1], dict, "", *CONFIG_SECTIONS[:-1])
            given |= set(section or {})
    for name in sorted(given - known):
        near = get_close_matches(name, known, n=1)
        raise UsageError(
            f"unknown option {name!r} in the configuration of sources.help_scout"
            + (f", did you mean {near[0]!r}?" if near else "; .dlt/config.toml lists them all")
        )


def source_of(run: Run, since: datetime | None, until: datetime | None) -> DltSource:
    """The run's resources as the source `help_scout`."""
    factory = dlt.source(resources_of, name="help_scout", section="help_scout", max_table_nesting=0)
    return factory(run, since, until)


def load(
    pipeline: Pipeline,
    run: Run,
    request: LoadRequest,
    on_chunk: Callable[[int, int, Interval, ZoneInfo], None] = lambda *_: None,
    on_news: Callable[[str], None] = lambda _: None,
) -> None:
    """Loads what the request asks for and makes the views anew.

    `on_chunk` is told of each chunk before it is loaded: its number, how many there are, its
    interval and the zone of its days. `on_news` is told what the configuration wants that
    earlier loads did not.
    """
    if pipeline.has_pending_data:
        pipeline.run()
    state = source_state(pipeline)
    run.pin(state)
    since, until = run.interval(request.since, request.until)
    reports = request.reports or tuple(REPORTS)
    start = since or due_from(pipeline, run, reports)
    if since is None:
        for name in reports:
            now = wants_of(REPORTS[name], run.settings, run.first_day)
            for news in newly_wanted(state.get("wanted", {}).get(name), now):
                on_news(
                    f"{name}: {news} is new and is loaded from now on; for its history: "
                    f"help-scout load --reports {name} --since {run.first_day}"
                )
    intervals = list(chunks(run, start, min(until or run.now, run.now)))
    for number, interval in enumerate(intervals, start=1):
        on_chunk(number, len(intervals), interval, run.zone)
        run.chunk = interval
        dimensions = tuple(DIMENSIONS) if number == 1 else ()
        source = source_of(run, since, until).with_resources(*dimensions, *reports)
        pipeline.run(source, loader_file_format="parquet")
        run.reader.forget_shared()
    create_views(pipeline, run.settings)


def source_state(pipeline: Pipeline) -> dict[str, Any]:
    """The source's state as the pipeline has it; a copy, changes to it are not kept."""
    pipeline.sync_destination()
    return dict(pipeline.state.get("sources", {}).get("help_scout", {}))


def due_from(pipeline: Pipeline, run: Run, reports: Iterable[str]) -> datetime:
    """The instant from which any of the reports has windows due: the earliest cursor, less the
    lookback, but not before the history's start."""
    resources = source_state(pipeline).get("resources", {})
    cursors = []
    for report in reports:
        state = resources.get(report, {}).get("incremental", {}).get(CURSOR, {})
        last = state.get("last_value")
        if last is None:
            return run.start
        cursors.append(_instant(last))
        if cursors[-1] > run.now:
            raise UsageError(
                f"{report} is loaded up to {cursors[-1]:%Y-%m-%d %H:%M} UTC, which is in the "
                "future: is this machine's clock behind, or was it ahead at an earlier load? "
                "Until that time, load with --since"
            )
    return max(run.start, min(cursors) - run.settings.lookback)


def _instant(value: Any) -> datetime:
    instant = value if isinstance(value, datetime) else datetime.fromisoformat(str(value))
    return instant.astimezone(UTC)


def chunks(run: Run, start: datetime, end: datetime) -> Iterable[Interval]:
    """(start, end] in pieces of `CHUNK_DAYS` local days, so that a killed load loses little."""
    while start < end:
        day = start.astimezone(run.zone).date() + timedelta(days=CHUNK_DAYS)
        edge = min(local_midnight(day, run.zone), end)
        yield start, edge
        start = edge
