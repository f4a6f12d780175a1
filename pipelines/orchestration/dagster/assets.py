"""The assets, partitions and checks that Dagster knows: an asset for each report and one for the
lists, partitioned by account and month. dagster-dlt names each resource's asset.
"""

from __future__ import annotations

import warnings
from collections.abc import Iterator

import dlt
from dagster import (
    AssetCheckResult,
    AssetCheckSeverity,
    AssetCheckSpec,
    AssetKey,
    AssetSpec,
    MonthlyPartitionsDefinition,
    MultiPartitionsDefinition,
    PreviewWarning,
    StaticPartitionsDefinition,
)
from dagster_dlt import DagsterDltTranslator
from dagster_dlt.translator import DltResourceTranslatorData

from sources.help_scout import help_scout
from sources.help_scout.catalog.reports import REPORTS

from ...quality.check_runner import Check, CheckVerdict, Result, all_checks
from ...settings.accounts import account_names
from .outcome import LISTS

FIRST_DAY = str(dlt.config.get("sources.help_scout.start_date") or "2025-01-01")
PARTITIONS = MultiPartitionsDefinition(
    {
        "account": StaticPartitionsDefinition(account_names()),
        "month": MonthlyPartitionsDefinition(f"{FIRST_DAY[:7]}-01", end_offset=1),
    }
)
OWNERS = {table.name: report.name for report in REPORTS.values() for table in report.tables}


def asset_key(name: str) -> AssetKey:
    """The key of a report's asset, or the lists', as dagster-dlt names resources."""
    return AssetKey(f"dlt_help_scout_{name}")


def asset_specs() -> Iterator[AssetSpec]:
    """An asset for each report, and one for the account's lists."""
    resources = help_scout(client_id="-", client_secret="-").resources  # noqa: S106  nothing is requested
    translator = DagsterDltTranslator()
    for report in REPORTS.values():
        data = DltResourceTranslatorData(resource=resources[report.name], pipeline=None)
        spec = translator.get_asset_spec(data)
        assert spec.key == asset_key(report.name)
        yield spec.replace_attributes(deps=[], description=report.summary, skippable=True)
    yield AssetSpec(
        asset_key(LISTS), description="The lists that give ids their names", skippable=True
    )


def check_spec(check: Check) -> AssetCheckSpec:
    """The check, on the asset of the first report that it needs. Each partition has its own result.
    Otherwise one account's result would hide the others'."""
    owner = next((OWNERS[name] for name in check.needs if name in OWNERS), LISTS)
    return AssetCheckSpec(
        check.name, asset=asset_key(owner), description=check.sentence, partitions_def=PARTITIONS
    )


with warnings.catch_warnings(action="ignore", category=PreviewWarning):
    CHECKS = {check.name: check_spec(check) for check in all_checks()}


def check_result(result: Result) -> AssetCheckResult:
    """The result of a check for Dagster. Only a failure of integrity is an error. Reports that
    disagree, data that has moved since and advisories are warnings."""
    spec, is_wrong = CHECKS[result.check.name], result.verdict is CheckVerdict.FAILS
    return AssetCheckResult(
        asset_key=spec.asset_key,
        check_name=spec.name,
        passed=result.verdict in (CheckVerdict.HOLDS, CheckVerdict.SKIPPED),
        severity=AssetCheckSeverity.ERROR if is_wrong else AssetCheckSeverity.WARN,
        description=str(result.verdict),
        metadata={
            "rows": result.rows,
            "examples": [str(example) for example in result.examples],
            "not loaded": list(result.lacking),
        },
    )
