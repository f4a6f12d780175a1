"""The archive: every answer is kept before its rows are, and makes the same warehouse again."""

from __future__ import annotations

import gzip
import json
import re
import shutil
import stat
from collections.abc import Iterator
from dataclasses import dataclass, replace
from datetime import timedelta
from io import StringIO
from pathlib import Path
from typing import Any
from unittest.mock import Mock

import dlt
import pyarrow.compute as pc
import pyarrow.parquet as pq
import pytest
from rich.console import Console

from pipelines.cli.render.progress import JobScreen
from pipelines.from_archive.rebuild_from_archive import rebuild_from_archive
from pipelines.jobs import load_loop
from pipelines.jobs.erasure import run_forget
from pipelines.planning.load_plan import LoadRequest
from pipelines.quality.check_results import RESULTS
from pipelines.warehouse import load_packages
from pipelines.warehouse.open import open_pipeline
from sources.help_scout import help_scout as source_of
from sources.help_scout.api.client import Answer
from sources.help_scout.archive.archive_files import MANIFEST, ArchiveFile, manifests_in
from sources.help_scout.errors import ArchiveError
from sources.help_scout.planning.budget import Budget
from sources.help_scout.planning.request_plan import Request
from sources.help_scout.state.snapshot import FORGOTTEN
from sources.help_scout_sandbox import Fault, Sandbox
from sources.help_scout_sandbox.http.problem_replay import Replay
from tests.helpers.commands import help_scout
from tests.helpers.loads import (
    NOW,
    SMALL,
    Rows,
    carry_out,
    differing,
    load_into,
    query,
    query_each,
    running,
    serving,
    tables_of,
    ticking,
    whole_tables,
)

pytestmark = pytest.mark.xdist_group("archive")
START = "2026-11-08"
WORDS_OF_THE_API = frozenset(
    {
        *("account", "conversation_status", "conversation_type", "role", "user_type", "timezone"),
        *("folder_type", "custom_field_type", "workflow_type", "workflow_status", "site_status"),
        *("grain", "slice_kind", "slice_field", "slice_range", "slice_rating", "slice_status"),
        *("metric", "range_label", "rating_label", "weekday_name", "busiest_weekday_name"),
        *("range_id", "rating_id", "slice_range_id"),
    }
)
FEW = ("company_overall", "conversations_overall", "conversations_new", "user_drilldown")


@dataclass(frozen=True)
class Kept:
    """A warehouse whose answers were kept, where, and what its options were."""

    warehouse: Path
    folder: Path

    @property
    def options(self) -> dict[str, Any]:
        return {"start_date": START, "archive": str(self.folder)}

    def rebuilt(self, out: Path, loaded: Path | None = None) -> dict[str, tuple[Rows, Rows]]:
        """What differs in the warehouse that the archive makes; nobody answers requests."""
        loaded = loaded or self.warehouse
        again = out / "again.duckdb"
        rebuild_from_archive(again, None, self.options, NOW)
        before, after = (whole_tables(path, leave_out=()) for path in (loaded, again))
        for tables in (before, after):
            tables.pop(RESULTS, None)  # when checks were made is no part of a load
        return differing(before, after)


@pytest.fixture(scope="module")
def account() -> Iterator[tuple[Sandbox, str]]:
    with Sandbox(replace(SMALL, days=30)) as sandbox, serving(sandbox) as base_url:
        yield sandbox, base_url


@pytest.fixture(scope="module")
def everything(account: tuple[Sandbox, str], tmp_path_factory: pytest.TempPathFactory) -> Kept:
    """Three days of all reports and lists."""
    folder = tmp_path_factory.mktemp("everything")
    kept = Kept(folder / "w.duckdb", folder / "archive")
    load_into(kept.warehouse, account[1], **kept.options)
    return kept


@pytest.fixture
def kept(tmp_path: Path) -> Kept:
    return Kept(tmp_path / "w.duckdb", tmp_path / "archive")


def test_all_tables_are_made_again_without_a_request(
    account: tuple[Sandbox, str], everything: Kept, tmp_path: Path
) -> None:
    account[0].log.clear()
    assert everything.rebuilt(tmp_path) == {}
    assert account[0].requests == []
    (file,) = (everything.folder / "main").iterdir()
    assert stat.S_IMODE(file.stat().st_mode) == 0o600
    assert stat.S_IMODE(file.parent.stat().st_mode) == 0o700
    assert b"sandbox-secret" not in file.read_bytes()


@pytest.mark.slow(minutes=0.3)
def test_a_problem_report_has_nothing_of_the_account_and_loads_as_many_rows(
    everything: Kept, tmp_path: Path
) -> None:
    file, again = tmp_path / "problem.jsonl.gz", tmp_path / "again.duckdb"
    env = {f"SOURCES__HELP_SCOUT__{k.upper()}": v for k, v in everything.options.items()}
    arguments = ("--warehouse", str(everything.warehouse), "--out", str(file))
    assert help_scout("report-problem", *arguments, env=env).code == 2  # nobody can be asked
    assert not file.exists()
    told = help_scout("report-problem", *arguments, "--yes", env=env)
    assert (told.code, told.err) == (0, "")

    lines = [json.loads(line) for line in gzip.decompress(file.read_bytes()).splitlines()]
    values = {str(value) for line in lines for value in _leaves(line)}
    words = {word for value in values for word in (value, *re.split(r"[/?&=,]", value))}
    assert words & _of_the_account(everything.warehouse) == set()

    missing: list[str] = []
    replay = Replay(file, on_missing=missing.append)
    with replay.serve() as server:
        load_into(again, server.base_url, start_date=replay.header["options"]["start_date"])
    assert missing == []
    assert _row_counts(again) == _row_counts(everything.warehouse)


def _leaves(value: Any) -> Iterator[Any]:
    """All names and values of the JSON."""
    if isinstance(value, dict):
        yield from value
        value = list(value.values())
    if isinstance(value, list):
        for child in value:
            yield from _leaves(child)
    else:
        yield value


def _of_the_account(warehouse: Path) -> set[str]:
    """Every id, name, address, subject, comment and other text that the warehouse holds; no words
    of the API, nor numbers that are counts as well."""
    columns = query(
        warehouse,
        "select c.table_name, c.column_name from information_schema.columns as c "
        "inner join information_schema.tables as t using (table_schema, table_name) "
        "where c.table_schema = 'reports' and t.table_type = 'BASE TABLE' "
        "and not starts_with(c.table_name, '_dlt') and not ends_with(c.table_name, '_reads') "
        "and (c.data_type = 'VARCHAR' or ends_with(c.column_name, '_id'))",
    )
    values = query_each(
        warehouse,
        {
            f"{table}.{column}": f'select distinct "{column}" from "{table}"'
            for table, column in columns
            if column not in WORDS_OF_THE_API
        },
    )
    found = {str(value) for rows in values.values() for (value,) in rows}
    assert len(found) > 300
    return {value for value in found if not (value.isdecimal() and int(value) < 1_000)} - {
        *("", "None", "[]", "removed", "all")
    }


def _row_counts(warehouse: Path) -> dict[str, Rows]:
    counts = {name: f'select count(*) from "{name}"' for name in tables_of(warehouse)}
    return query_each(warehouse, counts)


@pytest.mark.slow(minutes=0.3)
def test_nights_that_failed_changed_or_were_cut_short_come_out_as_they_were(
    account: tuple[Sandbox, str], kept: Kept, tmp_path: Path
) -> None:
    sandbox, base_url = account
    request = LoadRequest(reports=FEW)

    def load(hours: int, **more: Any) -> None:
        clock = ticking(NOW + timedelta(hours=hours))
        carry_out(request, kept.warehouse, base_url, clock=clock, **kept.options, **more)

    fault = Fault(path="/v2/reports/conversations/new", kind="status", status=403)
    sandbox.faults.add(fault)
    load(0)
    sandbox.faults.clear()
    newest = "select max(conversation_id) from user_drilldown where conversation_id > 0"
    ((conversation,),) = query(kept.warehouse, newest)
    sandbox.account.touch(conversation)
    load(24, budget=Budget(max_requests=20))
    load(25)
    with running(base_url, clock=ticking(NOW + timedelta(hours=48)), **kept.options) as run:
        # By requests sent, not by windows taken: on a busy machine all are answered by then.
        left, get = iter(range(40)), run.client.get

        def get_or_stop(request: Request, *, most_tries: int | None = None) -> Answer:
            if next(left, None) is None:
                run.stop()
            return get(request, most_tries=most_tries)

        run.client.get = get_or_stop  # type: ignore[method-assign]
        with open_pipeline(kept.warehouse) as pipeline:
            load_loop.load(pipeline, run, request)
        assert run.is_stopping
    load(49)
    assert kept.rebuilt(tmp_path) == {}
    reads = query(kept.warehouse, "select count(distinct run_id) from window_reads")
    assert reads == [(5,)]


@pytest.mark.slow(minutes=0.3)
def test_what_a_kill_left_is_settled_by_the_next_load(
    account: tuple[Sandbox, str], kept: Kept, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def load(hours: int) -> None:
        clock = ticking(NOW + timedelta(hours=hours))
        load_into(kept.warehouse, account[1], clock=clock, reports=FEW[:2], **kept.options)

    load(0)
    for hours, step in enumerate(("_keep", "create_views"), start=24):  # normalized; loaded
        with monkeypatch.context() as patch:
            module = load_packages if step == "_keep" else load_loop
            patch.setattr(module, step, Mock(side_effect=KeyboardInterrupt))
            with pytest.raises(KeyboardInterrupt):
                load(hours)
    load(48)
    names = [path.name for path in (kept.folder / "main").iterdir()]
    assert [name for name in names if "pending" in name or "part" in name] == []
    assert kept.rebuilt(tmp_path) == {}


def test_rows_whose_answers_cannot_be_kept_are_not_loaded(
    account: tuple[Sandbox, str], kept: Kept
) -> None:
    kept.folder.write_text("no folder")
    with pytest.raises(ArchiveError, match="nothing is loaded"):
        load_into(kept.warehouse, account[1], reports=FEW[:1], **kept.options)
    kept.folder.unlink()
    load_into(kept.warehouse, account[1], reports=FEW[:1], **kept.options)
    (manifest,) = manifests_in(kept.folder / "main")
    read = query(kept.warehouse, "select distinct run_id from window_reads")
    assert read == [(manifest.run_id,)]


def test_an_answer_that_is_missing_is_named(
    account: tuple[Sandbox, str], kept: Kept, tmp_path: Path
) -> None:
    load_into(kept.warehouse, account[1], reports=FEW[:1], **kept.options)
    (manifest,) = manifests_in(kept.folder / "main")
    table = pq.read_table(manifest.path)
    without = table.filter(pc.not_equal(table["path"], "/v2/reports/company"))
    told = {MANIFEST: json.dumps(dict(manifest.entries))}
    pq.write_table(without.replace_schema_metadata(told), manifest.path)
    with pytest.raises(ArchiveError, match=r"answers are missing.*/v2/reports/company"):
        kept.rebuilt(tmp_path)
    assert not (tmp_path / "again.duckdb").exists()


def test_an_archive_makes_the_warehouse_that_was_loaded_last_and_from_its_first_load_on(
    account: tuple[Sandbox, str], kept: Kept, tmp_path: Path
) -> None:
    other = tmp_path / "other.duckdb"
    load_into(other, account[1], reports=FEW[:1], timezone="Asia/Tokyo", **kept.options)
    later = ticking(NOW + timedelta(hours=1))
    load_into(kept.warehouse, account[1], reports=FEW[:1], clock=later, **kept.options)
    assert kept.rebuilt(tmp_path) == {}
    later = ticking(NOW + timedelta(days=1))
    load_into(tmp_path / "again.duckdb", account[1], reports=FEW[:1], clock=later, **kept.options)
    first, second, third = manifests_in(kept.folder / "main")
    assert first.chain != second.chain == third.chain
    second.path.unlink()
    with pytest.raises(ArchiveError, match="does not begin with the first load"):
        kept.rebuilt(tmp_path)


def test_personal_data_is_no_more_in_the_archive_than_in_the_warehouse(
    account: tuple[Sandbox, str], kept: Kept, tmp_path: Path
) -> None:
    private: dict[str, Any] = {"privacy": "hash", "privacy_key": "a key of many characters"}
    private["privacy_columns"] = {"subject": "drop"}
    reports = ("conversations_drilldown", "docs_overall", "happiness_ratings", "user_drilldown")
    load_into(kept.warehouse, account[1], reports=reports, **kept.options, **private)
    ((customer,),) = query(kept.warehouse, "select max(customer_id) from happiness_ratings")
    screen = Console(width=200, file=StringIO())
    options = {**kept.options, **private}
    assert run_forget(kept.warehouse, [str(customer)], options, JobScreen(screen)) == 0

    (manifest,) = manifests_in(kept.folder / "main")
    file = ArchiveFile(manifest.path)
    bodies = [file.body(a) or "" for a in file.answers() if a.path != "/v2/mailboxes"]
    assert "@example" not in "".join(bodies)
    assert "hash:" in "".join(bodies)
    rated = [body for body in bodies if f'"ratingCustomerId":{customer}' in body]
    rows = [row for body in rated for row in json.loads(body)["results"]]
    theirs = [row for row in rows if row["ratingCustomerId"] == customer]
    assert theirs
    assert {row["ratingCustomerName"] for row in theirs} == {None}

    again = tmp_path / "again.duckdb"
    shutil.copy(kept.warehouse, again)  # who was forgotten stands in the warehouse alone
    rebuild_from_archive(again, None, options, NOW, JobScreen(screen))
    agents = ("user_name", "assigned_user_name")  # `forget` spares them, loads do not
    before, after = (whole_tables(path, leave_out=agents) for path in (kept.warehouse, again))
    names = {*before} - {RESULTS, FORGOTTEN}
    assert differing({n: before[n] for n in names}, {n: after[n] for n in names}) == {}
    assert query(again, f"select count(*) from {FORGOTTEN}") == [(len(before[FORGOTTEN]),)]


def test_a_bare_pipeline_keeps_its_answers_too(
    account: tuple[Sandbox, str], kept: Kept, tmp_path: Path
) -> None:
    pipeline = dlt.pipeline(
        "bare",
        pipelines_dir=str(tmp_path / "state"),
        destination=dlt.destinations.duckdb(str(tmp_path / "bare.duckdb")),
        dataset_name="reports",
    )
    source = source_of(
        client_id="sandbox-id", client_secret="sandbox-secret", base_url=account[1],
        archive=str(kept.folder), since="2026-11-08", until="2026-11-09",
    )  # fmt: skip
    pipeline.run(source.with_resources("company_overall", "chat"), loader_file_format="parquet")
    differences = kept.rebuilt(tmp_path, tmp_path / "bare.duckdb")
    assert differences.keys() & {"company_overall", "chat", "window_reads"} == set()
    assert query(tmp_path / "again.duckdb", "select count(*) > 0 from company_overall") == [(True,)]
