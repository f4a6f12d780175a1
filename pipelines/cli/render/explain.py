"""Where a value comes from, as people read it."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import datetime

from rich.console import Console

from sources.help_scout.catalog.model import PAGED, Shape
from sources.help_scout.catalog.slices import SLICE_PARAMS
from sources.help_scout.planning.calendar import AccountTime

from ...quality.value_lineage import Explanation


def print_explanation(
    console: Console, found: Explanation, base_url: str, time: AccountTime
) -> None:
    """Prints what is known of the value, a line each."""
    for name, words in explanation_lines(found, base_url, time):
        console.print(f"{name:<12} {words}", markup=False, soft_wrap=True)


def explanation_lines(
    found: Explanation, base_url: str, time: AccountTime
) -> Iterator[tuple[str, str]]:
    """What is known of the value, by the name of each line."""
    ledger, window = found.ledger, found.window
    yield "what", f"{found.table.name}.{found.column.name}, {window}, slice {found.slice}"
    yield "meaning", f"{found.column.description} ({found.column.unit.words})"
    for row in found.rows:
        *keys, (_, value) = row.items()
        told_by = ", ".join(f"{name} {key}" for name, key in keys)
        yield "value", f"{value}{f'  ({told_by})' if told_by else ''}"
    if found.row_count != len(found.rows):
        yield "", f"… and {found.row_count - len(found.rows):,} more: narrow them with --where"
    if not found.rows:
        yield "value", "none: the window holds no such row"
    yield from _request_lines(found, base_url)
    answer = f"{_at(ledger['fetched_at'], time)}: {ledger['status']}, {ledger['rows']:,} rows"
    if ledger["api_count"] is not None:
        answer += f", {ledger['api_count']:,} by the API's own count"
    yield "answered", f"{answer}, run {ledger['run_id']}"
    yield (
        "final",
        "yes, no night reads it again" if ledger["is_final"] else "no, read again nightly",
    )
    if ledger["last_attempt_status"] not in (None, ledger["status"]):
        yield "since then", f"{ledger['last_attempt_status']}: {ledger['last_error']}"
    for read_at, value in found.before:
        yield "before", f"{value} when read {_at(read_at, time)}"
    if not found.before:
        yield "before", "no re-read found it otherwise"
    yield "in the app", _screen(found, time)


def _request_lines(found: Explanation, base_url: str) -> Iterator[tuple[str, str]]:
    report = found.question.report
    yield "request", f"GET {base_url}{found.request}"
    if len({row.get("field_id") for row in found.rows}) > 1:
        yield "", "and one for each other field_id"
    if report.shape in PAGED:
        yield "", f"and its further pages, {found.ledger['pages']} read in all"
    if report.shape is Shape.SERIES:
        yield "", f"the bucket that starts at {found.window.start:%Y-%m-%dT%H:%M:%SZ}"


def _screen(found: Explanation, time: AccountTime) -> str:
    """The product's own report and the filters that should show the same number."""
    report, window = found.question.report, found.window
    last = window.last_second.astimezone(time.zone).date()
    words = [f"Reports > {report.app_screen}", f"{window.local_date} to {last} ({time.zone.key})"]
    for term in found.slice.split(",") if found.slice != "all" else []:
        name, _, value = term.partition("=")
        words.append(f"{SLICE_PARAMS[name].words}: {value}")
    if report.office_hours and "office_hours=true" not in found.slice:
        words.append("office hours off")
    return ", ".join(words)


def _at(instant: datetime, time: AccountTime) -> str:
    return f"{instant.astimezone(time.zone):%Y-%m-%d %H:%M}"
