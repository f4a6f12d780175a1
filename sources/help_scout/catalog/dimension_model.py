"""What describes a list of the account: one entry is one list endpoint, and one table."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from urllib.parse import urljoin

from .model import INSTANT, TEXT_ID, Column
from .stored_tables import ACCOUNT, StoredTable

DOC_ROOT = "https://developer.helpscout.com/mailbox-api/endpoints/"
_SEEN = (
    Column(name="first_seen_at", unit=INSTANT, description="When a run first listed it"),
    Column(name="last_seen_at", unit=INSTANT, description="When a run last listed it"),
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Dimension:
    """One list endpoint as a table.

    `path` may hold `{parent}`: the list is then requested once for each item of `parent`, whose id
    goes into `parent_column` (the rows themselves do not carry it). `params` are sent with every
    request for it. `items` are the places where the rows may be; "" is a bare array. `inside` names
    a list within each item of the parent dimension, for tables that cost no request of their own.
    `ignored` maps wire fields that are not loaded to the reason. `is_docs` lists come from the Docs
    API, which has a key of its own; `envelope` is where their paging is.
    """

    name: str
    doc: str
    summary: str
    columns: tuple[Column, ...]
    path: str = ""
    params: Mapping[str, str] = field(default_factory=dict)
    items: tuple[str, ...] = ()
    parent: str | None = None
    parent_column: Column | None = None
    inside: str | None = None
    ignored: Mapping[str, str] | None = None
    is_docs: bool = False
    envelope: str = ""

    @property
    def doc_url(self) -> str:
        """The vendor's page."""
        return urljoin(DOC_ROOT, self.doc)

    @property
    def id_column(self) -> Column:
        """The column of the items' own id."""
        return next(column for column in self.columns if column.paths == ("id",))

    @property
    def has_text_ids(self) -> bool:
        """Whether the items' ids are texts rather than numbers."""
        return self.id_column.unit is TEXT_ID

    @property
    def stored_table(self) -> StoredTable:
        """The table with its context columns and key."""
        parent = (self.parent_column,) if self.parent_column else ()
        return StoredTable(
            name=self.name,
            description=self.summary,
            columns=(ACCOUNT, *parent, *self.columns, *_SEEN),
            primary_key=("account", *(c.name for c in parent), self.id_column.name),
        )
