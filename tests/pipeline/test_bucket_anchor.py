"""Where an account's buckets begin is learned once, and costs no request each night."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any, NamedTuple

import pytest

from pipelines.from_archive.rebuild_from_archive import rebuild_from_archive
from pipelines.planning.load_plan import LoadRequest, source_state
from pipelines.probes.account_facts import read_facts, store_facts
from pipelines.probes.probe import Certainty, Fact
from pipelines.quality.check_results import RESULTS
from pipelines.warehouse.open import open_pipeline
from sources.help_scout_sandbox import Sandbox
from sources.help_scout_sandbox.answers.series import Anchor
from tests.helpers.loads import (
    SMALL,
    differing,
    load_into,
    numbers,
    planned,
    query,
    serving,
    ticking,
    whole_tables,
)

pytestmark = pytest.mark.xdist_group("bucket_anchor")
REPORTS = ("conversations_new", "productivity_replies_sent")
PATHS = ("/v2/reports/conversations/new", "/v2/reports/productivity/replies-sent")
FIRST_NIGHT = datetime(2026, 11, 5, 8, 15, tzinfo=UTC)
OPTIONS: dict[str, Any] = {
    "start_date": "2026-11-02",
    "lookback_days": 3,
    "breakdowns": {name: ["all", "mailbox"] for name in REPORTS},
}
SLICES = 2 * 3  # two reports, in all and for each of two inboxes
UTC_BUCKETS = Fact("bucket_anchor", "…", "utc_midnight", Certainty.CONTRADICTED, "13:17")


class Account(NamedTuple):
    """A sandbox, its address, and the warehouse that it is loaded into."""

    sandbox: Sandbox
    base_url: str
    warehouse: Path

    def load(self, night: int, **options: Any) -> int:
        """How many requests for series a night's load sends."""
        self.sandbox.log.clear()
        clock = ticking(FIRST_NIGHT + timedelta(days=night))
        load_into(
            self.warehouse, self.base_url, reports=REPORTS, clock=clock, **{**OPTIONS, **options}
        )
        return sum(request.path in PATHS for request in self.sandbox.requests)

    def anchor(self) -> str | None:
        """What loads know of the account's buckets."""
        with open_pipeline(self.warehouse) as pipeline:
            facts = source_state(pipeline).get("account_facts", {})
        value: str | None = facts.get("bucket_anchor", {}).get("value")
        return value


@contextmanager
def account(folder: Path, anchor: Anchor) -> Iterator[Account]:
    with (
        Sandbox(replace(SMALL, days=30), anchor=anchor) as sandbox,
        serving(sandbox) as base_url,
    ):
        yield Account(sandbox, base_url, folder / f"{anchor}.duckdb")


def test_buckets_of_utc_days_are_learned_and_cost_no_request_in_vain(tmp_path: Path) -> None:
    archive = tmp_path / "archive"
    found: dict[Anchor, list[int]] = {}
    ways: tuple[Anchor, ...] = ("request", "utc")
    for way in ways:
        with account(tmp_path, way) as one:
            options = {"archive": str(archive)} if way == "utc" else {}
            found[way] = [one.load(night, **options) for night in (0, 1)]
            if way == "utc":
                assert one.anchor() == "utc_midnight"
                plan = planned(
                    one.warehouse,
                    LoadRequest(reports=REPORTS),
                    clock=ticking(FIRST_NIGHT + timedelta(days=2)),
                    **OPTIONS,
                )
                found[way].append(one.load(2, **options))
                assert sum(request.path in PATHS for request in plan.requests) == found[way][2]
            else:
                one.load(2)
                assert one.anchor() is None
    assert found["request"] == [SLICES, SLICES]
    # The first night asks for four days together, each alone, and each without buckets. The others
    # ask for five, of which the lookback reads four once more.
    assert found["utc"] == [SLICES * (1 + 4 + 4), SLICES * 5, SLICES * 5]

    loaded = tmp_path / "utc.duckdb"
    assert differing(numbers(tmp_path / "request.duckdb"), numbers(loaded)) == {}
    again = tmp_path / "again.duckdb"
    options = {**OPTIONS, "archive": str(archive)}
    rebuild_from_archive(again, None, options, FIRST_NIGHT)
    before, after = (whole_tables(path, leave_out=()) for path in (loaded, again))
    after.pop(RESULTS)
    assert differing(before, after) == {}


def test_what_the_probe_found_out_is_used_by_the_first_load_and_by_a_rebuild(
    tmp_path: Path,
) -> None:
    archive = tmp_path / "archive"
    options = {**OPTIONS, "archive": str(archive)}
    with account(tmp_path, "utc") as one:
        with open_pipeline(one.warehouse) as pipeline:
            store_facts(pipeline, [UTC_BUCKETS], FIRST_NIGHT - timedelta(hours=1), "main")
        assert one.load(0, archive=str(archive)) == SLICES * 4
    before = whole_tables(one.warehouse, leave_out=())
    rebuild_from_archive(one.warehouse, None, options, FIRST_NIGHT)
    after = whole_tables(one.warehouse, leave_out=())
    after.pop(RESULTS)
    assert differing(before, after) == {}
    with open_pipeline(one.warehouse) as pipeline:
        assert read_facts(pipeline, "main") == {"bucket_anchor": "utc_midnight"}


def test_once_a_week_it_is_tried_whether_it_is_still_so(tmp_path: Path) -> None:
    with account(tmp_path, "utc") as one:
        one.load(0)
        kept = one.load(7)
        assert one.anchor() == "utc_midnight"
    with account(tmp_path, "request") as other:
        changed = other._replace(warehouse=one.warehouse)
        changed.load(10)  # a week has not passed
        assert changed.anchor() == "utc_midnight"
        changed.load(14)
        assert changed.anchor() == "request"
        assert changed.load(15) == SLICES
    assert kept > 0
    assert query(one.warehouse, "select count(*) from conversations_new") != [(0,)]
