"""A night on an account whose reports disagree for good and that refuses an inbox."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

from sources.help_scout_sandbox import Sandbox, Surprises
from tests.helpers.loads import SMALL, serving
from tests.helpers.published import Nights


def second_night(folder: Path, *surprises: str) -> tuple[int, str]:
    """How many requests the second night sent, and what it printed."""
    folder.mkdir()
    sandbox = Sandbox(replace(SMALL, days=20), surprises=Surprises.named(surprises))
    with serving(sandbox) as base_url:
        nights = Nights(sandbox, base_url, folder / "w.duckdb")
        for night in range(2):
            before = len(sandbox.requests)
            code, told = nights.load(nights.first, night)
            assert code == 0, told
            assert "published for readers: " in told
    return len(sandbox.requests) - before, told


def test_a_disagreement_and_a_refused_inbox_cost_no_request_and_are_said_once(
    tmp_path: Path,
) -> None:
    plain, _ = second_night(tmp_path / "plain")
    surprises = ("drilldown-short-of-total", "refused-inbox")
    sent, told = second_night(tmp_path / "like_live", *surprises)

    assert sent <= plain
    lines = told.splitlines()
    refused = [line for line in lines if "refuses inbox " in line]
    disagree = [line for line in lines if "reports of Help Scout disagree" in line]
    assert (len(refused), len(disagree)) == (1, 1), told
    assert "Help Scout refuses inbox Billing (85002) in conversations_overall." in refused[0]
    assert "drilldown_lists_every_conversation since 2026-11-10 " in disagree[0]
    assert "reading once more" not in told
