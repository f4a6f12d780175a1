"""Budgets, gaps, plans, the status and another time zone, as a user meets them night by night.

The command line reads the machine's clock, so these accounts live where it is noon now: no local
midnight falls into a test.
"""

from __future__ import annotations

import json
import os
import re
import shutil
from collections import Counter
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo

import pytest

from pipelines.planning import load_plan
from sources.help_scout.catalog.reports import REPORTS
from sources.help_scout_sandbox import AccountSpec, Sandbox
from tests.helpers.commands import Finished, help_scout
from tests.helpers.loads import differing, numbers, query, serving, whole_tables

pytestmark = pytest.mark.xdist_group("cli_time")
PREFIX = "SOURCES__HELP_SCOUT__"
REPORTS_PATH = "/v2/reports/"
OURS = Path("ours.duckdb")


def zone_where_it_is(hour: int) -> ZoneInfo:
    """A time zone in which it is now past that hour."""
    return ZoneInfo(f"Etc/GMT{datetime.now(UTC).hour - hour:+d}")


NOON, LATER = zone_where_it_is(12), zone_where_it_is(14)
TODAY = datetime.now(NOON).date()


def days_ago(number: int) -> date:
    return TODAY - timedelta(days=number)


CHOSEN = ("--reports", "conversations_new,happiness_overall,user_happiness")
WANTED: dict[str, Any] = {
    "start_date": str(days_ago(20)),
    "grains": {"happiness_overall": ["day"]},
    "breakdowns": {"conversations_new": ["all"]},
}
MORE: dict[str, Any] = {
    "grains": {"happiness_overall": ["day", "week"]},
    "breakdowns": {"conversations_new": ["all", "mailbox"]},
}


@dataclass(frozen=True)
class Terminal:
    """A shell whose environment reaches the sandbox; settings come on top of `WANTED`."""

    sandbox: Sandbox
    env: dict[str, str]

    def type(self, *arguments: str, warehouse: Path = OURS, **settings: Any) -> Finished:
        options = ("--warehouse", str(warehouse))
        return help_scout(*arguments, *options, env=self.env | variables(**settings))

    def sent(self, since: int) -> list[str]:
        """The report requests after the first `since` requests, as `plan` writes them."""
        return [
            f"GET {one.path}?" + "&".join(f"{k}={v}" for k, v in sorted(one.query.items()))
            for one in self.sandbox.requests[since:]
            if one.path.startswith(REPORTS_PATH)
        ]


def variables(**settings: Any) -> dict[str, str]:
    """The settings, `WANTED` where they are silent, as environment variables."""
    return {
        PREFIX + name.upper(): value if isinstance(value, str) else json.dumps(value)
        for name, value in (WANTED | settings).items()
    }


def listed(lines: Iterable[str]) -> Counter[str]:
    """The requests less those for people who are on no list: no plan foresees all of them."""
    return Counter(line for line in lines if not re.search(r"user=(3999|900001)\b", line))


@contextmanager
def at_home_in(folder: Path) -> Iterator[None]:
    """What each test has, for a fixture that many share: a folder, and no configuration."""
    with pytest.MonkeyPatch.context() as patch:
        patch.chdir(folder)
        for name in os.environ:
            if name.startswith(("SOURCES__", "DESTINATION__", "HELP_SCOUT_")):
                patch.delenv(name)
        yield


@dataclass(frozen=True)
class Loaded:
    """A warehouse loaded without a limit, and how many of the requests were for lists."""

    warehouse: Path
    list_requests: int


@pytest.fixture(scope="module")
def terminal() -> Iterator[Terminal]:
    sandbox = Sandbox(
        AccountSpec(
            until=datetime.now(UTC),
            users=3,
            inboxes=2,
            conversations_per_day=10,
            days=110,
            tags=5,
            timezone=NOON.key,
        )
    )
    with serving(sandbox) as base_url:
        reached = {
            f"{PREFIX}BASE_URL": base_url,
            f"{PREFIX}CLIENT_ID": sandbox.client_id,
            f"{PREFIX}CLIENT_SECRET": sandbox.client_secret,
            f"{PREFIX}ACCOUNT": "demo",
        }
        yield Terminal(sandbox, reached)


@pytest.fixture(scope="module")
def loaded(terminal: Terminal, tmp_path_factory: pytest.TempPathFactory) -> Loaded:
    warehouse = tmp_path_factory.mktemp("loaded") / "loaded.duckdb"
    with at_home_in(warehouse.parent):
        done = terminal.type("load", *CHOSEN, warehouse=warehouse)
    assert done.code == 0, done.err
    asked = [r.path for r in terminal.sandbox.requests if "oauth2" not in r.path]
    # The tags that reports offer are asked of the conversations report.
    lists = [p for p in asked if not p.startswith(REPORTS_PATH) or p.endswith("/conversations")]
    return Loaded(warehouse, len(lists))


@pytest.fixture
def ours(loaded: Loaded, tmp_path: Path) -> Path:
    """A copy of the loaded warehouse, for one test alone."""
    shutil.copy(loaded.warehouse, tmp_path / OURS)
    return tmp_path / OURS


# --- budgets --------------------------------------------------------------------------------


@pytest.mark.slow
def test_a_night_in_pieces_comes_to_what_a_whole_one_does_and_reads_no_closed_window_twice(
    terminal: Terminal, loaded: Loaded, tmp_path: Path
) -> None:
    budget = loaded.list_requests + 80
    runs, spent = [terminal.type("load", *CHOSEN, "--max-minutes", "0.0001")], []
    while runs[-1].code == 75 and len(runs) < 6:
        asked = len(terminal.sandbox.requests)
        runs.append(terminal.type("load", *CHOSEN, "--max-requests", str(budget)))
        spent.append(len(terminal.sandbox.requests) - asked)

    assert [run.code for run in runs] in ([75, 75, 0], [75, 75, 75, 0])
    assert max(spent) <= budget + 15
    for run in runs[:-1]:
        stop = r"^stopped by the budget after \d+ requests: .* the same command goes on from there$"
        assert re.search(stop, run.out, re.MULTILINE)
    assert "stopped" not in runs[-1].out
    assert differing(numbers(tmp_path / OURS), numbers(loaded.warehouse)) == {}
    ((reads, windows),) = query(
        tmp_path / OURS,
        "select count(*), count(distinct (report, slice, grain, window_start)) from window_reads "
        "where window_end <= fetched_at",
    )
    assert reads == windows > 80


@pytest.mark.slow
def test_a_budget_is_spent_on_one_report_after_the_other_and_the_next_run_goes_on(
    terminal: Terminal, loaded: Loaded, ours: Path
) -> None:
    codes, paths = [], []
    # The lists alone use up the second.
    for budget in (loaded.list_requests + 3, 5):
        asked = len(terminal.sandbox.requests)
        done = terminal.type("load", *CHOSEN, "--max-requests", str(budget))
        sent = {one.path for one in terminal.sandbox.requests[asked:]}
        codes.append(done.code)
        paths.append(sorted(p.partition("reports/")[2] for p in sent if "reports/" in p))

    assert codes == [75, 75]
    # The conversations report names the tags. A series is one request, a day's happiness three:
    # after these the budget is spent, and other days of it are what the second run goes on with.
    assert paths[0] == ["conversations", "conversations/new", "happiness"]
    assert "happiness" in paths[1]


@pytest.mark.parametrize("option", ["--max-requests", "--max-minutes"])
def test_a_budget_of_nothing_is_refused(terminal: Terminal, option: str) -> None:
    done = terminal.type("load", option, "0")

    assert (done.code, f"Invalid value for '{option}': 0" in done.err) == (2, True)


# --- gaps -----------------------------------------------------------------------------------


@pytest.mark.slow
def test_what_is_newly_wanted_is_shown_by_status_and_filled_by_backfill_in_pieces(
    terminal: Terminal, loaded: Loaded, ours: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(load_plan, "CHUNK_DAYS", 31)
    wanted = MORE | {"start_date": str(days_ago(40))}
    budget = ("--max-requests", str(loaded.list_requests + 1))
    before = terminal.type("status", *CHOSEN, **wanted)
    first = terminal.type("backfill", *CHOSEN, "--newest-first", *budget, **wanted)
    plan = terminal.type("plan", *CHOSEN, "--backfill", "--requests", **wanted)
    asked = len(terminal.sandbox.requests)
    second = terminal.type("backfill", *CHOSEN, "--newest-first", **wanted)
    sent = terminal.sent(asked)
    after = terminal.type("status", *CHOSEN, **wanted)
    again = terminal.type("backfill", *CHOSEN, **wanted)

    assert [done.code for done in (before, first, second, after, again)] == [3, 75, 0, 0, 0]
    days = f"20 day windows, {days_ago(40)} to {days_ago(21)}, are not there"
    assert f"happiness_overall [all]: {days}" in before.out
    assert re.search(
        r"^\d+ windows are missing: help-scout backfill loads them$", before.out, re.MULTILINE
    )
    assert "the same command goes on from there" in first.out
    newest = f"filling {days_ago(9)} to {TODAY} (1/2)"
    assert re.findall("^filling .*", first.out, re.MULTILINE) == [newest]
    oldest = f"filling {days_ago(40)} to {days_ago(10)} (2/2)"
    assert re.findall("^filling .*", second.out, re.MULTILINE) == [newest, oldest]
    assert "not there" not in after.out
    assert "nothing to fill: no window is missing" in again.out
    days_of_series = "select count(*), min(window_date), max(window_date) from conversations_new"
    assert query(ours, f"{days_of_series} where slice = 'all'") == [(41, days_ago(40), TODAY)]
    twice = "select report, slice, grain, window_start from window_reads group by all"
    assert query(ours, f"{twice} having count(*) > 1") == []
    assert listed(plan.out.splitlines()) == listed(sent)


# --- plans ----------------------------------------------------------------------------------


def test_a_plan_sends_nothing_and_names_each_request_of_the_load_that_follows(
    terminal: Terminal, ours: Path
) -> None:
    asked = len(terminal.sandbox.requests)
    table = terminal.type("plan", *CHOSEN)
    lines = terminal.type("plan", *CHOSEN, "--requests")
    assert len(terminal.sandbox.requests) == asked
    night = terminal.type("load", *CHOSEN)

    assert [done.code for done in (table, lines, night)] == [0, 0, 0]
    found = {row[0]: row[1:] for row in map(str.split, table.out.splitlines()) if row}
    assert found["report"] == ["windows", "slices", "requests", "from", "to"]
    # Today, and the seven days before that are read again.
    week = [str(days_ago(7)), str(TODAY)]
    assert found["happiness_overall"] == ["8", "3", "24", *week]
    assert found["conversations_new"] == ["8", "1", "1", *week]
    assert f"\nTime zone {NOON.key}. About " in table.out
    assert listed(lines.out.splitlines()) == listed(terminal.sent(asked))


def test_a_plan_of_a_backfill_with_nothing_to_fill_is_empty(terminal: Terminal, ours: Path) -> None:
    done = terminal.type("plan", *CHOSEN, "--backfill", "--requests")

    assert (done.code, done.out) == (0, "")


@pytest.mark.parametrize("option", ["--since", "--until"])
def test_a_plan_of_a_backfill_takes_no_interval(terminal: Terminal, option: str) -> None:
    done = terminal.type("plan", "--backfill", option, str(TODAY))

    assert done.code == 2
    assert done.err == "error: --backfill fills all gaps: leave --since and --until out\n"


# --- the status -----------------------------------------------------------------------------


def test_the_status_is_told_without_credentials_or_the_accounts_name(ours: Path) -> None:
    done = help_scout("status", *CHOSEN, "--warehouse", str(OURS), env=variables())

    assert done.code == 0
    days = [days_ago(number) for number in range(20, -1, -1)]
    months: dict[str, list[date]] = {}
    for day in days:
        months.setdefault(f"{day:%Y-%m}", []).append(day)
    heat = "".join("█" if max(month) < days_ago(7) else "▓" for month in months.values())
    rows = [line.split() for line in done.out.splitlines()]
    series = next(row for row in rows if row[:1] == ["conversations_new"])
    assert series[:7] == ["conversations_new", "all", "100.0%", "·", "8", str(days[0]), str(TODAY)]
    assert series[-1] == heat
    assert ["mailbox", "(2)", "100.0%", "·", "16"] in [row[:5] for row in rows]


def test_each_slice_has_a_line_of_its_own_when_asked_for(ours: Path) -> None:
    done = help_scout("status", *CHOSEN, "--slices", "--warehouse", str(OURS), env=variables())
    slices = query(ours, "select distinct report, slice from report_windows order by all")
    labels = re.findall(r"^ (?:\w+)? +(all|mailbox=\d+|user=\d+) ", done.out, re.MULTILINE)

    assert done.code == 0
    assert sorted(labels) == sorted(slice_ for _, slice_ in slices)
    assert len(labels) > 6


def test_the_status_for_machines_names_every_window_that_lacks(ours: Path) -> None:
    earlier = [days_ago(number) for number in (23, 22, 21)]
    settings = variables(start_date=str(earlier[0]))
    began = datetime.now(UTC)
    command = ("status", "--reports", "conversations_new", "--json", "--warehouse", str(OURS))
    done = help_scout(*command, env=settings)
    status = json.loads(done.out)
    (series,) = status["slices"]

    assert done.code == 3
    assert list(status) == [
        *("account", "timezone", "start_date", "lookback_days", "now", "is_complete"),
        *(
            "missing_windows",
            "refused_items",
            "slices",
            "failures",
            "restated",
            "moved_after_final",
        ),
    ]
    assert (status["account"], status["timezone"]) == ("demo", NOON.key)
    assert (status["start_date"], status["is_complete"]) == (str(earlier[0]), False)
    assert status["missing_windows"] == 3
    assert datetime.fromisoformat(status["now"]) >= began
    assert datetime.fromisoformat(series.pop("last_loaded_at")) < began
    assert series.pop("coverage_pct_by_month").keys() == {
        f"{days_ago(number):%Y-%m}" for number in range(24)
    }
    assert series == {
        "report": "conversations_new",
        "slice": "all",
        "windows": 24,
        "coverage_pct": 87.5,
        "final": 13,
        "provisional": 8,
        "missing": 3,
        "behind": 0,
        "incomplete": 0,
        "unavailable": 0,
        "due": 0,
        "first_window_date": str(days_ago(20)),
        "last_window_date": str(TODAY),
        "last_failure": None,
        "windows_to_load": [{"grain": "day", "window_date": str(day)} for day in earlier],
    }


def test_the_status_of_a_file_that_is_not_there_says_so(tmp_path: Path) -> None:
    done = help_scout("status", "--warehouse", "none.duckdb")

    assert done.code == 2
    assert done.err == "error: none.duckdb does not exist: nothing was loaded yet\n"
    assert list(tmp_path.iterdir()) == []


@pytest.mark.slow
def test_a_report_that_the_plan_lacks_alarms_until_it_is_expected(terminal: Terminal) -> None:
    chat = ("--reports", "chat")
    terminal.sandbox.forbidden.add(f"{REPORTS_PATH}chat")
    try:
        load = terminal.type("load", *chat)
    finally:
        terminal.sandbox.forbidden.clear()
    alarmed = terminal.type("status", *chat)
    expected = terminal.type("status", *chat, optional_reports=["chat"])

    assert (load.code, alarmed.code, expected.code) == (3, 3, 0)
    assert re.search(r"^chat: [\d,]+ windows are unavailable$", alarmed.out, re.MULTILINE)
    assert "/v2/reports/chat: not available to this user (403)" in alarmed.out
    assert not re.search("are unavailable|not there|missing:", expected.out)


# --- another time zone ----------------------------------------------------------------------


REBUILT = ("conversations_new", "conversations_overall", "happiness_overall")


@contextmanager
def catalog_of(*names: str) -> Iterator[None]:
    """A catalog of these reports alone: a rebuild reads them all, and 32 take their time."""
    catalog, whole = REPORTS, dict(REPORTS)
    try:
        for name in whole.keys() - set(names):
            del catalog[name]
        yield
    finally:
        catalog.clear()
        catalog.update(whole)


@dataclass(frozen=True)
class Move:
    """What a move to another time zone printed, step by step, and the tables on the way."""

    folder: Path
    refused: dict[str, Finished]
    stopped: Finished
    elsewhere: Finished
    rebuilt: Finished
    files: list[str]
    load: Finished
    tables: list[dict[str, list[tuple[Any, ...]]]]


@pytest.fixture(scope="module")
def move(terminal: Terminal, loaded: Loaded, tmp_path_factory: pytest.TempPathFactory) -> Move:
    """From noon to two o'clock: refused, rebuilt with a stop on the way, loaded on."""
    folder = tmp_path_factory.mktemp("moved")
    shutil.copy(loaded.warehouse, folder / OURS)
    yesterday: dict[str, Any] = {"start_date": str(days_ago(1))}
    later = yesterday | {"timezone": LATER.key}
    with at_home_in(folder), catalog_of(*REBUILT):
        commands = ("load", "plan", "backfill", "status")
        refused = {name: terminal.type(name, **later) for name in commands}
        before = whole_tables(folder / OURS, leave_out=())
        budget = ("--max-requests", str(loaded.list_requests + 3))
        stopped = terminal.type("rebuild", *budget, **later)
        midway = whole_tables(folder / OURS, leave_out=())
        elsewhere = terminal.type("rebuild", **yesterday, timezone="Asia/Kathmandu")
        rebuilt = terminal.type("rebuild", **later)
        files = sorted(path.name for path in folder.iterdir())
        load = terminal.type("load", "--reports", "conversations_new", **later)
    kept = whole_tables(next(folder.glob("ours.before-*.duckdb")), leave_out=())
    return Move(folder, refused, stopped, elsewhere, rebuilt, files, load, [before, midway, kept])


@pytest.mark.slow
def test_another_time_zone_is_refused_with_the_command_that_moves_there(move: Move) -> None:
    for name, done in move.refused.items():
        assert (name, done.code, done.out) == (name, 2, "")
        assert f"timezone {LATER.key}, but this warehouse was loaded in {NOON.key}" in done.err
        assert done.err.endswith(f"anew in {LATER.key} with: help-scout rebuild\n")


@pytest.mark.slow
def test_a_rebuild_that_a_budget_stops_leaves_the_file_as_it_is(move: Move) -> None:
    before, midway, kept = move.tables

    assert (move.stopped.code, move.rebuilt.code) == (75, 0)
    assert "ours.duckdb was left as it is, since ours.rebuilding.duckdb" in move.stopped.out
    assert differing(before, midway) == {}
    assert differing(before, kept) == {}


@pytest.mark.slow
def test_a_rebuilt_file_is_in_the_new_time_zone_and_loads_on(move: Move) -> None:
    kept = next(move.folder.glob("ours.before-*.duckdb")).name
    reports = [(name,) for name in REBUILT]
    today = datetime.now(LATER).date()
    cut = query(
        move.folder / OURS,
        f"select distinct timezone('{LATER.key}', window_start)::time::text from report_windows",
    )
    daily = "select window_date from conversations_new_daily order by 1 desc limit 1"

    assert (
        f"ours.duckdb is rebuilt; the file that it was, with its change log, is {kept}"
        in move.rebuilt.out
    )
    assert move.files == [".ours.duckdb.pipelines", kept, "ours.duckdb", "ours.published.duckdb"]
    assert (move.load.code, move.load.err) == (0, "")
    assert cut == [("00:00:00",)]
    assert query(move.folder / OURS, daily) == [(today,)]
    assert query(move.folder / OURS, "select distinct report from report_windows order by 1") == (
        reports
    )


@pytest.mark.slow
def test_a_rebuild_begun_in_another_time_zone_is_told_by_its_file(move: Move) -> None:
    assert move.elsewhere.code == 2
    assert "ours.rebuilding.duckdb" in move.elsewhere.err


def test_there_is_nothing_to_rebuild_without_a_file(terminal: Terminal, tmp_path: Path) -> None:
    done = terminal.type("rebuild")

    assert done.code == 2
    assert done.err == (
        "error: ours.duckdb does not exist: there is nothing to rebuild, load instead\n"
    )
    assert list(tmp_path.iterdir()) == []
