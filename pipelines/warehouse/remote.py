"""Warehouses that are no file of ours: a server, a lake, a folder of files."""

from __future__ import annotations

import hashlib
import re
from dataclasses import dataclass
from pathlib import Path

from ..settings.constants import DATA_FOLDER
from .base import KINDS, DestinationSpec


@dataclass(frozen=True, slots=True)
class RemoteWarehouse:
    """An account's warehouse at a destination, by its name in `kinds`."""

    destination: str
    account: str
    folder: Path = Path(DATA_FOLDER)
    """Where the working states of dlt are kept: nothing that the destination does not hold, but for
    a load that was interrupted."""

    def __str__(self) -> str:
        return self.destination

    @property
    def kind(self) -> DestinationSpec:
        """What is known of the destination."""
        return KINDS[self.destination]

    @property
    def slug(self) -> str:
        """The account's name as it can be part of an identifier."""
        slug = re.sub(r"\W", "_", self.account.lower(), flags=re.ASCII)
        if slug == self.account:
            return slug
        return f"{slug}_{hashlib.sha256(self.account.encode()).hexdigest()[:6]}"
