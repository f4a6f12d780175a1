"""What is claimed of an account rests on its own rows, whatever others have beside it."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Any

import pytest

from sources.help_scout_sandbox import Fault
from tests.helpers.commands import help_scout
from tests.helpers.fleet import Fleet

pytestmark = [pytest.mark.slow(minutes=1), pytest.mark.xdist_group("own_rows")]


def test_an_account_is_checked_by_its_own_rows(three_accounts: Fleet, tmp_path: Path) -> None:
    env = three_accounts.env | {"DESTINATION__PARQUET__BUCKET_URL": str(tmp_path / "bucket")}
    at = ("--destination", "parquet")
    load = ("load", *at, "--since", "2026-11-02", "--until", "2026-11-09", "--reports")

    def rate_one_more(body: Any) -> Any:
        body["current"]["greatCount"] += 1
        return body

    wrong = Fault(
        path="/v2/reports/happiness", kind="change_body", change=rate_one_more, times=None
    )
    three_accounts.sandboxes["a01"].faults.add(wrong)
    told = help_scout(*(*load, "happiness_overall,happiness_ratings", "--account", "a01"), env=env)
    three_accounts.sandboxes["a01"].faults.clear()
    since = "reports of Help Scout disagree: ratings_are_the_happiness_counts since "
    assert (told.code, since in told.out) == (0, True), told
    assert "checks hold, 1 disagrees" in told.out
    told = help_scout(*load, "happiness_overall", "--account", "a02", env=env)
    assert told.code == 0, told

    check = ("check", *at, "--only", "ratings_are_the_happiness_counts", "--account")
    told = help_scout(*check, "a01", env=env)
    assert (told.code, "0 fail, 1 disagrees" in told.out) == (0, True), told
    told = help_scout(*check, "a01", "--strict", env=env)
    assert (told.code, "1 fail" in told.out) == (3, True), told
    told = help_scout(*check, "a02", env=env)
    assert told.code == 0, told
    assert "not checked, happiness_ratings not loaded" in told.out

    refused = Fault(path="/v2/reports/*", kind="status", status=403, times=None)
    three_accounts.sandboxes["a03"].faults.add(refused)
    told = help_scout(*load, "happiness_overall", "--account", "a03", env=env)
    three_accounts.sandboxes["a03"].faults.clear()
    assert (told.code, re.search(r"happiness_overall: \d+ unavailable", told.out) is not None) == (
        3,
        True,
    ), told
    told = help_scout(*check, "a03", env=env)
    assert (told.code, "happiness_overall, happiness_ratings not loaded" in told.out) == (0, True)


def test_a_first_account_that_gets_nothing_is_told_so(
    three_accounts: Fleet, tmp_path: Path
) -> None:
    env = three_accounts.env | {"DESTINATION__PARQUET__BUCKET_URL": str(tmp_path / "bucket")}
    refused = Fault(path="/v2/reports/*", kind="status", status=403, times=None)
    three_accounts.sandboxes["a03"].faults.add(refused)
    told = help_scout(
        *("load", "--destination", "parquet", "--account", "a03"),
        *("--since", "2026-11-02", "--until", "2026-11-09", "--reports", "happiness_overall"),
        env=env,
    )
    three_accounts.sandboxes["a03"].faults.clear()

    assert (told.code, re.search(r"happiness_overall: \d+ unavailable", told.out) is not None) == (
        3,
        True,
    ), told
    assert "checks hold" in told.out
