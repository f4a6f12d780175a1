"""Alerts: a message to a webhook, as Slack takes it, when a job leaves something to be looked at.

The exit code says the same; a message reaches people who look at no exit codes.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import TypeAlias

import httpx  # not dlt's requests, which would retry: an alert must not hold up the end of a job

from ..quality.check_runner import CheckVerdict
from ..quality.disagreements import news_of
from ..settings.configuration import Alerts
from ..settings.errors import COMPLETE, FAILED, PARTIAL, STOPPED, explain
from .events import Emit, Notice
from .load_job import JobResult

TIMEOUT_SECONDS = 10
MOST_LINES = 8
WORDS = {FAILED: "failed", PARTIAL: "loaded, but not everything", STOPPED: "stopped early"}
Tell: TypeAlias = Callable[[JobResult], None]


@contextmanager
def alerting(what: str, emit: Emit) -> Iterator[Tell]:
    """Sends a message when the job raises, or ends with anything to be looked at.

    `what` names the job and its account. A webhook that does not answer changes no exit code.
    """
    alerts = Alerts.configured()
    ended: list[JobResult] = []
    try:
        yield ended.append
    except Exception as error:
        send_alert(alerts, f"{what}: failed: {explain(error)[0]}", emit)
        raise
    for one in ended:
        lines = list(alert_lines(one, on_disagreement=alerts.on_disagreement))
        if lines:
            send_alert(alerts, "\n".join((f"{what}: {lines[0]}", *lines[1:MOST_LINES])), emit)


def alert_lines(ended: JobResult, *, on_disagreement: bool = False) -> Iterator[str]:
    """What there is to be looked at, the exit code first; nothing when all is well. That a budget
    stopped the job is no alarm: the next one goes on. Reports that disagree are one only if
    `on_disagreement`, and where their agreement had held for long."""
    lacking = [
        f"{line.report}: {line.problem}" for line in ended.summary.lines if line.problem is not None
    ]
    lists = [f"{name}: {problem}" for name, problem in ended.summary.list_problems.items()]
    failed = [
        f"check {result.check.name} fails: {result.check.sentence}"
        for result in ended.checks
        if result.verdict is CheckVerdict.FAILS
    ]
    gaps = [f"{ended.missing:,} windows are wanted and not there"] if ended.missing else []
    news = [news_of(r) for r in ended.checks if r.verdict is CheckVerdict.DISAGREES and r.is_news]
    news = news if on_disagreement else []
    if ended.exit_code in (COMPLETE, STOPPED) and not gaps and not news:
        return
    complete = "complete, with gaps" if gaps else "complete, but reports of Help Scout disagree"
    yield WORDS.get(ended.exit_code, complete)
    yield from (*failed, *news, *lacking, *lists, *gaps)


def send_alert(alerts: Alerts, text: str, emit: Emit) -> None:
    """Sends the text to the webhook, if there is one. A message that does not arrive is reported.

    A redirect is an error: the message would arrive without its text.
    """
    if alerts.webhook is None:
        return
    try:
        httpx.post(alerts.webhook, json={"text": text}, timeout=TIMEOUT_SECONDS).raise_for_status()
    except httpx.HTTPStatusError as error:
        emit(Notice(f"the alert could not be sent: {error.response.status_code}"))
    except (httpx.HTTPError, httpx.InvalidURL) as error:
        emit(Notice(f"the alert could not be sent: {type(error).__name__}"))
