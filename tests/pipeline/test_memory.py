"""A drilldown of very many rows in one window streams: memory stays flat."""

from __future__ import annotations

import subprocess
import sys
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any
from urllib.parse import parse_qs, urlsplit

import orjson
import pytest

from tests.conftest import example_body
from tests.helpers.commands import environment
from tests.helpers.loads import query

pytestmark = pytest.mark.slow(minutes=3)

ROWS_A_PAGE = 50


@contextmanager
def serving_rows(count: int) -> Iterator[str]:
    """An account with so many conversations in a day, and nothing else."""
    pattern = example_body("conversations_drilldown")["conversations"]["results"][0]
    pages = -(-count // ROWS_A_PAGE)

    def page_of(number: int) -> Any:
        first = (number - 1) * ROWS_A_PAGE
        rows = [
            pattern
            | {
                "id": 7_000_000_000 + place,
                "number": place,
                "subject": f"Question {place} about an order that has not arrived",
                "preview": f"Hello, order {place} was to be here by now. " * 4,
                "customerIds": [place % 30_000],
                "tags": [{"id": place % 40 + 2, "name": f"tag {place % 40}", "color": "none"}],
            }
            for place in range(first, min(first + ROWS_A_PAGE, count))
        ]
        return {"conversations": {"page": number, "pages": pages, "count": count, "results": rows}}

    class Handler(BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"
        disable_nagle_algorithm = True  # else each answer waits 40 ms for the last one's receipt
        wbufsize = -1

        def do_POST(self) -> None:
            self.rfile.read(int(self.headers["Content-Length"]))
            self.answer({"token_type": "bearer", "access_token": "t", "expires_in": 172800})

        def do_GET(self) -> None:
            parts = urlsplit(self.path)
            if parts.path.endswith("/drilldown"):
                self.answer(page_of(int(parse_qs(parts.query)["page"][0])))
            elif parts.path.endswith("/v1/sites"):
                self.answer({"sites": {"page": 1, "pages": 1, "count": 0, "items": []}})
            elif "/reports/" in parts.path:
                self.answer({"current": {}, "filterTags": []})
            else:
                self.answer({"_links": {}, "page": {"totalElements": 0, "totalPages": 0}})

        def answer(self, body: Any) -> None:
            content = orjson.dumps(body)
            self.send_response(200)
            self.send_header("Content-Type", "application/json")
            self.send_header("Content-Length", str(len(content)))
            self.send_header("X-RateLimit-Limit-Minute", "1000000")
            self.send_header("X-RateLimit-Remaining-Minute", "1000000")
            self.end_headers()
            self.wfile.write(content)

        def log_message(self, *_: Any) -> None:
            """Nothing: stderr is for errors."""

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    thread = threading.Thread(target=server.serve_forever, daemon=True)
    thread.start()
    try:
        yield f"http://127.0.0.1:{server.server_port}"
    finally:
        server.shutdown()
        server.server_close()


def peak_megabytes(warehouse: Path, rows: int) -> float:
    """The peak memory of a process that loads so many rows of one window."""
    arguments = (
        *("load", "--warehouse", str(warehouse), "--reports", "conversations_drilldown"),
        *("--since", "2026-11-05", "--until", "2026-11-06"),
    )
    with serving_rows(rows) as base_url:
        options = {"BASE_URL": base_url, "CLIENT_ID": "i", "CLIENT_SECRET": "s"}
        options |= {"TIMEZONE": "America/New_York", "START_DATE": "2026-11-05"}
        done = subprocess.run(
            [sys.executable, "-m", "tests.bench.peak", *arguments],
            env=environment() | {f"SOURCES__HELP_SCOUT__{k}": v for k, v in options.items()},
            capture_output=True,
            text=True,
            check=True,
        )
    return float(done.stdout.rpartition("peak ")[2])


def test_two_hundred_thousand_rows_of_one_window_need_little_memory(tmp_path: Path) -> None:
    few, many = tmp_path / "few.duckdb", tmp_path / "many.duckdb"
    small, large = peak_megabytes(few, 50_000), peak_megabytes(many, 200_000)

    assert query(
        many,
        "select count(*), count(distinct conversation_id), "
        "(select count(*) from conversations_drilldown_tags), "
        "(select count(*) from conversations_drilldown_customers), "
        "(select status || ' ' || api_count || ' ' || pages from report_windows) "
        "from conversations_drilldown",
    ) == [(200_000, 200_000, 200_000, 200_000, "loaded 200000 4000")]
    assert large < 400
    assert large < 1.3 * small
