"""The probe tells the truth about an account in each of the sandbox's options."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import replace
from typing import Any

import pytest

from pipelines.probes.assumptions import ASSUMPTIONS, probe_account
from pipelines.probes.probe import MOST_REQUESTS, Asker, Certainty, Fact, Known, look_around, probe
from sources.help_scout import open_run
from sources.help_scout.state.run import Run
from sources.help_scout_sandbox import Fault, Sandbox, Surprises
from tests.sandbox.conftest import SHORT, UNTIL

USUAL = {
    "rate_limit_headers": "sent",
    "rate_limit_wait": None,
    "history": None,
    "untagged_tag": "not_listed",
    "list_paging": "numbers",
    "list_page_size": "50",
    "list_size_parameter": "ignored",
    "teams_among_users": "not_listed",
    "ai_agents_among_users": "not_listed",
    "company_zone": "agrees",
    "every_inbox": "accepted",
    "every_user": "accepted",
    "team_as_user": "accepted",
    "ai_agent_as_user": "accepted",
    "saved_reply_list": "array",
    "chat_replies": None,
    "bucket_anchor": "request",
    "bucket_clock_change": "24_hours",
    "zero_buckets": "sent",
    "default_view": "one_bucket",
    "received_messages_keys": "count/start",
    "channel_counts": "new",
    "percent_scale": "ratio",
    "previous_unasked": "absent",
    "current_ratings": "absent",
    "ratings_thread": "always",
    "ratings_page_size": None,
    "ratings_sort": "works",
    "ratings_sort_created_at": "refused",
    "ratings_sort_lower_case": "refused",
    "drilldown_rows": "50",
    "deep_pages": None,
    "empty_page": "empty_list",
    "empty_heat_map": "list",
    "empty_averages": "zero",
    "change_against_zero": "number",
    "top_list_ids": "always",
    "search_terms": "once",
    "users_add_up": "holds",
    "drilldown_counts_total": "holds",
    "series_add_up": "holds",
    "ranges_add_up": "holds",
    "ratings_are_counted": "holds",
    "previous_is_the_window_before": "holds",
}
FIVE_WEEKS = replace(SHORT, days=35)
BY_CURSOR = {"list_paging": "cursor", "list_page_size": None}


def surprise(name: str) -> dict[str, Any]:
    return {"surprises": Surprises.named([name])}


OPTIONS: dict[str, tuple[dict[str, Any], dict[str, str | None]]] = {
    "usual": ({}, {}),
    "anchored at the company's midnight": (
        {"anchor": "company"},
        {"bucket_anchor": "company_midnight", "bucket_clock_change": "local_days"},
    ),
    "anchored at midnight UTC": (
        {"anchor": "utc"},
        {"bucket_anchor": "utc_midnight", "bucket_clock_change": "utc_days"},
    ),
    "empty buckets left out": ({"omit_empty_buckets": True}, {"zero_buckets": "left_out"}),
    "short pages of lists": ({"list_page_size": 4}, {"list_page_size": "4"}),
    "no Docs report": ({"forbidden": {"/v2/reports/docs"}}, {"search_terms": None}),
    "no users": (
        {"forbidden": {"/v2/users"}},
        {
            **dict.fromkeys(("list_paging", "list_page_size", "every_user"), None),
            **dict.fromkeys(("teams_among_users", "ai_agents_among_users"), None),
            "list_size_parameter": "refused",
        },
    ),
    "teams_among_users": (surprise("teams_among_users"), {"teams_among_users": "listed"}),
    "ai_agents_among_users": (
        surprise("ai_agents_among_users"),
        {"ai_agents_among_users": "listed"},
    ),
    "cursor_lists": (surprise("cursor_lists"), BY_CURSOR),
    "chat_only_saved_replies": (surprise("chat_only_saved_replies"), {"chat_replies": "more"}),
    "refused_inbox": (surprise("refused_inbox"), {"every_inbox": "refused"}),
    "refused_user": (surprise("refused_user"), {"every_user": "refused"}),
    "percentages_0_to_100": (surprise("percentages_0_to_100"), {"percent_scale": "percentage"}),
    "previous_zeros": (surprise("previous_zeros"), {"previous_unasked": "zeros"}),
    "current_ratings": (surprise("current_ratings"), {"current_ratings": "sent"}),
    "received_messages_date": (
        surprise("received_messages_date"),
        {"received_messages_keys": "date/messages"},
    ),
    "ratings_without_thread": (
        surprise("ratings_without_thread"),
        {"ratings_thread": "some_missing"},
    ),
    "users_short_of_total": (surprise("users_short_of_total"), {"users_add_up": "differs"}),
    "drilldown_short_of_total": (
        surprise("drilldown_short_of_total"),
        {"drilldown_counts_total": "differs"},
    ),
    "null_ids": (surprise("null_ids"), {"top_list_ids": "some_missing"}),
    "deltas_as_text": (surprise("deltas_as_text"), {"change_against_zero": "text"}),
    "repeated_search_term": (surprise("repeated_search_term"), {"search_terms": "repeated"}),
    "bare_empty_answers": (
        surprise("bare_empty_answers"),
        {"empty_page": "left_out", "empty_heat_map": "object"},
    ),
    "channels_count_touched": (surprise("channels_count_touched"), {"channel_counts": "touched"}),
    "teams_refused": (
        surprise("teams_refused"),
        {"team_as_user": "refused", "ai_agent_as_user": "refused"},
    ),
}


@contextmanager
def running(timezone: str = "America/New_York", **options: Any) -> Iterator[tuple[Sandbox, Run]]:
    """A sandbox with these options, and a run that asks it."""
    with Sandbox(FIVE_WEEKS, **options) as sandbox, sandbox.serve() as server:
        run = open_run(
            client_id=sandbox.client_id,
            client_secret=sandbox.client_secret,
            base_url=server.base_url,
            clock=lambda: UNTIL,
            timezone=timezone,
        )
        try:
            yield sandbox, run
        finally:
            run.close()


@pytest.mark.parametrize("option", OPTIONS)
def test_the_probe_tells_the_truth_about_each_option(option: str) -> None:
    options, differs = OPTIONS[option]
    with running(**options) as (sandbox, run):
        facts = probe_account(run)
        asked = len(sandbox.requests)
    assert {fact.name: fact.value for fact in facts} == USUAL | differs
    assert asked <= MOST_REQUESTS
    expected = {assumption.name: assumption.expected for assumption in ASSUMPTIONS}
    for fact in facts:
        confirmed = fact.value == expected[fact.name]
        assert (fact.verdict is Certainty.CONFIRMED) == confirmed
        assert (fact.verdict is Certainty.UNKNOWN) == (fact.value is None)


def test_the_company_s_clock_is_held_against_the_zone() -> None:
    with running(timezone="Asia/Tokyo") as (_, run):
        zone = next(fact for fact in probe_account(run) if fact.name == "company_zone")
    assert (zone.value, zone.verdict) == ("differs", Certainty.CONTRADICTED)
    assert "noon in Asia/Tokyo is 23:00 for the company" in zone.detail


def told_with(most: int, change: Callable[[Any], Any] | None = None) -> list[Fact]:
    """What the probe tells when it may send so many requests, and bodies are changed."""
    with running() as (sandbox, run):
        if change is not None:
            fault = Fault(path="/v2/reports/*", kind="change_body", change=change, times=None)
            sandbox.faults.add(fault)
        asker = Asker(run.client, most)
        known: Known = look_around(asker, run.now, run.time.zone, lambda: None)
        facts = list(probe(asker, known, ASSUMPTIONS))
        assert run.client.sent <= most
    return facts


def test_what_the_budget_does_not_allow_for_could_not_be_told() -> None:
    facts = told_with(20)
    unknown = [fact.detail for fact in facts if fact.verdict is Certainty.UNKNOWN]
    assert len(facts) == len(ASSUMPTIONS)
    assert unknown.count("too many requests were sent") > 20


def test_answers_of_another_shape_do_not_end_the_probe() -> None:
    facts = told_with(MOST_REQUESTS, lambda _: {"current": "nothing"})
    by_name = {fact.name: fact for fact in facts}
    assert by_name["list_paging"].value == "numbers"
    assert by_name["users_add_up"].value is None
    assert "another shape" in by_name["users_add_up"].detail
