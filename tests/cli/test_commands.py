"""The commands of the README, as a user types them."""

from __future__ import annotations

import re
import shlex
import subprocess
from collections.abc import Mapping
from datetime import UTC, datetime
from pathlib import Path

import duckdb
import pytest

from pipelines.docs import ROOT, parts_of_pages, with_parts
from pipelines.docs.examples import Examples
from pipelines.publishing.dashboard.payload import Column, read_figures
from pipelines.publishing.published_copy import published_path
from sources.help_scout_sandbox import AccountSpec, Sandbox
from tests.conftest import FIXTURES
from tests.helpers.commands import help_scout, help_scout_process, served
from tests.helpers.loads import (
    differing,
    load_into,
    query,
    query_each,
    serving,
    tables_of,
    ticking,
)

pytestmark = pytest.mark.xdist_group("cli")
DAY = "2026-11-21"
CLOSED = "covered_until = window_end and window_end <= timestamptz '2026-11-21 05:00:00+00'"


def closed_windows(warehouse: Path) -> dict[str, list[tuple[object, ...]]]:
    """Every report table's rows of windows that had ended, less when they were read.

    A user's lifetime total depends on how long the history is, nothing else does.
    """
    reports = query(
        warehouse,
        "select table_name from information_schema.columns "
        "where column_name = 'window_end' and not ends_with(table_name, 'reads') "
        "and table_name <> 'restatements'",
    )
    tables = set(tables_of(warehouse))
    left_out = "fetched_at, is_final"
    return query_each(
        warehouse,
        {
            name: f'select * exclude ({left_out}) from "{name}" where {CLOSED} order by all'
            for (name,) in reports
            if name in tables
        },
    )


REFUSED = (
    "Help Scout refuses inbox Sales (85003) in 17 reports. ",
    "Help Scout refuses user Elena Vogel (4006) in 9 reports. ",
)
DISAGREEING = {"drilldown_lists_every_conversation", "users_add_up_to_the_company"}


@pytest.mark.slow(minutes=2)
def test_the_demo_and_a_load_from_another_terminal_give_the_same_tables(tmp_path: Path) -> None:
    """On an account that does all that live accounts were seen to do."""
    demo = help_scout_process("demo", "--today", DAY, "--days", "8", "--warehouse", "demo.duckdb")
    with served("--like-live", "--until", DAY, "--days", "78") as env:
        load = help_scout(
            *("load", "--since", "2026-11-13", "--until", DAY, "--warehouse", "load.duckdb"),
            env=env,
        )

    assert (demo.code, load.code) == (0, 0), demo.err + load.err
    for told in (" ".join(demo.out.split()), " ".join(load.out.split())):
        assert "time zone America/New_York, set by 5 of 6 users, history from" in told
        assert [told.count(line) for line in REFUSED] == [1, 1]
        said = told.partition("reports of Help Scout disagree: ")[2].partition(". help-scout")[0]
        assert set(re.findall(r"(\w+) since ", said)) == DISAGREEING
        assert "published for readers: " in told
    ours, theirs = (
        closed_windows(tmp_path / "demo.duckdb"),
        closed_windows(tmp_path / "load.duckdb"),
    )
    assert len(ours) == 58
    assert differing(ours, theirs) == {}
    for title in ("What came in each week", "Who answered how much", "What was it about in"):
        assert title in demo.out
    assert "in demo.duckdb, dataset reports" in demo.out
    assert demo.out.splitlines()[-1].endswith("demo.html")
    assert "Content-Security-Policy" in (tmp_path / "demo.html").read_text()
    shown = next(line for line in demo.out.splitlines() if "import duckdb" in line)
    looked = subprocess.run(shlex.split(shown), capture_output=True, text=True, check=True)
    assert "customers_helped" in looked.stdout
    check_the_page(published_path(tmp_path / "demo.duckdb"))


def check_the_page(published: Path) -> None:
    """Every section of the page is filled, and it names what disagrees and what is refused."""
    figures = read_figures(published)
    columns = {name: set(map(str, mart)) for name, mart in figures.marts.items()}
    assert figures.absent == ()
    assert [name for name, mart in figures.marts.items() if not rows_in(mart)] == []
    assert figures.publication["checks_disagreeing"] == len(DISAGREEING)
    assert {"refused_items", "disagreeing_checks"} <= columns["coverage"]
    copy = "select distinct {0} from marts.coverage where {0} is not null"
    named = {
        text
        for (row,) in query(published, copy.format("disagreeing_checks"))
        for text in row.split(", ")
    }
    assert named == DISAGREEING
    assert set(query(published, copy.format("refused_items"))) == {
        ("inbox Sales (85003)",),
        ("user Elena Vogel (4006)",),
    }
    kinds = "select distinct p.user_kind from marts.agents join people as p using (user_id)"
    assert set(query(published, kinds)) <= {("user",), ("not listed",)}


def rows_in(mart: Mapping[str, Column]) -> int:
    column = next(iter(mart.values()))
    return len(column["at"] if isinstance(column, dict) else column)


def test_a_plan_asks_for_nothing_and_a_load_then_spends_it(tmp_path: Path) -> None:
    reports = ("--reports", "company_overall,conversations_new,user_replies")
    spec = AccountSpec(
        until=datetime.now(UTC), users=3, inboxes=2, conversations_per_day=10, days=80, tags=5
    )
    sandbox = Sandbox(spec)
    with serving(sandbox) as base_url:
        env = {
            "SOURCES__HELP_SCOUT__BASE_URL": base_url,
            "SOURCES__HELP_SCOUT__CLIENT_ID": sandbox.client_id,
            "SOURCES__HELP_SCOUT__CLIENT_SECRET": sandbox.client_secret,
            "SOURCES__HELP_SCOUT__BREAKDOWNS": '{"company_overall": ["all"]}',
        }
        first = help_scout("load", *reports, env=env)
        asked = len(sandbox.requests)
        plan = help_scout("plan", *reports, env=env)
        assert len(sandbox.requests) == asked
        second = help_scout("load", *reports, env=env)

    assert (first.code, plan.code, second.code) == (0, 0, 0), plan.err
    planned = dict(re.findall(r"^ (\w+) +\d+ +\d+ +(\d+)", plan.out, re.MULTILINE))
    spent = dict(re.findall(r"^ (\w+) .* (\d+) *$", second.out, re.MULTILINE))
    assert planned["company_overall"] == spent["company_overall"]
    assert planned["conversations_new"] == spent["conversations_new"]
    assert "Time zone America/New_York. About" in plan.out


def test_the_readme_tells_the_truth_about_its_first_query(tmp_path: Path) -> None:
    readme = (ROOT / "README.md").read_text()
    block = readme.split("<!-- query:begin -->")[1].split("<!-- query:end -->")[0]
    sql, output = re.findall(r"```(?:sql)?\n(.*?)```", block, re.DOTALL)
    warehouse = tmp_path / "readme.duckdb"
    until = datetime(2026, 11, 21, 5, tzinfo=UTC)
    reports = ("conversations_overall", "productivity_overall", "happiness_overall")
    with serving(Sandbox(AccountSpec(until=until, days=130))) as base_url:
        load_into(
            warehouse,
            base_url,
            reports=reports,
            grains={name: ["week"] for name in reports},
            breakdowns={name: ["all"] for name in reports},
            start_date="2026-09-22",
            clock=ticking(datetime(2026, 11, 21, 17, tzinfo=UTC)),
        )
    with duckdb.connect(str(warehouse), read_only=True) as connection:
        rows = connection.execute(sql).fetchall()
        names = [column[0] for column in connection.description or ()]

    printed = [line.split() for line in output.strip().splitlines()]
    assert printed == [names, *([str(value) for value in row] for row in rows)]


def test_generated_parts_of_the_readmes_are_current() -> None:
    for name, parts in parts_of_pages(Examples(FIXTURES / "api")).items():
        text = (ROOT / name).read_text()
        assert with_parts(text, parts) == text


def test_help_names_every_command_and_the_version_is_told() -> None:
    shown = help_scout_process("--help")
    readme = (ROOT / "README.md").read_text()

    for command in ("backfill", "demo", "export", "load", "plan", "rebuild", "sandbox", "status"):
        assert f"  {command} " in shown.out
        assert f"`help-scout {command}" in readme
    assert help_scout("--version").code == 0
