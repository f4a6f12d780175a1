"""Constants of every load, whatever its destination."""

from __future__ import annotations

PIPELINE = "help_scout"
DATASET = "reports"  # not "help_scout": DuckDB takes a file's name for a catalog, and
# `help_scout.table` in help_scout.duckdb is then ambiguous
DATA_FOLDER = "data"
DEFAULT_DESTINATION = "duckdb"
PLACEHOLDERS = {"client_id": "-", "client_secret": "-"}
"""Credentials for commands that send nothing and so need none."""
