"""Who may load at a destination: an account is loaded by one process at a time, and tables are made
by one account at a time."""

from __future__ import annotations

import fcntl
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any
from weakref import WeakKeyDictionary

from dlt.destinations.exceptions import DatabaseException
from dlt.destinations.sql_client import SqlClientBase
from dlt.pipeline.pipeline import Pipeline

from ..settings.constants import DATASET
from ..settings.errors import DestinationDown, WarehouseError
from .base import kind_of
from .remote import RemoteWarehouse

MAKING = "making.lock"

_HOLDERS: WeakKeyDictionary[Pipeline, SqlClientBase[Any]] = WeakKeyDictionary()
"""The clients whose connections hold an account's lock in PostgreSQL."""


@contextmanager
def locked(path: Path, warehouse: RemoteWarehouse, *, waits: bool = False) -> Iterator[None]:
    """Keeps other processes of this machine from the same; WarehouseError when one is at it."""
    with path.open("a") as file:
        try:
            fcntl.flock(file, fcntl.LOCK_EX | (0 if waits else fcntl.LOCK_NB))
        except OSError as error:
            raise _in_use(warehouse) from error
        yield


@contextmanager
def locked_in_postgres(pipeline: Pipeline, warehouse: RemoteWarehouse) -> Iterator[None]:
    """Keeps other machines from the account, until the connection ends."""
    name = f"{DATASET}/{warehouse.account}"
    with pipeline.sql_client() as holder:
        got = holder.execute_sql("select pg_try_advisory_lock(hashtextextended(%s, 0))", name)
        if got != [(True,)]:
            raise _in_use(warehouse)
        _HOLDERS[pipeline] = holder
        yield


def check_lock(pipeline: Pipeline) -> None:
    """Returns while the account is still this process's alone; raises when its lock went with the
    connection."""
    holder = _HOLDERS.get(pipeline)
    if holder is None:
        return
    try:
        holder.execute_sql("select 1")
    except DatabaseException as error:
        raise DestinationDown(
            "the connection that kept other machines from this account has ended: load again, "
            "what was read so far is loaded"
        ) from error


@contextmanager
def making(folder: Path) -> Iterator[None]:
    """Waits until no other process of this machine makes tables or views at the destination whose
    working folder this is, and keeps them from it meanwhile."""
    with (folder / MAKING).open("a") as file:
        fcntl.flock(file, fcntl.LOCK_EX)
        yield


@contextmanager
def exclusively(pipeline: Pipeline) -> Iterator[None]:
    """Keeps loads of other accounts from making tables and views meanwhile: of two who make the
    same at once, a server lets one fail. Not to be nested."""
    kind = kind_of(pipeline)
    if kind is None:
        yield
        return
    with making(Path(pipeline.pipelines_dir)):
        if kind.type != "postgres":
            yield
            return
        with pipeline.sql_client() as holder:  # other machines too, until the connection ends
            holder.execute_sql("select pg_advisory_lock(hashtextextended(%s, 0))", DATASET)
            yield


def _in_use(warehouse: RemoteWarehouse) -> WarehouseError:
    whose = f"account {warehouse.account} in " if warehouse.kind.is_shared else ""
    return WarehouseError(
        f"{whose}{warehouse.destination} is being loaded by another process: wait for it to end"
    )
