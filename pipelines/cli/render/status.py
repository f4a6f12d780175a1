"""The status as people read it: a line for each report and kind of slice, a character a month."""

from __future__ import annotations

from collections import Counter
from collections.abc import Collection, Iterator, Mapping
from dataclasses import dataclass
from itertools import groupby

from rich import box
from rich.console import Console
from rich.table import Table

from sources.help_scout.planning.windows import Window
from sources.help_scout.state.coverage import Freshness

from ...jobs.advisories import missing_windows
from ...planning.coverage_status import (
    Counts,
    SliceStatus,
    StatusReport,
    coverage_pct,
    refused_items,
    unavailable_reports,
)
from ...settings.constants import DEFAULT_DESTINATION
from .summary import about_refused

MONTHS_SHOWN = 13
GAPS_SHOWN = 8


@dataclass(slots=True)
class _Line:
    """The slices that the table shows in one line."""

    report: str
    label: str
    slices: list[SliceStatus]

    @property
    def counts(self) -> Counts:
        return sum((status.counts for status in self.slices), Counter())

    def month(self, month: str) -> Counts:
        return sum((s.months.get(month, Counter()) for s in self.slices), Counter())


def print_status(console: Console, status: StatusReport, *, each_slice: bool) -> None:
    """Prints a line for each report and kind of slice (or each slice), then what lacks."""
    run = status.run
    months = sorted({month for s in status.slices for month in s.months})[-MONTHS_SHOWN:]
    table = Table(box=box.SIMPLE_HEAD, pad_edge=False)
    table.add_column("report", no_wrap=True)
    table.add_column("slices", no_wrap=True)
    for name in ("covered", "gaps", "not final"):
        table.add_column(name, justify="right", no_wrap=True)
    for name in ("first", "last", "last load", "months"):
        table.add_column(name, no_wrap=True)
    before = ""
    for line in _lines(status.slices, each_slice=each_slice):
        counts, there = line.counts, [s for s in line.slices if s.first and s.last]
        loaded = max((s.last_loaded_at for s in there if s.last_loaded_at), default=None)
        table.add_row(
            line.report if line.report != before else "",
            line.label,
            _percent(coverage_pct(counts)),
            _number(counts[Freshness.MISSING] + counts[Freshness.BEHIND]),
            _number(counts[Freshness.PROVISIONAL]),
            f"{min(s.first.local_date for s in there if s.first)}" if there else "",
            f"{max(s.last.local_date for s in there if s.last)}" if there else "",
            f"{loaded.astimezone(run.time.zone):%m-%d %H:%M}" if loaded else "never",
            "".join(_heat(line.month(month)) for month in months),
        )
        before = line.report
    console.print(table)
    span = f"{months[0]} to {months[-1]}" if len(months) > 1 else "".join(months)
    console.print(
        f"months, {span}: █ final  ▓ not all final yet  ▒ with gaps  ░ nothing there  "
        "- unavailable",
        markup=False,
    )
    _print_what_lacks(console, status)
    _print_what_moved(console, status)


def print_accounts(
    console: Console,
    found: Mapping[str, StatusReport | str],
    unknown: Collection[str],
    destination: str,
) -> None:
    """Prints a line for each account: what is there of all its reports, or why there is nothing, or
    that cannot be told (`unknown`)."""
    table = Table(box=box.SIMPLE_HEAD, pad_edge=False)
    table.add_column("account", no_wrap=True)
    for name in ("covered", "gaps", "not final", "unavailable"):
        table.add_column(name, justify="right", no_wrap=True)
    table.add_column("last load", no_wrap=True)
    for account, status in found.items():
        if isinstance(status, str):
            table.add_row(account, *[""] * 4, "unknown" if account in unknown else "never")
            continue
        counts: Counts = sum((one.counts for one in status.slices), Counter())
        loaded = max((s.last_loaded_at for s in status.slices if s.last_loaded_at), default=None)
        table.add_row(
            account,
            _percent(coverage_pct(counts)),
            _number(counts[Freshness.MISSING] + counts[Freshness.BEHIND]),
            _number(counts[Freshness.PROVISIONAL]),
            _number(counts[Freshness.UNAVAILABLE] + counts[Freshness.INCOMPLETE]),
            f"{loaded.astimezone(status.run.time.zone):%Y-%m-%d %H:%M %Z}" if loaded else "never",
        )
    console.print(table)
    there = "" if destination == DEFAULT_DESTINATION else f" --destination {destination}"
    for account, status in found.items():
        if isinstance(status, str):
            console.print(f"{account}: {status}", markup=False)
        elif status.exit_code:
            console.print(
                f"{account}: something lacks, "
                f"help-scout status --account {account}{there} shows what",
                markup=False,
            )


def _heat(counts: Counts) -> str:
    """One character for how a month stands."""
    there = counts[Freshness.FINAL] + counts[Freshness.PROVISIONAL]
    if not counts:
        return " "
    if counts[Freshness.MISSING] or counts[Freshness.BEHIND] or counts[Freshness.INCOMPLETE]:
        return "▒" if there else "░"
    if counts[Freshness.UNAVAILABLE] and not there:
        return "-"
    return "▓" if counts[Freshness.PROVISIONAL] or not there else "█"


def _lines(slices: list[SliceStatus], *, each_slice: bool) -> list[_Line]:
    lines: dict[tuple[str, str], _Line] = {}
    for status in slices:
        known = not status.slice.unresolved
        label = status.slice.kind if known and not each_slice else status.slice.text
        key = (status.report, label)
        lines.setdefault(key, _Line(*key, slices=[])).slices.append(status)
    for line in lines.values():
        if len(line.slices) > 1:
            line.label += f" ({len(line.slices)})"
    return list(lines.values())


def _print_what_lacks(console: Console, status: StatusReport) -> None:
    alarming = [s for s in status.slices if s.report not in status.run.settings.optional_reports]
    lines = [line for s in alarming for line in _gap_lines(s)]
    for line in lines[:GAPS_SHOWN]:
        console.print(line, markup=False)
    if len(lines) > GAPS_SHOWN:
        console.print(f"and {len(lines) - GAPS_SHOWN:,} lines more: --json lists every window")
    missing = sum(s.counts[Freshness.MISSING] for s in alarming)
    behind = sum(s.counts[Freshness.BEHIND] for s in alarming)
    if missing:
        console.print(f"{missing_windows(missing)}: help-scout backfill loads them")
    if behind:
        console.print(
            f"{behind:,} {'window was' if behind == 1 else 'windows were'} loaded before the end "
            "and not since: help-scout load reads them again"
        )
    unavailable = unavailable_reports(alarming)
    for report in dict.fromkeys(s.report for s in alarming):
        for how in (Freshness.UNAVAILABLE, Freshness.INCOMPLETE):
            windows = sum(s.counts[how] for s in alarming if s.report == report)
            if windows and (how is Freshness.INCOMPLETE or report in unavailable):
                console.print(f"{report}: {windows:,} windows are {how}", markup=False)
    for slice_text, reports in refused_items(alarming).items():
        console.print(about_refused(slice_text, reports, status.names), markup=False)
    for name, (at, error) in status.failures.items():
        when = f"{at.astimezone(status.run.time.zone):%Y-%m-%d %H:%M}"
        console.print(f"{name} last failed at {when}: {error}", markup=False)


def _gap_lines(status: SliceStatus) -> Iterator[str]:
    """A line for each row of windows, one after the other, that are not there."""
    for _, windows in groupby(
        sorted(status.gaps, key=lambda w: (w.grain, w.start)), key=lambda window: window.grain
    ):
        for row in _rows(list(windows)):
            which = (
                f"{row[0]} is"
                if len(row) == 1
                else (
                    f"{len(row):,} {row[0].grain} windows, {row[0].local_date} to "
                    f"{row[-1].local_date}, are"
                )
            )
            yield f"{status.report} [{status.slice.text}]: {which} not there"


def _rows(windows: list[Window]) -> Iterator[list[Window]]:
    row: list[Window] = []
    for window in windows:
        if row and row[-1].end != window.start:
            yield row
            row = []
        row.append(window)
    yield row


def _print_what_moved(console: Console, status: StatusReport) -> None:
    if status.restated:
        windows = sum(row[1] for row in status.restated)
        measures = sum(row[2] for row in status.restated)
        console.print(
            f"Re-reads have changed {measures:,} measures of {windows:,} closed windows: the "
            "table restatements holds old and new values."
        )
    compared = sum(moved.compared for moved in status.moved.values())
    late = {name: moved for name, moved in status.moved.items() if moved.windows}
    if late:
        windows = sum(moved.windows for moved in late.values())
        days = max(moved.lookback_days for moved in late.values())
        console.print(
            f"{windows:,} of {compared:,} windows moved after they were called final "
            f"({', '.join(late)}): lookback_days = {days} would have caught them all."
        )
    elif compared:
        console.print(f"None of {compared:,} windows moved after they were called final.")


def _percent(value: float) -> str:
    return f"{int(value * 10) / 10:.1f}%"  # rounded down: 100 means all


def _number(value: int) -> str:
    return f"{value:,}" if value else "·"
