"""Where an account is loaded: a DuckDB file, by its path, or a destination that dlt knows."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TypeAlias

from dlt.pipeline.pipeline import Pipeline

from ..settings.constants import DATASET
from ..settings.errors import NothingLoaded
from .connect import check_hosted, open_hosted
from .duckdb import check_accounts, check_path, connect, loaded_accounts, open_file
from .remote import RemoteWarehouse

Warehouse: TypeAlias = Path | RemoteWarehouse


@contextmanager
def open_pipeline(warehouse: Warehouse, account: str | None = None) -> Iterator[Pipeline]:
    """The dlt pipeline that loads into the warehouse; WarehouseError when it cannot be used, or
    cannot take the account's rows."""
    opened = (
        open_hosted(warehouse)
        if isinstance(warehouse, RemoteWarehouse)
        else open_file(warehouse, account)
    )
    with opened as pipeline:
        yield pipeline


def check_warehouse(warehouse: Warehouse) -> None:
    """Returns when the warehouse is there or can be made, as far as this machine can tell;
    PipelineError says why not."""
    if isinstance(warehouse, RemoteWarehouse):
        check_hosted(warehouse)
    else:
        check_path(warehouse)


def place_of(warehouse: Warehouse) -> str:
    """Where the tables are, in words."""
    if isinstance(warehouse, RemoteWarehouse) and warehouse.kind.type == "filesystem":
        from .file_views import folder_of, readers_file  # noqa: PLC0415  only where there are files

        return (
            f"{warehouse}, {folder_of(warehouse)}, dataset {DATASET}; "
            f"readers open {readers_file(warehouse)}"
        )
    return f"{warehouse}, dataset {DATASET}"


def is_there(warehouse: Warehouse) -> bool:
    """Whether there is something to look into: a destination is asked when it is opened."""
    return isinstance(warehouse, RemoteWarehouse) or warehouse.exists()


def require_loaded(warehouse: Warehouse) -> None:
    """Returns when the file holds a load; NothingLoaded says why not. What a destination holds
    shows when it is opened."""
    if isinstance(warehouse, RemoteWarehouse):
        return
    if not warehouse.exists():
        raise NothingLoaded(f"{warehouse} does not exist: nothing was loaded yet")
    if not _accounts_in(warehouse):
        raise NothingLoaded(f"{warehouse} holds no load yet: nothing was loaded")


def sole_account(warehouse: Warehouse) -> str | None:
    """The account that is meant: a destination's own, or the one that the file holds; None when
    there is no file, or not one account in it."""
    if isinstance(warehouse, RemoteWarehouse):
        return warehouse.account
    accounts = _accounts_in(warehouse) if warehouse.exists() else set()
    return accounts.pop() if len(accounts) == 1 else None


def check_account(warehouse: Warehouse, account: str) -> None:
    """Refuses to mix the demo's invented numbers with an account's real ones."""
    if not isinstance(warehouse, RemoteWarehouse):
        check_accounts(warehouse, _accounts_in(warehouse), account)


def _accounts_in(path: Path) -> set[str]:
    connection = connect(path)
    try:
        return loaded_accounts(connection)
    finally:
        connection.close()
