"""What happens in one conversation, as steps in time: who did what, when. No ids, no durations."""

from __future__ import annotations

from dataclasses import dataclass, field
from random import Random

from .company_time import DAY, CompanyTime

MESSAGE, REPLY, NOTE, CLOSE, CALL = 1, 2, 3, 4, 5
EMAIL, CHAT, PHONE = "email", "chat", "phone"
LONGEST_STORY = 13 * DAY
"""Nothing happens later than this after the start, so that a history's first days are complete
when the days before it are generated too."""


@dataclass(slots=True)
class Story:
    """One conversation: its steps are (instant, kind, user id); chats also have their times."""

    channel: str
    created: int
    agent: int
    steps: list[tuple[int, int, int]] = field(default_factory=list)
    beacon_chat: bool = False
    missed: bool = False

    def add(self, instant: int, kind: int, user: int = 0) -> None:
        if instant <= self.created + LONGEST_STORY:
            self.steps.append((instant, kind, user))


class Storyteller:
    """Tells the conversations of one day from that day's random numbers."""

    def __init__(self, rng: Random, time: CompanyTime, agents: list[int], ai_agent: int) -> None:
        self._rng = rng
        self._time = time
        self._agents = agents
        self._ai_agent = ai_agent

    def tell(self, created: int) -> Story:
        """The whole story of a conversation that starts at `created`."""
        rng = self._rng
        agent = self._agents[int(len(self._agents) * rng.random() ** 1.4)]
        draw = rng.random()
        if draw < 0.70:
            story = Story(EMAIL, created, agent)
            self._tell_email(story)
        elif draw < 0.90:
            story = Story(CHAT, created, agent, beacon_chat=rng.random() < 0.9)
            self._tell_chat(story)
        else:
            story = Story(PHONE, created, agent)
            self._tell_call(story)
        if rng.random() < 0.15:
            story.add(created + rng.randint(120, 7_200), NOTE, agent)
        story.steps.sort()
        return story

    def _reply_after(self, asked: int, median: float) -> int:
        """When an answer is written: some time after the question, seldom at night."""
        rng = self._rng
        instant = asked + 30 + int(median * rng.lognormvariate(0, 1.1))
        cell = self._time.cell(min(instant, asked + LONGEST_STORY))
        asleep = not 7 <= cell % 24 < 20 or cell >= 6 * 24
        if asleep and rng.random() < 0.8:
            return self._time.next_opening(instant) + rng.randint(0, 7_200)
        return instant

    def _someone(self, story: Story) -> int:
        if self._rng.random() < 0.85:
            return story.agent
        return self._agents[int(len(self._agents) * self._rng.random())]

    def _tell_email(self, story: Story) -> None:
        rng = self._rng
        now = story.created
        outbound = rng.random() < 0.05
        story.add(now, REPLY if outbound else MESSAGE, story.agent if outbound else 0)
        fate = rng.random()
        if fate < 0.06:
            return
        if fate < 0.11:
            story.add(self._reply_after(now, 7_200), CLOSE, story.agent)
            return
        rounds = rng.choices((1, 2, 3, 4, 5), (45, 27, 15, 8, 5))[0]
        for number in range(rounds):
            if number:
                now += 300 + int(14_400 * rng.lognormvariate(0, 1.0))
                story.add(now, MESSAGE)
            if number == 0 and rng.random() < 0.04:
                now += rng.randint(20, 60)
                story.add(now, REPLY, self._ai_agent)
            elif number or not outbound:
                now = self._reply_after(now, 5_400)
                story.add(now, REPLY, self._someone(story))
        self._end(story, now)

    def _end(self, story: Story, now: int) -> None:
        """Closes most stories, reopens a few of the closed ones and closes those again.

        The second close follows within six days: a resolution moves between windows, but not
        further back than a week's lookback sees.
        """
        rng = self._rng
        if rng.random() > 0.88:
            return
        closed = now + (1 if rng.random() < 0.5 else int(rng.random() ** 2 * 2 * DAY))
        story.add(closed, CLOSE, story.agent)
        if rng.random() < 0.08:
            again = closed + int((0.2 + rng.random() * 2.8) * DAY)
            story.add(again, MESSAGE)
            replied = self._reply_after(again, 3_600)
            if replied < closed + 5 * DAY:
                story.add(replied, REPLY, self._someone(story))
                if rng.random() < 0.8:
                    story.add(replied + rng.randint(1, DAY // 2), CLOSE, story.agent)

    def _tell_chat(self, story: Story) -> None:
        rng = self._rng
        now = story.created
        story.add(now, MESSAGE)
        if rng.random() < 0.08:
            story.missed = True
            if rng.random() < 0.5:
                now = self._reply_after(now, 5_400)
                story.add(now, REPLY, story.agent)
                self._end(story, now)
            return
        user = self._ai_agent if rng.random() < 0.06 else story.agent
        now += 4 + int(35 * rng.lognormvariate(0, 0.9))
        story.add(now, REPLY, user)
        for turn in range(int(rng.random() ** 1.6 * 18)):
            now += rng.randint(6, 75)
            story.add(now, REPLY if turn % 2 else MESSAGE, user if turn % 2 else 0)
        if rng.random() < 0.9:
            story.add(now + rng.randint(5, 240), CLOSE, story.agent)

    def _tell_call(self, story: Story) -> None:
        rng = self._rng
        now = story.created
        story.add(now, CALL, story.agent)
        if rng.random() < 0.4:
            now = self._reply_after(now, 1_800)
            story.add(now, REPLY, story.agent)
        if rng.random() < 0.92:
            story.add(now + rng.randint(60, 3_600), CLOSE, story.agent)
