"""What somebody writes first: dlt's own declarative source, a request a report, slice and day."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import replace
from datetime import date, datetime, time, timedelta
from math import ceil
from tempfile import TemporaryDirectory
from typing import Any, cast
from zoneinfo import ZoneInfo

import dlt
from dlt.extract import DltSource
from dlt.sources.rest_api import rest_api_source
from dlt.sources.rest_api.typing import RESTAPIConfig

from sources.help_scout.api.client import Client
from sources.help_scout.catalog.model import PAGED, Report, Shape
from sources.help_scout.catalog.reports import REPORTS
from sources.help_scout.planning.request_plan import API_ROOT, Request, wire_instant
from sources.help_scout.planning.settings import Settings
from sources.help_scout_sandbox import Sandbox
from tests.helpers.loads import SMALL, serving

LEFT_OUT = ("conversations_fields_drilldown", "docs_overall")
"""Asked for by what another report names deep inside; of sites that another API lists."""
DAY = date(2026, 11, 5)
INBOXES, RANGES = (85_001, 85_002), range(1, 11)
DRILLDOWN_PAGE_ROWS, LIST_PAGE_ROWS = 25, 100
USERS = {
    "name": "users",
    "endpoint": {"path": "users", "data_selector": "_embedded.users", "paginator": "single_page"},
}


def plain_source(
    base_url: str, day: date, zone: ZoneInfo, inboxes: Iterable[int], ranges: Iterable[int]
) -> DltSource:
    """The source of a day: one resource a report and slice, users by the list of users."""
    slices: dict[str, list[dict[str, Any]]] = {
        "all": [{}],
        "mailbox": [{"mailboxes": inbox} for inbox in inboxes],
        "user": [{"user": "{resources.users.id}"}],
        "range=firstResponseTime,range_id": [
            {"range": "firstResponseTime", "rangeId": number} for number in ranges
        ],
    }
    start = datetime.combine(day, time(), zone)
    last = datetime.combine(day + timedelta(days=1), time(), zone) - timedelta(seconds=1)
    window = {"start": wire_instant(start), "end": wire_instant(last)}
    resources = [
        _resource(report, f"{name}_by_{breakdown.kind}_{number}", window | params)
        for name, report in REPORTS.items()
        if name not in LEFT_OUT
        for breakdown in Settings().breakdowns_of(report)
        for number, params in enumerate(slices[breakdown.text])
    ]
    config = {
        "client": {
            "base_url": f"{base_url}/v2/",
            "auth": {
                "type": "oauth2_client_credentials",
                "access_token_url": f"{base_url}/v2/oauth2/token",
                "client_id": "sandbox-id",
                "client_secret": "sandbox-secret",
            },
        },
        "resources": [USERS, *resources],
    }
    return rest_api_source(cast(RESTAPIConfig, config))


def plain_day() -> tuple[int, int]:
    """The requests for reports that a day of a busy little account takes: as its server counts
    them, and by the rule that the year is computed with."""
    sandbox = Sandbox(replace(SMALL, conversations_per_day=60))
    zone = ZoneInfo(SMALL.timezone)
    with TemporaryDirectory() as folder, serving(sandbox) as base_url:
        source = plain_source(base_url, DAY, zone, INBOXES, RANGES)
        pipeline = dlt.pipeline(
            "plain",
            pipelines_dir=folder,
            destination=dlt.destinations.duckdb(f"{folder}/plain.duckdb"),
            dataset_name="plain",
        )
        pipeline.extract(source)
        asked = [one for one in sandbox.requests if one.path.startswith(API_ROOT)]
        with Client(base_url, "sandbox-id", "sandbox-secret") as client:
            expected = 0
            for one in asked:
                number = one.query.get("page")
                if number is None:
                    expected += 1
                elif number == "1":
                    body = client.get(Request.of(one.path, one.query)).body
                    is_list = "results" in body
                    rows = body["count"] if is_list else body["conversations"]["count"]
                    size = LIST_PAGE_ROWS if is_list else DRILLDOWN_PAGE_ROWS
                    expected += max(1, ceil(rows / size))
    return len(asked), expected


def _resource(report: Report, name: str, params: dict[str, Any]) -> dict[str, Any]:
    if report.shape in PAGED:
        inside = "conversations." if report.shape is Shape.DRILLDOWN else ""
        paging = {
            "data_selector": f"{inside}results",
            "paginator": {"type": "page_number", "base_page": 1, "total_path": f"{inside}pages"},
        }
    else:
        paging = {"data_selector": "$", "paginator": "single_page"}
    return {"name": name, "endpoint": {"path": f"reports/{report.path}", "params": params} | paging}
