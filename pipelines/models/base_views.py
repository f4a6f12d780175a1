"""Views over the loaded tables: what each window is worth, one grain at a time, labels.

A table holds several grains and slices, so a bare SUM over one lies. `<table>_daily`, `_weekly`
and `_monthly` hold one grain and the total (for reports that need a user, a range or a field:
those, not narrowed further). `<table>_by_inbox`, `_by_user`, `_by_team` and `_totals` hold all
grains: the total beside each inbox, one row a user or team with their names, or the total where
there are no inboxes. The marts are made of these. `people` gives every user id a name, `labels`
every code.

Help Scout says 0 for the average or the share of nothing. The tables keep that 0; the views have
null, by `Column.measured_by`.
"""

from __future__ import annotations

from collections.abc import Collection, Iterator, Sequence
from typing import Any

from dlt.destinations.sql_client import SqlClientBase
from dlt.pipeline.pipeline import Pipeline

from sources.help_scout.catalog.dimensions import DIMENSIONS
from sources.help_scout.catalog.model import PAGED, Report, Table
from sources.help_scout.catalog.reports import REPORTS
from sources.help_scout.catalog.reports.blocks import RANGE_LABELS
from sources.help_scout.catalog.slices import slice_params
from sources.help_scout.catalog.stored_tables import TOMBSTONE
from sources.help_scout.planning.breakdowns import parse_breakdown
from sources.help_scout.planning.settings import Settings
from sources.help_scout.planning.windows import Grain
from sources.help_scout.state.ledger import REPORT_WINDOWS, WINDOW_READS

from ..warehouse.base import destination_of, exclusively
from ..warehouse.sql import identifier, reads_in_ledger, sql_client
from .item_views import ITEM_VIEWS
from .view_sync import keep_views

LABELS = "labels"
SUFFIXES = {Grain.DAY: "daily", Grain.WEEK: "weekly", Grain.MONTH: "monthly"}


def base_kind(report: Report, office_hours: str = "off", by: str = "") -> str:
    """The slice kind of the report's plain numbers: `all`, or what the report cannot do without;
    with `by`, of those by inbox (`mailbox`), say.

    Where durations are counted in office hours only, those are the plain numbers.
    """
    plain = parse_breakdown(by or report.slices[0], report)
    if office_hours == "on" and report.office_hours:
        plain = plain.narrowed_by("office_hours", value=True)
    return plain.kind


def view_statements(
    columns: dict[str, list[str]], grains: dict[str, set[Grain]], office_hours: str = "off"
) -> Iterator[str]:
    """The statements that make all views.

    `columns` are the tables in the warehouse, `grains` those that each report is loaded in: an
    empty view would look like a report without numbers.
    """
    if WINDOW_READS.name in columns:
        yield f"create or replace view report_windows as {REPORT_WINDOWS}"
    yield f"create or replace view {LABELS} as {labels_sql()}"
    if people := " union all ".join(_people(columns)):
        yield f"create or replace view people as {PEOPLE.format(sources=people)}"
    for report in REPORTS.values():
        for table in report.tables:
            names = [name for name in columns.get(table.name, []) if name != TOMBSTONE]
            if not names:
                continue
            listed = _listed(table, names)
            for grain, suffix in SUFFIXES.items():
                if grain not in grains[report.name]:
                    continue
                yield (
                    f"create or replace view {identifier(f'{table.name}_{suffix}')} "
                    f"as select {listed} from {identifier(table.name)} as t "
                    f"where t.grain = '{grain}' "
                    f"and t.slice_kind = '{base_kind(report, office_hours)}'"
                )
            for view, kinds in _item_views(report, columns, office_hours).items():
                item = ITEM_VIEWS[view]
                listed = _listed(table, [name for name in names if name not in item.names])
                listed_kinds = ", ".join(f"'{kind}'" for kind in kinds)
                yield (
                    f"create or replace view {identifier(f'{table.name}_{view}')} "
                    f"as select {listed}, {item.select} from {identifier(table.name)} as t "
                    f"{item.join} where t.slice_kind in ({listed_kinds})"
                )


def _item_views(
    report: Report, columns: dict[str, list[str]], office_hours: str
) -> dict[str, tuple[str, ...]]:
    """The views of the report's tables in all grains, with the slice kinds that they hold. Rows
    that reports list carry their inbox themselves, and a team's are those of its users."""
    params = {param.name for param in slice_params(report)}
    if "user" in params:
        items = ("user",) if report.shape in PAGED else ("user", "team")
        return {f"by_{item}": (base_kind(report, office_hours, item),) for item in items}
    total = base_kind(report, office_hours)
    if report.shape in PAGED:
        return {}
    if "mailbox" not in params:
        return {"totals": (total,)}
    if "inboxes" not in columns:
        return {}
    return {"by_inbox": (total, base_kind(report, office_hours, "mailbox"))}


def _listed(table: Table, names: Sequence[str]) -> str:
    """The columns as views have them: null, not 0, where there was nothing to measure."""
    measured_by = {column.name: column.measured_by for column in table.columns}
    return ", ".join(_value(name, measured_by.get(name, ())) for name in names)


def _value(name: str, measured_by: Sequence[str]) -> str:
    if not measured_by:
        return f"t.{identifier(name)}"
    measured = " and ".join(f"t.{identifier(one)} <> 0" for one in measured_by)
    return f"case when {measured} then t.{identifier(name)} end as {identifier(name)}"


PEOPLE = """
select account, user_id, user_name, kind as user_kind, is_listed from (
    select
        *,
        coalesce(
            max(case when user_kind = 'ai_agent' then user_kind end) over one_id,
            max(case when user_kind = 'team' then user_kind end) over one_id,
            user_kind
        ) as kind,
        row_number() over (
            partition by account, user_id order by is_listed desc, known_at desc
        ) as by_age
    from ({sources}) as everybody
    window one_id as (partition by account, user_id)
) as ranked
where by_age = 1
"""
"""Everybody whom a number can be about, one row an id. Who is not listed (any more) is known by the
reports' own rows. The list of users may name teams and AI agents too: they are what their own list
says they are."""

_USER_KIND = (
    "case when coalesce(user_type, '') in ('', 'user') then 'user' "
    "when user_type = 'system_user' then 'ai_agent' else user_type end"
)

_LISTED_PEOPLE = {
    "users": ("concat_ws(' ', first_name, last_name)", _USER_KIND),
    "system_users": ("concat_ws(' ', first_name, last_name)", "'ai_agent'"),
    "teams": ("team_name", "'team'"),
}


def _people(columns: dict[str, list[str]]) -> Iterator[str]:
    """What each table knows of people: as a list, or as a report that names them."""
    for table, (name, kind) in _LISTED_PEOPLE.items():
        if table in columns:
            key = DIMENSIONS[table].id_column.name
            yield (
                f"select account, {key} as user_id, {name} as user_name, {kind} as user_kind, "
                "last_seen_at = max(last_seen_at) over (partition by account) as is_listed, "
                f"last_seen_at as known_at from {table}"
            )
    for named in (table for report in REPORTS.values() for table in report.tables):
        if named.people is not None and named.name in columns:
            user_id, user_name = named.people
            yield (
                f"select account, {user_id} as user_id, {user_name} as user_name, "
                "'not listed' as user_kind, false as is_listed, fetched_at as known_at "
                f"from {named.name} where {user_id} is not null"
            )


def labels_sql() -> str:
    """Every code of the catalog in words: `code_of` is the column, `metric` the distribution that
    a range belongs to, null for other codes."""
    rows: dict[tuple[str, str | None, int], str] = {}
    for report in REPORTS.values():
        for table in report.tables:
            for column in table.columns:
                for code, words in column.labels.items():
                    rows[column.label_of.removeprefix("busiest_"), None, code] = words
            for source in table.rows:
                for code, words in source.labels.items():
                    rows["range_id", source.metric, code] = words
    rows |= {
        ("slice_range_id", metric, code): words
        for metric, labels in RANGE_LABELS.items()
        for code, words in labels.items()
    }
    values = ", ".join(
        f"('{of}', {'null' if metric is None else repr(metric)}, {code}, '{words}')"
        for (of, metric, code), words in rows.items()
    )
    return f"select * from (values {values}) as labels (code_of, metric, code, label)"


def _columns_there(
    client: SqlClientBase[Any], dataset: str, tables: Collection[str]
) -> dict[str, list[str]]:
    """The columns that the tables have, in their order; those of other accounts too."""
    found: dict[str, list[str]] = {}
    for table, column in (
        client.execute_sql(
            "select table_name, column_name from information_schema.columns "
            "where table_schema = %s order by table_name, ordinal_position",
            dataset,
        )
        or []
    ):
        if table in tables and not column.startswith("_dlt"):
            found.setdefault(str(table), []).append(str(column))
    return found


def create_views(pipeline: Pipeline, settings: Settings) -> None:
    """Makes the views anew, so that new columns show in them: a view for each grain that a
    report is configured for or has been loaded in."""
    if not pipeline.default_schema_name:
        return  # nothing was ever loaded
    tables = pipeline.default_schema.data_tables()
    columns = {str(table["name"]): list(table["columns"]) for table in tables}
    if WINDOW_READS.name not in columns:
        return
    with exclusively(pipeline), sql_client(pipeline) as client:
        if destination_of(pipeline).shares_tables:  # another account may have made columns
            columns = _columns_there(client, pipeline.dataset_name, columns)
        grains = {report.name: set(settings.grains_of(report)) for report in REPORTS.values()}
        for report_name, grain in reads_in_ledger(client, "true"):
            grains[report_name].add(grain)
        statements = list(view_statements(columns, grains, settings.office_hours))
        keep_views(pipeline, pipeline.dataset_name, LABELS, statements)
