"""Shared fixtures. Heavy imports stand here, so that no test freezes the clock around them."""

from __future__ import annotations

import gc
import json
import os
from pathlib import Path
from typing import Any

import dlt  # noqa: F401
import duckdb  # noqa: F401
import pyarrow.parquet  # noqa: F401
import pytest
import yaml

from pipelines.settings.process import DLT_DEFAULTS

gc.freeze()  # what was imported is no garbage: looking through it again and again costs a twentieth

FIXTURES = Path(__file__).parent / "fixtures"
CONTRACT: dict[str, Any] = {
    endpoint["name"]: endpoint
    for endpoint in yaml.safe_load((FIXTURES / "contract.yaml").read_text())["endpoints"]
}
"""What is known of each report, independent of the catalog."""


def example_body(report: str) -> Any:
    """The documented example body of a report."""
    return json.loads((FIXTURES / "api" / f"{report}.json").read_text())


@pytest.fixture(autouse=True)
def own_environment(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    """Each test sees no configuration but its own, and works in a folder of its own."""
    for name in os.environ:
        if name.startswith(("SOURCES__", "DESTINATION__", "HELP_SCOUT_")):
            monkeypatch.delenv(name)
    for name, value in DLT_DEFAULTS.items():
        monkeypatch.setenv(name, value)
    monkeypatch.chdir(tmp_path)


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Puts the longest of the slow tests first, so that no worker ends with it alone."""
    items.sort(key=_minutes, reverse=True)


def _minutes(item: pytest.Item) -> float:
    slow = item.get_closest_marker("slow")
    return float(slow.kwargs.get("minutes", 0)) if slow is not None else 0


def pytest_terminal_summary(terminalreporter: pytest.TerminalReporter) -> None:
    """Tells the story of each chaos run, by its seed."""
    stories = [
        story
        for reports in terminalreporter.stats.values()
        for report in reports
        for name, story in getattr(report, "user_properties", ())
        if name == "story" and report.when == "call"
    ]
    for story in sorted(stories):
        terminalreporter.write_line(story)
