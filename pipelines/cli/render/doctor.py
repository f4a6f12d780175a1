"""The findings of `doctor` as people read them."""

from __future__ import annotations

from collections.abc import Sequence

from rich import box
from rich.console import Console
from rich.markup import escape
from rich.table import Table

from ...jobs.diagnostics import Finding, Severity


def print_findings(console: Console, findings: Sequence[Finding]) -> None:
    """Prints a line a matter."""
    table = Table(box=box.SIMPLE_HEAD, pad_edge=False)
    for name in ("matter", "", "how it stands, and what to do"):
        table.add_column(name, no_wrap=name != "how it stands, and what to do")
    for finding in findings:
        table.add_row(finding.matter, str(finding.verdict), escape(finding.words))
    console.print(table)
    problems = sum(finding.verdict is Severity.PROBLEM for finding in findings)
    warnings = sum(finding.verdict is Severity.WARNING for finding in findings)
    console.print(f"{problems} problems, {warnings} warnings")
