"""What a load does when the API changes, refuses or breaks: nothing is lost in silence."""

from __future__ import annotations

from datetime import timedelta
from functools import partial
from pathlib import Path
from typing import Any

import pytest

from sources.help_scout.catalog.model import Shape
from sources.help_scout.catalog.reports import REPORTS
from sources.help_scout.extract.result import Status
from sources.help_scout_sandbox import Fault, Sandbox
from tests.helpers.loads import NOW, SMALL, load_into, query, serving, ticking

SINCE: dict[str, Any] = {"since": "2026-11-02", "until": "2026-11-09"}


def with_news(body: Any) -> Any:
    """The body with a new field and a new list at its top and in its first row."""
    news = {"brandNew": 5, "brandNewList": [{"a": 1}]}
    if isinstance(body, list):
        return [{**cell, **news} for cell in body]
    changed = {**body, **news}
    if isinstance(body.get("current"), list):
        changed["current"] = [{**bucket, **news} for bucket in body["current"]]
    if "results" in body:
        changed["results"] = [{**row, **news} for row in body["results"]]
    if "conversations" in body:
        rows = [{**row, **news} for row in body["conversations"]["results"]]
        changed["conversations"] = {**body["conversations"], "results": rows}
    return changed


@pytest.mark.slow
def test_a_new_field_and_a_new_list_of_any_report_end_up_in_the_warehouse_and_the_summary(
    tmp_path: Path,
) -> None:
    warehouse = tmp_path / "news.duckdb"
    sandbox = Sandbox(SMALL)
    sandbox.faults.add(
        Fault(path="/v2/reports/*", kind="change_body", times=None, change=with_news)
    )
    with serving(sandbox) as base_url:
        summary = load_into(warehouse, base_url, **SINCE)

    assert summary.exit_code() == 0
    prefixes = {
        Shape.DRILLDOWN: "conversations.results[].",
        Shape.LIST: "results[].",
        Shape.SERIES: "current[].",
        Shape.HEATMAP: "[].",
        Shape.OVERALL: "",
    }
    for report in REPORTS.values():
        prefix = prefixes[report.shape]
        unknown = set(summary.line(report.name).unknown_fields)
        assert {f"{prefix}brandNew", f"{prefix}brandNewList"} <= unknown
        kept = query(
            warehouse,
            f'select distinct brand_new, brand_new_list from "{report.name}"',
        )
        assert kept == [(5.0, '[{"a":1}]')]
        if report.shape not in (Shape.OVERALL, Shape.HEATMAP):
            elsewhere = query(
                warehouse,
                "select distinct wire_path, wire_values from unknown_values "
                f"where report = '{report.name}' order by 1",
            )
            assert elsewhere == [("brandNew", "[5]"), ("brandNewList", '[[{"a":1}]]')]


def with_mood(mood: object, body: Any) -> Any:
    return {**body, "mood": mood}


def test_a_field_that_changes_its_type_gets_a_second_column(tmp_path: Path) -> None:
    warehouse = tmp_path / "types.duckdb"
    sandbox = Sandbox(SMALL)
    path = "/v2/reports/happiness"
    with serving(sandbox) as base_url:
        for value, since, until in (
            (5, "2026-11-02", "2026-11-03"),
            ("five", "2026-11-03", "2026-11-04"),
        ):
            sandbox.faults.clear()
            sandbox.faults.add(
                Fault(
                    path=path,
                    kind="change_body",
                    times=None,
                    change=partial(with_mood, value),
                )
            )
            load_into(warehouse, base_url, reports=("happiness_overall",), since=since, until=until)

    kept = query(
        warehouse,
        "select distinct window_date::text, mood, mood_text from happiness_overall_daily "
        "order by 1",
    )
    assert kept == [("2026-11-02", 5.0, None), ("2026-11-03", None, "five")]


def test_an_answer_that_is_not_the_report_is_a_failed_window_and_the_rest_loads(
    tmp_path: Path,
) -> None:
    warehouse = tmp_path / "envelope.duckdb"
    sandbox = Sandbox(SMALL)
    sandbox.faults.add(
        Fault(
            path="/v2/reports/happiness",
            kind="change_body",
            skip=3,
            times=1,
            change=lambda _: {"error": "under maintenance"},
        )
    )
    with serving(sandbox) as base_url:
        summary = load_into(
            warehouse, base_url, reports=("happiness_overall", "conversations_new"), **SINCE
        )
        failed = summary.line("happiness_overall")
        assert summary.exit_code() == 3
        assert failed.count(Status.FAILED) == 1
        assert failed.problem is not None
        assert "not this report" in failed.problem
        assert summary.line("conversations_new").windows == {"loaded": 21}
        # An interval moves no cursor: one window that fails keeps no other from being stored.
        assert failed.count(Status.LOADED) == (7 + 1) * 3 - 1
        assert query(
            warehouse, "select count(*) from window_reads where covered_until is null"
        ) == [(1,)]

        later = ticking(NOW + timedelta(hours=1))
        again = load_into(warehouse, base_url, reports=("happiness_overall",), clock=later, **SINCE)

    assert again.exit_code() == 0
    worth = query(
        warehouse,
        "select distinct status, last_error from report_windows where report = 'happiness_overall'",
    )
    assert worth == [("loaded", None)]


def test_a_failed_night_is_made_up_for_by_the_next(tmp_path: Path) -> None:
    broken, whole = tmp_path / "broken.duckdb", tmp_path / "whole.duckdb"
    sandbox = Sandbox(SMALL)
    fault = Fault(
        path="/v2/reports/company", kind="change_body", skip=9, times=None, change=lambda _: []
    )
    with serving(sandbox) as base_url:
        sandbox.faults.add(fault)
        first = load_into(broken, base_url, reports=("company_overall",))
        sandbox.faults.clear()
        second = load_into(broken, base_url, reports=("company_overall",))
        load_into(whole, base_url, reports=("company_overall",))

    assert (first.exit_code(), second.exit_code()) == (3, 0)
    rows = "select * exclude (fetched_at) from company_overall order by all"
    assert query(broken, rows) == query(whole, rows)


def test_a_report_that_the_plan_lacks_is_asked_twice_told_and_does_not_stop_the_rest(
    tmp_path: Path,
) -> None:
    warehouse = tmp_path / "forbidden.duckdb"
    sandbox = Sandbox(SMALL, forbidden=("/v2/reports/chat", "/v2/reports/company"))
    with serving(sandbox) as base_url:
        summary = load_into(
            warehouse,
            base_url,
            reports=("chat", "company_overall", "user_overall", "conversations_new"),
            **SINCE,
        )

    assert summary.exit_code() == 3
    assert summary.exit_code(("chat", "company_overall")) == 0
    assert summary.line("conversations_new").windows == {"loaded": 21}
    chat = summary.line("chat")
    assert (chat.windows, chat.requests, chat.is_unavailable) == ({"unavailable": 24}, 2, True)
    assert "Plus or Pro" in str(chat.problem)
    # Listed users are loaded; those whom only company_overall would name cannot be known.
    users = summary.line("user_overall")
    assert (users.windows, users.refused) == ({"loaded": 3, "unavailable": 1}, ("?user",))
    # Its first window and its newest: a refusal may be of old windows alone.
    assert sandbox.count("/v2/reports/chat") == 2
    assert query(warehouse, "select count(*) from chat") == [(0,)]


@pytest.mark.parametrize("kind", ["status", "truncate", "html", "reset"])
def test_a_passing_fault_leaves_no_trace_but_a_retry(tmp_path: Path, kind: str) -> None:
    warehouse = tmp_path / "fault.duckdb"
    sandbox = Sandbox(SMALL)
    sandbox.faults.add(Fault(path="/v2/reports/phone", kind=kind, skip=2, times=2))  # type: ignore[arg-type]
    with serving(sandbox) as base_url:
        summary = load_into(warehouse, base_url, reports=("phone",), **SINCE)

    phone = summary.line("phone")
    assert phone.windows == {"loaded": 24}
    assert phone.requests == 26


def test_an_unknown_user_does_not_keep_the_others_from_loading(tmp_path: Path) -> None:
    warehouse = tmp_path / "stranger.duckdb"
    sandbox = Sandbox(SMALL)

    def with_stranger(body: Any) -> Any:
        stranger = {**body["users"][0], "user": "31337", "name": "Stranger"}
        return {**body, "users": [*body["users"], stranger]}

    sandbox.faults.add(
        Fault(path="/v2/reports/company", kind="change_body", times=None, change=with_stranger)
    )
    with serving(sandbox) as base_url:
        summary = load_into(warehouse, base_url, reports=("user_overall",), **SINCE)

    assert (summary.exit_code(), summary.refused) == (0, {"user=31337": ["user_overall"]})
    statuses = query(
        warehouse,
        "select slice = 'user=31337', status, count(*) from window_reads group by all order by all",
    )
    assert statuses == [(False, "loaded", 4), (True, "unavailable", 1)]
