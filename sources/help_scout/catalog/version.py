"""The version of the catalog, kept with what was loaded by it."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from ..errors import ConfigurationError

CATALOG_VERSION = 2
"""To be raised with every change of tables, columns, types or keys; a test asks for it."""
ANEW = "load everything anew with: help-scout rebuild"


def check_catalog(state: Mapping[str, Any]) -> None:
    """ConfigurationError when the source's state tells of a newer catalog: we would leave its
    columns empty."""
    stored = state.get("catalog_version", CATALOG_VERSION)
    if stored > CATALOG_VERSION:
        raise ConfigurationError(
            f"this warehouse was written by a newer help-scout (catalog {stored}, this one has "
            f"{CATALOG_VERSION}): install that one, or {ANEW}"
        )
