"""What the archive costs a load, as ratios of one run: with, without, with, without, …"""

# ruff: noqa: T201  printing is what it is for

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path
from tempfile import TemporaryDirectory

from tests.bench.whole_process import COMMAND, SMALL_ACCOUNT, Process, middle, run_process
from tests.helpers.commands import environment, served

HISTORY_DAYS = 20
RUNS = 7


@dataclass(frozen=True, slots=True, kw_only=True)
class Cost:
    """Loads of the same history with and without the archive, and the sizes of what they wrote."""

    with_archive: Process
    without: Process
    archive_bytes: int
    warehouse_bytes: int


def cost(days: int = HISTORY_DAYS, runs: int = RUNS) -> Cost:
    """Loads the history again and again into new files; the middle ones."""
    with TemporaryDirectory() as folder, served(*SMALL_ACCOUNT) as exported:
        start = datetime.now(UTC).date() - timedelta(days=days)
        env = environment() | exported | {"SOURCES__HELP_SCOUT__START_DATE": str(start)}
        pairs = []
        for number in range(runs):
            archive, warehouse = Path(folder) / f"a{number}", Path(folder) / f"w{number}.duckdb"
            without = Path(folder) / f"without{number}.duckdb"
            kept = env | {"SOURCES__HELP_SCOUT__ARCHIVE": str(archive)}
            pairs.append(
                (
                    run_process((COMMAND, "load", "--warehouse", str(warehouse)), kept),
                    run_process((COMMAND, "load", "--warehouse", str(without)), env),
                )
            )
        return Cost(
            with_archive=middle([kept for kept, _ in pairs]),
            without=middle([plain for _, plain in pairs]),
            archive_bytes=sum(file.stat().st_size for file in archive.rglob("*.parquet")),
            warehouse_bytes=warehouse.stat().st_size,
        )


if __name__ == "__main__":
    found = cost()
    kept, plain = found.with_archive, found.without
    print(f"wall: {kept.seconds:.2f} s with the archive, {plain.seconds:.2f} s without,",
          f"{kept.seconds / plain.seconds:.3f} times")  # fmt: skip
    print(f"processor: {kept.processor_seconds:.2f} s and {plain.processor_seconds:.2f} s,",
          f"{kept.processor_seconds / plain.processor_seconds:.3f} times")  # fmt: skip
    print(f"peak: {kept.peak_megabytes:.0f} and {plain.peak_megabytes:.0f} MB")
    print(f"archive {found.archive_bytes / 1e6:.2f} MB, warehouse",
          f"{found.warehouse_bytes / 1e6:.2f} MB")  # fmt: skip
