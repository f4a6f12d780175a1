"""A sandbox, and a warehouse with a published copy, for tests of what readers get."""

from __future__ import annotations

import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, replace
from datetime import timedelta
from io import StringIO
from pathlib import Path
from typing import Any

from rich.console import Console

from pipelines.cli.render.progress import JobScreen
from pipelines.jobs.load_job import Job, run_job
from pipelines.planning.load_plan import LoadRequest
from pipelines.publishing.published_copy import published_path
from pipelines.warehouse.duckdb import DuckDbFile
from sources.help_scout_sandbox import Sandbox
from tests.helpers.loads import NOW, SMALL, serving, ticking

REPORTS = ("conversations_overall", "conversations_drilldown")
START = "2026-11-08"


@dataclass(frozen=True)
class Nights:
    """A sandbox, and a warehouse that holds its first night, published."""

    sandbox: Sandbox
    base_url: str
    first: Path

    def copy_to(self, folder: Path) -> Path:
        """A warehouse of the first night, with its published copy."""
        folder.mkdir(exist_ok=True)
        warehouse = folder / "w.duckdb"
        shutil.copy2(self.first, warehouse)
        shutil.copy2(published_path(self.first), published_path(warehouse))
        return warehouse

    def load(self, warehouse: Path, night: int = 0, **job: Any) -> tuple[int, str]:
        """A job as the command line starts it: its exit code and what it printed."""
        console = Console(record=True, width=400, file=StringIO())
        options = {
            "base_url": self.base_url,
            "client_id": "sandbox-id",
            "client_secret": "sandbox-secret",
            "start_date": START,
        }
        clock = ticking(NOW + timedelta(days=night))
        job.setdefault("request", LoadRequest(reports=REPORTS))
        ended = run_job(
            Job(DuckDbFile(warehouse), options=options, clock=clock, **job), JobScreen(console)
        )
        return ended.exit_code, console.export_text()


@contextmanager
def published_nights(folder: Path) -> Iterator[Nights]:
    """A first night, loaded and published."""
    with Sandbox(replace(SMALL, days=20)) as sandbox, serving(sandbox) as base_url:
        found = Nights(sandbox, base_url, folder / "w.duckdb")
        code, told = found.load(found.first)
        assert code == 0, told
        assert f"published for readers: {published_path(found.first)}, " in told
        yield found
