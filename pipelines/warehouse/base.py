"""Destinations: where an account's tables are, and all that differs from one kind to another.

A destination is a subclass in a module of its own, named in `open.DESTINATIONS`. No other module
asks which one it has: it calls what it needs of `Destination`. The defaults are those of DuckDB's
SQL, which all but PostgreSQL speak.
"""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Callable, Iterator, Sequence
from contextlib import AbstractContextManager, contextmanager
from pathlib import Path
from typing import Any, ClassVar, Literal
from weakref import WeakKeyDictionary

from dlt.destinations.exceptions import DatabaseUndefinedRelation
from dlt.destinations.sql_client import SqlClientBase
from dlt.pipeline.pipeline import Pipeline

from sources.help_scout.catalog.stored_tables import Storage

from ..settings.constants import DATASET
from .sql import sql_client

OBJECTS = """
    select schema_name, table_name, null, 'table', '', comment from duckdb_tables()
    where database_name = current_database() and schema_name in ({schemas})
    union all
    select schema_name, view_name, null, 'view', '', comment from duckdb_views()
    where database_name = current_database() and schema_name in ({schemas})
    union all
    select schema_name, table_name, column_name, 'column', data_type, comment
    from duckdb_columns()
    where database_name = current_database() and schema_name in ({schemas})"""


class Destination(ABC):
    """An account's tables at a destination, loaded by one process at a time."""

    name: ClassVar[str]
    """As `--destination` and dlt's configuration have it."""
    file_format: ClassVar[Literal["parquet", "insert_values"]] = "parquet"
    """The format of load packages."""
    storage: ClassVar[Storage] = Storage(ledgers="after")
    """How tables are kept: whether a window that is read again is replaced."""
    shares_tables: ClassVar[bool] = True
    """Whether the tables hold the rows of several accounts."""
    loads_in_parallel: ClassVar[bool] = True
    """Whether several accounts can be loaded at once."""
    forgets_comments: ClassVar[bool] = True
    """Whether a view that is replaced loses its comments."""
    comments_on_view_columns: ClassVar[bool] = True
    """Whether the columns of views can have comments."""
    objects_query: ClassVar[str] = OBJECTS
    """Gives every table, view and column of `{schemas}`: schema, name, column (null for the table
    itself), what it is, the column's type, its comment."""

    takes_file: ClassVar[bool] = False
    """Whether `--warehouse` says where it is."""

    @classmethod
    @abstractmethod
    def at(
        cls, account: str | None, file: Path | None, configured_account: Callable[[], str]
    ) -> Destination:
        """Where the account's tables are: of the configured one, if none is named; in the file, if
        one is named. UsageError when it is no file."""

    @property
    def file(self) -> Path | None:
        """The DuckDB file that can be rewritten and published, if the tables are in one."""
        return None

    @abstractmethod
    def open(self, account: str | None = None) -> AbstractContextManager[Pipeline]:
        """The dlt pipeline that loads into it; PipelineError when it cannot be used, or cannot take
        the account's rows."""

    @abstractmethod
    def check_config(self) -> None:
        """Returns when it is there or can be made, as far as this machine can tell; PipelineError
        says why not."""

    @abstractmethod
    def examine(self, account: str) -> tuple[bool, str]:
        """Whether the account can be loaded without worries, and what was found; PipelineError or
        dlt's exception when it cannot be loaded."""

    @abstractmethod
    def sole_account(self) -> str | None:
        """The account that is meant when none is named, if that is known."""

    def describe(self) -> str:
        """Where the tables are, in words."""
        return f"{self}, dataset {DATASET}"

    def exists(self) -> bool:
        """Whether there is something to look into, as far as is known before it is opened."""
        return True

    def require_loaded(self) -> None:  # noqa: B027  nothing is known before it is opened
        """Returns when it holds a load, as far as is known before it is opened; NothingLoaded says
        why not."""

    def check_account(self, account: str) -> None:  # noqa: B027
        """Refuses to mix the demo's invented numbers with an account's real ones."""

    def check_readers(self, pipeline: Pipeline) -> None:  # noqa: B027
        """UsageError when a load would turn readers to other numbers in silence."""

    @contextmanager
    def lock_schema(self, pipeline: Pipeline) -> Iterator[None]:  # noqa: ARG002
        """Keeps loads of other accounts from making tables and views meanwhile: of two who make the
        same at once, a server lets one fail. Not to be nested."""
        yield

    def make_tables(self, pipeline: Pipeline) -> None:  # noqa: B027  dlt does, where nobody else is
        """Makes tables and columns that are new in the pipeline's packages."""

    def load(self, pipeline: Pipeline) -> None:
        """Loads the pipeline's normalized packages."""
        pipeline.load()

    def after_load(self, pipeline: Pipeline) -> None:  # noqa: B027
        """Has SQL see what was loaded."""

    def has_package(self, pipeline: Pipeline, load_id: str, *, was_dropped: bool) -> bool:  # noqa: ARG002
        """Whether a package was loaded; `was_dropped` says whether any was dropped."""
        try:
            with sql_client(pipeline) as client:
                found = client.execute_sql(
                    "select 1 from _dlt_loads where load_id = %s and status = 0", load_id
                )
        except DatabaseUndefinedRelation:
            return False
        return bool(found)

    def translate(self, sql: str) -> str:
        """DuckDB's SQL in the destination's own."""
        return sql

    def temporary(self, *, stands_before_view: bool) -> tuple[str, str]:  # noqa: ARG002
        """What can stand before a table or view of the same name for one connection: a temporary
        view or table, and the schema that it is in."""
        return "view", "temp"

    def make_views(self, client: SqlClientBase[Any], statements: Sequence[str]) -> None:
        """Runs `create or replace view` statements as one transaction: quicker by half, and nobody
        finds half of them."""
        with client.begin_transaction():
            client.execute_many(statements)


_DESTINATIONS: WeakKeyDictionary[Pipeline, Destination] = WeakKeyDictionary()


def register_destination(pipeline: Pipeline, destination: Destination) -> None:
    """Has `destination_of` give this destination for the pipeline."""
    _DESTINATIONS[pipeline] = destination


def destination_of(pipeline: Pipeline) -> Destination:
    """The destination that was opened as this pipeline."""
    return _DESTINATIONS[pipeline]


def exclusively(pipeline: Pipeline) -> AbstractContextManager[None]:
    """Keeps loads of other accounts from making tables and views meanwhile. Not to be nested."""
    return destination_of(pipeline).lock_schema(pipeline)
