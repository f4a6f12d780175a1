"""Processes that may be killed, forked from one that has imported everything: a start costs them
30 ms rather than two seconds."""

from __future__ import annotations

import multiprocessing

FORKS = multiprocessing.get_context("forkserver")
FORKS.set_forkserver_preload(["pipelines.cli", "pipelines.jobs", "pyarrow.parquet"])
