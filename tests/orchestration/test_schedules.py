"""The files that schedule a nightly load, each as the tool that reads it sees it."""

from __future__ import annotations

import re
import subprocess
import sys
import time
from configparser import ConfigParser
from datetime import datetime, timedelta
from itertools import pairwise
from pathlib import Path

import pytest

from pipelines.cli import main
from pipelines.settings.errors import COMPLETE, PARTIAL, STOPPED
from tests.helpers.schedules import (
    CHECKOUT,
    CRONTAB,
    SERVICE,
    TIMER,
    WORKFLOW,
    Done,
    changed,
    run,
    stand_in,
    tool,
)

INSTALLED = "/opt/help-scout"
ENTRY = re.compile(
    r"^(?P<when>\d\S*(?: \S+){4}) +(?P<user>[a-z-]+) +(?P<command>.+)\n", re.MULTILINE
)


# systemd


def units(folder: Path) -> list[Path]:
    """The service and the timer as they were, had they been installed for this checkout."""
    copies = [changed(unit, folder) for unit in (SERVICE, TIMER)]
    for copy in copies:
        text = copy.read_text().replace(f"{INSTALLED}/.venv", sys.prefix)
        copy.write_text(text.replace(INSTALLED, str(CHECKOUT)))
    return copies


def verified(units: list[Path]) -> Done:
    return run(
        *(tool("systemd-analyze", "systemd"), "verify", "--man=no", "--recursive-errors=no"), *units
    )


def setting(unit: Path, section: str, key: str) -> str:
    parser = ConfigParser(strict=False, interpolation=None)
    parser.read(unit)
    return parser[section][key]


def test_systemd_has_nothing_to_say_about_the_units(tmp_path: Path) -> None:
    done = verified(units(tmp_path))
    assert (done.returncode, done.stdout) == (0, "")


@pytest.mark.parametrize(
    ("unit", "old", "new", "complaint"),
    [
        (SERVICE, "TimeoutStopSec=", "TimeoutStopSecs=", "TimeoutStopSecs"),
        (SERVICE, "Type=oneshot", "Type=onceshot", "onceshot"),
        (SERVICE, "ExecStart=", "#ExecStart=", "ExecStart"),
        (SERVICE, "bin/help-scout load", "bin/help-scoot load", "help-scoot"),
        (TIMER, "OnCalendar=*-*-* 03:15:00", "OnCalendar=*-*-* 27:15:00", "27:15:00"),
    ],
)
def test_systemd_refuses_a_broken_unit(
    unit: Path, old: str, new: str, complaint: str, tmp_path: Path
) -> None:
    copies = units(tmp_path)
    changed(tmp_path / unit.name, tmp_path, old, new)
    done = verified(copies)
    assert done.returncode != 0
    assert complaint in done.stdout


def test_the_service_can_do_little_but_load(tmp_path: Path) -> None:
    def secured(service: Path) -> Done:
        # The exposure is a number from 0 to 100; `systemd-analyze security` calls 20 to 50 OK.
        security = (tool("systemd-analyze", "systemd"), "security", "--offline=true")
        return run(*security, "--threshold=25", "--no-pager", service)

    (service, _) = units(tmp_path)
    done = secured(service)
    assert done.returncode == 0, done.stdout
    service.write_text(service.read_text().partition("ProtectSystem=")[0])
    assert secured(service).returncode != 0


def test_a_load_that_was_stopped_is_no_failed_unit() -> None:
    assert setting(SERVICE, "Service", "SuccessExitStatus") == str(STOPPED)
    assert setting(SERVICE, "Service", "KillMode") == "mixed"  # a second SIGTERM ends at once


def test_the_timer_goes_off_every_night() -> None:
    when = setting(TIMER, "Timer", "OnCalendar")
    calendar = (tool("systemd-analyze", "systemd"), "calendar", "--iterations=4")
    done = run(*calendar, when, env={"TZ": "UTC", "LC_ALL": "C"})
    found = re.findall(r"(?:elapse|Iter. #\d): \w+ (\S+ \S+) UTC", done.stdout)
    times = [datetime.fromisoformat(time) for time in found]
    assert done.returncode == 0
    assert len(times) == 4
    assert {later - before for before, later in pairwise(times)} == {timedelta(days=1)}
    assert run(*calendar, "*-*-* 27:15:00").returncode != 0


# cron


def entry() -> re.Match[str]:
    """The one line of the crontab that runs something."""
    (found,) = ENTRY.finditer(CRONTAB.read_text())
    return found


def checked_by_cron(text: str, folder: Path) -> Done:
    """What cron says of a user's crontab: of the lines of /etc/cron.d without the user."""
    copy = folder / "crontab"
    copy.write_text(text)
    return run(tool("crontab", "cron"), "-n", copy)


def as_a_users_own(text: str) -> str:
    return ENTRY.sub(r"\g<when> \g<command>\n", text)


def test_cron_takes_the_file(tmp_path: Path) -> None:
    done = checked_by_cron(as_a_users_own(CRONTAB.read_text()), tmp_path)
    assert done.returncode == 0, done.stdout


@pytest.mark.parametrize(
    ("old", "new"), [("15 3 * * *", "15 25 * * *"), ("15 3 * * *", "15 3 * *"), ("\n", "")]
)
def test_cron_refuses_a_broken_file(old: str, new: str, tmp_path: Path) -> None:
    text = as_a_users_own(CRONTAB.read_text())
    last = text.rfind(old)
    broken = text[:last] + new + text[last + len(old) :]
    done = checked_by_cron(broken, tmp_path)
    assert done.returncode == 1
    assert "can't install" in done.stdout


def test_cron_reads_the_whole_command_and_the_file_by_the_name_that_it_is_installed_under() -> None:
    assert "%" not in entry()["command"]  # would end it: the rest is standard input
    (name,) = re.findall(r" /etc/cron\.d/(\S+)", CRONTAB.read_text())
    assert re.fullmatch(r"[A-Za-z0-9_-]+", name)


def nightly(folder: Path) -> subprocess.Popen[str]:
    """The crontab's line as cron starts it, in the folder in place of the installed one."""
    variables = dict(re.findall(r"^([A-Z]+)=(.*)$", CRONTAB.read_text(), re.MULTILINE))
    return subprocess.Popen(
        [variables["SHELL"], "-c", entry()["command"].replace(INSTALLED, str(folder))],
        env={**variables, "HOME": "/nonexistent"},
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
    )


def test_a_second_load_refuses_to_run_beside_the_first_and_says_so(tmp_path: Path) -> None:
    folder = stand_in(
        tmp_path, "echo loading; touch begun; until [ -e end ]; do sleep 0.05; done; echo loaded"
    )
    first = nightly(folder)
    latest = time.monotonic() + 30
    while not (folder / "begun").exists() and time.monotonic() < latest:
        time.sleep(0.02)

    mail, _ = nightly(folder).communicate(timeout=30)
    log = folder / "data" / "nightly.log"
    assert f"ended with {STOPPED}" in mail
    assert "failed to get lock" in log.read_text()
    assert log.read_text().count("loading") == 1

    (folder / "end").touch()
    assert first.communicate(timeout=30)[0] == ""
    assert log.read_text().count("loaded") == 1
    assert log.stat().st_mode & 0o777 == 0o600


def test_what_a_load_ends_with_is_mailed_unless_it_is_complete(tmp_path: Path) -> None:
    folder = stand_in(tmp_path, 'echo "$@"; exit "$(cat code)"')
    told = {}
    for code in (COMPLETE, PARTIAL):
        (folder / "code").write_text(str(code))
        told[code] = nightly(folder).communicate(timeout=30)[0]
    assert told[COMPLETE] == ""
    assert f"ended with {PARTIAL}" in told[PARTIAL]
    assert (folder / "data" / "nightly.log").read_text().count("\nload\n") == 2


# all of them


@pytest.mark.parametrize("file", [SERVICE, CRONTAB, WORKFLOW], ids=lambda file: file.suffix)
def test_load_has_every_option_that_a_schedule_gives_it_or_speaks_of(file: Path) -> None:
    text = file.read_text().replace("\\\n", " ")
    assert ".venv/bin/help-scout load" in text
    calls = re.findall(r"\bload( [^\n`;]*)", text)
    named = {option for call in calls for option in re.findall(r"--[a-z-]+", call)}
    known = {option for parameter in main.load.params for option in parameter.opts}
    assert named <= known, f"{file.name} speaks of {named - known}"
