"""The warehouse in PostgreSQL: tables as dlt makes them, views and marts equal to DuckDB's."""

from __future__ import annotations

from pathlib import Path

import pytest
from dlt.pipeline.pipeline import Pipeline

from pipelines.warehouse import DATASET

from .support import differing, tables_of, views_of
from .twin import rows_on_both

pytestmark = pytest.mark.xdist_group("loaded")


def test_tables_and_views_hold_the_same_in_both(
    loaded: Path, twin: Pipeline, postgres: str
) -> None:
    names = {name: f'{DATASET}."{name}"' for name in (*tables_of(loaded), *views_of(loaded))}
    ours, theirs = rows_on_both(loaded, postgres, names)

    assert len(views_of(loaded)) > 100
    assert sum(len(rows) for rows in ours.values()) > 10_000
    assert differing(ours, theirs) == {}
