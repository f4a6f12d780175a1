"""What the sources may import, as ruff sees it."""

from __future__ import annotations

import sys
import tomllib

import pytest

from tests.helpers.schedules import CHECKOUT, Done, run


def checked(code: str, path: str) -> Done:
    """What ruff says of the code, were it at the path."""
    ruff = (sys.executable, "-m", "ruff", "check", "--no-cache", "--output-format=concise")
    return run(*ruff, "--stdin-filename", path, "-", stdin=code, cwd=CHECKOUT)


@pytest.mark.parametrize(
    "folder", ["sources/help_scout", "sources/help_scout_sandbox/answers/reports"]
)
@pytest.mark.parametrize(
    "code",
    [
        "import dagster",
        "from airflow.models import DAG",
        "import prefect.flows",
        "from pipelines.jobs.load_loop import load",
        "import click",
        "import duckdb",
        "def late() -> None:\n    import dagster",
    ],
)
def test_the_sources_know_nothing_of_who_runs_them(code: str, folder: str) -> None:
    done = checked(code, f"{folder}/x.py")
    assert done.returncode == 1
    assert "TID251" in done.stdout


def test_the_pipelines_may_import_what_the_sources_may_not() -> None:
    assert "TID251" not in checked("import dagster", "pipelines/orchestration/x.py").stdout
    assert "TID251" not in checked("import dlt", "sources/help_scout/x.py").stdout


def test_the_sources_are_held_to_all_other_rules_as_well() -> None:
    def banned(options: dict[str, dict[str, dict[str, dict[str, str]]]]) -> dict[str, str]:
        return options["lint"]["flake8-tidy-imports"]["banned-api"]

    root = tomllib.loads((CHECKOUT / "pyproject.toml").read_text())["tool"]["ruff"]
    sources = tomllib.loads((CHECKOUT / "sources" / "ruff.toml").read_text())
    assert banned(root).items() <= banned(sources).items()  # the one replaces the other
    assert "print` found" in checked("print(1)", "sources/help_scout/x.py").stdout
