"""The names under which everything is loaded, whatever the destination."""

from __future__ import annotations

PIPELINE = "help_scout"
DATASET = "reports"  # not "help_scout": DuckDB takes a file's name for a catalog, and
# `help_scout.table` in help_scout.duckdb is then ambiguous
DATA_FOLDER = "data"
