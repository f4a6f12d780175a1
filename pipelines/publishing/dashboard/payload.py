"""What the page shows: columns of the marts in a published file, as they are there.

Nothing is computed here. A mart that is not there (its report is missing on the plan, say) is
named in `absent`, and the page says so where its figures would stand.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from decimal import Decimal
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo

import duckdb

from ...settings.errors import UsageError
from ..published_copy import open_copy
from .mart_queries import DAYS_OF_HISTORY, INSTANTS, LATER, PUBLICATION, READS, MartQuery

Column = list[Any] | dict[str, list[Any]]


@dataclass(frozen=True, slots=True, kw_only=True)
class Figures:
    """All that the page shows: marts by name, each a list of values per column. A column of words
    is `words`, each once, and `at`, which of them each row has."""

    publication: dict[str, Any]
    first_date: str
    last_date: str
    history_from: str
    marts: dict[str, dict[str, Column]]
    absent: tuple[str, ...]


def read_figures(published: Path) -> Figures:
    """The figures in a published file; UsageError or WarehouseError says why there are none."""
    with open_copy(published) as connection:
        publication = _publication(connection, published)
        zone = ZoneInfo(publication["timezone"])
        there = _marts_in(connection)
        first, last = _dates(connection, there, published)
        wanted = [read for read in READS if read.mart in there]
        return Figures(
            publication={name: _plain(name, value, zone) for name, value in publication.items()},
            first_date=first.isoformat(),
            last_date=last.isoformat(),
            history_from=max(first, last - timedelta(days=DAYS_OF_HISTORY)).isoformat(),
            marts={read.mart: _columns(connection, read, last, zone) for read in wanted},
            absent=tuple(read.mart for read in READS if read.mart not in there),
        )


def _marts_in(connection: duckdb.DuckDBPyConnection) -> set[str]:
    found = connection.execute(
        "select table_name from information_schema.tables where table_schema = 'marts'"
    )
    return {name for (name,) in found.fetchall()}


def _selected(names: Sequence[str]) -> str:
    """The columns; instants as numbers, since as such they would need one more package."""
    return ", ".join(f"epoch_ms({name})" if name in INSTANTS else name for name in names)


def _publication(connection: duckdb.DuckDBPyConnection, published: Path) -> dict[str, Any]:
    """The one row of reports.publication; what older copies do not say is null."""
    try:
        described = connection.execute("describe reports.publication").fetchall()
        there = {name for name, *_ in described}
        known = (*PUBLICATION, *(name for name in LATER if name in there))
        row = connection.execute(f"select {_selected(known)} from reports.publication").fetchone()
    except duckdb.CatalogException as error:
        raise UsageError(f"{published} was not published by `help-scout load`") from error
    if row is None:
        raise UsageError(f"{published} holds no publication: run `help-scout load`")
    return dict.fromkeys(LATER) | dict(zip(known, row, strict=True))


def _dates(
    connection: duckdb.DuckDBPyConnection, there: set[str], published: Path
) -> tuple[date, date]:
    """The first and the last day that any figure is about. The week and the month of the first day
    begin before it: where days are loaded, they say which is the first."""
    dated = [read for read in READS if read.dated == "window_date" and read.mart in there]
    if not dated:
        raise UsageError(f"{published} holds no marts: run `help-scout load`")
    each = " union all ".join(
        f"select window_date, {'grain' if 'grain' in read.columns else repr('day')} as grain "
        f"from marts.{read.mart}"
        for read in dated
    )
    row = connection.execute(
        "select coalesce(min(window_date) filter (grain = 'day'), min(window_date)), "
        f"max(window_date) from ({each})"
    ).fetchone()
    if row is None or row[0] is None:
        raise UsageError(f"{published} holds no figures yet: run `help-scout load`")
    return row


def _columns(
    connection: duckdb.DuckDBPyConnection, read: MartQuery, last: date, zone: ZoneInfo
) -> dict[str, Column]:
    """The mart's rows as lists of plain values, one a column."""
    where = f"({read.where})"
    if read.dated:
        where += f" and {read.dated} >= $last::date - {DAYS_OF_HISTORY}"
    columns = _selected(read.columns)
    sql = f"select {columns} from marts.{read.mart} where {where} order by {read.order}"
    named = {"last": last} if "$last" in sql else {}
    try:
        rows = connection.execute(sql, named).fetchall()
    except duckdb.BinderException as error:
        raise UsageError(
            f"marts.{read.mart} of the published copy is of an older version and does not have all "
            "columns that the page shows: run `help-scout load`, which publishes a new copy"
        ) from error
    values = zip(*rows, strict=True) if rows else ([] for _ in read.columns)
    return {
        name: _coded([_plain(name, value, zone) for value in column])
        for name, column in zip(read.columns, values, strict=True)
    }


def _coded(column: list[Any]) -> Column:
    """The column, each word of it once: dates and names repeat in every row."""
    if not any(isinstance(value, str) for value in column):
        return column
    words = {value: at for at, value in enumerate(dict.fromkeys(column))}
    return {"words": list(words), "at": [words[value] for value in column]}


def _plain(name: str, value: Any, zone: ZoneInfo) -> Any:
    """The value as JSON has it: instants as local minutes, numbers as short as they are shown."""
    if isinstance(value, bool):
        return int(value)
    if name in INSTANTS and value is not None:
        return datetime.fromtimestamp(value / 1000, zone).strftime("%Y-%m-%d %H:%M")
    if isinstance(value, date):
        return value.isoformat()
    if isinstance(value, float | Decimal):
        return _shortened(float(value))
    return value


def _shortened(value: float) -> float | int:
    """The value to three decimals: the page shows whole minutes and one decimal at most. Where the
    third would end on a tie, which the page would then round the wrong way, it stays whole."""
    thousandths = round(value * 1000)
    if thousandths % 50 == 0 and thousandths / 1000 != value:
        return value
    return thousandths // 1000 if thousandths % 1000 == 0 else thousandths / 1000
