"""dlt's DuckLake destination, but that rows are written once."""

from __future__ import annotations

from dlt.common.destination import DestinationCapabilitiesContext
from dlt.destinations import ducklake
from dlt.destinations.impl.ducklake.ducklake import DuckLakeClient

from .duckdb_destination import MergesFiles, with_references


class LakeClient(MergesFiles, DuckLakeClient):
    """dlt's client of a DuckLake; a table's files are merged by one snapshot."""


class LakeDestination(ducklake):
    """dlt's DuckLake destination with our client."""

    def _raw_capabilities(self) -> DestinationCapabilitiesContext:
        return with_references(super()._raw_capabilities())

    @property
    def client_class(self) -> type[DuckLakeClient]:
        """The client that merges files."""
        return LakeClient
