"""Personal data: kept, hashed or dropped before anything is written; forgotten customers stay out.

The catalog marks the columns that hold names, addresses, subjects, previews, search terms and
comments. Hashes are keyed, so that they still join but cannot be guessed. Of fields that the
catalog does not know, texts count as personal. Pure: the key and whom to forget are given.
"""

from __future__ import annotations

import hashlib
import hmac
import re
from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from ..catalog.dimensions import DIMENSIONS
from ..catalog.model import OCCURRENCE, Column, Report, Table
from ..catalog.reports import REPORTS
from ..errors import ConfigurationError
from .coerce import Row, TableRows

MODES = ("keep", "hash", "drop")
HASHED = "hash:"
REMOVED = "removed"
UNKNOWN = "unknown"
LEAST_KEY_CHARACTERS = 16
CUSTOMERS_OF = "_customers"
_IS_HASHED = re.compile(f'"?({HASHED}[0-9a-f]{{32}})"?')


def personal_columns() -> Iterator[tuple[str, Column, bool]]:
    """Every column that is marked personal: its table, itself, whether it tells rows apart."""
    for report in REPORTS.values():
        for table in report.tables:
            for column in table.columns:
                if column.personal:
                    yield table.name, column, column.name in table.key
    for dimension in DIMENSIONS.values():
        for column in dimension.columns:
            if column.personal:
                yield dimension.name, column, False


@dataclass(frozen=True, slots=True)
class Forgotten:
    """A forgotten customer: the keyed hash of an id or address, and a print of the key."""

    customer_hash: str
    key_print: str | None


class Privacy:
    """What becomes of personal data.

    `mode` is for all personal columns, `columns` for some of them: by name (`user_name`), or of one
    table (`users.email`); `unknown` are texts that the catalog does not know. `key` keys hashes;
    `forgotten` are customers by `customer_hash`. ConfigurationError for what cannot be.
    """

    def __init__(
        self,
        mode: str = "keep",
        columns: Mapping[str, str] | None = None,
        key: str | None = None,
        forgotten: Collection[str] = (),
    ) -> None:
        self._mode = mode
        self._columns = columns or {}
        self._key = (key or "").encode()
        self._forgotten = frozenset(forgotten)
        names = {
            name for table, c, _ in personal_columns() for name in (c.name, f"{table}.{c.name}")
        }
        for option, chosen in (("privacy", mode), *self._columns.items()):
            if option not in {"privacy", UNKNOWN, *names}:
                raise ConfigurationError(
                    f"privacy_columns: {option!r} is no personal column; the table dictionary "
                    "marks them, write user_name or users.email"
                )
            if chosen not in MODES:
                raise ConfigurationError(f"{option}={chosen!r}: expected one of {', '.join(MODES)}")
        if "hash" in {mode, *self._columns.values()}:
            self._require_key("privacy = 'hash'")
        if self._key and len(self._key) < LEAST_KEY_CHARACTERS:
            raise ConfigurationError(
                f"privacy_key is too short: {LEAST_KEY_CHARACTERS} characters at least, random ones"
            )

    def _require_key(self, what: str) -> None:
        if not self._key:
            raise ConfigurationError(
                f"{what} needs privacy_key, a secret of random characters: set "
                "SOURCES__HELP_SCOUT__PRIVACY_KEY, or write it into .dlt/secrets.toml"
            )

    @property
    def changes_nothing(self) -> bool:
        """Whether all rows stay as they are."""
        return self._mode == "keep" and not self._columns and not self._forgotten

    @property
    def forgets(self) -> bool:
        """Whether anybody was forgotten."""
        return bool(self._forgotten)

    @property
    def key_print(self) -> str | None:
        """What tells this key from another one, without giving it away; None without one."""
        return self.hash_of("the key's own print")[-12:] if self._key else None

    def mode_of(self, table: str, column: str) -> str:
        """What becomes of a personal column, or of a text that the catalog does not know."""
        own = self._columns.get(f"{table}.{column}", self._columns.get(column))
        return own or self._mode

    def modes(self) -> dict[str, str]:
        """What becomes of each personal column, by `table.column`, and of unknown texts."""
        modes = {f"{t}.{c.name}": self.mode_of(t, c.name) for t, c, _ in personal_columns()}
        return {**modes, UNKNOWN: self.mode_of(UNKNOWN, UNKNOWN)}

    def hash_of(self, text: str) -> str:
        """The keyed hash of a text."""
        digest = hmac.new(self._key, text.encode(), hashlib.sha256).hexdigest()
        return HASHED + digest[:32]

    def hash_in(self, column: str, value: Any) -> str:
        """The keyed hash of a column's value: that of an address however it is written; what is a
        hash already, as bodies of the archive have it, stays."""
        text = str(value)
        if (hashed := _IS_HASHED.fullmatch(text)) is not None:
            return hashed[1]
        return self.hash_of(text.lower() if column.endswith("email") else text)

    def customer_hash(self, customer: str | int) -> str:
        """How a customer, by id or e-mail address, stands on the list of those forgotten."""
        self._require_key("forgetting a customer")
        return self.hash_of(f"customer {str(customer).strip().lower()}")

    def is_forgotten(self, *customers: str | int | None) -> bool:
        """Whether any of these ids and e-mail addresses is a forgotten customer's."""
        if not self._forgotten:
            return False
        return any(
            c is not None and (c in self._forgotten or self.customer_hash(c) in self._forgotten)
            for c in customers
        )

    def with_forgotten(self, forgotten: Collection[Forgotten]) -> Privacy:
        """The same with these customers forgotten too; ConfigurationError without the key that
        they were hashed with: they could not be recognized."""
        if forgotten:
            self._require_key(f"{len(forgotten)} customers were forgotten: recognizing them")
        if {one.key_print for one in forgotten} - {self.key_print}:
            raise ConfigurationError(
                "customers were forgotten with another privacy_key, and cannot be recognized with "
                "this one: set that one"
            )
        hashes = self._forgotten | {one.customer_hash for one in forgotten}
        return Privacy(self._mode, self._columns, self._key.decode() or None, hashes)

    def protect_report(self, report: Report, block: TableRows) -> TableRows:
        """The rows of a window's tables as they may be stored.

        Where somebody was forgotten, conversations of which nothing tells whose they are count as
        theirs: some reports name a customer without an id or an address.
        """
        if self.changes_nothing:
            return block
        tables = {table.name: table for table in report.tables}
        customers = _customers_by_conversation(tables, block)
        about = {c for c, found in customers.items() if self.is_forgotten(*found)}
        return {
            name: list(self._protect(tables[name], rows, about, set(customers)))
            for name, rows in block.items()
        }

    def protect_list(self, name: str, columns: Iterable[Column], rows: list[Row]) -> list[Row]:
        """The rows of a list as they may be stored."""
        if self.changes_nothing:
            return rows
        known = {column.name: column for column in columns}
        return [self._row(name, known, row, forgotten=False) for row in rows]

    def protect_unknown(self, values: str) -> str | None:
        """Values that no column holds, as JSON."""
        mode = self.mode_of(UNKNOWN, UNKNOWN)
        return values if mode == "keep" else self.hash_of(values) if mode == "hash" else None

    def _protect(
        self, table: Table, rows: Sequence[Row], about: set[int | None], named: set[int | None]
    ) -> Iterator[Row]:
        known = {column.name: column for column in table.columns}
        for number, row in enumerate(rows, start=1):
            forgotten = self.is_forgotten(row.get("customer_id"), row.get("customer_email"))
            forgotten = forgotten or row.get("conversation_id") in about
            if self._forgotten and "customer_email" in known:
                conversation = row.get("conversation_id")
                nobodys = row.get("customer_email") is None and conversation not in named
                forgotten = forgotten or nobodys
            protected = self._row(table.name, known, row, forgotten=forgotten)
            for name in table.key:  # what tells rows apart cannot be missing
                if known[name].personal and protected.get(name) is None and row.get(name):
                    protected[name] = f"{REMOVED} {number}"
            yield protected

    def _row(self, table: str, known: Mapping[str, Column], row: Row, *, forgotten: bool) -> Row:
        protected = dict(row)
        for name, value in row.items():
            column = known.get(name)
            is_own = name == OCCURRENCE or (column is not None and not column.personal)
            if value is None or is_own:
                continue
            if forgotten:
                protected[name] = None
            elif column is not None or isinstance(value, str):
                mode = self.mode_of(table, name if column is not None else UNKNOWN)
                protected[name] = self._value(mode, name, value)
        return protected

    def _value(self, mode: str, column: str, value: Any) -> Any:
        if mode == "keep":
            return value
        return self.hash_in(column, value) if mode == "hash" else None


def _customers_by_conversation(
    tables: Mapping[str, Table], block: TableRows
) -> dict[int | None, set[int]]:
    """The customers of each conversation, as the lists of customers have them."""
    found: dict[int | None, set[int]] = {}
    for name, rows in block.items():
        if name.endswith(CUSTOMERS_OF) and tables[name].has_column("conversation_id"):
            for row in rows:
                customer = row.get("customer_id")
                if customer is not None:
                    found.setdefault(row.get("conversation_id"), set()).add(customer)
    return found
