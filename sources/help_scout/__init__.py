"""Help Scout's reporting API as a dlt source: one resource per report, one per list.

    import dlt
    from sources.help_scout import help_scout

    pipeline = dlt.pipeline("help_scout", destination="duckdb", dataset_name="help_scout")
    pipeline.run(help_scout().with_resources("happiness_ratings", "company_overall"))

Options come from dlt's configuration, section `sources.help_scout`.
"""

from __future__ import annotations

import json
import uuid
from collections.abc import Callable, Collection, Iterator
from dataclasses import fields
from datetime import date, datetime
from pathlib import Path
from typing import Any

import dlt
from dlt.extract import DltResource

from .api.client import DEFAULT_BASE_URL, DEFAULT_DOCS_BASE_URL, Client, docs_client, utc_now
from .archive.answer_archive import Archive
from .catalog.dimensions import DIMENSIONS
from .catalog.reports import REPORTS
from .extract.result import WindowResult
from .parsing.redaction import Privacy
from .planning.settings import DEFAULT_LOOKBACK_DAYS, Settings, parse_date
from .state.run import Run

__all__ = ["help_scout", "open_run", "resources_of"]


@dlt.source(name="help_scout", section="help_scout", max_table_nesting=0)
def help_scout(
    client_id: str = dlt.secrets.value,
    client_secret: str = dlt.secrets.value,
    base_url: str = DEFAULT_BASE_URL,
    account: str = "main",
    timezone: str | None = None,
    start_date: str | None = None,
    lookback_days: int = DEFAULT_LOOKBACK_DAYS,
    grains: dict[str, Any] | None = None,
    breakdowns: dict[str, Any] | None = None,
    groups: dict[str, Any] | None = None,
    office_hours: str = "off",
    skip_inactive: list[str] | None = None,
    sort: dict[str, str] | None = None,
    docs_api_key: str | None = None,
    docs_base_url: str = DEFAULT_DOCS_BASE_URL,
    compare_to: str = "previous_period",
    include_open_windows: bool = True,
    rate_limit_fraction: float = 1.0,
    optional_reports: list[str] | None = None,
    privacy: str = "keep",
    privacy_columns: dict[str, str] | None = None,
    privacy_key: str | None = None,
    archive: str | None = None,
    since: str | None = None,
    until: str | None = None,
) -> Iterator[DltResource]:
    """All reports and lists of one Help Scout account.

    Nothing is asked of the API before a resource is extracted (but for the time zone, when
    `since` is given without one). Raises ConfigurationError for a wrong option.

    Args:
        client_id: App id, from Your Profile > My Apps.
        client_secret: App secret.
        base_url: Address of the API.
        account: Short name of the account, part of every key.
        timezone: The company's time zone; the commonest of its users when not given.
        start_date: First local day of history, YYYY-MM-DD; 90 days before the first run.
        lookback_days: For how many days after its end a window is read again.
        grains: Report name to the grains to load: day, week, month.
        breakdowns: Report name (or every_report) to breakdowns: all, mailbox, `mailbox,type`, …
        groups: Slice parameter to named groups, to their items: {"mailbox": {"EU": [1, 2]}}.
        office_hours: off, on or both, for the reports that can count durations in them.
        skip_inactive: user, tag: breakdowns by them leave out items that nothing happened with.
        sort: Report name to the order in which its rows are read: "number ASC".
        docs_api_key: Key of the Docs API, for the list of Docs sites.
        docs_base_url: Address of the Docs API.
        compare_to: previous_period, previous_year, 364d, 2026-01-01..2026-02-01 or none.
        include_open_windows: Whether windows that have not ended are loaded, marked as such.
        optional_reports: Reports that the account's plan lacks: no alarm for them.
        privacy: What becomes of personal data: keep, hash or drop.
        privacy_columns: Columns to what becomes of them: {"user_name": "keep"}.
        privacy_key: Secret that keys the hashes, for hash and for forgetting customers.
        archive: Folder in which every answer is kept; none by default.
        rate_limit_fraction: The part of the account's request limit to use, up to 1.
        since: First local day of an interval to load instead of what is due, YYYY-MM-DD.
        until: First local day after that interval.
    """
    run = open_run(
        client_id=client_id,
        client_secret=client_secret,
        base_url=base_url,
        rate_limit_fraction=rate_limit_fraction,
        start_date=start_date,
        account=account,
        timezone=timezone,
        lookback_days=lookback_days,
        grains=grains,
        breakdowns=breakdowns,
        groups=groups,
        office_hours=office_hours,
        skip_inactive=skip_inactive,
        sort=sort,
        docs_api_key=docs_api_key,
        docs_base_url=docs_base_url,
        compare_to=compare_to,
        include_open_windows=include_open_windows,
        optional_reports=optional_reports,
        privacy=privacy,
        privacy_columns=privacy_columns,
        privacy_key=privacy_key,
        archive=archive,
    )
    if run.archive is not None:
        run.archive.begin_bare(run.run_id, since, until)
    yield from resources_of(run, *run.time.interval(since, until))


def open_run(
    *,
    client_id: str,
    client_secret: str,
    base_url: str = DEFAULT_BASE_URL,
    rate_limit_fraction: float = 1.0,
    docs_api_key: str | None = None,
    docs_base_url: str = DEFAULT_DOCS_BASE_URL,
    privacy: str = "keep",
    privacy_columns: dict[str, str] | None = None,
    privacy_key: str | None = None,
    archive: str | None = None,
    clock: Callable[[], datetime] = utc_now,
    on_result: Callable[[WindowResult], None] | None = None,
    **settings: Any,
) -> Run:
    """A run with these options, checked; nothing is sent.

    `settings` are those of `Settings`. `clock` decides what is due and stamps what is fetched.
    """
    settings["start_date"] = parse_date("start_date", settings.get("start_date"))
    for name in ("grains", "breakdowns", "groups", "sort"):
        settings[name] = settings.get(name) or {}
    for name in ("skip_inactive", "optional_reports"):
        settings[name] = settings.get(name) or ()
    checked, now = Settings(**settings), clock()
    kept = archive_of(archive, checked, now, has_docs=bool(docs_api_key)) if archive else None
    client = Client(
        base_url,
        client_id,
        client_secret,
        rate_limit_fraction=rate_limit_fraction,
        now=clock,
        archive=kept,
    )
    docs = docs_client(docs_base_url, docs_api_key, clock, kept) if docs_api_key else None
    return Run(
        checked,
        client,
        uuid.uuid4().hex,
        now=now,
        docs=docs,
        privacy=Privacy(privacy, privacy_columns, privacy_key),
        on_result=on_result,
        archive=kept,
    )


def archive_of(folder: str, settings: Settings, now: datetime, *, has_docs: bool) -> Archive:
    """The archive of a run in this folder; what it says of the run lets it be done again."""
    options = {name.name: getattr(settings, name.name) for name in fields(settings)}
    about = {"options": json.loads(json.dumps(options, default=_as_option)), "docs": has_docs}
    return Archive(Path(folder), settings.account, now=now, about=about)


def _as_option(value: Any) -> Any:
    """An option's value as JSON has it."""
    return value.isoformat() if isinstance(value, date) else list(value)


def resources_of(
    run: Run,
    since: datetime | None = None,
    until: datetime | None = None,
    names: Collection[str] = (*DIMENSIONS, *REPORTS),
) -> Iterator[DltResource]:
    """The resources of a run, or those of these names: the lists, then the reports."""
    from .load.resources import dimension_resource, report_resource  # noqa: PLC0415  Arrow

    for dimension in DIMENSIONS.values():
        if dimension.name in names:
            yield dimension_resource(dimension, run)
    for report in REPORTS.values():
        if report.name in names:
            yield report_resource(report, run, since, until)
