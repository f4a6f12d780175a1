"""`make bench`: measures in one run and prints a table.

With `--readme` the table is also written into the README. Machines are noisy: quote the ratios, not
the seconds.
"""

from __future__ import annotations

import os
import platform
import sys
import time
from itertools import product
from pathlib import Path

from pipelines.docs import ROOT
from tests.bench.limit_use import measured, simulated
from tests.bench.requests_needed import requests_needed
from tests.bench.throughput import RUNS, throughputs
from tests.bench.whole_process import nights

REQUESTS, LIMITS, LATENCIES_MS = (300, 1_000, 4_000), (400, 800), (50, 300, 800)
MEASURED_REQUESTS = {300: 5, 1_000: 1}
"""Requests that are really sent, and how often, at the first limit and 300 ms. All others are sent
in virtual time."""
PRINTED: list[str] = []
BEGIN, END = "<!-- bench -->\n", "<!-- /bench -->"


def print_requests() -> None:
    """Requests of a night and of a year, against the fewest and a plain configuration's."""
    print_heading("requests", "ours", "least", "ratio", "plain", "ratio")
    for one in requests_needed():
        ratios = one.ours / one.least, one.ours / one.plain
        print_row(one.what, one.ours, one.least, ratios[0], one.plain, ratios[1])


def print_limit_use() -> None:
    """Wall times against the least that the account's limit allows."""
    print_heading("use of the limit", "seconds", "least", "ratio", "refused")
    runs = {"": [simulated(*case) for case in product(REQUESTS, LIMITS, LATENCIES_MS)]}
    runs[", measured"] = []
    for requests, times in MEASURED_REQUESTS.items():
        found = [measured(requests, LIMITS[0], 300) for _ in range(times)]
        runs[", measured"].append(sorted(found, key=lambda run: run.seconds)[times // 2])
    for how, those in runs.items():
        for run in those:
            what = f"{run.requests:,} requests at {run.limit} a minute, {run.latency_ms} ms{how}"
            print_row(what, run.seconds, run.least_seconds, run.ratio, run.refused)


def print_throughput() -> None:
    """Rows a second from bodies to committed tables, without a limit and without HTTP."""
    print_heading("throughput", "rows/s", "ours/this", "s/1,000", "peak MB")
    found = throughputs()
    ours = found["ours", RUNS["ours"][0]].rows_per_second
    for (way, rows), run in found.items():
        is_growth = rows != RUNS[way][0]
        print_row(
            f"{way}, {rows:,} rows" if is_growth else way,
            round(run.rows_per_second),
            ours / run.rows_per_second,
            run.processor_seconds_per_1000_requests,
            round(run.peak_megabytes),
        )


def print_processes() -> None:
    """A quiet night as a whole process, and one for which nothing is due."""
    found = nights()
    night = f"a quiet night, {found.windows:,} windows"
    print_heading("whole processes", "seconds", "CPU", "peak MB")
    for what, one in (
        (night, found.night),
        ("a backfill, nothing due", found.nothing_due),
        ("dlt alone loading that night's rows", found.dlt_alone),
        ("importing dlt, DuckDB and Arrow", found.imports),
    ):
        print_row(what, one.seconds, one.processor_seconds, round(one.peak_megabytes))
    print_row(f"the night's {found.requests} requests alone", found.requests_alone_seconds)
    own = found.night.seconds - found.requests_alone_seconds
    print_heading("the night without its requests", "seconds", "/ imports", "/ dlt alone")
    print_row(night, own, own / found.imports.seconds, own / found.dlt_alone.seconds)


def print_line(line: str) -> None:
    """Prints a line, and keeps it for the README."""
    sys.stdout.write(f"{line}\n")
    sys.stdout.flush()
    PRINTED.append(line)


def print_heading(what: str, *columns: str) -> None:
    """A line of names over the figures."""
    print_line(f"\n{what:48}" + "".join(f"{name:>12}" for name in columns))


def print_row(what: str, *figures: float) -> None:
    """A line of figures: whole numbers, and others with three decimals."""
    texts = (f"{one:12,}" if isinstance(one, int) else f"{one:12,.3f}" for one in figures)
    print_line(f"{what:48}" + "".join(texts))


def machine() -> str:
    """This machine: its processor and how many cores of it, its memory, the Python."""
    lines = Path("/proc/cpuinfo").read_text(encoding="utf-8").splitlines()
    names = [line.partition(":")[2].strip() for line in lines if line.startswith("model name")]
    memory = round(os.sysconf("SC_PHYS_PAGES") * os.sysconf("SC_PAGE_SIZE") / 2**30)
    cpu = names[0] if names else platform.machine()
    return f"{cpu}, {os.cpu_count()} cores, {memory} GiB, Python {platform.python_version()}"


def write_readme(readme: Path) -> None:
    """Writes what was printed into the README's table."""
    before, _, rest = readme.read_text(encoding="utf-8").partition(BEGIN)
    _, _, after = rest.partition(END)
    table = "```\n" + "\n".join(PRINTED) + "\n```\n"
    readme.write_text(before + BEGIN + table + END + after, encoding="utf-8")


def main() -> None:
    began = time.perf_counter()
    print_line(machine())
    for measure in (print_requests, print_limit_use, print_throughput, print_processes):
        measure()
    print_line(f"\nmeasured in {time.perf_counter() - began:.0f} s")
    if "--readme" in sys.argv:
        write_readme(ROOT / "README.md")


if __name__ == "__main__":
    main()
