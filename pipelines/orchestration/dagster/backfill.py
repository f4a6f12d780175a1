"""Loads months of all accounts, by a backfill of Dagster's own.

    python -m pipelines.orchestration.dagster.backfill --months 2026-08,2026-09,2026-10

Only what the instance reports as missing or failed is loaded, so the same command again loads the
rest. dagster.yaml sets how many accounts are loaded at once.
"""

from __future__ import annotations

import json
import subprocess
import sys
import time
from collections import defaultdict
from collections.abc import Sequence
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

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

from sources.help_scout.catalog.reports import REPORTS

from ...settings.accounts import account_names
from ...settings.errors import COMPLETE, PARTIAL
from .assets import PARTITIONS, asset_key
from .daemon import DEFINITIONS, instance_at_home, program, running_daemon
from .outcome import LISTS

ASSETS = [asset_key(name) for name in (*REPORTS, LISTS)]
OPEN = ("REQUESTED", "CANCELING", "FAILING")
LAUNCH = """launchPartitionBackfill(backfillParams: ${name}) {{
  ... on LaunchBackfillSuccess {{ backfillId }}
  ... on Error {{ message }}
}}"""


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
        finish_backfills(
            instance, open_backfills(instance)
        )  # requested by a command that was killed
        finish_backfills(instance, request_backfills(missing_assets(instance, wanted)))
        missing = missing_assets(instance, wanted)
    click.echo(f"{len(wanted) - len(missing)} of {len(wanted)} partitions are loaded whole")
    sys.exit(PARTIAL if missing else COMPLETE)


def missing_assets(instance: DagsterInstance, wanted: Sequence[str]) -> dict[str, set[AssetKey]]:
    """The assets that are missing, of each partition with any."""
    missing: dict[str, set[AssetKey]] = defaultdict(set)
    for asset in ASSETS:
        statuses = instance.get_status_by_partition(asset, wanted, PARTITIONS) or {}
        for partition in wanted:
            if statuses.get(partition) is not AssetPartitionStatus.MATERIALIZED:
                missing[partition].add(asset)
    return missing


def request_backfills(missing: dict[str, set[AssetKey]]) -> list[str]:
    """Requests what is missing, and returns the ids of the backfills. Partitions with the same
    missing assets share one: in a backfill with different ones, a partition becomes several runs.
    """
    groups: dict[frozenset[AssetKey], list[str]] = defaultdict(list)
    for partition, assets in missing.items():
        groups[frozenset(assets)].append(partition)
    backfills = {
        f"b{number}": {
            "assetSelection": [{"path": asset.path} for asset in assets],
            "partitionNames": partitions,
            "title": "Help Scout",
        }
        for number, (assets, partitions) in enumerate(groups.items())
    }
    if not backfills:
        return []
    declared = ", ".join(f"${name}: LaunchBackfillParams!" for name in backfills)
    launched = "\n".join(f"{name}: {LAUNCH.format(name=name)}" for name in backfills)
    answers = query_graphql(f"mutation ({declared}) {{ {launched} }}", backfills).values()
    if refused := [answer["message"] for answer in answers if "backfillId" not in answer]:
        raise click.ClickException(f"Dagster refused the backfill: {'; '.join(refused)}")
    return [answer["backfillId"] for answer in answers]


def query_graphql(text: str, variables: dict[str, Any]) -> Any:
    """The data that Dagster's GraphQL API answers. No web server is needed."""
    with TemporaryDirectory() as folder:
        output = Path(folder) / "answer.json"
        words = ("-t", text, "-v", json.dumps(variables), "-o", output)
        done = subprocess.run(  # noqa: S603  our own words
            [program("dagster-graphql"), *DEFINITIONS, *words],
            stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True, check=False,
        )  # fmt: skip
        if done.returncode:
            raise click.ClickException(f"dagster-graphql failed: {done.stdout}")
        answer = json.loads(output.read_text(encoding="utf-8"))
    if "errors" in answer:
        raise click.ClickException(f"dagster-graphql failed: {answer['errors']}")
    return answer["data"]


def open_backfills(instance: DagsterInstance) -> list[str]:
    """The ids of the backfills that have not ended."""
    return [one.backfill_id for one in instance.get_backfills() if one.status.value in OPEN]


def finish_backfills(instance: DagsterInstance, backfill_ids: Sequence[str]) -> None:
    """Waits until the backfills have ended, and prints how each of their runs ended."""
    if not backfill_ids:
        return
    printed: set[str] = set()
    runs = RunsFilter(tags={"dagster/backfill": backfill_ids})
    with running_daemon(instance):
        is_open = True
        while is_open:
            time.sleep(1)
            is_open = not set(backfill_ids).isdisjoint(open_backfills(instance))
            for run in instance.get_runs(runs):
                if run.is_finished and run.run_id not in printed:
                    printed.add(run.run_id)
                    print_run(instance, run)


def print_run(instance: DagsterInstance, run: DagsterRun) -> None:
    """Prints how a run ended, and why it failed."""
    click.echo(f"{run.tags['dagster/partition']}: {run.status.value.lower()}")
    if run.status is DagsterRunStatus.SUCCESS:
        return
    for entry in instance.all_logs(run.run_id, of_type=DagsterEventType.STEP_FAILURE):
        failure = entry.get_dagster_event().step_failure_data
        reason, error = failure.user_failure_data, failure.error
        click.echo(reason.description if reason else error and (error.cause or error).message)


if __name__ == "__main__":
    main()
