"""A run on Dagster is one load of one account's month, like `help-scout load --account A --since …
--until …`. dagster-dlt's own `run` is not used: it drops what an interrupted load left pending, and
knows neither the ledger nor the checks.
"""

import os
from collections.abc import Iterator
from datetime import date, timedelta
from typing import Any

from dagster import (
    AssetCheckResult,
    AssetExecutionContext,
    AssetKey,
    Backoff,
    DagsterEventType,
    Definitions,
    Failure,
    Jitter,
    MaterializeResult,
    MultiPartitionKey,
    RetryPolicy,
    RunRequest,
    ScheduleEvaluationContext,
    define_asset_job,
    in_process_executor,
    multi_asset,
    schedule,
)
from dlt.pipeline.pipeline import Pipeline

from sources.help_scout.catalog.reports import REPORTS

from ...cli.options import Target, console
from ...cli.render.progress import JobScreen
from ...jobs.load_job import Job, run_job
from ...planning.load_plan import LoadRequest
from ...settings.accounts import account_names
from ...settings.constants import DEFAULT_DESTINATION
from ...settings.errors import STOPPED, USAGE, WarehouseError, explain
from .assets import CHECKS, PARTITIONS, asset_key, asset_specs, check_result
from .outcome import LISTS, can_retry, find_incomplete, read_metadata

RETRIES = RetryPolicy(
    max_retries=int(os.environ.get("HELP_SCOUT_RETRIES", "2")),
    delay=float(os.environ.get("HELP_SCOUT_RETRY_SECONDS", "300")),
    backoff=Backoff.EXPONENTIAL,
    jitter=Jitter.PLUS_MINUS,
)
SMALLEST = tuple(
    report.name
    for report in REPORTS.values()
    if (report.grains, report.slices) == (("week",), ("all",))
)
"""Requested where the lists alone are missing: they come with any report."""
NIGHTLY = "help_scout/nightly"
"""The tag of runs that load what is due, instead of the partition's whole month."""


@multi_asset(
    name="help_scout",
    group_name="help_scout",
    specs=list(asset_specs()),
    check_specs=list(CHECKS.values()),
    partitions_def=PARTITIONS,
    can_subset=True,
    retry_policy=RETRIES,
)
def load_month(
    context: AssetExecutionContext,
) -> Iterator[MaterializeResult[Any] | AssetCheckResult]:
    """Loads an account's month. Reports that were read whole are materialized. For the rest the
    step fails, and its retry loads only that rest."""
    keys = context.partition_key.keys_by_dimension
    first = date.fromisoformat(keys["month"])
    bounds = (first, (first + timedelta(days=31)).replace(day=1))
    unloaded = find_unloaded(context)
    names = [name for name in (*REPORTS, LISTS) if asset_key(name) in unloaded]
    since, until = (None, None) if NIGHTLY in context.run.tags else (str(day) for day in bounds)
    reports = tuple(name for name in names if name != LISTS) or SMALLEST
    request = LoadRequest(reports=reports, since=since, until=until)
    target = Target(
        warehouse=None,
        account=keys["account"],
        destination=os.environ.get("HELP_SCOUT_DESTINATION", DEFAULT_DESTINATION),
    )
    loaded: dict[str, dict[str, int]] = {}

    def read_ledger(pipeline: Pipeline) -> None:
        loaded.update(read_metadata(pipeline, keys["account"], bounds))

    try:
        job = Job(target.place, request=request, options=target.options)
        with JobScreen(console()) as emit:
            ended = run_job(job, emit, after_load=read_ledger)
    except Exception as error:
        message, code = explain(error)
        is_in_use = isinstance(error, WarehouseError)  # by a load that somebody else began
        raise Failure(message, allow_retries=code != USAGE or is_in_use) from error
    if ended.exit_code == STOPPED:
        raise Failure("stopped by a signal: what was read is loaded", allow_retries=False)
    incomplete = find_incomplete(ended, target.options)
    for name in names:
        if name not in incomplete:
            yield MaterializeResult(asset_key(name), metadata=loaded.get(name, {}))
    for result in ended.checks:
        if CHECKS[result.check.name].key in context.selected_asset_check_keys:
            yield check_result(result)
    if incomplete:
        problems = [f"{name}: {problem}" for name, problem in incomplete.items()]
        raise Failure("\n".join(problems), allow_retries=can_retry(ended))


def find_unloaded(context: AssetExecutionContext) -> set[AssetKey]:
    """The assets that the run has still to load: on a retry those that no try has loaded."""
    entries = context.instance.all_logs(
        context.run_id, of_type=DagsterEventType.ASSET_MATERIALIZATION
    )
    return {*context.selected_asset_keys} - {entry.dagster_event.asset_key for entry in entries}


load_job = define_asset_job("load", selection="*")


@schedule(
    job=load_job,
    cron_schedule="15 3 * * *",
    execution_timezone=os.environ.get("HELP_SCOUT_TIMEZONE", "UTC"),
)
def nightly(context: ScheduleEvaluationContext) -> Iterator[RunRequest]:
    """Loads what is due for every account, as the month of the day that has just ended."""
    month = (context.scheduled_execution_time - timedelta(days=1)).replace(day=1)
    for account in account_names():
        yield RunRequest(
            run_key=f"{account}/{context.scheduled_execution_time:%Y-%m-%d}",
            partition_key=MultiPartitionKey({"account": account, "month": f"{month:%Y-%m-%d}"}),
            tags={NIGHTLY: "true"},
        )


defs = Definitions(
    assets=[load_month], jobs=[load_job], schedules=[nightly], executor=in_process_executor
)
