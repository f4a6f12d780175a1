"""The conversations of one local day, as rows for the event history.

Every day is made from random numbers of its own, so a day is the same in every history with
the same seed, however long that history is.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date
from itertools import accumulate
from random import Random

from . import names
from .company_time import DAY, CompanyTime
from .docs_visits import write_visits
from .roster import FIRST_CUSTOMER, FIRST_TAG, FIRST_USER, FORMER_USER, Inbox, Roster
from .rows import IDS_A_DAY, Row, Rows, moment
from .spec import AccountSpec
from .stories import CLOSE, MESSAGE, NOTE, REPLY, Story, Storyteller

WEEKDAY_WEIGHTS = (1.35, 1.3, 1.25, 1.2, 1.05, 0.45, 0.4)
LATEST_RATING = 10 * DAY
ADDED_INBOX_IDS = 500
"""Conversation ids of a day that each inbox added during the simulation has to itself."""


class DayWriter:
    """Writes days into `Rows`."""

    def __init__(self, spec: AccountSpec, roster: Roster, time: CompanyTime, rows: Rows) -> None:
        self._spec = spec
        self._roster = roster
        self._time = time
        self._rows = rows
        self._original_inboxes = roster.inboxes[: spec.inboxes]
        self._inbox_weights = tuple(
            accumulate(1 / (place + 1) for place in range(len(self._original_inboxes)))
        )
        # the agents of the first day, whoever has left since: a day must not depend on that
        self._agents = [*(FIRST_USER + number for number in range(spec.users)), FORMER_USER]

    def write(self, day: date) -> None:
        """Adds the conversations and the docs visits of a day."""
        rng = Random(f"{self._spec.seed}:{day.isoformat()}")
        share = WEEKDAY_WEIGHTS[day.weekday()] * (0.85 + 0.3 * rng.random())
        count = round(self._spec.conversations_per_day * share)
        self._write_conversations(day, rng, count, 0, None)
        write_visits(
            day, round(count * 1.5), self._spec, self._roster.articles, self._time, self._rows
        )

    def write_inbox(self, day: date, inbox: Inbox, place: int, since: int) -> None:
        """Adds the conversations of a day in an inbox that was added at `since`."""
        rng = Random(f"{self._spec.seed}:{inbox.id}:{day.isoformat()}")
        average = self._spec.conversations_per_day / max(1, self._spec.inboxes)
        share = WEEKDAY_WEIGHTS[day.weekday()] * (0.85 + 0.3 * rng.random())
        count = min(round(average * share), ADDED_INBOX_IDS)
        first = IDS_A_DAY // 2 + place * ADDED_INBOX_IDS
        self._write_conversations(day, rng, count, first, inbox, since)

    def _write_conversations(
        self, day: date, rng: Random, count: int, first: int, inbox: Inbox | None, since: int = 0
    ) -> None:
        midnight, next_midnight = self._time.day_bounds(day)
        teller = Storyteller(rng, self._time, self._agents, self._roster.system_user.id)
        recorder = Recorder(self._rows, self._time, self._roster)
        for number in range(count):
            story = teller.tell(moment(rng, midnight, next_midnight))
            place = rng.choices(range(len(self._inbox_weights)), cum_weights=self._inbox_weights)[0]
            chosen = inbox or self._original_inboxes[place]
            details = Details.draw(rng, chosen, self._roster.customer_pool, self._spec.tags)
            if story.created > since:
                conversation_id = day.toordinal() * IDS_A_DAY + first + number
                recorder.record(conversation_id, story, details, rng)


@dataclass(frozen=True, slots=True)
class Details:
    """What a conversation is about: drawn before the steps are written down."""

    inbox: Inbox
    customer_id: int
    subject: int
    attachments: bool
    option_id: int | None
    spam_after: int | None
    tags: tuple[int, ...]
    workflow_id: int | None

    @staticmethod
    def draw(rng: Random, inbox: Inbox, customer_pool: int, tag_count: int) -> Details:
        customer = FIRST_CUSTOMER + int(customer_pool * rng.random() ** 2.2)
        option = inbox.options[int(len(inbox.options) * rng.random() ** 1.5)].id
        how_many = min(rng.choices((0, 1, 2, 3), (35, 35, 20, 10))[0], tag_count)
        tags = {FIRST_TAG + int(tag_count * rng.random() ** 1.6) for _ in range(how_many)}
        workflow = inbox.workflows[int(len(inbox.workflows) * rng.random() ** 1.3)].id
        return Details(
            inbox=inbox,
            customer_id=customer,
            subject=int(rng.random() * len(names.SUBJECTS)),
            attachments=rng.random() < 0.15,
            option_id=option if rng.random() < 0.6 else None,
            spam_after=rng.randint(300, 2 * DAY) if rng.random() < 0.01 else None,
            tags=tuple(sorted(tags)),
            workflow_id=workflow if rng.random() < 0.2 else None,
        )


@dataclass(slots=True)
class Recorder:
    """Writes stories down: gives ids, measures durations, adds tags, ratings and chats."""

    rows: Rows
    time: CompanyTime
    roster: Roster

    def record(self, conversation_id: int, story: Story, details: Details, rng: Random) -> None:
        """Adds one conversation with all its events."""
        fact = (details.inbox.id, story.channel, details.customer_id)
        waiting: int | None = None
        replies = 0
        first: tuple[int | None, int | None] = (None, None)
        last_reply = (0, 0, 0)
        closed: tuple[int, Row] | None = None
        for place, (instant, kind, planned) in enumerate(story.steps):
            user = self.roster.on_duty(planned, instant, conversation_id) if planned else 0
            event_id = conversation_id * 100 + place
            seconds = office = handle = saved_reply = None
            answered_first = 0
            if kind == MESSAGE:
                waiting = instant if waiting is None else waiting
            elif kind == REPLY:
                replies += 1
                if waiting is not None:
                    seconds = instant - waiting
                    office = self.time.office_seconds(waiting, instant)
                    if replies == 1:
                        answered_first, first = 1, (seconds, office)
                waiting = None
                handle = 8 + int(100 * rng.lognormvariate(0, 0.9))
                if rng.random() < 0.25:
                    choices = details.inbox.saved_replies
                    saved_reply = choices[int(len(choices) * rng.random() ** 1.5)].id
                last_reply = (event_id, instant, user)
            elif kind == CLOSE:
                waiting = None
                seconds = instant - story.created
                office = self.time.office_seconds(story.created, instant)
                closed = (instant, last_reply) if replies else closed
            workflow = details.workflow_id if place == 0 else None
            cell = self.time.cell(instant)
            self.rows.events.append(
                (
                    *(instant, event_id, conversation_id, *fact, kind, user, cell, place == 0),
                    *(answered_first, replies, seconds, office, handle, saved_reply, workflow),
                )
            )
        self._add_conversation(conversation_id, fact, story.created, details, first)
        if closed is not None and rng.random() < 0.12:
            self._add_rating(conversation_id, fact, *closed, rng)
        if story.beacon_chat:
            self._add_chat(conversation_id, fact, story)

    def _add_conversation(
        self,
        conversation_id: int,
        fact: Row,
        created: int,
        details: Details,
        first_response: tuple[int | None, int | None],
    ) -> None:
        spam_at = None if details.spam_after is None else created + details.spam_after
        self.rows.conversations.append(
            (
                *(conversation_id, *fact, created, details.subject, details.attachments),
                *(details.option_id, spam_at, *first_response),
            )
        )
        self.rows.tags += [(conversation_id, tag, created + 60) for tag in details.tags]

    def _add_rating(
        self, conversation_id: int, fact: Row, closed: int, reply: Row, rng: Random
    ) -> None:
        instant = closed + 600 + int(rng.random() ** 3 * (LATEST_RATING - 600))
        draw = rng.random()
        rating = 1 if draw < 0.70 else 2 if draw < 0.85 else 3
        comment = int(rng.random() * len(names.COMMENTS)) if rng.random() < 0.5 else None
        thread_id, thread_ts, user = reply
        self.rows.ratings.append(
            (
                *(instant, conversation_id, conversation_id, *fact),
                *(user, thread_id, thread_ts, rating, comment),
            )
        )

    def _add_chat(self, conversation_id: int, fact: Row, story: Story) -> None:
        talk = [step for step in story.steps if step[1] in (MESSAGE, REPLY)]
        if story.missed:
            missed = (0, 1, 1, None, None, None, None, None, None)
            self.rows.chats.append((story.created, conversation_id, *fact, *missed))
            return
        spans, asked = [], None
        for instant, kind, _ in talk:
            if kind == MESSAGE:
                asked = instant if asked is None else asked
            elif asked is not None:
                spans.append((instant - asked, self.time.office_seconds(asked, instant)))
                asked = None
        start = story.created
        end = max(instant for instant, kind, _ in story.steps if kind != NOTE)
        user = self.roster.on_duty(talk[1][2], talk[1][0], conversation_id)
        self.rows.chats.append(
            (
                *(start, conversation_id, *fact, user, 0, len(talk), *spans[0]),
                *(sum(s for s, _ in spans) / len(spans), sum(o for _, o in spans) / len(spans)),
                *(end - start, self.time.office_seconds(start, end)),
            )
        )
