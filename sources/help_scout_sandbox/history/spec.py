"""What a simulated account is made of: its size, its seed and the instant it has lived up to."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from zoneinfo import ZoneInfo

LARGEST_DAY = 3_000
"""Conversation ids leave room for 5,000 a day; weekday peaks reach 1.4 times the average."""


@dataclass(frozen=True, slots=True, kw_only=True)
class AccountSpec:
    """A simulated account. Equal specs make equal accounts, on every machine.

    `until` is the instant up to which things have happened; `days` is how much history lies
    before it. A day's events depend on `seed` and the day alone, so accounts of different
    lengths agree about the days they share.
    """

    until: datetime
    users: int = 6
    inboxes: int = 3
    conversations_per_day: int = 60
    days: int = 150
    seed: int = 7
    timezone: str = "America/New_York"
    teams: int = 2
    tags: int = 12
    has_office_hours: bool = True

    def __post_init__(self) -> None:
        if self.until.tzinfo is None:
            raise ValueError("until has no time zone: pass an aware datetime")
        limits = {
            "users": (1, 400),
            "inboxes": (1, 50),
            "conversations_per_day": (0, LARGEST_DAY),
            "days": (1, 4_000),
            "teams": (0, 401),
            "tags": (0, 500),
        }
        for name, (low, high) in limits.items():
            value = getattr(self, name)
            if not low <= value <= high:
                raise ValueError(f"{name} is {value}: use {low} to {high}")
        ZoneInfo(self.timezone)
