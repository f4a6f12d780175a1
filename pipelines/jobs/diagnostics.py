"""What stands between this machine and a complete load: a line a matter, with what to do."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import timedelta
from enum import StrEnum
from importlib.metadata import PackageNotFoundError, version
from typing import Any

from dlt.common.exceptions import DltException

from sources.help_scout.catalog.reports import REPORTS
from sources.help_scout.errors import AnswerError, ApiError, HelpScoutError, ReportUnavailable
from sources.help_scout.extract.list_guard import is_refusal
from sources.help_scout.planning.request_plan import Read
from sources.help_scout.planning.windows import Grain, window_of
from sources.help_scout.state.run import Run
from sources.help_scout.state.selections import everything

from ..probes.busiest_hours import compare_zone
from ..settings.errors import COMPLETE, PARTIAL, PipelineError, explain
from ..warehouse.base import Destination
from ..warehouse.sql import stored_of
from .advisories import MOST_SKEW_SECONDS

BROKEN_FROM = {"duckdb": (2,), "sqlglot": (30, 22)}
"""Versions from which on a library is known to break us, by its first numbers."""


class Severity(StrEnum):
    """How a matter stands."""

    OK = "ok"
    WARNING = "warning"
    PROBLEM = "problem"


@dataclass(frozen=True, slots=True)
class Finding:
    """How one matter stands, and what to do about it."""

    matter: str
    verdict: Severity
    words: str


def exit_code(findings: list[Finding]) -> int:
    """3 when there is a problem, 0 otherwise."""
    bad = any(finding.verdict is Severity.PROBLEM for finding in findings)
    return PARTIAL if bad else COMPLETE


def examine(run: Run, warehouse: Destination) -> Iterator[Finding]:
    """Looks at everything; a few dozen requests."""
    yield _libraries()
    yield _destination(run, warehouse)
    credentials = _credentials(run)
    yield credentials
    if credentials.verdict is Severity.PROBLEM:
        return  # nothing else can be asked
    yield _clock(run)
    yield _rate_limit(run)
    yield _inboxes(run, warehouse)
    yield from _reports(run)
    yield _time_zone(run)


def _libraries() -> Finding:
    bad = []
    for name, broken_from in BROKEN_FROM.items():
        try:
            installed = version(name)
        except PackageNotFoundError:
            bad.append(f"{name} is not installed")
            continue
        numbers = tuple(int(part) for part in installed.split(".") if part.isdecimal())
        if numbers >= broken_from:
            bad.append(f"{name} {installed} is known to break: install one before "
                       f"{'.'.join(map(str, broken_from))}")  # fmt: skip
    if bad:
        return Finding("libraries", Severity.PROBLEM, "; ".join(bad))
    return Finding("libraries", Severity.OK, f"dlt {version('dlt')}, duckdb {version('duckdb')}")


def _destination(run: Run, warehouse: Destination) -> Finding:
    try:
        is_well, words = warehouse.examine(run.settings.account)
    except (PipelineError, DltException) as error:
        return Finding("warehouse", Severity.PROBLEM, explain(error)[0])
    return Finding("warehouse", Severity.OK if is_well else Severity.WARNING, words)


def _credentials(run: Run) -> Finding:
    """Asks for the users, and for the time zone that the account has by them."""
    try:
        read = run.lists.read_of("users")
        _ = run.time.zone
    except (HelpScoutError, AnswerError) as error:
        return Finding("credentials", Severity.PROBLEM, str(error))
    if read.refusal is not None:
        return Finding(
            "credentials",
            Severity.WARNING,
            f"a token was given, but the list of users is {read.error}. Reports by user are loaded "
            "for the users that other reports name",
        )
    return Finding(
        "credentials", Severity.OK, f"a token was given; {len(run.lists.people())} users are seen"
    )


def _clock(run: Run) -> Finding:
    skew = run.client.clock_skew_seconds
    if skew is None:
        return Finding("clock", Severity.WARNING, "the API does not say what time it is")
    if abs(skew) > MOST_SKEW_SECONDS:
        return Finding(
            "clock",
            Severity.PROBLEM,
            f"this machine's clock is {abs(skew):,.0f} s {'behind' if skew > 0 else 'ahead'}: what "
            "is due and what is final would be told wrongly. Set it, by NTP best",
        )
    return Finding("clock", Severity.OK, f"{abs(skew):.0f} s from the API's")


def _rate_limit(run: Run) -> Finding:
    limiter = run.client.limiter
    others = limiter.others_per_minute
    words = f"{limiter.limit_per_minute:,} requests a minute"
    if others > limiter.limit_per_minute / 2:
        return Finding(
            "rate limit",
            Severity.WARNING,
            f"{words}, but others of the account use {others:,.0f} of them: loads will be slow",
        )
    return Finding("rate limit", Severity.OK, words)


def _inboxes(run: Run, warehouse: Destination) -> Finding:
    try:
        seen = {int(item["id"]): str(item.get("name")) for _, item in run.lists.list_of("inboxes")}
    except (HelpScoutError, AnswerError) as error:
        verdict = Severity.WARNING if is_refusal(error) else Severity.PROBLEM
        return Finding("inboxes", verdict, str(error))
    if not seen:
        return Finding(
            "inboxes",
            Severity.PROBLEM,
            "the app's user sees no inbox: every number would be zero. Give it access to some",
        )
    gone = _seen_before(run, warehouse) - seen.keys()
    if gone:
        return Finding(
            "inboxes",
            Severity.WARNING,
            f"{len(gone)} inboxes that earlier loads saw are not seen any more ({_some(gone)}): "
            "deleted, or no longer allowed to the app's user? Totals are of what it sees",
        )
    return Finding(
        "inboxes", Severity.OK, f"{len(seen)} are seen, and in all totals: {_some(seen.values())}"
    )


def _seen_before(run: Run, warehouse: Destination) -> set[int]:
    if not warehouse.exists():
        return set()
    try:
        with warehouse.open() as pipeline:
            stored = stored_of(pipeline, run.settings.account)
            items = None if stored is None else stored.list_items("inboxes")
    except PipelineError:
        return set()
    return {int(item["id"]) for item in items or []}


def _reports(run: Run) -> Iterator[Finding]:
    """Asks each report for yesterday once."""
    asked, lacking, failing = 0, [], {}
    for report in REPORTS.values():
        read = next(_reads_of_yesterday(run, report.name), None)
        if read is None or not read.parts:
            continue  # nothing names its users, or items
        asked += 1
        try:
            run.client.get(read.parts[0].request)
        except ReportUnavailable:
            if report.name not in run.settings.optional_reports:
                lacking.append(report.name)
        except ApiError as error:
            failing[report.name] = str(error)
    if len(lacking) == asked:
        yield Finding(
            "plan",
            Severity.PROBLEM,
            "no report is allowed (403): they need the Plus or Pro plan, and the app's user the "
            "permission 'Reports: View reports'",
        )
    elif lacking:
        yield Finding(
            "plan",
            Severity.WARNING,
            f"not allowed (403): {', '.join(lacking)}. If the plan lacks them, list them in "
            "optional_reports",
        )
    else:
        yield Finding("plan", Severity.OK, "all reports are allowed")
    for name, words in failing.items():
        yield Finding(name, Severity.PROBLEM, words)


def _reads_of_yesterday(run: Run, name: str) -> Iterator[Read]:
    yesterday = run.now.astimezone(run.time.zone).date() - timedelta(days=1)
    span = (window_of(Grain.DAY, yesterday, run.time.zone),)
    run.planner.selects = everything
    for read in run.planner.reads(REPORTS[name], [span]):
        if isinstance(read, Read):
            yield read


def _time_zone(run: Run) -> Finding:
    """Compares the zone with Help Scout's busiest hours."""
    check = compare_zone(run)
    verdict = Severity.OK if check.is_plausible else Severity.WARNING
    return Finding("time zone", verdict, check.words)


def _some(items: Any) -> str:
    words = [str(item) for item in items]
    return ", ".join(words[:5]) + (f" and {len(words) - 5} more" if len(words) > 5 else "")
