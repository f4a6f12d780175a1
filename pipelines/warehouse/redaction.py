"""Personal data that is already loaded: rewritten for a stricter mode, gone from the file for good.

What is overwritten in a DuckDB file stays readable in it for a while, so the file is copied without
it and replaced.
"""

from __future__ import annotations

import shutil
from collections.abc import Iterable, Iterator, Mapping
from pathlib import Path

from dlt.pipeline.pipeline import Pipeline

from sources.help_scout.catalog.dimensions import DIMENSIONS
from sources.help_scout.catalog.reports import REPORTS
from sources.help_scout.catalog.stored_tables import UNKNOWN_VALUES, StoredTable, stored_table
from sources.help_scout.parsing.redaction import (
    HASHED,
    REMOVED,
    UNKNOWN,
    Privacy,
    personal_columns,
)

from ..settings.constants import DATASET
from .database_file import connect, state_folder
from .sql import COPY, attach, identifier, sql_client

STRICTER = {"keep": ("hash", "drop"), "hash": ("drop",), "drop": ()}


def columns_of(pipeline: Pipeline) -> dict[str, dict[str, str]]:
    """The columns of the dataset's tables with their types."""
    found: dict[str, dict[str, str]] = {}
    with sql_client(pipeline) as client:
        for table, column, kind in (
            client.execute_sql(
                "select c.table_name, c.column_name, c.data_type from information_schema.columns c "
                "inner join information_schema.tables t on t.table_schema = c.table_schema "
                "and t.table_name = c.table_name "
                "where c.table_schema = %s and t.table_type = 'BASE TABLE'",
                pipeline.dataset_name,
            )
            or []
        ):
            found.setdefault(str(table), {})[str(column)] = str(kind)
    return found


def changed_modes(before: Mapping[str, str], privacy: Privacy) -> tuple[list[str], list[str]]:
    """The columns whose mode is stricter than `before`, and those whose mode is looser: what is
    gone cannot be had back."""
    stricter: list[str] = []
    looser: list[str] = []
    for name, mode in privacy.modes().items():
        was = before.get(name, mode)
        if was != mode:
            (stricter if mode in STRICTER[was] else looser).append(name)
    return stricter, looser


def make_stricter(pipeline: Pipeline, names: Iterable[str], privacy: Privacy) -> None:
    """Rewrites what is loaded of columns whose mode became stricter."""
    columns = columns_of(pipeline)
    keys = {(table, column.name) for table, column, is_key in personal_columns() if is_key}
    modes = privacy.modes()
    with sql_client(pipeline) as client:
        for name in names:
            for table, column in _stored_as(name, columns):
                quoted = identifier(column)
                where = f"where {quoted} is not null"
                if modes[name] == "hash":
                    values = client.execute_sql(
                        f"select distinct {quoted} from {table} {where} "
                        f"and not regexp_full_match({quoted}, '{HASHED}[0-9a-f]{{32}}')"
                    )
                    for (value,) in values or []:
                        client.execute_sql(
                            f"update {table} set {quoted} = %s where {quoted} = %s",
                            privacy.hash_in(column, value),
                            value,
                        )
                elif (table, column) in keys:
                    client.execute_sql(
                        f"update {table} set {quoted} = '{REMOVED} ' || rowid {where} "
                        f"and not regexp_full_match({quoted}, '{REMOVED} [0-9]+')"
                    )
                else:
                    client.execute_sql(f"update {table} set {quoted} = null {where}")


def _stored_as(name: str, columns: Mapping[str, Mapping[str, str]]) -> Iterator[tuple[str, str]]:
    """The tables and columns where what the name stands for is stored."""
    if name != UNKNOWN:
        table, _, column = name.partition(".")
        if column in columns.get(table, {}):
            yield table, column
        return
    for report in REPORTS.values():
        for one in report.tables:
            for column in _unknown_texts(stored_table(report, one), columns):
                yield one.name, column
    for dimension in DIMENSIONS.values():
        for column in _unknown_texts(dimension.stored_table, columns):
            yield dimension.name, column
    if UNKNOWN_VALUES.name in columns:
        yield UNKNOWN_VALUES.name, "wire_values"


def unknown_columns(table: StoredTable, columns: Mapping[str, Mapping[str, str]]) -> list[str]:
    """The columns of a table that the catalog does not know; not dlt's own."""
    declared = {column.name for column in table.columns}
    return [
        name
        for name in columns.get(table.name, {})
        if name not in declared and not name.startswith("_dlt")
    ]


def _unknown_texts(table: StoredTable, columns: Mapping[str, Mapping[str, str]]) -> Iterator[str]:
    for name in unknown_columns(table, columns):
        if columns[table.name][name] == "VARCHAR":
            yield name


def mark_purge_pending(path: Path) -> None:
    """Notes that values are going to be overwritten: whatever happens, they are still to be taken
    out of the file and of its published copy."""
    _debt(path).touch()


def clear_purge_pending(path: Path) -> None:
    """Notes that overwritten values are nowhere any more."""
    _debt(path).unlink(missing_ok=True)


def is_purge_pending(path: Path) -> bool:
    """Whether overwritten values may still be readable in the file."""
    return _debt(path).exists()


def _debt(path: Path) -> Path:
    return state_folder(path) / "overwritten"


def copy_without_traces(path: Path) -> None:
    """Replaces the file by a copy of what it holds: overwritten values are in neither it nor the
    working files beside it any more. That it is owed stays noted."""
    state, debt, path = state_folder(path), _debt(path), path.resolve()
    new = path.with_suffix(f".rewriting{path.suffix}")
    new.unlink(missing_ok=True)
    connection = connect(new)
    try:
        attach(connection, path)
        ((current,),) = connection.execute("select current_database()").fetchall()
        connection.execute(f"drop schema if exists {COPY}.{DATASET}_staging cascade")
        connection.execute(f"copy from database {COPY} to {identifier(current)}")
    finally:
        connection.close()
    new.chmod(path.stat().st_mode)
    new.replace(path)
    for left in state.iterdir():
        if left.is_dir():
            shutil.rmtree(left, ignore_errors=True)
        elif left != debt:
            left.unlink()
