"""What `plan` prints is what the load that follows sends."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable
from dataclasses import replace
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest

from pipelines.planning.load_plan import LoadRequest
from pipelines.planning.plan_preview import Plan
from sources.help_scout.catalog.model import PAGED
from sources.help_scout.catalog.reports import REPORTS
from sources.help_scout.planning.request_plan import API_ROOT
from sources.help_scout_sandbox import Sandbox
from tests.helpers.loads import NOW, SMALL, carry_out, load_into, planned, serving, ticking

ROW_PATHS = {API_ROOT + r.path: r.name for r in REPORTS.values() if r.shape in PAGED}
START = "2026-10-31"
UNLISTED = {"3999", "900001"}  # a user who left, and an AI agent
Wire = Counter[tuple[str, str]]


def exact_part(requests: Iterable[tuple[str, dict[str, str]]]) -> Wire:
    """Path and query of the requests for overall, busy times and series reports."""
    return Counter(
        (path, "&".join(f"{k}={v}" for k, v in sorted(query.items())))
        for path, query in requests
        if path.startswith(API_ROOT) and path not in ROW_PATHS
    )


def sent(sandbox: Sandbox, since: int) -> list[tuple[str, dict[str, str]]]:
    """What the sandbox was asked after the first `since` requests."""
    assert {r.method for r in sandbox.requests[since:] if r.path.startswith(API_ROOT)} <= {"GET"}
    return [(request.path, request.query) for request in sandbox.requests[since:]]


def announced(plan: Plan) -> list[tuple[str, dict[str, str]]]:
    return [(request.path, dict(request.query)) for request in plan.requests]


@pytest.mark.slow(minutes=2)
@pytest.mark.xdist_group("plan")
def test_a_night_a_backfill_and_an_interval_send_what_their_plans_say(tmp_path: Path) -> None:
    warehouse = tmp_path / "planned.duckdb"
    sandbox = Sandbox(replace(SMALL, conversations_per_day=60))
    tomorrow = NOW + timedelta(days=1)
    later: dict[str, Any] = {"clock": ticking(tomorrow), "start_date": START}
    more = later | {
        "grains": {"productivity_resolved": ["day", "week"]},
        "breakdowns": {"email": ["all", "folder"], "user_overall": ["user", "user,type"]},
    }
    with serving(sandbox) as base_url:
        load_into(warehouse, base_url, start_date=START)
        sandbox.account.advance(tomorrow)

        plan = planned(warehouse, **later)
        asked = len(sandbox.requests)
        summary = load_into(warehouse, base_url, **later)
        night = sent(sandbox, asked)
        assert exact_part(announced(plan)) == exact_part(night)
        assert sum(exact_part(night).values()) > 300
        pages = Counter(ROW_PATHS[path] for path, _ in night if path in ROW_PATHS)
        estimated = {name: plan.lines[name].requests for name in pages}
        # A page more or less where there are only a handful.
        assert estimated == {name: pytest.approx(n, rel=0.2, abs=1) for name, n in pages.items()}
        assert sum(estimated.values()) == pytest.approx(pages.total(), rel=0.2)
        assert {line.report for line in summary.lines} == set(plan.lines)

        gaps = LoadRequest(backfill=True)
        plan = planned(warehouse, gaps, **more)
        asked = len(sandbox.requests)
        carry_out(gaps, warehouse, base_url, **more)
        assert exact_part(announced(plan)) == exact_part(sent(sandbox, asked))
        assert sum(exact_part(announced(plan)).values()) > 50

        earlier = more | {"start_date": "2026-10-29"}
        plan = planned(warehouse, gaps, **earlier)
        asked = len(sandbox.requests)
        carry_out(gaps, warehouse, base_url, **earlier)
        unforeseen = exact_part(sent(sandbox, asked)) - exact_part(announced(plan))
        assert exact_part(announced(plan)) - exact_part(sent(sandbox, asked)) == Counter()
        # Users who are on no list, and whom only windows name that were not loaded yet.
        users = {
            dict(pair.split("=") for pair in query.split("&"))["user"] for _, query in unforeseen
        }
        assert users <= UNLISTED

        interval = LoadRequest(since="2026-10-31", until="2026-11-03")
        plan = planned(warehouse, interval, **later)
        asked = len(sandbox.requests)
        carry_out(interval, warehouse, base_url, **later)
        assert exact_part(announced(plan)) == exact_part(sent(sandbox, asked))


def test_after_a_backfill_there_is_nothing_left_to_fill(tmp_path: Path) -> None:
    warehouse = tmp_path / "filled.duckdb"
    reports = ("happiness_overall", "conversations_new")
    with serving(Sandbox(SMALL)) as base_url:
        load_into(warehouse, base_url, reports=reports, breakdowns={"conversations_new": ["all"]})
        gaps = LoadRequest(reports=reports, backfill=True)
        before = planned(warehouse, gaps)
        carry_out(gaps, warehouse, base_url)
        after = planned(warehouse, gaps)

    assert {name: len(line.slices) for name, line in before.lines.items()} == {
        "conversations_new": 2
    }
    assert after.lines == {}
