"""The demo: an invented account served over HTTP, loaded like a real one."""

from __future__ import annotations

import re
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import date

DEMO_TIMEZONE = "America/New_York"
HISTORY_BEFORE_DAYS = 70  # the previous month of the first month loaded
RATE_LIMIT = 100_000
_ENV_LINE = re.compile(r"^export SOURCES__HELP_SCOUT__(\w+)=(.*)$")

QUERIES = (
    (
        "How many conversations came in each week, and how happy were customers?",
        """select c.window_date as week, c.new_conversations, c.total_conversations,
       round(h.happiness_score, 1) as happiness, h.ratings_count
from reports.conversations_overall_weekly as c
join reports.happiness_overall_weekly as h using (account, window_start)
order by week desc limit 6""",
    ),
    (
        "Who answered how much last week, and how fast?",
        """select user_name, total_replies, customers_helped,
       round(response_time_seconds / 3600, 1) as response_hours, round(happiness_score) as happiness
from reports.user_overall_weekly
where window_start = (select max(window_start) from reports.user_overall_weekly where is_final)
order by total_replies desc""",
    ),
    (
        "What was it about? Tags of the last whole month against the month before",
        """select coalesce(tag_name, '(untagged)') as tag, conversation_count,
       previous_conversation_count, round(delta_conversation_points, 1) as change_points
from reports.conversations_overall_tags_monthly
where window_start = (select max(window_start) from reports.conversations_overall_tags_monthly
                      where covered_until = window_end)
order by conversation_count desc limit 8""",
    ),
)


@contextmanager
def sandbox_process(today: date, days: int) -> Iterator[dict[str, str]]:
    """A sandbox in a process of its own, as the options that reach it; ended on leaving.

    Its history goes up to `today` and is long enough to load `days` of it with comparisons.
    """
    command = [
        sys.executable, "-m", "pipelines", "sandbox", "--port", "0",
        "--until", today.isoformat(), "--days", str(days + HISTORY_BEFORE_DAYS),
        "--rate-limit", str(RATE_LIMIT),
    ]  # fmt: skip
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True) as process:  # noqa: S603
        try:
            yield _read_options(process)
        finally:
            process.terminate()
            process.wait(timeout=10)


def _read_options(process: subprocess.Popen[str]) -> dict[str, str]:
    """The options that the sandbox prints when it is ready."""
    assert process.stdout is not None
    options: dict[str, str] = {}
    for line in process.stdout:
        match = _ENV_LINE.match(line.strip())
        if match:
            options[match[1].lower()] = match[2]
        if {"base_url", "client_id", "client_secret", "account"} <= options.keys():
            return options
    raise RuntimeError(f"the sandbox ended with exit code {process.wait()} before it served")
