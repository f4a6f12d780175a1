"""Faults that can be switched on: what a network and a busy provider do to a client."""

from __future__ import annotations

import random
import threading
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, Literal

FaultKind = Literal[
    "status",
    "latency",
    "truncate",
    "html",
    "drop",
    "reset",
    "stall",
    "stall_body",
    "short_length",
    "long_length",
    "expire_tokens",
    "change_body",
    "page_shift",
]


@dataclass(frozen=True, slots=True, kw_only=True)
class Fault:
    """One fault of the requests whose path is `path`, or begins with it when it ends in `*`.

    It happens to the next `times` such requests after `skip` of them (None: to all), and only
    to those with `params` in their query; with a `chance` below 1 only to some, by the dice.

    - `status`: answers `status`, with `retry_after` as X-RateLimit-Retry-After when given
    - `latency`, `stall`: waits `seconds` before answering (a stall is meant to time out)
    - `stall_body`: sends half of the body, waits `seconds` and breaks the connection
    - `truncate`: a complete HTTP answer whose JSON stops in the middle
    - `html`: a page instead of JSON
    - `drop`: the connection breaks before a byte was sent
    - `reset`: the connection closes in the middle of the body
    - `short_length`, `long_length`: a Content-Length that is 20 bytes wrong; the connection stays
      open for `seconds`
    - `expire_tokens`: no token is valid any more from this request on
    - `change_body`: `change` makes the body that is sent from the one that is right
    - `page_shift`: before every `every`-th request the last conversation of a drilldown moves
      to its top, so that a reader of pages sees one twice and misses another
    """

    path: str
    kind: FaultKind
    times: int | None = 1
    skip: int = 0
    params: tuple[tuple[str, str], ...] = ()
    chance: float = 1.0
    status: int = 500
    retry_after: int | None = None
    seconds: float = 0.05
    change: Callable[[Any], Any] | None = None
    every: int = 2

    def __post_init__(self) -> None:
        if self.kind == "change_body" and self.change is None:
            raise ValueError("change_body needs `change`, a function from body to body")
        if self.every < 1:
            raise ValueError("every counts requests: use 1 or more")

    def concerns(self, path: str, query: dict[str, str]) -> bool:
        """Whether a request is one that this fault is about."""
        prefix = self.path[:-1] if self.path.endswith("*") else None
        if path != self.path if prefix is None else not path.startswith(prefix):
            return False
        return all(query.get(name) == value for name, value in self.params)


class Faults:
    """The faults in force. Of those that fit a request, the first added happens."""

    def __init__(self, seed: int = 7) -> None:
        self._dice = random.Random(seed)
        self._lock = threading.Lock()
        self._faults: list[Fault] = []
        self._seen: list[int] = []

    def add(self, fault: Fault) -> None:
        """Puts a fault in force."""
        with self._lock:
            self._faults.append(fault)
            self._seen.append(0)

    def clear(self) -> None:
        """Ends all faults."""
        with self._lock:
            self._faults.clear()
            self._seen.clear()

    def next_for(self, path: str, query: dict[str, str]) -> Fault | None:
        """The fault that happens to this request, which is counted."""
        with self._lock:
            for place, fault in enumerate(self._faults):
                if not fault.concerns(path, query) or self._is_over(place):
                    continue
                self._seen[place] += 1
                turn = self._seen[place] - fault.skip
                if turn < 1 or (fault.kind == "page_shift" and turn % fault.every):
                    continue
                if fault.chance < 1 and self._dice.random() >= fault.chance:
                    continue
                return fault
        return None

    def _is_over(self, place: int) -> bool:
        fault = self._faults[place]
        if fault.times is None:
            return False
        turns = fault.every if fault.kind == "page_shift" else 1
        return self._seen[place] >= fault.skip + fault.times * turns
