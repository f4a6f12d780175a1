"""The event history in a temporary SQLite database: loading days, deriving state, reading."""

from __future__ import annotations

import sqlite3
import tempfile
import threading
import weakref
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from datetime import date, timedelta
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo

from . import schema
from .company_time import CompanyTime
from .day_history import DayWriter
from .file_lock import SharedLock
from .roster import FIRST_USER, Inbox, Roster, build_roster
from .rows import Rows
from .spec import AccountSpec

EXTRA_DAYS = 24
"""Days before the history whose conversations (13 days) and ratings (10 more) reach into it."""

FACT = "inbox_id, channel, customer_id"
INSERTS = {
    "events": f"event (ts, id, conversation_id, {FACT}, kind, user_id, cell, opening, first_reply,"
    " replies_so_far, seconds, office_seconds, handle_seconds, saved_reply_id, workflow_id)",
    "conversations": f"conversation (conversation_id, {FACT}, created_at, subject, attachments,"
    " option_id, spam_at, first_response, first_response_office)",
    "tags": "tag_event (conversation_id, tag_id, ts)",
    "ratings": f"rating (ts, id, conversation_id, {FACT}, user_id, thread_id, thread_ts, rating,"
    " comment)",
    "chats": f"chat (ts, conversation_id, {FACT}, user_id, missed, messages, wait, wait_office,"
    " response, response_office, duration, duration_office)",
    "visits": "visit (ts, id, site_id, visitor, searched, outcome, views)",
    "views": "article_view (ts, id, site_id, article)",
    "searches": "search (ts, id, site_id, term, results)",
}


class History:
    """What happened in an account, readable by many threads and changed by one at a time.

    A change waits for the reports being computed and keeps new ones out, so that no report
    sees half of it. `version` grows with every change; `until` is the instant lived up to.
    """

    def __init__(self, spec: AccountSpec) -> None:
        self.spec = spec
        self.zone = ZoneInfo(spec.timezone)
        self.roster: Roster = build_roster(spec)
        self.until = int(spec.until.timestamp())
        self.version = 0
        self.added_inboxes: dict[int, int] = {}
        self.dropped_replies: dict[int, int] = {}
        self._lock = SharedLock()
        self._local = threading.local()
        self._readers: list[sqlite3.Connection] = []
        with tempfile.NamedTemporaryFile(
            suffix=".sqlite", prefix="help-scout-sandbox-", delete=False
        ) as file:
            self._path = Path(file.name)
        # a sandbox that nobody closed still takes its database with it when the process ends
        weakref.finalize(self, self._path.unlink, missing_ok=True)
        self._writer = self._connect()
        self.execute = self._writer.execute
        last_day = spec.until.astimezone(self.zone).date()
        first_day = last_day - timedelta(days=spec.days + EXTRA_DAYS)
        self.time = CompanyTime(self.zone, first_day)
        self.generated_through = first_day - timedelta(days=1)
        self._load(last_day)

    def query(self, sql: str, params: Sequence[Any] | dict[str, Any] = ()) -> list[tuple[Any, ...]]:
        """The rows of a read-only query over the event history (the tables are in `schema`)."""
        return self._reader().execute(sql, params).fetchall()

    @contextmanager
    def reading(self) -> Iterator[None]:
        """Keeps changes out while a report is computed from several queries."""
        with self._lock.shared():
            reader = self._reader()
            reader.execute("BEGIN")
            try:
                yield
            finally:
                reader.execute("COMMIT")

    @contextmanager
    def changing(self, conversation_id: int | None = None) -> Iterator[None]:
        """Keeps readers out during a change, and derives the state of what it touched."""
        with self._lock.exclusive(), self._writer:
            self.execute("BEGIN")
            if conversation_id is not None:
                added = self.execute(
                    "INSERT INTO stale SELECT conversation_id FROM conversation"
                    " WHERE conversation_id = ? AND created_at <= ?",
                    (conversation_id, self.until),
                )
                if not added.rowcount:
                    raise KeyError(f"no conversation has the id {conversation_id}")
            yield
            self._derive()
            self.version += 1

    def close(self) -> None:
        """Closes all connections and deletes the temporary database."""
        with self._lock.exclusive():
            for connection in (*self._readers, self._writer):
                connection.close()
            self._path.unlink(missing_ok=True)

    def generate_through(self, last_day: date) -> None:
        """Writes the days that are not there yet, up to `last_day`."""
        rows = Rows()
        writer = DayWriter(self.spec, self.roster, self.time, rows)
        while self.generated_through < last_day:
            day = self.generated_through = self.generated_through + timedelta(days=1)
            self.time.cover(day + timedelta(days=40))
            writer.write(day)
            for place, (inbox_id, since) in enumerate(self.added_inboxes.items()):
                inbox = next(inbox for inbox in self.roster.inboxes if inbox.id == inbox_id)
                writer.write_inbox(day, inbox, place, since)
        self._insert(rows)

    def add_inbox(self, inbox: Inbox) -> None:
        """Lets conversations arrive in a new inbox from now on, today's remainder included."""
        place = len(self.added_inboxes)
        self.added_inboxes[inbox.id] = self.until
        self.roster.inboxes.append(inbox)
        self._add_options()
        rows = Rows()
        writer = DayWriter(self.spec, self.roster, self.time, rows)
        writer.write_inbox(self.generated_through, inbox, place, self.until)
        self._insert(rows)

    def drop_replies(self) -> None:
        """Takes the saved replies that are no longer used out of the events since then."""
        for dropped in self.dropped_replies.items():
            self.execute(
                "UPDATE event SET saved_reply_id = NULL WHERE saved_reply_id = ? AND ts >= ?",
                dropped,
            )

    def _load(self, last_day: date) -> None:
        self._writer.executescript(schema.TABLES)
        with self._writer:
            self.execute("BEGIN")
            self._add_options()
            self.generate_through(last_day)
            for statement in schema.INDEXES.split(";"):
                self.execute(statement)
            self.execute("INSERT INTO stale SELECT conversation_id FROM conversation")
            self._derive()
        self.execute("ANALYZE")

    def _derive(self) -> None:
        params = {"until": self.until, "owner": FIRST_USER}
        for statement in schema.DERIVE:
            self.execute(statement, params)

    def _insert(self, rows: Rows) -> None:
        for table, target in INSERTS.items():
            values = ", ".join("?" * (target.count(",") + 1))
            # in the order of the tables' keys, so that every page is written once
            ordered = sorted(getattr(rows, table), key=lambda row: row[:2])
            self._writer.executemany(f"INSERT INTO {target} VALUES ({values})", ordered)
        self.drop_replies()

    def _add_options(self) -> None:
        options = [(o.id, box.field_id) for box in self.roster.inboxes for o in box.options]
        self._writer.executemany("INSERT OR IGNORE INTO option VALUES (?, ?)", options)

    def _reader(self) -> sqlite3.Connection:
        connection: sqlite3.Connection | None = getattr(self._local, "connection", None)
        if connection is None:
            connection = self._connect()
            connection.execute("PRAGMA query_only = 1")
            self._local.connection = connection
            self._readers.append(connection)
        return connection

    def _connect(self) -> sqlite3.Connection:
        connection = sqlite3.connect(
            self._path, isolation_level=None, check_same_thread=False, cached_statements=512
        )
        # nothing here outlives the process, so no write needs to be safe on disk
        for pragma in ("journal_mode=MEMORY", "synchronous=OFF", "temp_store=MEMORY"):
            connection.execute(f"PRAGMA {pragma}")
        connection.execute("PRAGMA mmap_size=1073741824")
        connection.execute("PRAGMA cache_size=-65536")
        return connection
