"""A warehouse that another version of the catalog made: migrated, or refused with the reason.

What is new in a catalog is added to the tables. What has become something else, another type or
another key, cannot be told apart in rows that stand there already: such a warehouse is refused
before anything is asked of it, and so is one that a newer version has written.
"""

from __future__ import annotations

import logging
from collections.abc import Iterable, Mapping
from typing import Any

import dlt

from ..catalog.stored_tables import StoredTable
from ..catalog.version import ANEW
from ..errors import ConfigurationError

log = logging.getLogger(__name__)


def check_stored(tables: Iterable[StoredTable]) -> None:
    """Compares the tables with dlt's schema of those that are loaded, whose missing columns are
    going to be added. ConfigurationError when one cannot take this version's rows."""
    stored = dlt.current.source_schema().tables
    for table in tables:
        if columns := stored.get(table.name, {}).get("columns"):
            _check_columns(table, columns)


def _check_columns(table: StoredTable, columns: Mapping[str, Any]) -> None:
    for column in table.columns:
        known, wanted = columns.get(column.name, {}), column.unit.type.stored
        if known.get("data_type", wanted) != wanted:
            raise ConfigurationError(
                f"{table.name}.{column.name} is {known['data_type']} in this warehouse and "
                f"{wanted} in this version of help-scout: {ANEW}"
            )
    key = {name for name, column in columns.items() if column.get("primary_key")}
    if key != set(table.primary_key):
        raise ConfigurationError(
            f"the key of {table.name} is ({', '.join(sorted(key))}) in this warehouse and "
            f"({', '.join(sorted(table.primary_key))}) in this version of help-scout: {ANEW}"
        )
    new = [column.name for column in table.columns if column.name not in columns]
    if new:
        log.warning(
            "%s: new in this version of help-scout: %s. Windows that are not read again have "
            "nothing there; help-scout rebuild fills them",
            table.name,
            ", ".join(new),
        )
