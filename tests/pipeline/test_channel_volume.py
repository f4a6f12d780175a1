"""An account that counts new conversations by channel, as recorded: 62 of 90 with activity."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import orjson

from pipelines.planning.load_plan import LoadRequest
from pipelines.publishing.published_copy import published_path
from sources.help_scout_sandbox import Fault, Sandbox
from tests.helpers.loads import SMALL, query, serving
from tests.helpers.published import Nights

CASE = Path(__file__).parents[1] / "fixtures" / "cases" / "channel_volume_counts_new.json"
REPORTS = ("conversations_overall", "conversations_volume_by_channel", "conversations_new")


def answering(case: dict[str, Any]) -> Callable[[Any], Any]:
    """What makes the case's body from the sandbox's, whose dates and buckets are the asked ones."""

    def series(body: Any) -> Any:
        row = case["series"]["row"]
        buckets = [
            {key: row.get(key, value) for key, value in point.items()} for point in body["current"]
        ]
        return {"current": buckets}

    def overall(body: Any) -> Any:
        text = orjson.dumps(case["body"]).decode()
        for block, start, end in (("current", "$START", "$END"), ("previous", "$PSTART", "$PEND")):
            text = text.replace(start, body[block]["startDate"])
            text = text.replace(end, body[block]["endDate"])
        return orjson.loads(text)

    return series if "series" in case else overall


def test_an_account_that_counts_new_conversations_by_channel_is_published(tmp_path: Path) -> None:
    with Sandbox(replace(SMALL, days=10, inboxes=1)) as sandbox, serving(sandbox) as base_url:
        for path, case in orjson.loads(CASE.read_bytes())["paths"].items():
            change = answering(case)
            sandbox.faults.add(Fault(path=path, kind="change_body", change=change, times=None))
        nights = Nights(sandbox, base_url, tmp_path / "w.duckdb")
        code, told = nights.load(nights.first, request=LoadRequest(reports=REPORTS))
    readers = published_path(nights.first)

    assert code == 0, told
    assert f"published for readers: {readers}, " in told
    checked = "select verdict, row_count from check_results where check_name = 'channels_add_up'"
    assert query(readers, checked) == [("holds", 0)]
    by_day = "select new_conversations, new_email_conversations from marts.kpi_daily"
    assert set(query(readers, by_day)) == {(62, 62)}
    volume = "select channel, new_conversations from marts.volume_daily"
    assert set(query(readers, volume)) == {("all", 62), ("email", 62), ("chat", 0), ("phone", 0)}
