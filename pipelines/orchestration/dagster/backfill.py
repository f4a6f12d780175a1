"""Loads months of all accounts, by a backfill of Dagster's own.

    python -m pipelines.orchestration.dagster.backfill --months 2026-08,2026-09,2026-10

Only what the instance says is missing or has failed is loaded: the same command again tries that
alone. How many accounts are loaded at once stands in dagster.yaml.
"""

from __future__ import annotations

import sys
import time
from collections import defaultdict
from collections.abc import Iterable, Sequence

import click
from dagster import (
    AssetKey,
    AssetPartitionStatus,
    DagsterEventType,
    DagsterInstance,
    DagsterRun,
    DagsterRunStatus,
    MultiPartitionKey,
    RunsFilter,
)
from dagster._core.definitions.assets.graph.asset_graph_subset import AssetGraphSubset
from dagster._core.execution.backfill import (
    BULK_ACTION_TERMINAL_STATUSES,
    BulkActionsFilter,
    BulkActionStatus,
    PartitionBackfill,
)
from dagster._core.utils import make_new_backfill_id

from sources.help_scout.catalog.reports import REPORTS

from ...jobs.accounts import account_names
from ...settings.errors import COMPLETE, PARTIAL
from .assets import PARTITIONS, asset_key
from .daemon import instance_at_home, running_daemon
from .outcome import LISTS

ASSETS = [asset_key(name) for name in (*REPORTS, LISTS)]
OPEN = BulkActionsFilter(statuses=[BulkActionStatus.REQUESTED])


@click.command()
@click.option("--months", required=True, metavar="A,B", help="Months, e.g. 2026-08,2026-09.")
@click.option("--accounts", metavar="A,B", help="Only these accounts.  [default: all]")
def main(months: str, accounts: str | None) -> None:
    """Loads what is missing of the accounts' months; exit code 3 when some of it still is."""
    wanted = [
        MultiPartitionKey({"account": account, "month": f"{month}-01"})
        for month in months.split(",")
        for account in (accounts.split(",") if accounts else account_names())
    ]
    known = set(PARTITIONS.get_partition_keys())
    if unknown := [key for key in wanted if key not in known]:
        raise click.UsageError(f"no such partitions: {', '.join(unknown)}")
    with instance_at_home() as instance:
        begun = [backfill.backfill_id for backfill in instance.get_backfills(OPEN)]
        finish(instance, begun)  # by a command that was killed
        finish(instance, request(instance, missing_of(instance, wanted)))
        lacking = missing_of(instance, wanted)
    click.echo(f"{len(wanted) - len(lacking)} of {len(wanted)} partitions are loaded whole")
    sys.exit(PARTIAL if lacking else COMPLETE)


def missing_of(instance: DagsterInstance, wanted: Sequence[str]) -> dict[str, set[AssetKey]]:
    """The assets that are not there, of each partition that lacks any."""
    missing: dict[str, set[AssetKey]] = defaultdict(set)
    for asset in ASSETS:
        statuses = instance.get_status_by_partition(asset, wanted, PARTITIONS) or {}
        for partition in wanted:
            if statuses.get(partition) is not AssetPartitionStatus.MATERIALIZED:
                missing[partition].add(asset)
    return missing


def request(instance: DagsterInstance, missing: dict[str, set[AssetKey]]) -> list[str]:
    """Asks the daemon for what is missing; the ids of the backfills. Partitions that lack the same
    assets share one: of one backfill with both, a partition would become several runs."""
    alike: dict[frozenset[AssetKey], list[str]] = defaultdict(list)
    for partition, assets in missing.items():
        alike[frozenset(assets)].append(partition)
    return [add_backfill(instance, *group) for group in alike.items()]


def add_backfill(
    instance: DagsterInstance, assets: Iterable[AssetKey], partitions: Sequence[str]
) -> str:
    """A backfill of the assets' partitions, by its id."""
    subset = PARTITIONS.subset_with_partition_keys(partitions)
    backfill_id: str = make_new_backfill_id()
    backfill = PartitionBackfill.from_asset_graph_subset(
        backfill_id=backfill_id,
        backfill_timestamp=time.time(),
        tags={},
        dynamic_partitions_store=instance,
        asset_graph_subset=AssetGraphSubset(
            partitions_subsets_by_asset_key=dict.fromkeys(assets, subset)
        ),
        title="Help Scout",
        description=None,
        run_config=None,
    )
    instance.add_backfill(backfill)
    return backfill_id


def finish(instance: DagsterInstance, backfill_ids: Sequence[str]) -> None:
    """Waits until the backfills have ended, and tells of each of their runs."""
    if not backfill_ids:
        return
    told: set[str] = set()
    runs = RunsFilter(tags={"dagster/backfill": backfill_ids})
    with running_daemon(instance):
        is_open = True
        while is_open:
            time.sleep(1)
            found = [instance.get_backfill(backfill_id) for backfill_id in backfill_ids]
            is_open = any(one and one.status not in BULK_ACTION_TERMINAL_STATUSES for one in found)
            for run in instance.get_runs(runs):
                if run.is_finished and run.run_id not in told:
                    told.add(run.run_id)
                    tell(instance, run)


def tell(instance: DagsterInstance, run: DagsterRun) -> None:
    """Prints how a run ended, and why it failed."""
    click.echo(f"{run.tags['dagster/partition']}: {run.status.value.lower()}")
    if run.status is DagsterRunStatus.SUCCESS:
        return
    for entry in instance.all_logs(run.run_id, of_type=DagsterEventType.STEP_FAILURE):
        failure = entry.get_dagster_event().step_failure_data
        told, error = failure.user_failure_data, failure.error
        click.echo(told.description if told else error and (error.cause or error).message)


if __name__ == "__main__":
    main()
