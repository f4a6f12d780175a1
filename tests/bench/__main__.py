"""`make bench`: measures in one run, prints a table, writes `bench.json` into the data folder.

With `--readme` what it prints becomes the README's table too. Machines are noisy: quote the ratios,
not the seconds.
"""

# ruff: noqa: T201  printing is what it is for

from __future__ import annotations

import json
import platform
import sys
import time
from collections.abc import Callable, Iterable
from dataclasses import asdict
from datetime import UTC, datetime
from itertools import product
from pathlib import Path
from typing import Any

from pipelines.docs import ROOT
from tests.bench.limit_use import LimitUse, measured, simulated
from tests.bench.plain import plain_day
from tests.bench.requests_needed import requests_needed
from tests.bench.sandbox_throughput import requests_per_second
from tests.bench.throughput import Throughput, throughputs
from tests.bench.whole_process import nights

REQUESTS, LIMITS, LATENCIES_MS = (300, 1_000, 4_000), (400, 800), (50, 300, 800)
MEASURED_REQUESTS = {300: 5, 1_000: 1}
"""How many are really sent, and how often, at the first limit and 300 ms; all others in virtual
time."""


def requests_told() -> Any:
    """Requests of a night and of a year, against the fewest and a plain configuration's."""
    heading("requests", "ours", "least", "ratio", "plain", "ratio")
    needed = list(requests_needed())
    for one in needed:
        row(one.what, one.ours, one.least, one.ours / one.least, one.plain, one.ours / one.plain)
    asked, expected = plain_day()
    tell(f"a plain configuration's day, really run: {asked} requests, {expected} by its rule")
    told = [asdict(one) for one in needed]
    return {"counted": told, "plain_day": {"requests": asked, "by_rule": expected}}


def limit_told() -> Any:
    """Wall times against the least that the account's limit allows."""
    heading("use of the limit", "seconds", "least", "ratio", "refused")
    uses: dict[str, LimitUse] = {}
    for requests, limit, latency_ms in product(REQUESTS, LIMITS, LATENCIES_MS):
        run = simulated(requests, limit, latency_ms)
        uses[f"{requests:,} requests at {limit} a minute, {latency_ms} ms"] = run
    for requests, runs in MEASURED_REQUESTS.items():
        found = [measured(requests, LIMITS[0], 300) for _ in range(runs)]
        run = sorted(found, key=lambda one: one.seconds)[runs // 2]
        uses[f"{requests:,} requests at {LIMITS[0]} a minute, 300 ms, measured"] = run
    for name, run in uses.items():
        row(name, run.seconds, run.least_seconds, run.ratio, run.refused)
    return {name: asdict(run) | {"ratio": run.ratio} for name, run in uses.items()}


def throughput_told() -> Any:
    """Rows a second from bodies to committed tables, without a limit and without HTTP."""
    heading("throughput", "rows/s", "ours/this", "s/1,000", "peak MB")
    ways, growth = throughputs()
    ours = ways["ours"]
    for way, run in ways.items():
        throughput_row(way, run, ours.rows_per_second / run.rows_per_second)
    for run in growth:
        throughput_row(f"ours, {run.rows:,} rows", run, None)
    return {
        "ways": {way: asdict(run) for way, run in ways.items()},
        "growth": [asdict(run) for run in growth],
    }


def throughput_row(what: str, run: Throughput, ratio: float | None) -> None:
    row(
        what,
        round(run.rows_per_second),
        *(() if ratio is None else (ratio,)),
        run.processor_seconds_per_1000_requests,
        round(run.peak_megabytes),
    )


def processes_told() -> Any:
    """A quiet night as a whole process, and one for which nothing is due."""
    found = nights()
    heading("whole processes", "seconds", "CPU", "peak MB")
    for what, one in (
        (f"a quiet night, {found.windows:,} windows", found.night),
        ("a backfill, nothing due", found.nothing_due),
        ("dlt alone loading that night's rows", found.dlt_alone),
        ("importing dlt, DuckDB and Arrow", found.imports),
    ):
        row(what, one.seconds, one.processor_seconds, round(one.peak_megabytes))
    row(f"the night's {found.requests} requests alone", found.requests_alone_seconds)
    own = found.night.seconds - found.requests_alone_seconds
    ratios = {"imports": own / found.imports.seconds, "dlt_alone": own / found.dlt_alone.seconds}
    heading("the night without its requests", "seconds", "/ imports", "/ dlt alone")
    row(f"a quiet night, {found.windows:,} windows", own, *ratios.values())
    return asdict(found) | {"night_without_requests": {"seconds": own} | ratios}


def sandbox_told() -> Any:
    """How fast the stand-in account answers: no figure above is about it."""
    rate = requests_per_second()
    tell(f"\nthe sandbox answers {rate:,.0f} overall reports a second")
    return rate


TOLD: list[str] = []
BEGIN, END = "<!-- bench -->\n", "<!-- /bench -->"

PARTS: dict[str, Callable[[], Any]] = {
    "requests": requests_told,
    "use_of_the_limit": limit_told,
    "throughput": throughput_told,
    "whole_processes": processes_told,
    "sandbox_requests_per_second": sandbox_told,
}


def tell(line: str) -> None:
    """Prints a line, and keeps it."""
    print(line, flush=True)
    TOLD.append(line)


def heading(what: str, *columns: str) -> None:
    """A line of names over the figures."""
    tell(f"\n{what:48}" + "".join(f"{name:>12}" for name in columns))


def row(what: str, *figures: float) -> None:
    """A line of figures."""
    tell(f"{what:48}" + "".join(map(_told, figures)))


def _told(figure: float) -> str:
    return f"{figure:12,}" if isinstance(figure, int) else f"{figure:12,.3f}"


def machine() -> str:
    """This machine: its processor and how many cores of it, its memory, the Python."""
    cpu = _field("/proc/cpuinfo", "model name") or platform.machine()
    cores = _lines("/proc/cpuinfo", "processor")
    memory = round(int((_field("/proc/meminfo", "MemTotal") or "0").split()[0]) / 2**20)
    return f"{cpu}, {cores} cores, {memory} GiB, Python {platform.python_version()}"


def _field(path: str, name: str) -> str | None:
    found = [line for line in _read(path) if line.startswith(name)]
    return found[0].partition(":")[2].strip() if found else None


def _lines(path: str, name: str) -> int:
    return sum(line.startswith(name) for line in _read(path))


def _read(path: str) -> Iterable[str]:
    try:
        return Path(path).read_text(encoding="utf-8").splitlines()
    except OSError:
        return []


def main() -> None:
    began = time.perf_counter()
    tell(machine())
    told = {"at": datetime.now(UTC).isoformat(), "machine": machine()}
    told |= {name: measure() for name, measure in PARTS.items()}
    target = ROOT / "data" / "bench.json"
    target.write_text(json.dumps(told, indent=2), encoding="utf-8")
    tell(f"\nmeasured in {time.perf_counter() - began:.0f} s")
    if "--readme" in sys.argv:
        write_readme(ROOT / "README.md")


def write_readme(readme: Path) -> None:
    """Puts what was told into the README's table."""
    text = readme.read_text(encoding="utf-8")
    before, _, rest = text.partition(BEGIN)
    _, _, after = rest.partition(END)
    table = "```\n" + "\n".join(TOLD) + "\n```\n"
    readme.write_text(before + BEGIN + table + END + after, encoding="utf-8")


if __name__ == "__main__":
    main()
