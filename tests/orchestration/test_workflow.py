"""The workflow that loads every night on GitHub: well-formed, safe, as red as the load."""

from __future__ import annotations

import re
import sys
import sysconfig
from pathlib import Path
from typing import Any

import pytest
import yaml

from pipelines.settings.errors import COMPLETE, FAILED, PARTIAL, STOPPED, USAGE
from tests.helpers.schedules import WORKFLOW, Done, changed, run, stand_in

FOLDER = ".github/workflows"


def workflow() -> dict[str, Any]:
    read: dict[str, Any] = yaml.safe_load(WORKFLOW.read_text())
    return read


def schema_checked(workflow: Path) -> Done:
    checker = (sys.executable, "-m", "check_jsonschema", "--builtin-schema")
    return run(*checker, "vendor.github-workflows", workflow)


def audited(workflow: Path) -> Done:
    zizmor = Path(sysconfig.get_path("scripts")) / "zizmor"
    return run(zizmor, "--offline", "--no-config", "--persona=pedantic", workflow)


def test_the_workflow_is_one_and_nothing_in_it_is_unsafe(tmp_path: Path) -> None:
    copy = changed(WORKFLOW, tmp_path / FOLDER)
    for done in (schema_checked(copy), audited(copy)):
        assert done.returncode == 0, done.stdout


@pytest.mark.parametrize(
    ("old", "new", "complaint"),
    [
        ("timeout-minutes: 350", "timeout-minutes: long", "timeout-minutes"),
        ("  cancel-in-progress: false", "  cancel: false", "concurrency"),
        ("    runs-on: ubuntu-24.04\n", "", "runs-on"),
    ],
)
def test_a_workflow_that_is_none_is_refused(
    old: str, new: str, complaint: str, tmp_path: Path
) -> None:
    done = schema_checked(changed(WORKFLOW, tmp_path / FOLDER, old, new))
    assert done.returncode == 1
    assert complaint in done.stdout


@pytest.mark.parametrize(
    ("old", "new", "complaint"),
    [
        ('"--since=$SINCE"', '"--since=${{ inputs.since }}"', "template-injection"),
        ("contents: read", "contents: write", "excessive-permissions"),
        ("persist-credentials: false", "fetch-depth: 1", "artipacked"),
        ("3d3c42e5aac5ba805825da76410c181273ba90b1", "main", "unpinned-uses"),
    ],
)
def test_an_unsafe_workflow_is_refused(old: str, new: str, complaint: str, tmp_path: Path) -> None:
    done = audited(changed(WORKFLOW, tmp_path / FOLDER, old, new))
    assert done.returncode >= 10, done.stdout
    assert complaint in done.stdout


def test_one_load_runs_at_a_time_and_ends_before_github_ends_it() -> None:
    job = workflow()["jobs"]["load"]
    (minutes,) = re.findall(r"--max-minutes (\d+)", load_step())
    assert workflow()["concurrency"] == {"group": "help-scout", "cancel-in-progress": False}
    assert int(minutes) + 15 < job["timeout-minutes"] < 360


def load_step() -> str:
    (step,) = (step for step in workflow()["jobs"]["load"]["steps"] if step.get("name") == "Load")
    script: str = step["run"]
    return script


def in_the_runner(folder: Path, code: int = 0, *, since: str = "", until: str = "") -> Done:
    """The step as a runner executes it; what the load was given stands in `arguments`."""
    stand_in(folder, f'printf "%s\\n" "$@" > arguments; exit {code}')
    (folder / "step.sh").write_text(load_step())
    return run(
        *("bash", "--noprofile", "--norc", "-eo", "pipefail", "step.sh"),
        cwd=folder,
        env={"PATH": "/usr/bin:/bin", "SINCE": since, "UNTIL": until},
    )


@pytest.mark.parametrize(
    ("code", "becomes", "annotation"),
    [
        (COMPLETE, 0, ""),
        (FAILED, 1, "::error title=Load failed::"),
        (USAGE, 2, "::error title=Wrong configuration::"),
        (PARTIAL, 3, "::error title=Loaded, but something lacks::"),
        (STOPPED, 0, "::warning title=Stopped early::"),
    ],
)
def test_the_job_is_as_red_as_the_load(
    code: int, becomes: int, annotation: str, tmp_path: Path
) -> None:
    done = in_the_runner(tmp_path, code)
    assert done.returncode == becomes
    assert done.stdout.partition("::")[0] == ""
    assert done.stdout.startswith(annotation)
    assert done.stdout.count("\n") == bool(annotation)


def test_what_is_typed_into_the_form_stays_one_argument(tmp_path: Path) -> None:
    typed = '2026-03-01"; touch pwned; $(touch pwned) --all'
    in_the_runner(tmp_path, since=typed, until="2026-03-15")
    given = (tmp_path / "arguments").read_text().splitlines()
    assert given[-2:] == [f"--since={typed}", "--until=2026-03-15"]
    assert not (tmp_path / "pwned").exists()


def test_without_anything_typed_the_load_is_the_nightly_one(tmp_path: Path) -> None:
    in_the_runner(tmp_path)
    given = (tmp_path / "arguments").read_text().split()
    assert given[:3] == ["load", "--destination", "postgres"]
    assert not {"--since", "--until"} & {argument.partition("=")[0] for argument in given}
