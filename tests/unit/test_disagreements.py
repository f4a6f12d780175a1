"""What earlier runs of the checks say about a disagreement, and what is made of it."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from io import StringIO
from zoneinfo import ZoneInfo

import pytest
from rich.console import Console

from pipelines.cli.render.checks import print_disagreements
from pipelines.jobs.events import ignore
from pipelines.jobs.finalize import PublishDecision
from pipelines.jobs.load_job import JobResult
from pipelines.jobs.run_summary import Summary
from pipelines.jobs.webhook import alerting
from pipelines.quality.check_results import Earlier
from pipelines.quality.check_runner import Check, CheckKind, CheckVerdict, Level, Result
from pipelines.quality.disagreements import Past, past_of, with_pasts
from pipelines.settings.errors import COMPLETE

ZONE = ZoneInfo("America/New_York")
FIRST = datetime(2026, 11, 1, 8, tzinfo=UTC)
NOW = FIRST + timedelta(days=40)
CHECK = Check(
    name="channels_add_up",
    sentence="Channels add up.",
    sql="select 1",
    needs=("conversations_overall", "conversations_volume_by_channel"),
    kind=CheckKind.AGREEMENT,
)
BROKEN = Result(
    check=CHECK, verdict=CheckVerdict.DISAGREES, rows=12, largest_difference_ratio=0.1129
)


def nights(*verdicts: str, again: Sequence[int] = ()) -> list[Earlier]:
    """What the nights since the first of November found; `again` are those that read twice."""
    return [
        Earlier(
            checked_at=FIRST + timedelta(days=night), verdict=verdict, read_again=night in again
        )
        for night, verdict in enumerate(verdicts)
    ]


@pytest.mark.parametrize(
    ("earlier", "expected"),
    [
        ([], Past()),
        (nights("holds", "holds"), Past(nights_held=2)),
        (nights("holds", "disagrees", "holds"), Past(nights_held=1)),
        (nights("holds", "disagrees", "disagrees"), Past(since=FIRST + timedelta(days=1))),
        (nights("disagrees", "fails"), Past(since=FIRST)),  # strict checks were configured later
        (
            nights("disagrees", "disagrees", "disagrees", again=[0]),
            Past(since=FIRST, was_read_again=True),
        ),
        # it has held since it was read again: another disagreement may be read again, too
        (
            nights("disagrees", "holds", "disagrees", again=[0]),
            Past(since=FIRST + timedelta(days=2)),
        ),
        (nights("disagrees", "holds", again=[0, 1]), Past(nights_held=1)),
    ],
)
def test_the_past_of_a_check(earlier: list[Earlier], expected: Past) -> None:
    assert past_of(earlier, ZONE) == expected


def test_checks_of_one_local_day_are_one_night() -> None:
    evening = [FIRST, FIRST + timedelta(hours=19), FIRST + timedelta(hours=20, minutes=59)]
    held = [Earlier(checked_at=at, verdict="holds") for at in evening]
    assert past_of(held, ZONE).nights_held == 1
    assert past_of(held, UTC).nights_held == 2


@pytest.mark.parametrize(("held", "is_news"), [(13, False), (14, True), (0, False)])
def test_it_is_news_when_an_agreement_breaks_that_held_for_fourteen_nights(
    held: int, is_news: bool
) -> None:
    (result,) = with_pasts([BROKEN], {CHECK.name: past_of(nights(*["holds"] * held), ZONE)}, NOW)
    assert (result.is_news, result.since, result.read_again) == (is_news, NOW, False)


def test_it_is_news_once() -> None:
    earlier = nights(*["holds"] * 14, "disagrees")
    (result,) = with_pasts([BROKEN], {CHECK.name: past_of(earlier, ZONE)}, NOW, [CHECK.name])
    since = FIRST + timedelta(days=14)
    assert (result.is_news, result.since, result.read_again) == (False, since, True)


def news() -> Result:
    (result,) = with_pasts([BROKEN], {CHECK.name: Past(nights_held=14)}, NOW)
    return result


def test_a_disagreement_is_told_in_a_line_and_news_is_a_warning() -> None:
    console = Console(file=StringIO(), record=True, width=400)
    print_disagreements(console, [news()], ZONE)
    line, warning = console.export_text().splitlines()
    assert line == (
        "reports of Help Scout disagree: channels_add_up since 2026-12-11 (12 rows, by up to "
        "11.3%). help-scout check shows examples"
    )
    assert warning == (
        "WARNING: the check channels_add_up held for 14 nights or more and now finds that reports "
        "disagree: Channels add up."
    )


def test_nothing_is_told_where_all_agree_or_numbers_have_only_moved() -> None:
    console = Console(file=StringIO(), record=True)
    drift = Check(
        name="d", sentence="D.", sql="", needs=(), kind=CheckKind.AGREEMENT, level=Level.DRIFT
    )
    moved = Result(check=drift, verdict=CheckVerdict.DRIFT, rows=1, since=NOW)
    print_disagreements(console, [Result(check=CHECK, verdict=CheckVerdict.HOLDS), moved], ZONE)
    assert console.export_text() == ""


@pytest.mark.parametrize("on_disagreement", ["true", "false"])
def test_an_alert_tells_news_only_where_it_is_configured(
    on_disagreement: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    sent: list[str] = []
    monkeypatch.setenv("ALERTS__ON_DISAGREEMENT", on_disagreement)
    monkeypatch.setattr("pipelines.jobs.webhook.send_alert", lambda _, text, __: sent.append(text))
    known = replace(BROKEN, since=FIRST)
    with alerting("help-scout load", ignore) as tell:
        for result in (news(), known):
            decision = PublishDecision(None, results=[result])
            summary = Summary([], {})
            tell(JobResult(exit_code=COMPLETE, summary=summary, decision=decision, missing=0))
    told = (
        "help-scout load: complete, but reports of Help Scout disagree\nthe check channels_add_up "
        "held for 14 nights or more and now finds that reports disagree: Channels add up."
    )
    assert sent == ([told] if on_disagreement == "true" else [])
