"""How fast drilldown rows get from bodies to committed tables, without a limit and without HTTP.

Three ways over the same bodies, one a line of a file: ours; dlt's declarative source with its own
normalization; and DuckDB's own reader of JSON, into the same tables as ours. Each run is a process
of its own.
"""

# ruff: noqa: PLC0415  each way imports what it needs, in a process of its own

from __future__ import annotations

import json
import os
import re
import subprocess
import sys
import time
from collections import defaultdict
from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import orjson

from tests.bench.peak import peak_megabytes
from tests.conftest import example_body
from tests.helpers.commands import environment

ROWS_A_PAGE, ROWS_A_DAY = 50, 1_000
PAGES_A_DAY = ROWS_A_DAY // ROWS_A_PAGE
FIRST_DAY, NOW = datetime(2026, 1, 1, tzinfo=UTC), datetime(2026, 11, 10, 15, tzinfo=UTC)
TABLES = tuple(f"conversations_drilldown{name}" for name in ("", "_tags", "_customers"))


@dataclass(frozen=True, slots=True)
class Throughput:
    """One way's run: wall and processor seconds, and the peak of its memory."""

    rows: int
    seconds: float
    processor_seconds: float
    peak_megabytes: float

    @property
    def rows_per_second(self) -> float:
        """Conversations loaded in a second."""
        return self.rows / self.seconds

    @property
    def processor_seconds_per_1000_requests(self) -> float:
        """Processor seconds that a thousand pages take."""
        return self.processor_seconds / self.rows * ROWS_A_PAGE * 1000


def write_bodies(path: Path, rows: int) -> None:
    """So many conversations, a thousand a day, in pages of 50, a body a line."""
    pattern = example_body("conversations_drilldown")["conversations"]["results"][0]
    with path.open("wb") as lines:
        for first in range(0, rows, ROWS_A_PAGE):
            results = [
                pattern
                | {
                    "id": 7_000_000_000 + place,
                    "number": place,
                    "subject": f"Question {place} about an order that has not arrived",
                    "preview": f"Hello, order {place} was to be here by now.",
                    "customerIds": [place % 30_000],
                    "tags": [{"id": place % 40 + 2, "name": f"tag {place % 40}", "color": "none"}],
                }
                for place in range(first, first + ROWS_A_PAGE)
            ]
            envelope = {"page": first % ROWS_A_DAY // ROWS_A_PAGE + 1, "pages": PAGES_A_DAY}
            lines.write(
                orjson.dumps(
                    {"conversations": envelope | {"count": ROWS_A_DAY, "results": results}},
                    option=orjson.OPT_APPEND_NEWLINE,
                )
            )


class Bodies:
    """The bodies of the file, by their number."""

    def __init__(self, path: Path) -> None:
        self._file = os.open(path, os.O_RDONLY)
        self._starts = [0]
        with path.open("rb") as lines:
            for line in lines:
                self._starts.append(self._starts[-1] + len(line))

    def __len__(self) -> int:
        return len(self._starts) - 1

    def __getitem__(self, number: int) -> bytes:
        start = self._starts[number]
        return os.pread(self._file, self._starts[number + 1] - start, start)


def ours(bodies: Path, warehouse: Path, rows: int) -> None:
    """Our source, from a client that has the answers, loaded as the command line does."""
    from pipelines.settings.process import prepare_process
    from pipelines.warehouse.open import open_pipeline
    from sources.help_scout.api.client import Answer
    from sources.help_scout.planning.request_plan import Request
    from tests.helpers.loads import load_days, running

    prepare_process()
    pages = Bodies(bodies)

    def get(request: Request, *, most_tries: int | None = None) -> Answer:
        query = dict(request.query)
        day = (datetime.fromisoformat(query["start"]) - FIRST_DAY).days
        body = orjson.loads(pages[day * PAGES_A_DAY + int(query["page"]) - 1])
        return Answer(body, request, NOW, 1, None)

    first, until = FIRST_DAY.date(), (FIRST_DAY + timedelta(days=rows // ROWS_A_DAY)).date()
    with (
        running(
            "http://127.0.0.1:9", clock=lambda: NOW, timezone="UTC", start_date=str(first)
        ) as run,
        open_pipeline(warehouse) as pipeline,
    ):
        run.client.get = get  # type: ignore[method-assign]  # no HTTP
        with run.client.limiter.slot():
            pass  # an answer that takes no time: few connections are wanted
        load_days(pipeline, run, TABLES[:1], str(first), str(until))


def declarative(bodies: Path, warehouse: Path, _rows: int) -> None:
    """dlt's own source for REST APIs, as somebody would write it down."""
    import dlt
    import requests
    from dlt.sources.rest_api import rest_api_source
    from requests.adapters import HTTPAdapter

    pages = Bodies(bodies)

    class FromFile(HTTPAdapter):
        def send(self, request: requests.PreparedRequest, *_: Any, **__: Any) -> requests.Response:
            response = requests.Response()
            number = re.search(r"page=(\d+)", str(request.url))
            response.status_code, response.request = 200, request
            response.url, response.encoding = str(request.url), "utf-8"
            response._content = pages[int(number[1] if number else 1) - 1]
            return response

    session = requests.Session()
    session.mount("http://", FromFile())
    source = rest_api_source(
        {
            "client": {"base_url": "http://127.0.0.1:9/v2/", "session": session},
            "resources": [
                {
                    "name": TABLES[0],
                    "primary_key": "id",
                    "write_disposition": "merge",
                    "endpoint": {
                        "path": "reports/conversations/drilldown",
                        "data_selector": "conversations.results",
                        "paginator": {
                            "type": "page_number",
                            "base_page": 1,
                            "total_path": None,
                            "maximum_page": len(pages),
                        },
                    },
                }
            ],
        }
    )
    pipeline = dlt.pipeline(
        "plain",
        pipelines_dir=str(warehouse.parent / "pipelines"),
        destination=dlt.destinations.duckdb(str(warehouse)),
        dataset_name="reports",
    )
    pipeline.run(source, loader_file_format="parquet")


def duckdb_same(bodies: Path, warehouse: Path, _rows: int) -> None:
    """DuckDB's reader of JSON, into the same three tables as ours."""
    import duckdb

    with duckdb.connect(str(warehouse)) as connection:
        connection.execute(f"set variable bodies = '{bodies}'")
        connection.execute(Path(__file__).with_name("same_tables.sql").read_text(encoding="utf-8"))


WAYS: dict[str, Callable[[Path, Path, int], None]] = {
    "ours": ours,
    "DuckDB, same tables": duckdb_same,
    "dlt rest_api, parquet": declarative,
}
RUNS = {
    "ours": (200_000, 5),
    "DuckDB, same tables": (200_000, 5),
    "dlt rest_api, parquet": (60_000, 3),
}
"""Rows and runs of each way. The slow one gets fewer of both: its rate is the same."""
GROWTH = (2_000, 20_000, 60_000)
"""Fewer rows than ours have among the ways."""


def measured(way: str, bodies: Path, warehouse: Path, rows: int) -> Throughput:
    """One run of a way in a process of its own; imports are not counted, opening the file is."""
    done = subprocess.run(
        [sys.executable, "-m", "tests.bench.throughput", way, bodies, warehouse, str(rows)],
        env=environment(),
        capture_output=True,
        text=True,
        check=False,
    )
    if done.returncode:
        raise RuntimeError(f"{way}: {done.stderr[-2000:]}")
    return Throughput(rows=rows, **json.loads(done.stdout.splitlines()[-1]))


def throughputs() -> dict[tuple[str, int], Throughput]:
    """The median run of each way and number of rows; the ways take turns."""
    turns = range(max(runs for _, runs in RUNS.values()))
    order = [(way, rows) for turn in turns for way, (rows, runs) in RUNS.items() if turn < runs]
    found: dict[tuple[str, int], list[Throughput]] = defaultdict(list)
    files: dict[tuple[str, int], Path] = {}
    with TemporaryDirectory() as name:
        for number, (way, rows) in enumerate([*order, *(("ours", rows) for rows in GROWTH)]):
            bodies, target = Path(name) / f"{rows}.ndjson", Path(name) / str(number)
            if not bodies.exists():
                write_bodies(bodies, rows)
            target.mkdir()
            files[way, rows] = target / "w.duckdb"
            found[way, rows].append(measured(way, bodies, files[way, rows], rows))
        require_equal(*(files[way, RUNS[way][0]] for way in ("ours", "DuckDB, same tables")))
    return {
        key: sorted(runs, key=lambda run: run.seconds)[len(runs) // 2]
        for key, runs in found.items()
    }


def require_equal(one: Path, other: Path) -> None:
    """AssertionError when the two files' tables differ by a row."""
    import duckdb

    with duckdb.connect() as connection:
        connection.execute(f"attach '{one}' as a (read_only); attach '{other}' as b (read_only)")
        for table in TABLES:
            for left, right in (("a", "b"), ("b", "a")):
                differing = connection.execute(
                    f"select count(*) from (from {left}.reports.{table} "
                    f"except all from {right}.reports.{table})"
                ).fetchone()
                assert differing == (0,), f"{table}: {differing} rows differ"


def work(way: str, bodies: Path, warehouse: Path, rows: int) -> None:
    """What the process of a run does: the work, then its figures on a line."""
    import duckdb  # noqa: F401  imports are not what is measured
    import pyarrow.parquet  # noqa: F401

    if way == "ours":
        import tests.helpers.loads  # noqa: F401
    elif way.startswith("dlt"):
        from dlt.sources import rest_api  # noqa: F401
    began, busy = time.perf_counter(), time.process_time()
    WAYS[way](bodies, warehouse, rows)
    figures = {
        "seconds": time.perf_counter() - began,
        "processor_seconds": time.process_time() - busy,
        "peak_megabytes": peak_megabytes(),
    }
    sys.stdout.write(json.dumps(figures) + "\n")


if __name__ == "__main__":
    work(sys.argv[1], Path(sys.argv[2]), Path(sys.argv[3]), int(sys.argv[4]))
