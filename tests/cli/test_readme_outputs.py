"""What the README shows of `plan` and `status` is what they print."""

from __future__ import annotations

import re
from datetime import UTC, datetime
from pathlib import Path

import pytest
from freezegun import freeze_time

from pipelines.docs import ROOT
from sources.help_scout_sandbox import AccountSpec, Sandbox
from tests.helpers.commands import help_scout
from tests.helpers.loads import load_into, serving

pytestmark = pytest.mark.xdist_group("cli")
REPORTS = ("conversations_overall", "conversations_new", "conversations_drilldown", "user_replies")
LAST_NIGHT = datetime(2026, 11, 20, 8, 15, tzinfo=UTC)  # a quarter past three in New York
TONIGHT = datetime(2026, 11, 21, 8, 15, tzinfo=UTC)
PREFIX = "SOURCES__HELP_SCOUT__"


def shown(command: str) -> str:
    """The output that the README shows for the command."""
    readme = (ROOT / "README.md").read_text()
    block = re.search(rf"```\n\$ {re.escape(command)}\n(.*?)```", readme, re.DOTALL)
    assert block is not None, f"the README does not show {command}"
    return block[1]


def told(text: str) -> list[str]:
    """The lines without the blanks at their ends and between them."""
    return [line.rstrip() for line in text.splitlines() if line.strip()]


@pytest.fixture(scope="module")
def warehouse(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Last night's load of an account, before conversations were wanted by channel."""
    path = tmp_path_factory.mktemp("readme") / "ours.duckdb"
    until = datetime(2026, 11, 20, 5, tzinfo=UTC)
    with serving(Sandbox(AccountSpec(until=until, days=130))) as base_url:
        load_into(
            path,
            base_url,
            reports=REPORTS,
            start_date="2026-09-01",
            clock=lambda: LAST_NIGHT,
        )
    return path


@pytest.mark.parametrize("command", ["plan", "status"])
def test_the_readme_shows_what_is_printed(command: str, warehouse: Path) -> None:
    line = f"help-scout {command} --reports {','.join(REPORTS)}"
    env = {
        "HELP_SCOUT_WAREHOUSE": str(warehouse),
        f"{PREFIX}START_DATE": "2026-09-01",
        f"{PREFIX}BREAKDOWNS": '{"conversations_new": ["all", "mailbox", "type"]}',
    }
    with freeze_time(TONIGHT, real_asyncio=True):
        done = help_scout(*line.split()[1:], env=env)

    assert (done.code, done.err) == ({"plan": 0, "status": 3}[command], "")
    assert told(shown(line)) == told(done.out), done.out
