"""Packages merged by one transaction against dlt's own way: the same tables, all or nothing."""

from __future__ import annotations

import shutil
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import dlt
import duckdb
import pyarrow as pa
import pytest
from dlt.common.schema.typing import TTableSchema
from dlt.destinations.exceptions import DatabaseException
from dlt.extract import DltSource
from dlt.pipeline.pipeline import Pipeline
from hypothesis import given, settings
from hypothesis import strategies as st

from pipelines.settings.errors import FAILED, WarehouseError, explain
from pipelines.settings.process import DLT_DEFAULTS
from pipelines.warehouse import bulk_merge
from pipelines.warehouse.bulk_merge import merge_in_little_memory
from sources.help_scout.catalog.reports import REPORTS
from sources.help_scout.catalog.stored_tables import DEDUPLICATED, stored_table
from sources.help_scout.load.hints import declaration_of

Row = dict[str, Any]
Night = dict[str, list[list[Row]]]
"""By table the batches of one load: each is a file."""

WINDOWS: dict[str, Any] = {
    "name": "windows",
    "write_disposition": "merge",
    "columns": {
        "window": {"name": "window", "data_type": "bigint", "merge_key": True, "primary_key": True},
        "id": {"name": "id", "data_type": "bigint", "primary_key": True},
        "value": {"name": "value", "data_type": "text"},
        "tombstone": {"name": "tombstone", "data_type": "bool", "hard_delete": True},
    },
    DEDUPLICATED: True,
}
ITEMS: dict[str, Any] = {
    "name": "items",
    "write_disposition": "merge",
    "columns": {
        "id": {"name": "id", "data_type": "bigint", "primary_key": True},
        "value": {"name": "value", "data_type": "text"},
    },
}
LOG: dict[str, Any] = {**ITEMS, "name": "log", "write_disposition": "append"}
TABLES = (WINDOWS, ITEMS, LOG)
TYPES = {"bigint": pa.int64(), "text": pa.string(), "bool": pa.bool_()}


@pytest.fixture(autouse=True)
def as_commands_do(monkeypatch: pytest.MonkeyPatch) -> None:
    """With the options of a command, and a file for each batch."""
    for name, value in DLT_DEFAULTS.items():
        monkeypatch.setenv(name, value)
    monkeypatch.setenv("DATA_WRITER__FILE_MAX_ITEMS", "1")


def arrow(table: dict[str, Any], rows: list[Row]) -> pa.Table:
    fields = [(name, TYPES[column["data_type"]]) for name, column in table["columns"].items()]
    return pa.Table.from_pylist(rows, schema=pa.schema(fields))


def source(night: Night) -> DltSource:
    @dlt.source(name="nights", max_table_nesting=0)
    def nights() -> Any:
        @dlt.resource(name="rows", write_disposition="merge", max_table_nesting=0)
        def rows() -> Iterator[Any]:
            for table in TABLES:
                declared: Any = {
                    **table,
                    "columns": {k: {**v} for k, v in table["columns"].items()},
                }
                dlt.current.source_schema().update_table(declared, merge_compound_props=False)
                for batch in night.get(table["name"], []):
                    yield dlt.mark.with_table_name(arrow(table, batch), table["name"])

        return rows

    return nights()


def pipeline_into(connection: duckdb.DuckDBPyConnection, folder: Path) -> Pipeline:
    return dlt.pipeline(
        "nights",
        pipelines_dir=str(folder),
        destination=dlt.destinations.duckdb(connection, destination_name="duckdb"),
        dataset_name="reports",
    )


def merge_packages(pipeline: Pipeline) -> None:
    bulk_merge.merge_packages(pipeline, merge_in_little_memory)


def make_package(pipeline: Pipeline, night: Night) -> None:
    pipeline.extract(source(night), loader_file_format="parquet")
    pipeline.normalize()


def tables_after(folder: Path, nights: list[Night], *, ours: bool) -> dict[str, list[Any]]:
    with duckdb.connect(str(folder / f"{ours}.duckdb")) as connection:
        pipeline = pipeline_into(connection, folder / str(ours))
        for night in nights:
            make_package(pipeline, night)
            merge_packages(pipeline) if ours else pipeline.load()
        assert not pipeline.has_pending_data
        return tables_in(connection)


def tables_in(connection: duckdb.DuckDBPyConnection) -> dict[str, list[Any]]:
    found = connection.execute(
        "select table_name from information_schema.tables where table_schema = 'reports'"
    ).fetchall()
    return {
        table["name"]: connection.execute(f"from reports.{table['name']} order by all").fetchall()
        for table in TABLES
        if (table["name"],) in found
    }


def window(number: int, ids: range, value: str) -> list[Row]:
    gone = {"window": number, "id": -1, "value": None, "tombstone": True}
    return [gone, *({"window": number, "id": i, "value": value, "tombstone": None} for i in ids)]


one_window = st.tuples(st.integers(0, 3), st.integers(0, 3)).map(lambda w: (w[0], range(w[1])))
one_night = st.tuples(
    st.lists(one_window, max_size=4, unique_by=lambda w: w[0]),
    st.lists(st.integers(0, 5), max_size=6),
    st.booleans(),
)


def night_of(drawn: Any, name: str) -> Night:
    windows, items, in_one_file = drawn
    batches = [window(number, ids, name) for number, ids in windows]
    if in_one_file:
        batches = [[row for batch in batches for row in batch]] if batches else []
    elif batches:  # a window may go on in the next file
        first, *rest = batches
        batches = [first[:1], *([first[1:]] if first[1:] else []), *rest]
    one_of_each = [{"id": item, "value": name} for item in items]
    return {"windows": batches, "items": [one_of_each] if items else [], "log": [one_of_each]}


@settings(max_examples=12, deadline=None)
@given(drawn=st.lists(one_night, min_size=1, max_size=3))
def test_nights_come_to_the_same_as_in_dlts_own_way(
    drawn: list[Any], tmp_path_factory: pytest.TempPathFactory
) -> None:
    nights = [night_of(each, f"night {number}") for number, each in enumerate(drawn)]
    folder = tmp_path_factory.mktemp("nights")
    assert tables_after(folder, nights, ours=True) == tables_after(folder, nights, ours=False)


def test_a_window_in_several_files_is_replaced_as_one(tmp_path: Path) -> None:
    before: Night = {"windows": [window(1, range(5), "before"), window(2, range(2), "before")]}
    rows = window(1, range(3), "after")
    after: Night = {"windows": [[row] for row in rows]}
    found = tables_after(tmp_path, [before, after], ours=True)["windows"]
    assert [(row[0], row[1], row[2]) for row in found] == [
        *((1, i, "after") for i in range(3)),
        *((2, i, "before") for i in range(2)),
    ]
    with duckdb.connect(str(tmp_path / "True.duckdb")) as connection:
        schemas = connection.execute("select schema_name from duckdb_schemas()").fetchall()
    assert ("reports_staging",) not in schemas


BEFORE: Night = {"windows": [window(1, range(6), "before")], "log": [[{"id": 1, "value": "old"}]]}
ROWS = window(1, range(4), "after")
AFTER: Night = {"windows": [ROWS[:1], ROWS[1:2], ROWS[2:]], "log": [[{"id": 2, "value": "new"}]]}
LOADED = {"windows": ["before"] * 6, "log": ["old"]}
REPLACED = {"windows": ["after"] * 4, "log": ["old", "new"]}


@dataclass(frozen=True)
class Second:
    """A warehouse with a package, and a second one that waits."""

    pipeline: Pipeline
    connection: duckdb.DuckDBPyConnection
    state: Path

    @property
    def values(self) -> dict[str, list[str]]:
        found = tables_in(self.connection)
        return {
            "windows": [row[2] for row in found["windows"]],
            "log": [row[1] for row in found["log"]],
        }

    @property
    def loads(self) -> int:
        """How many packages dlt knows to be loaded."""
        found = self.connection.execute("select count(*) from reports._dlt_loads").fetchone()
        assert found is not None
        return int(found[0])


@pytest.fixture
def second(tmp_path: Path) -> Iterator[Second]:
    with duckdb.connect(str(tmp_path / "w.duckdb")) as connection:
        pipeline = pipeline_into(connection, tmp_path / "state")
        make_package(pipeline, BEFORE)
        merge_packages(pipeline)
        make_package(pipeline, AFTER)
        assert pipeline.has_pending_data
        yield Second(pipeline, connection, tmp_path / "state")


@pytest.mark.parametrize("loaded", ["windows", "log"])
def test_a_package_that_dlts_own_way_began_is_finished(second: Second, loaded: str) -> None:
    """As of an earlier version of this project that was killed: its files have been moved, and some
    of them loaded."""
    for file in second.state.rglob(f"new_jobs/{loaded}.*"):
        file.rename(file.parents[1] / "started_jobs" / file.name)
    for file in second.state.rglob("new_jobs/windows.*"):
        if file != max(second.state.rglob("new_jobs/windows.*")):
            file.rename(file.parents[1] / "completed_jobs" / file.name)
    merge_packages(second.pipeline)
    assert second.values == REPLACED
    assert not second.pipeline.has_pending_data


@pytest.mark.parametrize("broken", ["windows", "log"])
def test_what_cannot_be_merged_leaves_every_table_as_it_was_and_is_loaded_later(
    second: Second, broken: str, tmp_path: Path
) -> None:
    held = max(second.state.rglob(f"{broken}.*.parquet"))
    whole = held.rename(tmp_path / "elsewhere")
    held.write_bytes(b"no Parquet")
    with pytest.raises(DatabaseException) as told:
        merge_packages(second.pipeline)
    words, code = explain(told.value)
    assert words.startswith("InvalidInputException: ")
    assert f"loaded into {broken}" in words
    assert code == FAILED
    assert second.values == LOADED
    assert second.loads == 1
    assert second.pipeline.has_pending_data
    whole.replace(held)
    merge_packages(second.pipeline)
    assert second.values == REPLACED
    assert second.loads == 2


@pytest.mark.parametrize("moved", [False, True])
def test_a_run_that_is_killed_after_it_has_loaded_a_package_does_not_load_it_twice(
    second: Second, monkeypatch: pytest.MonkeyPatch, *, moved: bool
) -> None:
    def killed(*_: Any, **__: Any) -> None:
        raise KeyboardInterrupt

    storage = "dlt.common.storages.file_storage.FileStorage"
    with monkeypatch.context() as patched:
        patched.setattr(f"{storage}.{'delete_folder' if moved else 'rename_tree'}", killed)
        with pytest.raises(KeyboardInterrupt):
            merge_packages(second.pipeline)
    assert second.values == REPLACED
    assert second.pipeline.has_pending_data is not moved
    merge_packages(second.pipeline)
    assert second.values == REPLACED
    assert second.loads == 2
    assert not second.pipeline.has_pending_data


def test_a_run_that_is_killed_before_the_pipeline_learned_of_new_tables_loads_them(
    tmp_path: Path,
) -> None:
    state, schemas = tmp_path / "state", tmp_path / "state" / "nights" / "schemas"
    with duckdb.connect(str(tmp_path / "w.duckdb")) as connection:
        pipeline = pipeline_into(connection, state)
        make_package(pipeline, {"windows": [window(1, range(2), "before")]})
        merge_packages(pipeline)
        shutil.copytree(schemas, tmp_path / "known")
        make_package(pipeline, {**AFTER, "items": [[{"id": 1, "value": "new"}]]})
        shutil.rmtree(schemas)
        (tmp_path / "known").rename(schemas)
        merge_packages(pipeline_into(connection, state))
        assert tables_in(connection)["items"] == [(1, "new")]


def test_the_state_comes_along_and_is_there_on_another_machine(second: Second) -> None:
    pipeline = second.pipeline
    with pipeline.managed_state(extract_state=True) as state:
        state["sources"] = {"nights": {"words": "it's {here}; ok"}}
    pipeline.normalize()
    merge_packages(pipeline)
    (second.state / "nights").rename(second.state / "gone")
    elsewhere = pipeline_into(second.connection, second.state)
    elsewhere.sync_destination()
    assert elsewhere.state["sources"] == {"nights": {"words": "it's {here}; ok"}}


def test_a_file_that_nothing_can_load_is_told_and_stays(second: Second) -> None:
    file = max(second.state.rglob("windows.*.parquet"))
    file.rename(file.with_suffix(".jsonl"))
    with pytest.raises(WarehouseError, match="this version cannot"):
        merge_packages(second.pipeline)
    assert second.values == LOADED
    assert second.pipeline.has_pending_data


def test_a_large_package_is_merged_in_little_memory_and_leaves_duckdb_its_own(
    second: Second, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The checks that follow need more than a load that spares it."""
    limits = "select current_setting('memory_limit'), current_setting('threads')"
    meanwhile: list[Any] = []

    def merge(client: Any, *of: Any) -> None:
        meanwhile.extend(client.sql_client.execute_sql(limits))
        merge_one(client, *of)

    merge_one = bulk_merge.merge
    monkeypatch.setattr(bulk_merge, "LARGE_PACKAGE_BYTES", 0)
    monkeypatch.setattr(bulk_merge, "merge", merge)
    merge_packages(second.pipeline)
    ((memory, threads),) = meanwhile
    assert memory.startswith("95.")
    assert threads == 1
    assert second.values == REPLACED
    with duckdb.connect() as fresh:
        expected = fresh.execute(limits).fetchall()
    assert second.connection.execute(limits).fetchall() == expected


def test_every_table_of_the_catalog_is_keyed_by_its_windows() -> None:
    """What is deleted by the window's key alone must hold all that the primary key could match."""
    for report in REPORTS.values():
        for table in report.tables:
            declared: TTableSchema = declaration_of(stored_table(report, table))
            merged = {n for n, c in declared["columns"].items() if c.get("merge_key")}
            assert merged, table.name
            assert merged <= {n for n, c in declared["columns"].items() if c.get("primary_key")}
