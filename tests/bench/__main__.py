"""`make bench`: measures in one run, prints a table, writes `bench.json` into the data folder.

Machines are noisy: quote the ratios, not the seconds.
"""

# ruff: noqa: T201  printing is what it is for

from __future__ import annotations

import json
import tempfile
import time
from collections.abc import Callable
from dataclasses import asdict
from datetime import UTC, datetime
from itertools import product
from pathlib import Path

import duckdb
import orjson
import pyarrow as pa

from pipelines.dictionary import ROOT
from sources.help_scout.arrow import to_arrow
from sources.help_scout.flatten import flatten_report
from sources.help_scout.reports import REPORTS
from sources.help_scout.tables import stored_table
from sources.help_scout_sandbox import Sandbox
from tests.conftest import example_body
from tests.pipeline.support import SMALL, load_into, serving

from .limit_use import LimitUse, measured, simulated
from .plain import plain_day
from .requests_needed import requests_needed
from .sandbox_throughput import requests_per_second

PAGES, ROWS_PER_PAGE = 400, 50
REQUESTS, LIMITS, LATENCIES_MS = (300, 1_000, 4_000), (400, 800), (50, 300, 800)
MEASURED_REQUESTS = (300, 1_000)
"""How many are really sent, at the first limit and 300 ms; all others in virtual time."""


def seconds_of(work: Callable[[], object]) -> float:
    """The least of three runs."""
    least = float("inf")
    for _ in range(3):
        began = time.perf_counter()
        work()
        least = min(least, time.perf_counter() - began)
    return least


def flatten_against_parsing() -> dict[str, float]:
    """Drilldown rows from bytes to Arrow, against parsing the same bytes, and DuckDB reading
    ready Arrow."""
    report = REPORTS["conversations_drilldown"]
    example = example_body(report.name)
    row = example["conversations"]["results"][0]
    pages = []
    for page in range(PAGES):
        rows = [{**row, "id": page * ROWS_PER_PAGE + n} for n in range(ROWS_PER_PAGE)]
        body = {"conversations": {"page": page + 1, "pages": PAGES, "count": 0, "results": rows}}
        pages.append(orjson.dumps(body))
    tables: list[pa.Table] = []

    def parse() -> None:
        for page in pages:
            orjson.loads(page)

    def flatten() -> None:
        tables.clear()
        flat = flatten_report(report, ((orjson.loads(page), {}) for page in pages))
        tables.extend(
            to_arrow(stored_table(report, table), flat.rows[table.name], {})
            for table in report.tables
        )

    def read() -> None:
        ready = tables[0]  # noqa: F841  DuckDB finds it by its name
        with duckdb.connect() as connection:
            connection.execute("create table t as from ready")

    parsing, flattening, reading = seconds_of(parse), seconds_of(flatten), seconds_of(read)
    return {
        "flatten_rows_per_second": PAGES * ROWS_PER_PAGE / flattening,
        "flatten_to_parse_ratio": flattening / parsing,
        "flatten_to_duckdb_read_ratio": flattening / reading,
    }


def loads() -> dict[str, float]:
    """A first load of sixteen days of everything and the night after it, sandbox included."""
    with tempfile.TemporaryDirectory() as folder, serving(Sandbox(SMALL)) as base_url:
        warehouse = Path(folder) / "bench.duckdb"
        began = time.perf_counter()
        first = load_into(warehouse, base_url)
        middle = time.perf_counter()
        night = load_into(warehouse, base_url)
        end = time.perf_counter()
    requests = [sum(line.requests for line in summary.lines) for summary in (first, night)]
    return {
        "first_load_seconds": middle - began,
        "first_load_requests": requests[0],
        "night_seconds": end - middle,
        "night_requests": requests[1],
        "night_to_first_requests_ratio": requests[1] / requests[0],
    }


def limit_uses() -> dict[str, LimitUse]:
    """Runs against the account's limit, by name."""
    runs = [
        simulated(requests, limit, latency_ms)
        for requests, limit, latency_ms in product(REQUESTS, LIMITS, LATENCIES_MS)
    ]
    found = {name_of(run): run for run in runs}
    for requests in MEASURED_REQUESTS:
        run = measured(requests, LIMITS[0], 300)
        found[f"{name_of(run)}, measured"] = run
    return found


def name_of(run: LimitUse) -> str:
    return f"{run.requests:,} requests at {run.limit} a minute, {run.latency_ms} ms"


def main() -> None:
    figures = {
        "sandbox_requests_per_second": requests_per_second(),
        **flatten_against_parsing(),
        **loads(),
    }
    for name, value in figures.items():
        print(f"{name:44} {value:12,.2f}")
    needed = list(requests_needed())
    print(f"\n{'requests':44} {'ours':>12} {'least':>9} {'ratio':>6} {'plain':>9} {'ratio':>6}")
    for one in needed:
        print(
            f"{one.what:44} {one.ours:12,} {one.least:9,} {one.ours / one.least:6.3f} "
            f"{one.plain:9,} {one.ours / one.plain:6.3f}"
        )
    asked, expected = plain_day()
    print(f"a plain configuration's day, really run: {asked} requests, {expected} by its rule")
    uses = limit_uses()
    print(f"\n{'use of the limit':44} {'seconds':>12} {'least':>9} {'ratio':>6} {'refused':>9}")
    for name, run in uses.items():
        least = f"{run.least_seconds:9.2f} {run.ratio:6.3f} {run.refused:9}"
        print(f"{name:44} {run.seconds:12.2f} {least}")
    told = {
        "at": datetime.now(UTC).isoformat(),
        **figures,
        "requests": [asdict(one) for one in needed],
        "plain_day": {"requests": asked, "by_rule": expected},
        "use_of_the_limit": {
            name: asdict(run) | {"ratio": run.ratio} for name, run in uses.items()
        },
    }
    target = ROOT / "data" / "bench.json"
    target.write_text(json.dumps(told, indent=2), encoding="utf-8")
    print(f"written to {target.relative_to(ROOT)}")


if __name__ == "__main__":
    main()
