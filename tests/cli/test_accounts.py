"""Several accounts in one configuration: whose options hold, and what is said of mistakes."""

from __future__ import annotations

import json
import socket
import threading
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from http.server import BaseHTTPRequestHandler, HTTPServer
from pathlib import Path
from typing import Any

import pytest
from dlt.common.configuration.container import Container
from dlt.common.configuration.specs.pluggable_run_context import PluggableRunContext

from pipelines.jobs.account_pool import worst
from pipelines.settings.accounts import account_names, account_options
from pipelines.settings.errors import UsageError
from pipelines.warehouse.postgres import Postgres
from sources.help_scout_sandbox import Fault
from tests.helpers.commands import help_scout
from tests.helpers.fleet import Fleet, fleet

pytestmark = pytest.mark.xdist_group("cli_accounts")

INTERVAL = ("--since", "2026-11-02", "--until", "2026-11-04", "--reports", "company_overall,chat")
CONFIG = """
[accounts.acme]
timezone = "Europe/Berlin"
lookback_days = 3
"""
SECRETS = """
[accounts.acme]
client_id = "id-of-acme"
client_secret = "secret-of-acme"
"""
OWN_FILE = 'client_id = "id-of-globex"\nclient_secret = "secret-of-globex"\n'


@pytest.fixture
def configured(tmp_path: Path) -> Iterator[Path]:
    """A folder with two accounts: one in the configuration's sections, one in a file."""
    Container()[PluggableRunContext]  # made now, it does not read what follows
    folder = tmp_path / ".dlt"
    (folder / "accounts").mkdir(parents=True)
    (folder / "config.toml").write_text(CONFIG)
    (folder / "secrets.toml").write_text(SECRETS)
    (folder / "accounts" / "globex.toml").write_text(OWN_FILE)
    with reading(tmp_path):
        yield folder


@contextmanager
def reading(folder: Path) -> Iterator[None]:
    """dlt's configuration is read from the folder meanwhile."""
    context = Container()[PluggableRunContext]
    before = (context.context, context.providers)
    context.reload(str(folder))
    try:
        yield
    finally:
        context.context, context.providers = before


@pytest.fixture(scope="module")
def accounts() -> Iterator[Fleet]:
    with fleet(2) as found:
        yield found


@pytest.fixture
def webhook() -> Iterator[tuple[str, list[str]]]:
    """The address of a webhook, and the messages that it got."""
    messages: list[str] = []

    class Handler(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            body = self.rfile.read(int(self.headers["Content-Length"]))
            messages.append(json.loads(body)["text"])
            self.send_response(200)
            self.end_headers()

        def log_message(self, *_: Any) -> None:
            pass

    server = HTTPServer(("127.0.0.1", 0), Handler)
    thread = threading.Thread(target=server.serve_forever, daemon=True)
    thread.start()
    yield f"http://127.0.0.1:{server.server_port}/hook", messages
    server.shutdown()
    server.server_close()


def test_an_account_has_its_own_options_from_sections_its_file_and_the_environment(
    configured: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("ACCOUNTS__ACME__LOOKBACK_DAYS", "5")
    monkeypatch.setenv("ACCOUNTS__ACME__GRAINS", '{"chat": ["day"]}')

    assert account_names() == ["acme", "globex"]
    assert account_options("acme") == {
        "account": "acme",
        "client_id": "id-of-acme",
        "client_secret": "secret-of-acme",
        "timezone": "Europe/Berlin",
        "lookback_days": 5,
        "grains": {"chat": ["day"]},
        "docs_api_key": "",  # not that of the shared section, which is another account's
    }
    assert account_options("globex")["client_id"] == "id-of-globex"


@pytest.mark.parametrize(
    ("name", "variables", "words"),
    [
        ("acm", {}, "did you mean 'acme'"),
        ("new", {"ACCOUNTS__NEW__CLIENT_ID": "x"}, "client_secret of account new not configured"),
        ("acme", {"ACCOUNTS__ACME__LOOKBACK": "5"}, "did you mean 'lookback_days'"),
        ("acme", {"ACCOUNTS__ACME__ACCOUNT": "x"}, "unknown option 'account'"),
        ("acme", {"ACCOUNTS__9LIVES__CLIENT_ID": "x"}, "a letter first"),
    ],
)
def test_mistakes_are_told(
    configured: Path,
    monkeypatch: pytest.MonkeyPatch,
    name: str,
    variables: dict[str, str],
    words: str,
) -> None:
    for variable, value in variables.items():
        monkeypatch.setenv(variable, value)

    with pytest.raises(UsageError, match=words):
        account_options(name)


def test_names_that_cannot_be_identifiers_do_not_meet(tmp_path: Path) -> None:
    slugs = {Postgres(name).slug for name in ("acme", "Acme", "ac.me", "ac me", "ac_me")}

    assert len(slugs) == 5
    assert "acme" in slugs
    assert all(slug.isidentifier() for slug in slugs)


@pytest.mark.parametrize(
    ("codes", "code"),
    [
        ((0, 0), 0),
        ((0, 75), 75),
        ((75, 3, 0), 3),
        ((0, 3, 1), 1),
        ((0, 2), 1),
        ((2, 2), 2),
        ((0, -9), 1),
    ],
)
def test_the_exit_code_of_all_is_that_of_the_worst(codes: tuple[int, ...], code: int) -> None:
    assert worst(iter(codes)) == code


def test_each_account_has_a_file_of_its_own(accounts: Fleet, tmp_path: Path) -> None:
    code, printed = accounts.run("load", "--all", "--workers", "2", *INTERVAL)

    assert code == 0, printed
    assert sorted(path.name for path in Path("data").glob("*.duckdb")) == [
        "a01.duckdb",
        "a01.published.duckdb",
        "a02.duckdb",
        "a02.published.duckdb",
    ]
    assert "a01 | published for readers: data/a01.published.duckdb" in printed
    told = help_scout("status", "--all", "--reports", "company_overall,chat", env=accounts.env)
    assert told.code == 3  # of two weeks two days are loaded
    assert "a01" in told.out
    assert "help-scout status --account a02 shows what" in told.out
    for command in (("check",), ("plan", "--reports", "company_overall"), ("marts",)):
        told = help_scout(*command, "--account", "a02", env=accounts.env)
        assert told.code == 0, told


def test_which_account_is_meant_has_to_be_said(accounts: Fleet, tmp_path: Path) -> None:
    told = help_scout("load", *INTERVAL, env=accounts.env)

    assert told.code == 2
    assert "which account? Name one with --account (a01, a02), or give --all" in told.err
    for command in ("doctor", "check", "marts"):
        told = help_scout(command, env=accounts.env)
        assert (told.code, "with --account (a01, a02)\n" in told.err) == (2, True), told
    told = help_scout("load", "--all", "--account", "a01", env=accounts.env)
    assert (told.code, "leave --account and --warehouse out" in told.err) == (2, True)
    told = help_scout("load", "--account", "a01", "--destination", "postgre", env=accounts.env)
    assert (told.code, "unknown destination 'postgre'" in told.err) == (2, True)
    told = help_scout(
        "load", "--all", "--workers", "2", "--destination", "iceberg", env=accounts.env
    )
    assert (told.code, "takes one account at a time" in told.err) == (2, True)
    for command in ("load", "backfill"):
        told = help_scout(command, "--account", "a01", "--workers", "2", env=accounts.env)
        assert (told.code, "give --all with it" in told.err) == (2, True)


def test_an_alert_says_which_account_and_what_is_to_be_looked_at(
    accounts: Fleet, webhook: tuple[str, list[str]], tmp_path: Path
) -> None:
    address, messages = webhook
    env = {**accounts.env, "ALERTS__WEBHOOK": address}
    load = ("load", "--account", "a01", *INTERVAL)
    fault = Fault(path="/v2/reports/chat", kind="status", status=403, times=None)

    accounts.sandboxes["a01"].faults.add(fault)
    assert help_scout(*load, env=env).code == 3
    accounts.sandboxes["a01"].faults.clear()
    assert help_scout(*load, env=env).code == 0
    wrong = {**env, "ACCOUNTS__A01__CLIENT_SECRET": "wrong"}
    assert help_scout(*load, env=wrong).code == 2

    assert len(messages) == 2
    first, second, *_ = messages[0].splitlines()
    assert first == "help-scout load of account a01: loaded, but not everything"
    assert second.startswith("chat: ")
    assert messages[1].startswith("help-scout load of account a01: failed: ")
    assert "wrong" not in messages[1].split("failed: ")[1].split()


@pytest.mark.parametrize("answer", ["", "HTTP/1.1 301 Gone on\r\nLocation: /b\r\n\r\n", "hm\r\n"])
def test_an_alert_that_cannot_be_sent_changes_nothing_but_is_told(
    accounts: Fleet, answer: str, tmp_path: Path
) -> None:
    listener = socket.create_server(("127.0.0.1", 0))

    def answers() -> None:
        with suppress(OSError):
            connection, _ = listener.accept()
            with connection:
                connection.recv(65_536)
                connection.sendall(answer.encode())

    threading.Thread(target=answers, daemon=True).start()
    address = f"http://127.0.0.1:{listener.getsockname()[1]}/hook"
    env = {**accounts.env, "ALERTS__WEBHOOK": address}
    fault = Fault(path="/v2/reports/chat", kind="status", status=403, times=None)

    accounts.sandboxes["a01"].faults.add(fault)
    told = help_scout("load", "--account", "a01", *INTERVAL, env=env)
    accounts.sandboxes["a01"].faults.clear()

    listener.close()
    assert told.code == 3
    assert "the alert could not be sent" in told.out
    assert "/hook" not in told.out
