"""What the account answers to a GET request: its reports, its lists and its refusals."""

from __future__ import annotations

import re
from collections.abc import Collection
from dataclasses import dataclass, field
from typing import Any

from ..answers.lists import docs_sites, is_saved_replies, list_body, saved_replies
from ..answers.paging import Paging
from ..answers.routes import Endpoint, endpoints_by_path
from ..answers.series import SeriesOptions
from ..history.account import Account
from ..history.surprises import Surprises, refusal
from .parameters import BadRequest, Problem, parse_request
from .platform import Answer, Encoded, error

MOST_REMEMBERED = 4_096
Pairs = list[tuple[str, str]]
"""A query's names and values, as they were sent."""
MemoKey = tuple[str, tuple[tuple[str, str], ...]]


@dataclass(slots=True, kw_only=True)
class AccountApi:
    """Computes answers from the account's history, and remembers them until it changes."""

    account: Account
    surprises: Surprises
    series: SeriesOptions
    forbidden: Collection[str]
    page_size: int
    _memo: dict[MemoKey, Encoded] = field(default_factory=dict)
    _memo_version: int = 0
    _endpoints: dict[str, Endpoint] = field(init=False)

    def __post_init__(self) -> None:
        self._endpoints = endpoints_by_path(self.series)

    def refuse(self, path: str, pairs: Pairs) -> tuple[int, str] | None:
        """The status and the message with which a request is refused; None where it is not."""
        if any(path.startswith(prefix) for prefix in self.forbidden):
            return 403, "No access: the plan or the user's permissions do not include this"
        return refusal(self.surprises, self.account.roster, path, dict(pairs))

    def recall(self, path: str, pairs: Pairs) -> Encoded | None:
        """The remembered answer, unless the history has changed since."""
        if self._memo_version != self.account.version:
            self._memo, self._memo_version = {}, self.account.version
        return self._memo.get(_key(path, pairs))

    def remember(self, path: str, pairs: Pairs, encoded: Encoded, version: int) -> None:
        """Keeps an answer that was computed at a version of the history, while that is current."""
        if version != self.account.version or version != self._memo_version:
            return
        if len(self._memo) >= MOST_REMEMBERED:
            self._memo.pop(next(iter(self._memo)))
        self._memo[_key(path, pairs)] = encoded

    def compute(self, path: str, pairs: Pairs, correlation: str, base_url: str) -> Encoded:
        """The encoded answer of a report or a list; runs in a worker thread."""
        endpoint = self._endpoints.get(path)
        try:
            with self.account.reading():
                if endpoint is None:
                    return self._list(path, pairs, correlation, base_url).encode()
                return self._report(endpoint, pairs).encode()
        except BadRequest as refused:
            return error(400, "Bad request", correlation, refused.problems).encode()

    def list_docs_sites(self, page: int) -> Answer:
        """The Docs API's sites."""
        with self.account.reading():
            return Answer(200, docs_sites(self.account, page, self.page_size))

    def shift_pages(self, path: str, pairs: Pairs) -> None:
        """Moves the conversation at the end of a drilldown to the top of it."""
        endpoint = self._endpoints.get(path)
        if endpoint is None or "rows" not in endpoint.params:
            return
        others = [pair for pair in pairs if pair[0] not in ("page", "rows")]

        def read(page: int) -> dict[str, Any]:
            asked = [*others, ("rows", "1"), ("page", str(page))]
            with self.account.reading():
                body: dict[str, Any] = self._report(endpoint, asked).body["conversations"]
                return body

        try:
            count = read(1)["count"]
            if count:
                self.account.touch(read(count)["results"][0]["id"])
        except BadRequest:
            return

    def _report(self, endpoint: Endpoint, pairs: Pairs) -> Answer:
        request = parse_request(pairs, endpoint, self.account.roster)
        body = endpoint.body(self.account, request, self.series, self.surprises)
        return Answer(200, body, media_type=endpoint.media_type)

    def _list(self, path: str, pairs: Pairs, correlation: str, base_url: str) -> Answer:
        surprises = self.surprises
        paged_by = "cursor" if surprises.cursor_lists else "page"
        ignored = ("size", "page") if surprises.cursor_lists else ("size",)
        query = {name: value for name, value in pairs if name not in ignored}
        page = query.pop(paged_by, "1")
        chat_replies = is_saved_replies(path) and query.pop("includeChatReplies", "") == "true"
        problems = [Problem(name, "not supported by the sandbox", query[name]) for name in query]
        number = int(page) if re.fullmatch("[1-9][0-9]{0,8}", page) else 1
        if str(number) != page:
            problems.append(Problem(paged_by, "invalid number", page))
        paging = Paging(number, self.page_size, base_url, surprises.cursor_lists)
        try:
            if is_saved_replies(path):
                body = saved_replies(self.account, path, surprises, chat_replies)
            else:
                body = list_body(self.account, path, paging, surprises)
        except KeyError:
            body = None
        if body is None:
            return error(404, "Unknown URL", correlation)
        if problems:
            raise BadRequest(problems)
        return Answer(200, body, media_type="application/hal+json")


def _key(path: str, pairs: Pairs) -> MemoKey:
    return path, tuple(sorted(pairs))
