"""The published copy: readers neither block a load nor see half a night of it."""

from __future__ import annotations

import re
import resource
import shutil
import time
from collections.abc import Iterator
from dataclasses import replace
from io import StringIO
from multiprocessing.connection import Connection
from pathlib import Path
from typing import Any, TypeAlias
from unittest.mock import Mock

import duckdb
import pytest
from rich.console import Console

from pipelines.cli.render.progress import JobScreen
from pipelines.jobs.erasure import run_forget
from pipelines.jobs.finalize import PublishDecision, publish_or_report
from pipelines.jobs.load_loop import load
from pipelines.planning.load_plan import LoadRequest
from pipelines.publishing.published_copy import (
    Publication,
    page_path,
    publish,
    published_path,
    unfinished_page,
    unpublish,
)
from pipelines.settings.configuration import Publishing
from pipelines.settings.errors import UsageError
from pipelines.warehouse.database_file import connect
from pipelines.warehouse.duckdb import DuckDbFile
from sources.help_scout.planning.budget import Budget
from sources.help_scout.planning.request_plan import API_ROOT
from sources.help_scout_sandbox import Fault, Sandbox
from tests.helpers.forks import FORKS
from tests.helpers.loads import NOW, SMALL, query, serving
from tests.helpers.published import REPORTS, Nights, published_nights

pytestmark = pytest.mark.xdist_group("publish")

MONDAY = (("start", "2026-11-09T05:00:00Z"), ("end", "2026-11-10T04:59:59Z"))
MODE = 0o640
PUBLICATION = Publication(
    published_at=NOW,
    run_id="run",
    account="main",
    timezone="America/New_York",
    compare_to="previous_period",
    missing_windows=0,
    failed_windows=0,
    checks_held=1,
    checks_failed=0,
    checks_skipped=0,
    checks_drifted=0,
)
NIGHT = """
select (select run_id from publication), (select count(*) from publication),
    (select max(fetched_at)::varchar from conversations_overall),
    (select max(fetched_at)::varchar from conversations_drilldown),
    (select sum(total_conversations) from conversations_overall_daily),
    (select count(*) from window_reads)
"""
Night: TypeAlias = tuple[Any, ...]


@pytest.fixture(scope="module")
def nights(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Nights]:
    with published_nights(tmp_path_factory.mktemp("nights")) as found:
        yield found


def night_of(path: Path) -> Night:
    (row,) = query(path, NIGHT)
    return row


def read_all_through(path: Path, wire: Connection) -> None:
    """A dashboard that has the file open: every answer that it gets until it is told to stop, then
    what it reads when it opens the file anew."""
    answers = set()
    with duckdb.connect(str(path), read_only=True) as connection:
        connection.execute("use reports")
        wire.send("open")
        while not wire.poll():
            answers.update(connection.execute(NIGHT).fetchall())
            time.sleep(0.1)
    wire.send((answers, night_of(path)))


def open_again_and_again(path: Path, wire: Connection) -> None:
    """A dashboard that opens the file for each question."""
    answers = {night_of(path)}
    wire.send("open")
    while not wire.poll():
        answers.add(night_of(path))
        time.sleep(0.25)
    wire.send((answers, night_of(path)))


def test_readers_of_other_processes_see_one_night_or_the_next_all_through_a_load(
    nights: Nights, tmp_path: Path
) -> None:
    warehouse = nights.copy_to(tmp_path)
    path = published_path(warehouse)
    first = night_of(path)
    wires = []
    for reader in (read_all_through, open_again_and_again):
        ours, theirs = FORKS.Pipe()
        FORKS.Process(target=reader, args=(path, theirs), daemon=True).start()
        assert ours.recv() == "open"
        wires.append(ours)
    code, told = nights.load(warehouse, night=1)
    for wire in wires:
        wire.send("stop")
    (held, reopened), (opened, last) = (wire.recv() for wire in wires)

    assert code == 0, told
    second = night_of(path)
    assert second != first
    assert second[2:] == night_of_warehouse(warehouse)
    assert (held, reopened) == ({first}, second)
    assert first in opened
    assert opened <= {first, second}
    assert last == second


def night_of_warehouse(warehouse: Path) -> Night:
    """The night as the warehouse itself has it, which is not published."""
    row: Night = query(warehouse, f"select {NIGHT.partition('publication),')[2].split(',', 1)[1]}")[
        0
    ]
    return row


def test_the_copy_says_what_it_is_worth_and_lacks_what_only_loads_need(nights: Nights) -> None:
    path = published_path(nights.first)
    ((run_id,),) = query(nights.first, "select distinct run_id from window_reads")
    columns = "run_id, account, timezone, missing_windows > 0, failed_windows, checks_failed"
    assert query(path, f"select {columns} from publication") == [
        (run_id, "main", "America/New_York", True, 0, 0)
    ]
    ((held, skipped, all_of_them),) = query(
        path,
        "select checks_held, checks_skipped, checks_held + checks_skipped + checks_drifted "
        "from publication",
    )
    assert held > 5
    assert skipped > 5
    ((stored,),) = query(path, "select count(*) from check_results")
    assert stored == all_of_them
    schemas = "select distinct schema_name from duckdb_tables() order by 1"
    assert query(path, schemas) == [("reports",)]
    assert path.stat().st_mode & 0o777 == MODE


def test_views_and_marts_work_in_a_copy_attached_under_another_name(nights: Nights) -> None:
    with duckdb.connect() as connection:
        connection.execute(f"attach '{published_path(nights.first)}' as theirs (read_only)")
        names = connection.execute(
            "select schema_name || '.' || view_name from duckdb_views() "
            "where database_name = 'theirs' and not internal"
        ).fetchall()
        counts = {
            name: connection.execute(f"select count(*) from theirs.{name}").fetchall()[0][0]
            for (name,) in names
        }
    assert counts["reports.conversations_overall_daily"] > 2
    assert counts["marts.conversations"] > 5


def dropping(body: Any) -> Any:
    """The drilldown without its first conversation, and nothing that tells."""
    found = body["conversations"]
    found["results"] = found["results"][1:]
    found["count"] = max(found["count"] - 1, 0)
    return body


DRILLDOWN = f"{API_ROOT}conversations/drilldown"
DROPPED = Fault(path=DRILLDOWN, kind="change_body", times=None, params=MONDAY, change=dropping)


@pytest.fixture
def strict(monkeypatch: pytest.MonkeyPatch) -> None:
    """Has disagreements of Help Scout's reports keep the copy back."""
    monkeypatch.setenv("PUBLISH__STRICT_CHECKS", "true")


@pytest.mark.usefixtures("strict")
def test_when_checks_are_strict_readers_keep_the_night_before_a_disagreement(
    nights: Nights, tmp_path: Path
) -> None:
    warehouse = nights.copy_to(tmp_path)
    path = published_path(warehouse)
    before = path.read_bytes()
    nights.sandbox.faults.add(DROPPED)
    try:
        code, told = nights.load(warehouse, night=1)
    finally:
        nights.sandbox.faults.clear()

    assert code == 3
    assert "failed: reading once more what disagrees" in told
    assert re.search(
        r"not published: the check drilldown_lists_every_conversation failed, help-scout check "
        r"shows what disagrees. Readers keep the copy of 2026-11-10 1\d:\d\d\n",
        told,
    ), told
    assert path.read_bytes() == before


def test_a_disagreement_for_good_is_told_each_night_and_read_again_once(
    nights: Nights, tmp_path: Path
) -> None:
    plain = nights.copy_to(tmp_path / "plain")
    warehouse = nights.copy_to(tmp_path / "disagreeing")
    requests, told = dict[str, int](), dict[str, str]()
    for name, night, path, fault in (
        ("plain", 1, plain, None),
        ("first", 1, warehouse, DROPPED),
        ("plain next", 2, plain, None),
        ("next", 2, warehouse, DROPPED),
    ):
        before = len(nights.sandbox.requests)
        if fault is not None:
            nights.sandbox.faults.add(fault)
        code, told[name] = nights.load(path, night=night)
        nights.sandbox.faults.clear()
        requests[name] = len(nights.sandbox.requests) - before
        assert code == 0, told[name]
        assert "published for readers: " in told[name]

    assert requests["first"] > requests["plain"]
    assert requests["next"] == requests["plain next"]
    read_twice = {name for name, text in told.items() if "reading once more" in text}
    assert read_twice == {"first"}
    assert told["next"].count("drilldown_lists_every_conversation since 2026-11-11 (1 row, ") == 1
    copy = published_path(warehouse)
    assert query(copy, "select checks_disagreeing, disagreeing_checks from publication") == [
        (1, "drilldown_lists_every_conversation")
    ]
    assert query(
        copy,
        "select distinct report, disagreeing_checks, disagrees_since::date::varchar, "
        "largest_difference_pct > 1 from marts.coverage order by 1",
    ) == [
        (report, "drilldown_lists_every_conversation", "2026-11-11", True)
        for report in sorted(REPORTS)
    ]


def test_what_moved_while_it_was_read_is_read_once_more_and_published(tmp_path: Path) -> None:
    sandbox, warehouse = Sandbox(replace(SMALL, days=20)), tmp_path / "w.duckdb"
    answered = 0

    def move(body: Any) -> Any:
        nonlocal answered
        answered += 1
        if answered == 3:  # all inboxes and each of the two: the drilldown is still waiting
            ((one,),) = sandbox.account.query(
                "select c.conversation_id from conversation as c inner join event as e "
                "on e.conversation_id = c.conversation_id "
                "where c.hidden = 0 and e.ts between 1794200400 and 1794286799 limit 1"
            )
            sandbox.account.mark_spam(one)
        return body

    with serving(sandbox) as base_url:
        overall = f"{API_ROOT}conversations"
        for fault in (
            Fault(path=overall, kind="change_body", times=3, params=MONDAY, change=move),
            Fault(path=DRILLDOWN, kind="latency", params=MONDAY, seconds=3),
        ):
            sandbox.faults.add(fault)
        code, told = Nights(sandbox, base_url, warehouse).load(warehouse)

    assert answered == 3
    assert "found that reports disagree: reading once more what disagrees" in told
    assert "published for readers" in told
    assert code == 0
    verdicts = "select distinct verdict from check_results order by 1"
    assert query(published_path(warehouse), verdicts) == [("holds",), ("skipped",)]


TUESDAY = LoadRequest(reports=REPORTS[:1], since="2026-11-10", until="2026-11-11")
SUNDAY = (("start", "2026-11-08T05:00:00Z"), ("end", "2026-11-09T04:59:59Z"))
NEW_OF_SUNDAY = (
    "select new_conversations from conversations_overall "
    "where grain = 'day' and slice = 'all' and window_date = '2026-11-08'"
)


@pytest.fixture(scope="module")
def compared(nights: Nights, tmp_path_factory: pytest.TempPathFactory) -> Nights:
    """The first night with what checks need to compare a window with the one before it."""
    warehouse = nights.copy_to(tmp_path_factory.mktemp("compared"))
    day = LoadRequest(reports=("company_overall",), since="2026-11-08", until="2026-11-09")
    code, told = nights.load(warehouse, request=day, publishes=False)
    assert code == 0, told
    return replace(nights, first=warehouse)


@pytest.fixture
def damaged(compared: Nights, tmp_path: Path) -> Path:
    """A warehouse with a wrong number, which only the window after it shows: an inbox is wrong by
    as much, so that the inboxes still add up."""
    warehouse = compared.copy_to(tmp_path)
    with duckdb.connect(str(warehouse)) as connection:
        connection.execute(
            "update reports.conversations_overall set new_conversations = new_conversations + 7 "
            "where grain = 'day' and window_date = '2026-11-08' and slice in ('all', "
            "(select min(slice) from reports.conversations_overall where slice_mailbox_id > 0))"
        )
    assert query(warehouse, NEW_OF_SUNDAY) != query(compared.first, NEW_OF_SUNDAY)
    return warehouse


def test_a_second_look_reads_the_window_before_as_well(nights: Nights, damaged: Path) -> None:
    code, told = nights.load(damaged, night=1, request=TUESDAY)
    assert "previous_blocks_are_the_windows_before found that reports disagree: reading" in told
    assert code == 0, told
    path = published_path(damaged)
    assert query(path, NEW_OF_SUNDAY) == query(nights.first, NEW_OF_SUNDAY)
    reread = (
        "select distinct report, window_date::varchar from window_reads where run_id = "
        "(select run_id from window_reads order by fetched_at desc limit 1) order by 2"
    )
    assert query(path, reread) == [
        ("conversations_overall", "2026-11-08"),
        ("conversations_overall", "2026-11-09"),
    ]
    drifted = "select checks_drifted, compare_to from publication"
    assert query(path, drifted) == [(0, "previous_period")]


REFUSED = Fault(
    path=f"{API_ROOT}conversations", kind="status", status=400, times=None, params=SUNDAY
)


def test_a_disagreement_that_cannot_be_read_once_more_stays_one(
    nights: Nights, damaged: Path
) -> None:
    nights.sandbox.faults.add(REFUSED)
    try:
        code, told = nights.load(damaged, night=1, request=TUESDAY)
    finally:
        nights.sandbox.faults.clear()
    assert code == 0
    assert "published for readers: " in told
    assert "previous_blocks_are_the_windows_before since 2026-11-11 (2 rows, by up to " in told


@pytest.mark.usefixtures("strict")
def test_what_cannot_be_read_once_more_is_not_published_though_no_check_fails_any_more(
    nights: Nights, damaged: Path
) -> None:
    before = published_path(damaged).read_bytes()
    nights.sandbox.faults.add(REFUSED)
    try:
        code, told = nights.load(damaged, night=1, request=TUESDAY)
    finally:
        nights.sandbox.faults.clear()
    assert code == 3
    assert (
        "not published: what disagreed could not be read once more: "
        "conversations_overall of the day 2026-11-08. Readers keep the copy of 2026-11-10" in told
    ), told
    assert published_path(damaged).read_bytes() == before


@pytest.mark.parametrize("is_strict", [True, False])
def test_a_failure_whose_second_look_the_budget_ended_is_not_published_a_disagreement_is(
    nights: Nights, damaged: Path, is_strict: bool, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("PUBLISH__STRICT_CHECKS", str(is_strict))
    before = published_path(damaged).read_bytes()
    seconds = 0

    def load_late(*load_of: Any) -> None:
        nonlocal seconds
        seconds = 3600
        load(*load_of)

    monkeypatch.setattr("pipelines.jobs.finalize.load", load_late)
    budget = Budget(max_minutes=30, clock=lambda: seconds)
    code, told = nights.load(damaged, night=1, request=TUESDAY, budget=budget)
    if not is_strict:
        assert code == 0, told
        assert "reports of Help Scout disagree: previous_blocks_are_the_windows_before" in told
        assert "published for readers: " in told
        return
    assert code == 75, told
    assert "stopped by the budget after" in told
    assert "not published: what disagreed is not read once more yet. Readers keep" in told
    assert published_path(damaged).read_bytes() == before


def test_a_load_that_its_budget_ended_is_not_published(nights: Nights, tmp_path: Path) -> None:
    warehouse = nights.copy_to(tmp_path)
    before = published_path(warehouse).read_bytes()
    code, told = nights.load(warehouse, night=1, budget=Budget(max_requests=1))
    assert code == 75
    assert "not published: the load is not whole yet. Readers keep the copy of 2026-11-10" in told
    assert published_path(warehouse).read_bytes() == before


def publish_for_ever(warehouse: Path) -> None:
    while True:
        publish(warehouse, PUBLICATION, MODE)


def test_a_killed_publishing_leaves_a_whole_copy_and_the_next_one_cleans_up(
    nights: Nights, tmp_path: Path
) -> None:
    warehouse = nights.copy_to(tmp_path)
    path = published_path(warehouse)
    whole = query(path, "select count(*) from window_reads")
    for seconds in (0.15, 0.25, 0.35):
        process = FORKS.Process(target=publish_for_ever, args=(warehouse,))
        process.start()
        time.sleep(seconds)
        process.kill()
        process.join()
        assert query(path, "select count(*) from publication") == [(1,)]
        assert query(path, "select count(*) from window_reads") == whole
    publish(warehouse, PUBLICATION, MODE)
    assert sorted(one.name for one in tmp_path.iterdir()) == [
        ".w.duckdb.pipelines",
        "w.duckdb",
        "w.published.duckdb",
    ]


def test_what_a_reader_wrote_to_the_old_copy_is_not_played_into_the_new_one(
    nights: Nights, tmp_path: Path
) -> None:
    warehouse = nights.copy_to(tmp_path)
    path = published_path(warehouse)
    with duckdb.connect(str(path)) as careless:
        careless.execute("create table mine as select 1 as one")
        assert path.with_name(f"{path.name}.wal").exists()
        publish(warehouse, PUBLICATION, MODE)
        tables = "select count(*) from duckdb_tables() where table_name = 'mine'"
        shutil.copy(path, tmp_path / "seen.duckdb")  # this process knows the old one by its name
        assert query(tmp_path / "seen.duckdb", tables) == [(0,)]


def test_the_page_is_open_to_whom_the_copy_is(nights: Nights, tmp_path: Path) -> None:
    warehouse = nights.copy_to(tmp_path)
    page = page_path(warehouse)
    page.write_text("a page")
    page.chmod(0o644)
    publish(warehouse, PUBLICATION, 0o600)
    assert page.stat().st_mode & 0o777 == 0o600


def test_a_link_to_the_warehouse_has_the_same_page_and_copy(tmp_path: Path) -> None:
    warehouse, link = tmp_path / "w.duckdb", tmp_path / "link.duckdb"
    warehouse.touch()
    link.symlink_to(warehouse)
    page = page_path(warehouse)
    assert (page_path(link), published_path(link)) == (page, published_path(warehouse))
    for path in (page, published_path(warehouse), unfinished_page(page)):
        path.write_text("a customer's words")
    unpublish(link)
    assert sorted(one.name for one in tmp_path.iterdir()) == ["link.duckdb", "w.duckdb"]


def test_a_link_at_the_place_of_the_copy_stays_one(nights: Nights, tmp_path: Path) -> None:
    warehouse = nights.copy_to(tmp_path)
    (tmp_path / "intranet").mkdir()
    path, far = published_path(warehouse), tmp_path / "intranet" / "reports.duckdb"
    path.unlink()
    path.symlink_to(far)
    publish(warehouse, PUBLICATION, MODE)
    assert path.is_symlink()
    assert query(far, "select run_id from publication") == [("run",)]
    assert published_path(link_to(warehouse, tmp_path)) == path


def link_to(warehouse: Path, folder: Path) -> Path:
    link = folder / "intranet" / "link.duckdb"
    link.symlink_to(warehouse)
    return link


def test_without_room_the_old_copy_stays_and_it_is_said_in_words(
    nights: Nights, tmp_path: Path
) -> None:
    warehouse = nights.copy_to(tmp_path)
    console = Console(record=True, width=400, file=StringIO())
    limits = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (1_000_000, limits[1]))
    try:
        code = publish_or_report(
            DuckDbFile(warehouse),
            PublishDecision(PUBLICATION),
            Publishing(file_mode=MODE, strict_checks=False),
            JobScreen(console),
        )
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, limits)
    assert code == 1
    told = console.export_text()
    assert f"not published: cannot copy {warehouse}: File too large. The warehouse itself" in told
    assert "Readers keep the copy of 2026-11-10" in told
    assert sorted(one.name for one in tmp_path.iterdir()) == ["w.duckdb", "w.published.duckdb"]


@pytest.mark.parametrize(
    ("mode", "reason"),
    [
        ("0666", "lets everybody write to the published copy"),
        ("rw-r--r--", "write a file mode in octal"),
        ("0040", "keeps the published copy from its owner"),
    ],
)
def test_a_mode_that_cannot_be_is_refused(
    mode: str, reason: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("PUBLISH__FILE_MODE", mode)
    with pytest.raises(UsageError, match=reason):
        Publishing.configured()


def test_the_mode_is_configured(monkeypatch: pytest.MonkeyPatch) -> None:
    assert Publishing.configured().file_mode == MODE
    monkeypatch.setenv("PUBLISH__FILE_MODE", "0444")
    assert Publishing.configured().file_mode == 0o444
    monkeypatch.setenv("PUBLISH__MOD", "0444")
    with pytest.raises(UsageError, match="unknown option 'mod' in the configuration of publish"):
        Publishing.configured()


def test_nothing_works_on_a_published_copy(nights: Nights, tmp_path: Path) -> None:
    (tmp_path / "link.duckdb").symlink_to(published_path(nights.copy_to(tmp_path)))
    for name in ("w.published.duckdb", "link.duckdb"):
        with pytest.raises(UsageError, match=rf"{name} is a copy for readers.*w\.duckdb"):
            connect(tmp_path / name)
    with pytest.raises(UsageError, match="name the warehouse that it is made from"):
        nights.load(tmp_path / "not_there.published.duckdb")


@pytest.fixture
def customer(nights: Nights, monkeypatch: pytest.MonkeyPatch) -> str:
    """The address of a customer whose conversations are loaded."""
    monkeypatch.setenv("SOURCES__HELP_SCOUT__PRIVACY_KEY", "a key of many characters")
    sql = "select customer_email from conversations_drilldown where customer_email > '' limit 1"
    ((email,),) = query(nights.first, sql)
    return str(email)


def forget(warehouse: Path, customer: str) -> str:
    console = Console(record=True, width=400, file=StringIO())
    assert run_forget(warehouse, [customer], emit=JobScreen(console)) == 0
    return console.export_text()


def holds(path: Path, text: str) -> bool:
    return text.encode() in path.read_bytes()


def test_a_forgotten_customer_leaves_the_published_copy_at_once(
    nights: Nights, tmp_path: Path, customer: str
) -> None:
    warehouse = nights.copy_to(tmp_path)
    path = published_path(warehouse)
    assert holds(path, customer)
    page_path(warehouse).write_text("a page with the customer's words")
    told = forget(warehouse, customer)
    assert f"{path} is published anew" in told
    assert f"{page_path(warehouse)} is deleted" in told
    assert not holds(path, customer)
    assert not page_path(warehouse).exists()
    assert query(path, "select checks_failed from publication") == [(0,)]


def test_a_folder_in_the_place_of_the_copy_is_told_of_and_left(
    nights: Nights, tmp_path: Path, customer: str
) -> None:
    warehouse = nights.copy_to(tmp_path)
    path = published_path(warehouse)
    path.unlink()
    path.mkdir()
    assert f"{path} is no file: move it away" in forget(warehouse, customer)
    assert path.is_dir()


def test_a_copy_with_a_forgotten_customer_goes_where_checks_fail(
    nights: Nights, tmp_path: Path, customer: str
) -> None:
    warehouse = nights.copy_to(tmp_path)
    path = published_path(warehouse)
    with duckdb.connect(str(warehouse)) as connection:
        connection.execute("insert into reports.conversations_drilldown from "
                           "(from reports.conversations_drilldown limit 1)")  # fmt: skip
    told = forget(warehouse, customer)
    assert f"{path} is deleted, since it holds what is gone now" in told
    assert "no_row_is_doubled" in told
    assert not path.exists()


def test_a_forgetting_killed_before_it_reached_the_copy_is_finished_by_the_next_load(
    nights: Nights, tmp_path: Path, customer: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    warehouse = nights.copy_to(tmp_path)
    with monkeypatch.context() as dying:
        dying.setattr("pipelines.jobs.finalize.publish_again", Mock(side_effect=KeyboardInterrupt))
        with pytest.raises(KeyboardInterrupt):
            forget(warehouse, customer)
    assert holds(published_path(warehouse), customer)
    code, told = nights.load(warehouse, night=1, budget=Budget(max_requests=1))
    assert code == 75
    assert "is published anew" in told
    assert not holds(published_path(warehouse), customer)
