"""Alerts: a message to a webhook, as Slack takes it, when a job leaves something to be looked at.

The exit code says the same; a message reaches people who look at no exit codes.
"""

from __future__ import annotations

import json
import urllib.request
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from http.client import HTTPException
from typing import TypeAlias
from urllib.error import HTTPError

from dlt.common.configuration import configspec, resolve_configuration
from dlt.common.configuration.specs import BaseConfiguration
from dlt.common.typing import TSecretStrValue
from rich.console import Console

from ..quality.check_runner import CheckVerdict
from ..quality.disagreements import news_of
from ..settings.configuration import check_option_names
from ..settings.errors import COMPLETE, FAILED, PARTIAL, STOPPED, UsageError, explain
from .load_job import JobResult

SECTION = "alerts"
TIMEOUT_SECONDS = 10
MOST_LINES = 8
WORDS = {FAILED: "failed", PARTIAL: "loaded, but not everything", STOPPED: "stopped early"}
Tell: TypeAlias = Callable[[JobResult], None]


@configspec
class AlertOptions(BaseConfiguration):
    """The section `[alerts]` of the configuration."""

    webhook: TSecretStrValue | None = None
    on_disagreement: bool = False


def configured_alerts() -> AlertOptions:
    """The section as configured; UsageError for what is no option."""
    check_option_names(AlertOptions().get_resolvable_fields(), (SECTION,))
    return resolve_configuration(AlertOptions(), sections=(SECTION,))


def configured_webhook() -> str | None:
    """The webhook's address, if there is one; UsageError for what is none."""
    webhook = configured_alerts().webhook
    if webhook and not str(webhook).startswith(("https://", "http://")):
        raise UsageError(f"{SECTION}.webhook is no address: it begins with https://")
    return str(webhook) if webhook else None


def send_alert(console: Console, text: str) -> None:
    """Sends the text to the webhook, if there is one. Where it does not arrive, that is told."""
    webhook = configured_webhook()
    if webhook is not None:
        _post(console, webhook, text)


@contextmanager
def alerting(console: Console, what: str) -> Iterator[Tell]:
    """Sends a message when the job raises, or ends with anything to be looked at.

    `what` names the job and its account. A webhook that does not answer changes no exit code.
    """
    configured_webhook()
    on_disagreement = configured_alerts().on_disagreement
    ended: list[JobResult] = []
    try:
        yield ended.append
    except Exception as error:
        send_alert(console, f"{what}: failed: {explain(error)[0]}")
        raise
    for one in ended:
        lines = list(alert_lines(one, on_disagreement=on_disagreement))
        if lines:
            send_alert(console, "\n".join((f"{what}: {lines[0]}", *lines[1:MOST_LINES])))


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


def _post(console: Console, webhook: str, text: str) -> None:
    body, headers = json.dumps({"text": text}).encode(), {"Content-Type": "application/json"}
    try:
        request = urllib.request.Request(webhook, body, headers, method="POST")  # noqa: S310
        with urllib.request.build_opener(_NoRedirects).open(request, timeout=TIMEOUT_SECONDS):
            pass
    except (OSError, ValueError, HTTPException) as error:
        reason = error.code if isinstance(error, HTTPError) else type(error).__name__
        console.print(f"the alert could not be sent: {reason}", markup=False)


class _NoRedirects(urllib.request.HTTPRedirectHandler):
    """A redirected message would arrive without its text."""

    def redirect_request(self, *_: object) -> None:
        """None: the answer is an error then."""
