"""A load in a process of its own, to be killed: python -m tests.pipeline.load_process FILE URL."""

from __future__ import annotations

import sys
from pathlib import Path

from .support import load_into

YEAR_START = "2025-11-10"

if __name__ == "__main__":
    load_into(Path(sys.argv[1]), sys.argv[2], start_date=YEAR_START)
