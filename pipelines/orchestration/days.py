"""Prints which days of an account end within a scheduler's interval. Intervals are in UTC, days in
the account's time zone.

    $ python -m pipelines.orchestration.days acme 2026-10-05T07:15Z 2026-10-06T07:15Z
    --since 2026-10-05 --until 2026-10-06

A day belongs to the interval in which it ends, so each day is in exactly one interval, whatever the
account's time zone. Nothing is printed when no day ends in the interval.
"""

from __future__ import annotations

import os
from datetime import date, datetime
from zoneinfo import ZoneInfo

import click

from ..cli.options import Target, handle_errors
from ..jobs.load_loop import configured_run
from ..planning.load_plan import source_state
from ..settings.constants import DEFAULT_DESTINATION
from ..settings.process import prepare_process


def days_between(start: datetime, end: datetime, zone: ZoneInfo) -> tuple[date, date] | None:
    """The first of the local days that end in (start, end], and the first day after them. None when
    no day ends there."""
    first, after = start.astimezone(zone).date(), end.astimezone(zone).date()
    return (first, after) if first < after else None


def zone_of(target: Target) -> ZoneInfo:
    """The time zone of the account's days: that of its warehouse, else the configured one, else the
    one that most of its users have set."""
    run = configured_run(**target.options)
    try:
        if target.place.exists():
            with target.place.open(run.settings.account) as pipeline:
                run.reconcile_state(source_state(pipeline))
        return run.time.zone
    finally:
        run.close()


@click.command()
@click.argument("account")
@click.argument("start")
@click.argument("end")
def main(account: str, start: str, end: str) -> None:
    """Prints the interval's days as options of `help-scout load`."""
    prepare_process()
    destination = os.environ.get("HELP_SCOUT_DESTINATION", DEFAULT_DESTINATION)
    with handle_errors():
        zone = zone_of(Target(warehouse=None, account=account, destination=destination))
        found = days_between(datetime.fromisoformat(start), datetime.fromisoformat(end), zone)
    if found is not None:
        click.echo(f"--since {found[0]} --until {found[1]}")


if __name__ == "__main__":
    main()
