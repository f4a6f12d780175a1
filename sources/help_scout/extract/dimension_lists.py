"""The account's lists, read whole and once a run, and their items as rows."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping
from contextlib import suppress
from datetime import datetime
from typing import Any

from ..catalog.dimension_model import Dimension
from ..catalog.dimensions import DIMENSIONS, LINKS
from ..errors import (
    AnswerError,
    ApiError,
    CoercionError,
    ConfigurationError,
    HelpScoutError,
    RequestRefused,
    Stopped,
    UnexpectedResponse,
)
from ..parsing.coerce import Row, coerce, instant, unknown_field
from ..planning.request_plan import Request
from .list_guard import GivenList, KnownList, ListItem, ListRead, ListStatus, is_refusal, weigh
from .list_pages import Get, read_list, usable_items

UNTAGGED = {"id": 1, "name": "(untagged)"}
FORBIDDEN = 403

Known = Callable[[str], KnownList | None]
"""What the warehouse knows of a list, None when it never read the list."""


class AccountLists:
    """The lists of one account. `get` answers a request with its body, `get_docs` one of the Docs
    API, None without a key for it; `offered_tags` gives the tags that reports offer as filters."""

    def __init__(
        self,
        get: Callable[[Request], Any],
        offered_tags: Callable[[], Iterable[Any]],
        get_docs: Callable[[Request], Any] | None = None,
        *,
        now: datetime,
    ) -> None:
        self._get = get
        self._get_docs = get_docs
        self._offered_tags = offered_tags
        self._now = now
        self._known: Known | None = None
        self._given: dict[str, GivenList] = {}
        self._reads: dict[str, ListRead] = {}
        self._errors: dict[str, HelpScoutError] = {}

    def attach(self, known: Known) -> None:
        """Takes what the warehouse knows. Lists that were read before anything was known are held
        against it now; those that were held against it stay as they were found."""
        if self._known is None:
            for name in self._given:
                self._reads.pop(name, None)
        self._known = known

    def has(self, dimension: Dimension) -> bool:
        """Whether the list can be asked for."""
        return not dimension.is_docs or self._get_docs is not None

    def read_of(self, name: str) -> ListRead:
        """What reading the list came to, asked for once a run. Raises ApiError or AnswerError when
        it could not be read; a list that the API refuses is a result."""
        if name in self._errors:
            raise self._errors[name]
        if name not in self._reads:
            try:
                self._reads[name] = self._read(DIMENSIONS[name])
            except (ApiError, AnswerError) as error:
                self._errors[name] = error
                raise
        return self._reads[name]

    def list_of(self, name: str) -> list[ListItem]:
        """The items of a dimension that the run goes by, each with its parent's id. Raises ApiError
        or AnswerError when they are not to be had."""
        read = self.read_of(name)
        if read.refusal is not None:
            raise read.refusal
        return read.used

    def _read(self, dimension: Dimension) -> ListRead:
        name = dimension.name
        if name not in self._given:
            self._given[name] = self._ask(dimension)
        known = None if self._known is None else self._known(name)
        read = weigh(self._given[name], known, self._now)
        if read.status is ListStatus.SHRUNK:  # the API may have given half of it by mistake
            with suppress(ApiError, AnswerError):
                self._given[name] = self._ask(dimension)
            read = weigh(self._given[name], known, self._now)
        return read

    def _ask(self, dimension: Dimension) -> GivenList:
        """What the API gives of the list."""
        get = self._get_docs if dimension.is_docs else self._get
        if get is None:
            raise ConfigurationError(
                f"{dimension.name} are not known without docs_api_key: set it, or name the items "
                "in the breakdown, site=…"
            )
        if dimension.parent is not None:
            return self._ask_each_parent(dimension, dimension.parent, get)
        try:
            pages = read_list(dimension, get, dimension.path)
        except ApiError as error:
            if not is_refusal(error):
                raise
            return GivenList(refusal=error)
        items: list[ListItem] = [(None, item) for item in pages.items]
        if dimension.name == "tags":
            items += [(None, tag) for tag in self._tags_of_reports(items)]
        return GivenList(items=items, left_out=pages.left_out, problem=pages.problem)

    def _ask_each_parent(self, dimension: Dimension, parent_list: str, get: Get) -> GivenList:
        """The items of each parent; a parent whose items are refused costs only those."""
        above = self.read_of(parent_list)
        if above.refusal is not None:
            return GivenList(refusal=above.refusal)
        items: list[ListItem] = []
        refused: dict[int, ApiError] = {}
        left_out, problems = 0, []
        for _, parent in above.used:
            parent_id = int(parent["id"])
            if dimension.inside is not None:
                found, skipped = usable_items(dimension, parent.get(dimension.inside) or ())
            else:
                try:
                    pages = read_list(dimension, get, dimension.path.format(parent=parent_id))
                except ApiError as error:
                    if not is_refusal(error):
                        raise
                    refused[parent_id] = error
                    continue
                found, skipped = pages.items, pages.left_out
                problems += [f"of {parent_id}, {pages.problem}"] if pages.problem else []
            items += [(parent_id, item) for item in found]
            left_out += skipped
        if refused and len(refused) == len(above.used):
            return GivenList(refusal=next(iter(refused.values())))
        # A parent that only the warehouse knows is no reason to give its items up.
        given_up = refused.keys() & {int(parent["id"]) for _, parent in above.items}
        return GivenList(
            items=items,
            left_out=left_out,
            problem="; ".join(problems),
            above=parent_list,
            answered=frozenset(int(parent["id"]) for _, parent in above.used) - given_up,
            refused=frozenset(given_up),
        )

    def ids_of(self, name: str, *, in_use: bool = False) -> list[int | str]:
        """The ids of a dimension's items; with `in_use` less those that say that nothing has
        them."""
        return [
            item["id"]
            for _, item in self.list_of(name)
            if not (in_use and item.get("ticketCount") == 0)
        ]

    def people(self) -> list[Mapping[str, Any]]:
        """The users who are people: the API lists teams, and may list AI agents, among them.

        Raises ApiError or AnswerError when the users are not to be had.
        """
        others = self.not_people()
        return [user for _, user in self.list_of("users") if user["id"] not in others]

    def no_users(self) -> set[int | str]:
        """The ids of teams, and of all else that the list of users says is no user: never asked
        for as a user, since the numbers of a team are those of its members."""
        others = {user["id"] for user in self._known_of("users") if not is_person(user)}
        return others | {team["id"] for team in self._known_of("teams")}

    def not_people(self) -> set[int | str]:
        """The ids of teams and AI agents, wherever they are listed."""
        return self.no_users() | {agent["id"] for agent in self._known_of("system_users")}

    def known_ids(self, name: str) -> frozenset[int | str]:
        """The ids of a list's items; none where it is not to be had."""
        return frozenset(item["id"] for item in self._known_of(name))

    def _known_of(self, name: str) -> list[Mapping[str, Any]]:
        """The items of a list; none where it is not to be had."""
        try:
            return [item for _, item in self.list_of(name)]
        except Stopped:
            raise
        except (ApiError, AnswerError):
            return []

    def people_since(self) -> dict[int | str, datetime | None]:
        """When each user who is a person was created, None where the list does not say."""
        return {user["id"]: instant(user.get("createdAt")) for user in self.people()}

    def know_list(self, name: str, items: Iterable[Mapping[str, Any]] | None) -> None:
        """Takes a list's items from elsewhere (the warehouse), so that nothing is asked for; None
        for a list that is not known there either."""
        if items is None:
            self._errors[name] = UnexpectedResponse(f"{name}: this list was never read")
        else:
            self._reads[name] = ListRead(
                status=ListStatus.LOADED,
                seen_at=self._now,
                items=[(None, item) for item in items],
            )

    def know_refused(self, name: str) -> None:
        """Takes it from the warehouse that the API refuses the list."""
        refusal = RequestRefused(f"{name}: the API refused this list", status=FORBIDDEN)
        self._reads[name] = ListRead(
            status=ListStatus.UNAVAILABLE, seen_at=self._now, refusal=refusal
        )

    def _tags_of_reports(self, items: Iterable[ListItem]) -> Iterator[Mapping[str, Any]]:
        """(untagged), and the tags that reports still offer as filters but the list lacks."""
        listed = {item["id"] for _, item in items}
        for tag in [UNTAGGED, *self._offered_tags()]:
            if isinstance(tag, dict) and type(tag.get("id")) is int and tag["id"] not in listed:
                listed.add(tag["id"])
                yield tag


def is_person(user: Mapping[str, Any]) -> bool:
    """Whether a row of the list of users is a person, as far as the row itself says."""
    return (user.get("type") or "user") == "user"


def dimension_row(dimension: Dimension, item: Mapping[str, Any], parent_id: int | None) -> Row:
    """The item as a row; fields that the catalog does not know become columns of their own."""
    if not isinstance(item, Mapping):
        raise CoercionError(f"{dimension.name}: an item is no object")
    row: Row = {}
    if dimension.parent_column is not None:
        row[dimension.parent_column.name] = parent_id
    table = dimension.stored_table
    by_path = {c.paths[0]: c for c in dimension.columns if c.paths}
    declared = {c.name for c in table.columns}
    ignored = {*LINKS, *(dimension.ignored or {})}
    for name, value in item.items():
        known = by_path.get(name)
        if name in ignored or value is None:
            continue
        if known is None:
            row.update(unknown_field(name, value, declared, row))
        else:
            with suppress(CoercionError):  # one bad cell costs one cell: it stays null
                row[known.name] = coerce(known, value, f"{dimension.name}: {name}")
    if row.get(table.primary_key[-1]) is None:
        raise CoercionError(f"{dimension.name}: an item has no id")
    return row
