"""`check` and `explain` as a user sees them."""

from __future__ import annotations

import json
import re
from dataclasses import replace
from pathlib import Path

import duckdb
import pytest

from sources.help_scout_sandbox import Sandbox
from tests.helpers.commands import help_scout
from tests.helpers.loads import SMALL, load_into, query, serving

pytestmark = pytest.mark.xdist_group("cli")

REPORTS = ("company_overall", "conversations_new", "conversations_new_drilldown")


@pytest.fixture(scope="module")
def warehouse(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Two days of three reports."""
    path = tmp_path_factory.mktemp("look") / "ours.duckdb"
    with serving(Sandbox(SMALL)) as base_url:
        load_into(path, base_url, reports=REPORTS, since="2026-11-05", until="2026-11-07")
    return path


def test_checks_hold_are_kept_and_what_is_not_loaded_is_told(warehouse: Path) -> None:
    done = help_scout("check", "--warehouse", str(warehouse))
    assert (done.code, done.err) == (0, "")
    assert "new_drilldown_lists_every_new_conversation" in done.out
    assert "ranges_add_up: not checked, productivity_overall, productivity_overall_r" in done.out
    kept = query(warehouse, "select verdict, count(*) from check_results group by 1 order by 1")
    assert [verdict for verdict, _ in kept] == ["holds", "skipped"]
    assert kept[0][1] >= 7


def test_a_disagreement_is_told_with_an_example_and_fails_when_it_must_not_be(
    warehouse: Path, tmp_path: Path
) -> None:
    copy = tmp_path / "copy.duckdb"
    copy.write_bytes(warehouse.read_bytes())
    with duckdb.connect(str(copy)) as connection:
        connection.execute(
            "update reports.conversations_new set conversation_count = 99 "
            "where slice = 'all' and window_date = '2026-11-05'"
        )
    name = "new_drilldown_lists_every_new_conversation"
    done = help_scout("check", "--only", name, "--warehouse", str(copy))
    assert done.code == 0
    assert re.search(rf"{name}: reports disagree since [-0-9]+ \(1 row, by up to 86.9%\)", done.out)
    assert "0 of 1 checks hold, 0 fail, 1 disagrees" in done.out
    assert f"{name}: account main, grain day, window_date 2026-11-05, slice all, expected 99" in (
        done.out
    )
    (result,) = json.loads(
        help_scout("check", "--only", name, "--json", "--warehouse", str(copy)).out
    )
    assert (result["verdict"], result["rows"], result["kind"]) == ("disagrees", 1, "agreement")

    only = ("check", "--only", name, "--warehouse", str(copy))
    strictly = help_scout(*only, "--strict")
    assert (strictly.code, "0 of 1 checks hold, 1 fail" in strictly.out) == (3, True)
    assert help_scout(*only, env={"PUBLISH__STRICT_CHECKS": "true"}).code == 3
    assert help_scout(*only).code == 0


def test_a_value_is_explained(warehouse: Path) -> None:
    done = help_scout(
        *("explain", "conversations_new", "conversation_count", "2026-11-05"),
        *("--slice", "mailbox=85001", "--warehouse", str(warehouse)),
    )
    assert (done.code, done.err) == (0, "")
    told = dict(line.split(maxsplit=1) for line in done.out.splitlines() if line[0] != " ")
    ((count,),) = query(
        warehouse,
        "select conversation_count from conversations_new where slice = 'mailbox=85001' "
        "and window_date = '2026-11-05'",
    )
    assert told["value"].strip() == str(count)
    assert "/v2/reports/conversations/new?" in told["request"]
    assert "mailboxes=85001" in told["request"]
    assert "inbox: 85001" in done.out


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (("explain", "emial", "closed", "2026-11-05"), "did you mean 'email'?"),
        (("explain", "email", "closed", "yesterday"), "DATE='yesterday': expected a date"),
        (
            ("explain", "company_overall", "replies", "2026-11-05", "--where", "4001"),
            "--where 4001: write a column and its value, user_id=4",
        ),
        (("check", "--only", "nothing"), "no check is called nothing"),
    ],
)
def test_a_wrong_question_is_told(
    arguments: tuple[str, ...], message: str, warehouse: Path
) -> None:
    done = help_scout(*arguments, "--warehouse", str(warehouse))
    assert done.code == 2
    assert message in done.err


@pytest.mark.parametrize(
    "arguments", [("check",), ("explain", "company_overall", "closed", "2026-11-05")]
)
def test_without_a_warehouse_nothing_is_made(arguments: tuple[str, ...], tmp_path: Path) -> None:
    missing = tmp_path / "missing.duckdb"
    done = help_scout(*arguments, "--warehouse", str(missing))
    assert (done.code, done.err) == (
        2,
        f"error: {missing} does not exist: nothing was loaded yet\n",
    )
    assert not missing.exists()


@pytest.mark.parametrize("is_set_up", [True, False])
def test_office_hours_that_make_no_difference_are_told_after_the_load(
    is_set_up: bool, tmp_path: Path
) -> None:
    spec = replace(SMALL, has_office_hours=is_set_up)
    with serving(Sandbox(spec)) as base_url:
        env = {"BASE_URL": base_url, "CLIENT_ID": "sandbox-id", "CLIENT_SECRET": "sandbox-secret"}
        env |= {"OFFICE_HOURS": "both"}
        done = help_scout(
            *("load", "--reports", "productivity_overall", "--warehouse", "office.duckdb"),
            *("--since", "2026-11-05", "--until", "2026-11-07"),
            env={f"SOURCES__HELP_SCOUT__{name}": value for name, value in env.items()},
        )
    assert done.code == 0
    assert ("office hours: all durations are the same" in done.out) is not is_set_up
