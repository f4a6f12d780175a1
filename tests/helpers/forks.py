"""Processes that may be killed, forked from one that has imported everything: a start costs them
30 ms rather than two seconds."""

from __future__ import annotations

import multiprocessing

FORKS = multiprocessing.get_context("forkserver")
FORKS.set_forkserver_preload(
    [
        "pipelines.cli.main",
        "pipelines.jobs.load_job",
        "pyarrow.parquet",
        # what a load imports on its way
        "dlt._workspace._plugins",
        "dlt.destinations.impl.duckdb.duck",
        "dlt.sources.helpers.requests",
        "httpcore",
        "pyarrow.compute",
        "pytz",
        "rich._emoji_codes",
    ]
)
