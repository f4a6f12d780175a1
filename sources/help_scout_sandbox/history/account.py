"""The simulated account: its history, and the changes that can be made to it while it lives."""

from __future__ import annotations

from collections.abc import Sequence
from contextlib import AbstractContextManager
from datetime import date, datetime
from typing import Any, Literal
from zoneinfo import ZoneInfo

from . import schema
from .generator import FACT, History
from .roster import Roster, User, build_inbox, iso
from .spec import AccountSpec

RatingName = Literal["great", "okay", "not_good"]
RATING_IDS: dict[RatingName, int] = {"great": 1, "okay": 2, "not_good": 3}
MOST_ADDED_INBOXES = 10


class Account:
    """An account whose history can be read by SQL and changed; every report follows at once."""

    def __init__(self, spec: AccountSpec) -> None:
        self.spec = spec
        self._history = History(spec)
        self._lifetimes: dict[tuple[int, ...], int] = {}
        self._lifetimes_version = 0

    @property
    def until(self) -> int:
        """The instant up to which the account has lived, in epoch seconds."""
        return self._history.until

    @property
    def version(self) -> int:
        """A number that grows with every change."""
        return self._history.version

    @property
    def roster(self) -> Roster:
        """Who and what the account has."""
        return self._history.roster

    @property
    def zone(self) -> ZoneInfo:
        """The company's time zone."""
        return self._history.zone

    def query(self, sql: str, params: Sequence[Any] | dict[str, Any] = ()) -> list[tuple[Any, ...]]:
        """The rows of a read-only query over the event history (the tables are in `schema`)."""
        return self._history.query(sql, params)

    def reading(self) -> AbstractContextManager[None]:
        """Keeps changes out while a report is computed from several queries."""
        return self._history.reading()

    def close(self) -> None:
        """Closes all connections and deletes the temporary database."""
        self._history.close()

    def customers_ever_helped(self, members: tuple[int, ...]) -> int:
        """How many customers these users have replied to so far: a lifetime figure."""
        if self._lifetimes_version != self.version:
            self._lifetimes, self._lifetimes_version = {}, self.version
        if members not in self._lifetimes:
            users = ", ".join(map(str, members))
            self._lifetimes[members] = self.query(
                "SELECT COUNT(DISTINCT customer_id) FROM event WHERE kind = 2 AND hidden = 0"
                f" AND ts <= ? AND user_id IN ({users})",
                (self.until,),
            )[0][0]
        return self._lifetimes[members]

    def advance(self, until: datetime) -> None:
        """Lets time pass up to `until`: what happens until then becomes visible."""
        instant = int(until.timestamp())
        if instant < self.until:
            raise ValueError(f"time runs forward: the account has lived up to {iso(self.until)}")
        with self._history.changing():
            since, self._history.until = self.until, instant
            self._history.generate_through(until.astimezone(self.zone).date())
            span = {"since": since, "until": instant}
            self._history.execute(schema.STALE_AFTER_ADVANCE, span)

    def mark_spam(self, conversation_id: int) -> None:
        """Moves a conversation to spam: it leaves every report, past ones too."""
        self._change("spam_at = :until", conversation_id)

    def delete_conversation(self, conversation_id: int) -> None:
        """Deletes a conversation: it leaves every report, past ones too."""
        self._change("deleted = 1", conversation_id)

    def touch(self, conversation_id: int) -> None:
        """Makes a conversation the most recently modified one, without any activity in it."""
        latest = "(SELECT MAX(c.modified_at) FROM conversation c) + 1"
        self._change(f"touched_at = MAX({latest}, :until)", conversation_id)

    def rate(self, conversation_id: int, rating: RatingName, at: datetime) -> None:
        """Adds a rating of the latest reply of a conversation, created at `at`."""
        with self._history.changing(conversation_id):
            reply = self._history.execute(
                "SELECT user_id, id, ts FROM event WHERE conversation_id = ? AND kind = 2"
                " AND ts <= ? ORDER BY id DESC LIMIT 1",
                (conversation_id, self.until),
            ).fetchone()
            if reply is None:
                raise ValueError(f"conversation {conversation_id} has no reply to rate")
            # several ratings of a conversation need ids of their own: years of them fit below
            rating_id = conversation_id * 1_000 + self.version % 1_000
            self._history.execute(
                f"INSERT INTO rating (ts, id, conversation_id, {FACT}, user_id, thread_id,"
                f" thread_ts, rating) SELECT ?, ?, conversation_id, {FACT}, ?, ?, ?, ?"
                " FROM conversation WHERE conversation_id = ?",
                (int(at.timestamp()), rating_id, *reply, RATING_IDS[rating], conversation_id),
            )

    def retag(self, conversation_id: int, tag_ids: Sequence[int]) -> None:
        """Replaces the tags of a conversation."""
        known = {tag.id for tag in self.roster.tags}
        if unknown := set(tag_ids) - known:
            raise ValueError(f"no such tags: {sorted(unknown)}")
        with self._history.changing(conversation_id):
            execute = self._history.execute
            execute("DELETE FROM tag_event WHERE conversation_id = ?", (conversation_id,))
            for tag_id in set(tag_ids):
                row = (conversation_id, tag_id, self.until)
                execute("INSERT INTO tag_event VALUES (?, ?, ?)", row)

    def user_leaves(self, user_id: int) -> None:
        """Takes a user off the lists from now on; what they did stays in the reports."""
        with self._history.changing():
            self.roster.remove_user(user_id, datetime.fromtimestamp(self.until, self.zone))
            successor = self.roster.on_duty(user_id, self.until + 1, 0)
            for table in ("event", "chat"):
                self._history.execute(
                    f"UPDATE {table} SET user_id = ? WHERE user_id = ? AND ts > ?",
                    (successor, user_id, self.until),
                )

    def add_user(self, name: str) -> int:
        """Adds a user who takes part from the next day on; the new user's id comes back."""
        with self._history.changing():
            now = datetime.fromtimestamp(self.until, self.zone)
            return self.roster.add_user(name, now).id

    def add_inbox(self, name: str) -> int:
        """Adds an inbox where conversations arrive from now on; its id comes back."""
        with self._history.changing():
            if len(self._history.added_inboxes) == MOST_ADDED_INBOXES:
                raise ValueError("ten inboxes were added already: no conversation ids are left")
            inbox = build_inbox(len(self.roster.inboxes), name, iso(self.until))
            self._history.add_inbox(inbox)
            return inbox.id

    def empty_day(self, day: date) -> None:
        """Moves every conversation that was touched on a local day to spam."""
        start, end = self._history.time.day_bounds(day)
        with self._history.changing():
            span = {"start": start, "end": end, "until": self.until}
            touched = (
                "SELECT DISTINCT conversation_id FROM event"
                " WHERE ts >= :start AND ts < :end AND ts <= :until"
            )
            self._history.execute(f"INSERT OR IGNORE INTO stale {touched}", span)
            self._history.execute(
                "UPDATE conversation SET spam_at = :until WHERE (spam_at IS NULL OR"
                " spam_at > :until) AND conversation_id IN (SELECT conversation_id FROM stale)",
                span,
            )

    def stop_using_saved_reply(self, reply_id: int, since: datetime) -> None:
        """Replaces uses of a saved reply from `since` on by replies without one."""
        with self._history.changing():
            self._history.dropped_replies[reply_id] = int(since.timestamp())
            self._history.drop_replies()

    def find_user(self, user_id: int) -> User | None:
        """The user of this id: listed, former or system."""
        return self.roster.find_user(user_id)

    def _change(self, assignment: str, conversation_id: int) -> None:
        with self._history.changing(conversation_id):
            self._history.execute(
                f"UPDATE conversation SET {assignment} WHERE conversation_id = :id",
                {"id": conversation_id, "until": self.until},
            )
