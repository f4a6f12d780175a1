"""The demo: an invented account served over HTTP, loaded like a real one."""

from __future__ import annotations

import re
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import date
from pathlib import Path

DEMO_TIMEZONE = "America/New_York"
HISTORY_BEFORE_DAYS = 70  # the previous month of the first month loaded
RATE_LIMIT = 100_000
_ENV_LINE = re.compile(r"^export SOURCES__HELP_SCOUT__(\w+)=(.*)$")

QUERIES = (
    (
        "What came in each week, how fast was it answered, and how happy were customers?",
        """select c.window_date as week_of, c.covered_until < c.window_end as still_open,
       c.new_conversations as new, p.closed,
       round(p.first_response_time_seconds / 3600, 1) as first_response_hours,
       round(p.resolution_time_seconds / 3600, 1) as resolution_hours,
       round(h.happiness_score, 1) as happiness, h.ratings_count as ratings
from reports.conversations_overall_weekly as c
join reports.productivity_overall_weekly as p using (account, window_start)
join reports.happiness_overall_weekly as h using (account, window_start)
order by week_of desc limit 6""",
    ),
    (
        "Who answered how much in the last whole week, and how fast?",
        """select u.window_date as week_of, u.user_name, u.total_replies as replies,
       u.delta_total_replies_pct::int as change_pct, u.customers_helped as customers,
       round(u.response_time_seconds / 3600, 1) as response_hours,
       round(h.happiness_score) as happiness, h.ratings_count as ratings
from reports.user_overall_weekly as u
left join reports.user_happiness_weekly as h using (account, slice, window_start)
where u.window_start = (select max(window_start) from reports.user_overall_weekly
                        where covered_until = window_end)
order by replies desc""",
    ),
    (
        "What was it about in the last whole month?",
        """select window_date as month_of, coalesce(tag_name, '(untagged)') as tag,
       conversation_count as conversations, round(conversation_pct, 1) as share_pct,
       round(delta_conversation_points, 1) as change_points
from reports.conversations_overall_tags_monthly
where window_start = (select max(window_start) from reports.conversations_overall_tags_monthly
                      where covered_until = window_end)
order by conversations desc limit 8""",
    ),
)


def look_around(warehouse: Path) -> str:
    """A line for the shell that shows a view of the warehouse."""
    query = (
        "select window_date, customers_helped, total_replies, closed "
        "from reports.company_overall_daily order by 1 desc limit 7"
    )
    return (
        f'{sys.executable} -c "import duckdb; '
        f"print(duckdb.connect('{warehouse}', read_only=True).sql('{query}'))\""
    )


LIKE_LIVE = True
"""Whether the demo's account does all that live accounts were seen to do."""


@contextmanager
def sandbox_process(
    today: date, days: int, *, like_live: bool = LIKE_LIVE
) -> Iterator[dict[str, str]]:
    """A sandbox in a process of its own, as the options that reach it; ended on leaving.

    Its history goes up to `today` and is long enough to load `days` of it with comparisons.
    `like_live` makes it do all that live accounts were seen to do.
    """
    command = [
        sys.executable, "-m", "pipelines", "sandbox", "--port", "0",
        "--until", today.isoformat(), "--days", str(days + HISTORY_BEFORE_DAYS),
        "--rate-limit", str(RATE_LIMIT),
        *(["--like-live"] if like_live else []),
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
