"""Every figure of the marts about speed and happiness, by SQL over the sandbox's history."""

from __future__ import annotations

from collections.abc import Iterable
from pathlib import Path

import pytest

from tests.helpers.counted import by_inbox, happiness_of, speed_of
from tests.helpers.mart_rows import difference, rows_of, share, without
from tests.helpers.truth import EVENTS, RATINGS, RESOLUTIONS, Key, Truth, both

pytestmark = pytest.mark.xdist_group("loaded")

LIMITS = {
    15 * 60: "< 15 min",
    30 * 60: "15-30 min",
    60 * 60: "30-60 min",
    2 * 3_600: "1-2 h",
    3 * 3_600: "2-3 h",
    6 * 3_600: "3-6 h",
    12 * 3_600: "6-12 h",
    24 * 3_600: "12-24 h",
    48 * 3_600: "1-2 d",
    10**9: "> 2 d",
}


HANDLE_LIMITS = {60: "< 1 min", 120: "1-2 min", 300: "2-5 min", 600: "5-10 min", 10**9: "> 10 min"}


REPLY_LIMITS = {
    2: "1 reply",
    3: "2 replies",
    4: "3 replies",
    5: "4 replies",
    10**9: "5 or more replies",
}


Values = dict[Key, list[float]]


def test_responsiveness(marts: Path, truth: Truth, keys: list[Key]) -> None:
    figures = speed_of(truth, both(keys))
    shares = ("resolved_on_first_reply", "resolved_on_first_reply_pct")
    changing = [name for name in next(iter(figures.values())) if name not in shares]
    expected = by_inbox(truth, keys, figures, deltas=changing)

    assert difference(
        rows_of(marts, "responsiveness"), without(expected, "previous_resolved_on_first_reply")
    ) == {}  # fmt: skip


def placed(truth: Truth, keys: Iterable[Key], value: str, source: str) -> Values:
    """For each window, the value of each conversation in it."""
    counted = truth.count(keys, source, {"value": f"avg({value})"}, group="f.conversation_id")
    return {
        key: [row["value"] for row in rows.values() if row["value"] is not None]
        for key, rows in counted.items()
    }


def distributions(truth: Truth, keys: Iterable[Key]) -> dict[str, tuple[Values, dict[int, str]]]:
    """For each metric, the values of each window and the limits of its ranges."""
    replies = f"{EVENTS} AND kind = 2"
    first = f"{EVENTS} AND first_reply"
    return {
        "first response time": (placed(truth, keys, "f.seconds", first), LIMITS),
        "response time": (placed(truth, keys, "f.seconds", replies), LIMITS),
        "handle time": (placed(truth, keys, "f.handle_seconds", EVENTS), HANDLE_LIMITS),
        "replies to resolve": (
            placed(truth, keys, "f.replies_to_resolve", RESOLUTIONS),
            REPLY_LIMITS,
        ),
    }


def test_response_distribution(marts: Path, truth: Truth, keys: list[Key]) -> None:
    expected = []
    for metric, (values, limits) in distributions(truth, both(keys)).items():
        bounds = [0, *limits]
        for key in keys:
            now, before, so_far = values[key], values[key.before], 0
            for number, words in enumerate(limits.values(), start=1):
                inside = [
                    sum(bounds[number - 1] <= value < bounds[number] for value in some)
                    for some in (now, before)
                ]
                so_far += inside[0]
                if any(inside):
                    expected.append(
                        {
                            **truth.of_inbox(key),
                            "metric": metric,
                            "range_id": number,
                            "range_label": words,
                            "conversation_count": inside[0],
                            "previous_conversation_count": inside[1],
                            "conversation_pct": share(inside[0], len(now)),
                            "previous_conversation_pct": share(inside[1], len(before)),
                            "cumulative_pct": 100 * so_far / len(now) if now else None,
                        }
                    )

    assert difference(rows_of(marts, "response_distribution"), expected) == {}


def test_service_targets(marts: Path, truth: Truth, keys: list[Key]) -> None:
    expected = []
    found = distributions(truth, both(keys))
    for metric, target in (("first response time", 6 * 3_600), ("response time", 12 * 3_600)):
        values = found[metric][0]
        for key in keys:
            now, before = values[key], values[key.before]
            in_time, in_time_before = (sum(v < target for v in some) for some in (now, before))
            if now or before:
                expected.append(
                    {
                        **truth.of_inbox(key),
                        "metric": metric,
                        "target_seconds": target,
                        "conversation_count": len(now),
                        "within_target_count": in_time,
                        "within_target_pct": 100 * in_time / len(now) if now else None,
                        "previous_within_target_pct": 100 * in_time_before / len(before)
                        if before
                        else None,
                    }
                )

    assert difference(rows_of(marts, "service_targets"), expected) == {}


def test_happiness(marts: Path, truth: Truth, keys: list[Key]) -> None:
    figures = happiness_of(truth, both(keys))
    customer = {"customers": "count(DISTINCT f.customer_id)"}
    who = "SELECT customer_id, inbox_id, ts AS at"
    rated = truth.figures(keys, RATINGS, customer)
    met = truth.figures(
        keys,
        f"{who} FROM event WHERE hidden = 0 AND kind = 2 "
        f"UNION ALL {who} FROM rating WHERE hidden = 0",
        customer,
    )
    expected = by_inbox(
        truth,
        keys,
        figures,
        previous_of=("happiness_score", "ratings_count"),
        points=("happiness_score",),
    )
    for key, row in zip(keys, expected, strict=True):
        row["ratings_pct"] = share(rated[key]["customers"], met[key]["customers"])

    assert difference(rows_of(marts, "happiness"), expected) == {}
