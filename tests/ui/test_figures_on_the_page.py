"""Every figure on the page is the one that its mart has, whatever the filters."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import duckdb
import pytest

from tests.helpers.browser import Opened, change, duration, number, percent

pytestmark = pytest.mark.xdist_group("dashboard")

INBOXES = {"All inboxes": None, "Support": 101, "Billing": 103}
FOCUS = {"day": "2026-11-20", "week": "2026-11-09", "month": "2026-10-01"}
TITLES = {
    "day": "Friday 20 Nov 2026",
    "week": "Week of 9 Nov 2026",
    "month": "October 2026",
}

BEFORE = {"day": "the day before", "week": "the week before", "month": "the month before"}

TILES = """() => Object.fromEntries([...document.querySelectorAll("#tiles .tile")].map(
    (tile) => [tile.dataset.figure, [".value", ".change", ".before"].map(
        (part) => tile.querySelector(part).innerText)]))"""


def row(
    marts: duckdb.DuckDBPyConnection, mart: str, grain: str, inbox: int | None, more: str = "true"
) -> dict[str, Any]:
    """The one row of a mart in the window that the page looks at."""
    found = marts.execute(
        f"select * from {mart} where grain = $grain and window_date = $date "
        f"and inbox_id is not distinct from $inbox and {more}",
        {"grain": grain, "date": FOCUS[grain], "inbox": inbox},
    )
    names = [column[0] for column in found.description or []]
    (values,) = found.fetchall()
    return dict(zip(names, values, strict=True))


def tiles_of(
    marts: duckdb.DuckDBPyConnection, grain: str, inbox: int | None
) -> dict[str, list[str]]:
    v = row(marts, "volume", grain, inbox)
    r = row(marts, "responsiveness", grain, inbox)
    h = row(marts, "happiness", grain, inbox)
    t = row(marts, "service_targets", grain, inbox, "metric = 'first response time'")
    star = "*" if v["is_provisional"] else ""

    def tile(value: str, said: str, before: str) -> list[str]:
        return [value, said, f"{BEFORE[grain]}: {before}"]

    def count(of: dict[str, Any], name: str) -> list[str]:
        said = change(of[f"delta_{name}_pct"], "more", "fewer")
        return tile(number(of[name]) + star, said, number(of[f"previous_{name}"]))

    def time(name: str, words: tuple[str, str]) -> list[str]:
        said = change(r[f"delta_{name}_pct"], *words)
        seconds, before = r[f"{name}_seconds"], r[f"previous_{name}_seconds"]
        return tile(duration(seconds) + star, said, duration(before))

    return {
        "new_conversations": count(v, "new_conversations"),
        "total_replies": count(v, "total_replies"),
        "resolved": count(r, "resolved"),
        "happiness_score": tile(
            number(h["happiness_score"], 1) + star,
            change(h["delta_happiness_score_points"], "higher", "lower", " points"),
            number(h["previous_happiness_score"], 1),
        ),
        "first_response_time_seconds": time("first_response_time", ("slower", "faster")),
        "response_time_seconds": time("response_time", ("slower", "faster")),
        "resolution_time_seconds": time("resolution_time", ("longer", "shorter")),
        "within_target_pct": tile(
            percent(t["within_target_pct"]) + star,
            change(
                t["within_target_pct"] - t["previous_within_target_pct"],
                "better", "worse", " points",
            ),
            percent(t["previous_within_target_pct"]),
        ),
    }  # fmt: skip


def test_key_figures_are_their_marts_for_every_grain_and_inbox(
    page: Opened, marts: duckdb.DuckDBPyConnection
) -> None:
    for grain in FOCUS:
        for name, inbox in INBOXES.items():
            page.choose(grain=grain, inbox=name)

            assert page.text("#focus").startswith(
                f"{TITLES[grain]}, {name[0].lower()}{name[1:]}"
                if inbox is None
                else f"{TITLES[grain]}, {name}"
            )
            shown = page.page.evaluate(TILES)
            assert shown == tiles_of(marts, grain, inbox)


def test_inboxes_are_compared_by_their_marts(
    page: Opened, marts: duckdb.DuckDBPyConnection
) -> None:
    expected = []
    names = marts.execute("select distinct inbox_id, inbox_name from volume").fetchall()
    for inbox, name in names:
        r = row(marts, "responsiveness", "week", inbox)
        v = row(marts, "volume", "week", inbox)
        h = row(marts, "happiness", "week", inbox)
        t = row(marts, "service_targets", "week", inbox, "metric = 'first response time'")

        def against(of: dict[str, Any], column: str, say: Callable[[Any], str]) -> str:
            return f"{say(of[column])} before: {say(of[f'previous_{column}'])}"

        expected.append([
            name,
            against(r, "first_response_time_seconds", duration),
            change(r["delta_first_response_time_pct"], "slower", "faster"),
            percent(t["within_target_pct"]),
            against(r, "resolution_time_seconds", duration),
            against(v, "new_conversations", number),
            f"{number(h['happiness_score'], 1)} {number(h['ratings_count'])} ratings",
        ])  # fmt: skip

    shown = page.table("#inbox-table")

    assert sorted(shown) == sorted(expected)
    assert [line[0] for line in shown[:1]] == ["Billing"]  # the slowest stands first


def test_agents_are_their_mart_and_a_team_leaves_its_members(
    page: Opened, marts: duckdb.DuckDBPyConnection
) -> None:
    sql = """select user_name, total_replies, delta_total_replies_pct, customers_helped, resolved,
        response_time_seconds, delta_response_time_pct, resolution_time_seconds,
        handle_time_seconds, happiness_score, ratings_count, chat_count
        from agents where grain = 'week' and window_date = '2026-11-09'"""
    expected = {
        name: [
            name,
            f"{number(replies)} {change(more, 'more', 'fewer')}",
            number(helped),
            number(resolved),
            f"{duration(response)} {change(slower, 'slower', 'faster')}",
            duration(resolution),
            duration(handle),
            f"{number(score, 1)} {number(ratings)} ratings",
            number(chats),
        ]
        for name, replies, more, helped, resolved, response, slower, resolution, handle, score,
        ratings, chats in marts.execute(sql).fetchall()
    }  # fmt: skip

    assert {line[0]: line for line in page.table("#agents")} == expected

    page.choose(team="Nights")
    members = marts.execute("select user_name from agent_teams where team_name = 'Nights'")
    names = {name for (name,) in members.fetchall()}
    assert {line[0]: line for line in page.table("#agents")} == {n: expected[n] for n in names}


def test_trends_have_each_window_of_the_range(
    page: Opened, marts: duckdb.DuckDBPyConnection
) -> None:
    page.choose(grain="month", preset="all", inbox="Billing")
    rows = marts.execute(
        """select strftime(window_date, '%B %Y'), first_response_time_seconds,
        response_time_seconds, resolution_time_seconds, is_open, is_provisional
        from responsiveness where grain = 'month' and inbox_id = 103 order by window_date"""
    ).fetchall()
    notes = [
        " (not over yet)" if is_open else " (may still change)" if moves else ""
        for *_, is_open, moves in rows
    ]
    assert page.numbers("response") == [
        [r[0] + note, name, duration(value)]
        for r, note in zip(rows, notes, strict=True)
        for name, value in (("First response", r[1]), ("Response", r[2]))
    ]
    assert page.numbers("resolution") == [
        [r[0] + note, "Resolution", duration(r[3])] for r, note in zip(rows, notes, strict=True)
    ]


def test_volume_happiness_and_docs_are_their_marts(
    page: Opened, marts: duckdb.DuckDBPyConnection
) -> None:
    page.choose(grain="week", preset="28", inbox="Sales")
    week = "strftime(window_date, 'Week of %-d %b %Y')"
    is_open = "when is_open then ' (not over yet)'"
    touching = "grain = 'week' and window_date + 6 >= date '2026-10-24'"
    parts = {"email_health": "created_count", "chat_health": "chat_count",
             "phone_health": "calls_created"}  # fmt: skip
    channels = marts.execute(
        f"select {week} || case {is_open} else '' end, name, n from ("
        + " union all ".join(
            f"select window_date, is_open, {place} as place, n, name "
            f"from (select *, {column} as n, '{name}' as name from {mart}) "
            f"where {touching} and inbox_id = 102"
            for place, (name, (mart, column)) in enumerate(
                zip(("E-mail", "Chat", "Phone"), parts.items(), strict=True)
            )
        )
        + ") order by window_date, place"
    ).fetchall()
    assert page.numbers("volume") == [[w, name, number(n)] for w, name, n in channels]

    whole = f"{week} || case {is_open} when is_provisional then ' (may still change)' else '' end"
    scores = marts.execute(
        f"select {whole}, happiness_score, great_count, okay_count, not_good_count "
        f"from happiness where {touching} and inbox_id = 102 order by window_date"
    ).fetchall()
    assert page.numbers("happiness") == [[w, "Score", number(s, 1)] for w, s, *_ in scores]
    assert page.numbers("ratings") == [
        [w, name, number(n)]
        for w, _, *counts in scores
        for name, n in zip(("Great", "Okay", "Not good"), counts, strict=True)
    ]

    docs = marts.execute(
        f"select {whole}, found_an_answer_pct from docs_health where {touching} "
        "order by window_date"
    ).fetchall()
    assert page.numbers("docs") == [[w, "Found an answer", percent(p)] for w, p in docs]
