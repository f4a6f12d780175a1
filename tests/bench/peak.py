"""Runs the command line, or imports what it is built on, and prints the process's peak memory."""

from __future__ import annotations

import re
import runpy
import sys
from pathlib import Path


def peak_megabytes() -> float:
    """This process's peak memory since its program began: what getrusage tells of a child begins
    with its parent's."""
    found = re.search(r"VmHWM:\s+(\d+) kB", Path("/proc/self/status").read_text(encoding="ascii"))
    assert found is not None
    return int(found[1]) / 1024


def main() -> None:
    try:
        if len(sys.argv) > 1:
            runpy.run_module("pipelines", run_name="__main__")
        else:
            import dlt  # noqa: F401, PLC0415
            import duckdb  # noqa: F401, PLC0415
            import pyarrow.parquet  # noqa: F401, PLC0415
    finally:
        sys.stdout.write(f"\npeak {peak_megabytes()}\n")


if __name__ == "__main__":
    main()
