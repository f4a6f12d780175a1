"""Prints what Dagster's instance holds, as JSON; run by the Python of Dagster's environment."""

from __future__ import annotations

import json
import sys
from collections import defaultdict
from datetime import datetime
from typing import Any
from zoneinfo import ZoneInfo

from dagster import DagsterEventType, DagsterInstance, build_schedule_context

from pipelines.orchestration.dagster.assets import PARTITIONS, asset_key
from pipelines.orchestration.dagster.definitions import defs, nightly
from pipelines.orchestration.dagster.outcome import LISTS
from sources.help_scout.catalog.reports import REPORTS


def instance_json(instance: DagsterInstance, wanted: list[str]) -> dict[str, Any]:
    """By partition: the status and rows of each asset, each check's verdict; and all runs."""
    statuses: dict[str, dict[str, str]] = defaultdict(dict)
    rows: dict[str, dict[str, int]] = defaultdict(dict)
    checks: dict[str, dict[str, bool]] = defaultdict(dict)
    runs = []
    for name in (*REPORTS, LISTS):
        found = instance.get_status_by_partition(asset_key(name), wanted, PARTITIONS)
        for partition, status in found.items():
            statuses[partition][name] = status.value if status else "MISSING"
        for record in instance.fetch_materializations(asset_key(name), limit=1_000).records:
            count = record.asset_materialization.metadata.get("dagster/partition_row_count")
            rows[record.partition_key].setdefault(name, count.value if count else 0)
    for record in instance.get_run_records(ascending=True):
        run = record.dagster_run
        for entry in instance.all_logs(run.run_id, of_type=DagsterEventType.ASSET_CHECK_EVALUATION):
            result = entry.dagster_event.asset_check_evaluation_data
            checks[result.partition][result.check_name] = result.passed
        tries = instance.all_logs(run.run_id, of_type=DagsterEventType.STEP_RESTARTED)
        runs.append(
            {
                "partition": run.tags["dagster/partition"],
                "account": run.tags["dagster/partition/account"],
                "status": run.status.value,
                "assets": len(run.asset_selection or ()),
                "restarts": len(tries),
                "start": record.start_time,
                "end": record.end_time,
            }
        )
    return {"statuses": statuses, "rows": rows, "checks": checks, "runs": runs}


def requested(when: str) -> list[dict[str, Any]]:
    """The runs that the schedule asks for at the instant."""
    at = datetime.fromisoformat(when).replace(tzinfo=ZoneInfo("UTC"))
    context = build_schedule_context(
        scheduled_execution_time=at, repository_def=defs.get_repository_def()
    )
    return [{"partition": str(r.partition_key), "tags": dict(r.tags)} for r in nightly(context)]


if __name__ == "__main__":
    if sys.argv[1] == "nightly":
        sys.stdout.write(json.dumps(requested(sys.argv[2])))
    else:
        with DagsterInstance.get() as found_instance:
            sys.stdout.write(json.dumps(instance_json(found_instance, sys.argv[1:])))
