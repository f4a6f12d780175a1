"""Whatever is wrong, one message says what to do, nothing is half-written, no traceback."""

from __future__ import annotations

import socket
import subprocess
import sys
from collections.abc import Iterator
from datetime import datetime, timedelta
from pathlib import Path
from zoneinfo import ZoneInfo

import duckdb
import pytest

from sources.help_scout_sandbox import Sandbox
from tests.helpers.commands import Finished, environment, help_scout, help_scout_process
from tests.helpers.loads import SMALL, serving

pytestmark = pytest.mark.xdist_group("cli")
PREFIX = "SOURCES__HELP_SCOUT__"
INTERVAL = ("--since", "2026-11-02", "--until", "2026-11-04")


@pytest.fixture(scope="module")
def sandbox() -> Iterator[tuple[Sandbox, dict[str, str]]]:
    account = Sandbox(SMALL)
    with serving(account) as base_url:
        yield (
            account,
            {
                f"{PREFIX}BASE_URL": base_url,
                f"{PREFIX}CLIENT_ID": account.client_id,
                f"{PREFIX}CLIENT_SECRET": account.client_secret,
            },
        )


def refused(done: Finished, message: str, *, code: int = 2) -> None:
    """The command ended with that code and said just that."""
    assert (done.code, message in done.err) == (code, True), done
    assert "Traceback" not in done.out + done.err
    assert len(done.err.strip().splitlines()) <= 4
    assert sorted(path.name for path in Path().iterdir()) in ([], ["data"])
    assert not list(Path().rglob("*.duckdb"))


def test_missing_credentials_are_named_with_where_to_put_them() -> None:
    done = help_scout("load")

    refused(done, "client_id")
    assert f"set {PREFIX}CLIENT_ID" in done.err
    assert ".dlt/secrets.toml" in done.err


def test_wrong_credentials(sandbox: tuple[Sandbox, dict[str, str]]) -> None:
    done = help_scout("load", env=sandbox[1] | {f"{PREFIX}CLIENT_SECRET": "hush-hush"})

    refused(done, "the token endpoint refused the credentials (401). Check client_id")
    assert "hush-hush" not in done.err + done.out


def test_a_host_that_cannot_be_reached_is_the_other_sides_failure(
    sandbox: tuple[Sandbox, dict[str, str]],
) -> None:
    with socket.socket() as unused:
        unused.bind(("127.0.0.1", 0))
        nowhere = f"http://127.0.0.1:{unused.getsockname()[1]}"
        done = help_scout("load", env=sandbox[1] | {f"{PREFIX}BASE_URL": nowhere})

    refused(done, "cannot connect", code=1)
    assert "base_url" in done.err


@pytest.mark.parametrize(
    ("variable", "value", "message"),
    [
        ("BASE_URL", "http://api.helpscout.net", "credentials travel over https only"),
        ("BASE_URL", "api.helpscout.net", "expected an address like https://host"),
        ("TIMEZONE", "New York", "timezone='New York' is unknown: write it like America/New_York"),
        ("START_DATE", "yesterday", "start_date='yesterday': expected a date like 2026-03-01"),
        ("LOOKBACK_DAYS", "0", "lookback_days=0: expected at least 1"),
        ("LOOKBACK_DAYS", "many", "`lookback_days` cannot be coerced"),
        ("COMPARE_TO", "last_week", "compare_to='last_week': expected one of previous_period"),
        ("RATE_LIMIT_FRACTION", "2", "rate_limit_fraction=2.0: expected more than 0, at most 1"),
        ("GRAINS", '{"chat": ["hour"]}', "grains.chat: 'hour' is not one of day, week, month"),
        ("GRAINS", '{"chats": ["day"]}', "unknown report 'chats', did you mean 'chat'?"),
        ("BREAKDOWNS", '{"docs_overall": ["mailbox"]}', "the report does not take 'mailbox'"),
        ("LOKBACK_DAYS", "9", "unknown option 'lokback_days' in the configuration of sources"),
        ("START_DATE", "2199-01-01", "start_date=2199-01-01: that is in the future"),
        (
            "BREAKDOWNS",
            '{"user_chat": ["all"]}',
            "the report needs 'user' or 'team' in each breakdown",
        ),
    ],
)
def test_a_wrong_setting_is_named_with_what_to_write(
    sandbox: tuple[Sandbox, dict[str, str]], variable: str, value: str, message: str
) -> None:
    refused(help_scout("load", env=sandbox[1] | {PREFIX + variable: value}), message)


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (("--reports", "chatt"), "unknown report 'chatt', did you mean 'chat'?"),
        (("--reports", "wibble"), "unknown report 'wibble'; the README lists all 32"),
        (("--reports", ","), "--reports names no report"),
        (("--sinze", "2026-11-01"), "No such option '--sinze'"),
        (("--since", "November"), "since='November': expected a date like 2026-03-01"),
        (("--until", "2026-11-01"), "until is given without since"),
        (("--since", "2026-11-05", "--until", "2026-11-01"), "is not before until=2026-11-01"),
        (("--since", "2026-11-05", "--until", "2026-11-05"), "is not before until=2026-11-05"),
        (("--since", "2199-01-01"), "since=2199-01-01: that is in the future"),
        (("--warehouse", "/dev/null/x.duckdb"), "cannot write to /dev/null"),
        (("--warehouse", "/sys/x.duckdb"), "cannot write to /sys"),  # read-only, even for root
        (("--warehouse", "o'brien.duckdb"), "a path with an apostrophe. Choose another file"),
        (("--warehouse", "tpyo/x.duckdb"), "cannot write to tpyo: No such file or directory"),
    ],
)
def test_a_wrong_option_is_named_with_what_to_write(
    sandbox: tuple[Sandbox, dict[str, str]], arguments: tuple[str, ...], message: str
) -> None:
    refused(help_scout("load", *arguments, env=sandbox[1]), message)


def test_a_file_that_is_not_a_database_is_left_as_it_is(
    sandbox: tuple[Sandbox, dict[str, str]], tmp_path: Path
) -> None:
    letter = tmp_path / "letter.duckdb"
    letter.write_text("Dear reader, " * 1000)
    before = letter.read_bytes()
    done = help_scout("load", "--warehouse", "letter.duckdb", env=sandbox[1])

    assert (done.code, "is not a DuckDB database" in done.err) == (2, True)
    assert letter.read_bytes() == before
    assert [path.name for path in tmp_path.iterdir()] == ["letter.duckdb"]


def test_a_file_that_another_process_holds_is_said_to_be_held_by_it(
    sandbox: tuple[Sandbox, dict[str, str]], tmp_path: Path
) -> None:
    held = tmp_path / "held.duckdb"
    holder = (
        f"import duckdb, sys; c = duckdb.connect({str(held)!r}); print('held', flush=True); "
        "sys.stdin.read()"
    )
    with subprocess.Popen(
        [sys.executable, "-c", holder],
        env=environment(),
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
    ) as process:
        assert process.stdout is not None
        process.stdout.readline()
        done = help_scout("load", "--warehouse", "held.duckdb", env=sandbox[1])
        pid = process.pid
        process.communicate("")

    assert done.code == 2
    assert f"held.duckdb is in use by another process (PID {pid})" in done.err


def test_a_report_that_the_plan_lacks_is_told_and_the_rest_loads(
    sandbox: tuple[Sandbox, dict[str, str]], tmp_path: Path
) -> None:
    account, env = sandbox
    account.forbidden.add("/v2/reports/chat")
    try:
        done = help_scout("load", "--reports", "chat,email", *INTERVAL, env=env)
        expected = help_scout(
            "load",
            *("--reports", "chat,email", *INTERVAL, "--warehouse", "expected.duckdb"),
            env=env | {f"{PREFIX}OPTIONAL_REPORTS": '["chat"]'},
        )
    finally:
        account.forbidden.clear()

    assert (done.code, expected.code) == (3, 0)
    told = " ".join(done.out.split())
    assert "chat: 6 unavailable. First the day 2026-11-02 of all: /v2/reports/chat: not " in told
    assert "not available to this user (403)" in told
    with duckdb.connect(str(tmp_path / "data/help_scout.duckdb"), read_only=True) as warehouse:
        statuses = warehouse.execute(
            "select report, status, count(*) from reports.report_windows group by all order by all"
        ).fetchall()
    # Two days and a week... the week of 26 October ends with 2 November's midnight: not in it.
    assert statuses == [("chat", "unavailable", 6), ("email", "loaded", 6)]


def test_the_demo_and_a_real_account_do_not_share_a_file(
    sandbox: tuple[Sandbox, dict[str, str]], tmp_path: Path
) -> None:
    env = sandbox[1]
    one_day = ("load", "--reports", "conversations_new", *INTERVAL)
    first = help_scout(*one_day, env=env | {f"{PREFIX}ACCOUNT": "demo"})
    mixed = help_scout(*one_day, env=env)
    other = help_scout(*one_day, "--warehouse", "ours.duckdb", env=env)
    demo = help_scout("demo", "--warehouse", "ours.duckdb")

    assert (first.code, mixed.code, other.code, demo.code) == (0, 2, 0, 2)
    assert "holds the demo's invented numbers: delete it, or choose another" in mixed.err
    assert "holds a real account (main): give the demo another file" in demo.err
    assert tmp_path.joinpath("ours.duckdb").exists()


def test_a_time_zone_that_changes_after_the_first_load_is_refused(
    sandbox: tuple[Sandbox, dict[str, str]],
) -> None:
    env = sandbox[1]
    one_day = ("load", "--reports", "conversations_new", *INTERVAL)
    first = help_scout(*one_day, env=env)
    moved = help_scout(*one_day, env=env | {f"{PREFIX}TIMEZONE": "Europe/Berlin"})

    assert (first.code, moved.code) == (0, 2)
    assert "this warehouse was loaded in America/New_York" in moved.err


def test_a_misspelt_option_in_a_file_is_named(
    sandbox: tuple[Sandbox, dict[str, str]], tmp_path: Path
) -> None:
    (tmp_path / ".dlt").mkdir()
    (tmp_path / ".dlt/config.toml").write_text("[sources.help_scout]\nlook_back_days = 9\n")
    done = help_scout_process("load", env=sandbox[1])

    assert done.code == 2
    assert "unknown option 'look_back_days'" in done.err
    assert "did you mean 'lookback_days'?" in done.err


def test_a_report_without_a_window_in_the_interval_is_named(
    sandbox: tuple[Sandbox, dict[str, str]],
) -> None:
    interval = ("--since", "2026-11-03", "--until", "2026-11-04")
    done = help_scout("load", "--reports", "user_overall", *interval, env=sandbox[1])

    assert done.code == 0
    assert "user_overall: nothing was due: no week or month ends in the interval" in done.out


def test_planning_for_another_account_than_the_files_is_refused(
    sandbox: tuple[Sandbox, dict[str, str]],
) -> None:
    env = sandbox[1]
    one_day = ("--reports", "conversations_new", *INTERVAL)
    help_scout("load", *one_day, env=env | {f"{PREFIX}ACCOUNT": "demo"})
    done = help_scout("plan", *one_day, env=env)

    assert (done.code, "holds the demo's invented numbers" in done.err) == (2, True)


def test_a_second_account_in_one_file_is_refused(
    sandbox: tuple[Sandbox, dict[str, str]],
) -> None:
    env = sandbox[1]
    one_day = ("load", "--reports", "conversations_new", *INTERVAL)
    first = help_scout(*one_day, env=env)
    second = help_scout(*one_day, env=env | {f"{PREFIX}ACCOUNT": "two"})

    assert (first.code, second.code) == (0, 2)
    assert "give each account a file or pipeline of its own" in second.err


def test_each_load_says_how_many_windows_are_missing(
    sandbox: tuple[Sandbox, dict[str, str]],
) -> None:
    today = datetime.now(ZoneInfo("America/New_York")).date()
    later, earlier = (str(today - timedelta(days=days)) for days in (10, 13))
    env = sandbox[1] | {f"{PREFIX}GRAINS": '{"happiness_overall": ["day"]}'}
    load = ("load", "--reports", "happiness_overall")
    first = help_scout(*load, env=env | {f"{PREFIX}START_DATE": later})
    nights = [help_scout(*load, env=env | {f"{PREFIX}START_DATE": earlier}) for _ in range(2)]

    assert (first.code, "missing" in first.out) == (0, False)
    for night in nights:
        # Three days, each in all and for two inboxes.
        assert night.code == 0
        assert (
            "\n9 windows are missing: help-scout status shows which, "
            "help-scout backfill loads them\n" in night.out
        )


def test_an_interval_up_to_now_keeps_the_windows_that_are_still_open(
    sandbox: tuple[Sandbox, dict[str, str]], tmp_path: Path
) -> None:
    today = datetime.now(ZoneInfo("America/New_York")).date().isoformat()
    done = help_scout("load", "--reports", "happiness_overall", "--since", today, env=sandbox[1])

    assert done.code == 0
    with duckdb.connect(str(tmp_path / "data/help_scout.duckdb"), read_only=True) as warehouse:
        grains = warehouse.execute(
            "select distinct grain from reports.happiness_overall "
            "where covered_until < window_end order by 1"
        ).fetchall()
    assert grains == [("day",), ("month",), ("week",)]


def test_planning_before_the_first_load_says_what_is_not_known_yet() -> None:
    refused(help_scout("plan"), "does not exist yet, so the account's users and inboxes")


def test_a_sandbox_of_an_impossible_size_is_refused() -> None:
    refused(help_scout("sandbox", "--users", "0"), "users is 0: use 1 to 400")
