"""What the probe found out stays in the warehouse, before the first load and after it."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path

from pipelines.probes.account_facts import read_facts, store_facts
from pipelines.probes.probe import Certainty, Fact
from pipelines.warehouse.open import open_pipeline
from sources.help_scout_sandbox import Sandbox
from tests.helpers.loads import SMALL, load_into, query, serving

NOON = datetime(2026, 11, 9, 12, tzinfo=UTC)
LATER = datetime(2026, 11, 10, 12, tzinfo=UTC)
ANCHOR = Fact("bucket_anchor", "…", "request", Certainty.CONFIRMED, "13:17")
ZEROS = Fact("zero_buckets", "…", None, Certainty.UNKNOWN, "every day had conversations")


def test_facts_are_kept_before_the_first_load_and_after_it(tmp_path: Path) -> None:
    warehouse = tmp_path / "w.duckdb"
    with open_pipeline(warehouse) as pipeline:
        assert read_facts(pipeline, "main") == {}
        store_facts(pipeline, [ANCHOR, ZEROS], NOON, "main")
        assert read_facts(pipeline, "main") == {"bucket_anchor": "request"}
    with Sandbox(replace(SMALL, days=5)) as sandbox, serving(sandbox) as base_url:
        load_into(warehouse, base_url, reports=("conversations_new",), start_date="2026-11-08")
    with open_pipeline(warehouse) as pipeline:
        assert read_facts(pipeline, "main") == {"bucket_anchor": "request"}
        assert read_facts(pipeline, "another") == {}
        untold = replace(ANCHOR, value=None, verdict=Certainty.UNKNOWN)
        told = replace(ZEROS, value="left_out", verdict=Certainty.CONTRADICTED, detail="26 of 28")
        store_facts(pipeline, [untold, told], LATER, "main")
    assert query(warehouse, "select fact, value, verdict, checked_at from account_facts") == [
        ("bucket_anchor", "request", "confirmed", NOON),
        ("zero_buckets", "left_out", "contradicted", LATER),
    ]
