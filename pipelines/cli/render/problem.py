"""What a file for a bug report holds, before it is written."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any

from rich.console import Console

from ...from_archive.report_problem import Contents

LARGE_BYTES = 20_000_000


def print_contents(console: Console, contents: Contents, out: Path) -> None:
    """Prints what the file holds."""
    header, anonymizer = contents.header, contents.anonymizer
    texts, ids = f"{anonymizer.text_count:,}", f"{anonymizer.id_count:,}"
    size = f"{len(contents.packed) / 1e6:,.2f}"
    kept = "dates, counts and measures, statuses, channels, time zones, names of fields"
    lines = [
        f"{out}: {size} MB, {len(contents.lines):,} answers of {len(header['loads']):,} loads",
        f"replaced: {texts} texts (names, addresses, subjects, comments, search terms, tags, …)",
        f"renumbered: {ids} ids",
        f"as they are: {kept}, and what follows here",
        "left out: credentials, the account's name, messages of errors, correlation ids",
        f"versions: {_pairs(header['versions'])}",
        f"options: {_pairs(header['options'])}",
    ]
    lines += [
        f"missing: {one['windows']} {one['grain']} windows of {one['report']}, {one['status']}, "
        f"{one['first']} to {one['last']}"
        for one in header["failures"]
    ]
    lines += [f"{count:>7,} {path}" for path, count in sorted(contents.by_path.items())]
    if len(contents.packed) > LARGE_BYTES:
        lines.append("It is large: --reports and --since leave out what has nothing to do with it")
    for line in lines:
        console.print(line, markup=False, soft_wrap=True)


def _pairs(values: Mapping[str, Any]) -> str:
    return ", ".join(f"{name} {value}" for name, value in values.items())
