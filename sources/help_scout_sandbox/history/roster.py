"""Who and what the account has: users, teams, inboxes, tags, saved replies, workflows, docs."""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from datetime import datetime
from time import gmtime, strftime

from . import names
from .spec import AccountSpec

FORMER_USER = 3_999
FIRST_USER = 4_001
FIRST_TEAM = 7_001
FIRST_INBOX = 85_001
FIRST_TAG = 1_201
FIRST_CUSTOMER = 120_000_001
SYSTEM_USER = 900_001
FOLDERS = ("unassigned", "mine", "assigned", "closed", "spam")
"""A conversation is in one folder at a time; the folder's id is the inbox id and its place here."""


@dataclass(frozen=True, slots=True)
class User:
    id: int
    first_name: str
    last_name: str
    timezone: str
    created_at: str
    role: str = "user"

    @property
    def name(self) -> str:
        return f"{self.first_name} {self.last_name}"

    @property
    def email(self) -> str:
        return f"{self.first_name}.{self.last_name}{self.id}@example.com".lower()


@dataclass(frozen=True, slots=True)
class Team:
    id: int
    name: str
    members: tuple[int, ...]


@dataclass(frozen=True, slots=True)
class Labelled:
    """A thing with an id and a name; `inbox_id` is 0 where it belongs to no inbox."""

    id: int
    name: str
    inbox_id: int = 0


@dataclass(frozen=True, slots=True)
class Inbox:
    id: int
    name: str
    created_at: str
    saved_replies: tuple[Labelled, ...]
    workflows: tuple[Labelled, ...]
    field_id: int
    options: tuple[Labelled, ...]

    def folder(self, kind: str) -> int:
        return self.id * 10 + FOLDERS.index(kind) + 1


@dataclass(frozen=True, slots=True)
class Article:
    id: str
    name: str
    site_id: str
    collection_id: str
    category_id: str
    category: str


@dataclass(slots=True)
class Roster:
    """The account's people and labels as the list endpoints show them, and those who left."""

    users: list[User]
    former: dict[int, tuple[User, int]]
    """Users who left, with the instant they left: no longer listed, but present in history."""
    joined: dict[int, int]
    """Users who came during the simulation, with the instant they came."""
    system_user: User
    teams: list[Team]
    inboxes: list[Inbox]
    tags: list[Labelled]
    articles: tuple[Article, ...]
    customer_pool: int
    _names: dict[int, str] = field(default_factory=dict)

    def user_name(self, user_id: int) -> str:
        """The display name of anyone who ever worked here; an empty string for nobody."""
        if user_id not in self._names:
            everyone = [*self.users, *(user for user, _ in self.former.values()), self.system_user]
            self._names.update({user.id: user.name for user in everyone})
        return self._names.get(user_id, "")

    def find_user(self, user_id: int) -> User | None:
        """The user of this id: listed, former or system."""
        left = [user for user, _ in self.former.values()]
        everyone = (*self.users, *left, self.system_user)
        return next((user for user in everyone if user.id == user_id), None)

    def members_of(self, user_or_team: int) -> tuple[int, ...]:
        """The user ids behind a `user` parameter; empty when nobody has that id."""
        for team in self.teams:
            if team.id == user_or_team:
                return team.members
        return (user_or_team,) if self.find_user(user_or_team) else ()

    def on_duty(self, user_id: int, instant: int, conversation_id: int) -> int:
        """Who acts in place of a user at an instant: people leave, and others join."""
        present = [user for user in self.joined if self.joined[user] < instant]
        if present and conversation_id % (len(self.users) + 1) < len(present):
            return present[conversation_id % len(present)]
        left = self.former.get(user_id)
        if left is None or instant <= left[1]:
            return user_id
        stayed = [user.id for user in self.users if user.id not in self.joined]
        return stayed[conversation_id % len(stayed)] if stayed else self.system_user.id

    def add_user(self, name: str, joined: datetime) -> User:
        """A new user, listed from now on and taking part from `joined` on."""
        first, _, last = name.partition(" ")
        taken = max(FIRST_USER - 1, *(user.id for user in self.users), *self.former, *self.joined)
        zone = self.users[0].timezone if self.users else "UTC"
        user = User(taken + 1, first, last or "New", zone, iso(int(joined.timestamp())))
        self.users.append(user)
        self.joined[user.id] = int(joined.timestamp())
        return user

    def remove_user(self, user_id: int, left: datetime) -> None:
        """Takes a user off the lists and out of the teams; the history keeps them."""
        user = next((user for user in self.users if user.id == user_id), None)
        if user is None:
            raise KeyError(f"no listed user has the id {user_id}")
        self.users.remove(user)
        self.joined.pop(user_id, None)
        self.former[user_id] = (user, int(left.timestamp()))
        self.teams = [
            replace(team, members=tuple(member for member in team.members if member != user_id))
            for team in self.teams
        ]


def iso(instant: int) -> str:
    """An epoch second as the API writes it: 2026-03-01T05:00:00Z."""
    return strftime("%Y-%m-%dT%H:%M:%SZ", gmtime(instant))


def build_roster(spec: AccountSpec) -> Roster:
    """The account's people and labels on its first day."""
    users = [_user(spec, number) for number in range(spec.users)]
    former = User(FORMER_USER, "Robin", "Gone", spec.timezone, "2018-02-05T09:00:00Z")
    left = int(spec.until.timestamp()) - 20 * 86_400
    agent = User(SYSTEM_USER, "AI", "Answers", "UTC", "2024-06-01T00:00:00Z")
    teams = [
        Team(
            FIRST_TEAM + number,
            names.TEAM_NAMES[number % len(names.TEAM_NAMES)],
            tuple(user.id for user in users[number :: spec.teams]),
        )
        for number in range(spec.teams)
    ]
    tags = [Labelled(FIRST_TAG + number, _tag_name(number)) for number in range(spec.tags)]
    inboxes = [build_inbox(number, "", "2018-03-01T08:00:00Z") for number in range(spec.inboxes)]
    pool = max(40, 20 * spec.conversations_per_day)
    former_users = {FORMER_USER: (former, left)}
    return Roster(users, former_users, {}, agent, teams, inboxes, tags, _articles(), pool)


def _user(spec: AccountSpec, number: int) -> User:
    shift = spec.seed + number
    first = names.FIRST_NAMES[shift * 7 % len(names.FIRST_NAMES)]
    last = names.LAST_NAMES[shift * 11 % len(names.LAST_NAMES)]
    zone = "Europe/London" if number % 5 == 4 else spec.timezone
    role = "owner" if number == 0 else "admin" if number == 1 else "user"
    return User(FIRST_USER + number, first, last, zone, "2019-01-14T10:30:00Z", role)


def _tag_name(number: int) -> str:
    name = names.TAG_NAMES[number % len(names.TAG_NAMES)]
    return name if number < len(names.TAG_NAMES) else f"{name}-{number}"


def build_inbox(number: int, name: str, created_at: str) -> Inbox:
    """The inbox of this number with its saved replies, workflows, dropdown field and options."""
    inbox_id = FIRST_INBOX + number
    round_, place = divmod(number, len(names.INBOX_NAMES))
    name = name or names.INBOX_NAMES[place] + (f" {round_ + 1}" if round_ else "")
    base = 10_000 + number * 100
    return Inbox(
        id=inbox_id,
        name=name,
        created_at=created_at,
        saved_replies=_labelled(names.SAVED_REPLY_NAMES, base, inbox_id),
        workflows=_labelled(names.WORKFLOW_NAMES, base + 20, inbox_id),
        field_id=base + 40,
        options=_labelled(names.FIELD_OPTIONS, base + 60, inbox_id),
    )


def _labelled(labels: tuple[str, ...], base: int, inbox_id: int) -> tuple[Labelled, ...]:
    return tuple(Labelled(base + place, label, inbox_id) for place, label in enumerate(labels))


def _articles() -> tuple[Article, ...]:
    articles = []
    for number, name in enumerate(names.ARTICLE_NAMES):
        category = number // 5
        site = f"{0x52404EFC4566740003092640 + category % 2:024x}"
        articles.append(
            Article(
                id=f"{0x5215163545667ACD25394B5C + number:024x}",
                name=name,
                site_id=site,
                collection_id=f"{0x524491B4E4B0145597DAF4E4 + category % 2:024x}",
                category_id=f"{0x52B5A3B6E4B0A3B4E5EC64D3 + category:024x}",
                category=names.CATEGORY_NAMES[category],
            )
        )
    return tuple(articles)


def customer_name(customer_id: int) -> str:
    """A customer's display name; those without a name are shown by their e-mail address."""
    number = customer_id - FIRST_CUSTOMER
    if number % 9 == 4:
        return customer_email(customer_id)
    first = names.FIRST_NAMES[number * 17 % len(names.FIRST_NAMES)]
    return f"{first} {names.LAST_NAMES[number * 5 % len(names.LAST_NAMES)]}"


def customer_email(customer_id: int) -> str:
    """A customer's e-mail address."""
    return f"customer{customer_id - FIRST_CUSTOMER + 1}@example.org"
