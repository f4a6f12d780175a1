"""The account's calendar: its time zone, where its history begins, intervals of local days."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from typing import Any
from zoneinfo import ZoneInfo

from ..errors import ConfigurationError
from .settings import DEFAULT_HISTORY_DAYS, Settings, parse_date, zone_of
from .windows import local_midnight


@dataclass(frozen=True, slots=True, kw_only=True)
class ZoneVote:
    """How many people of the account have set its time zone, and how many people there are."""

    votes: int
    people: int

    def __str__(self) -> str:
        return f"set by {self.votes:,} of {self.people:,} users"


class AccountTime:
    """The calendar of one run. `now` decides what is due; `user_zones` asks the account for its
    people's time zones, only when none is configured or pinned."""

    def __init__(
        self,
        settings: Settings,
        now: datetime,
        user_zones: Callable[[], Iterable[str | None]],
    ) -> None:
        self._settings = settings
        self._user_zones = user_zones
        self._zone: ZoneInfo | None = None
        self._first_day = settings.start_date
        self.is_elected = False
        """Whether this run has taken the zone from the account's people: none was configured, and
        no load had pinned one."""
        self.now = now

    @property
    def zone(self) -> ZoneInfo:
        """The company's time zone: as configured, else the commonest of the account's people."""
        if self._zone is None:
            self._zone = zone_of(self._settings.timezone or self._commonest())
            self.is_elected = self._settings.timezone is None
        return self._zone

    def _commonest(self) -> str:
        zones = Counter(str(zone) for zone in self._user_zones() if zone)
        if not zones:
            raise ConfigurationError(
                "no user of the account shows a time zone (teams and AI agents do not count): set "
                "timezone, e.g. America/New_York"
            )
        return min(zones, key=lambda name: (-zones[name], name))

    def vote(self) -> ZoneVote:
        """How many of the account's people have set the zone."""
        zones = list(self._user_zones())
        return ZoneVote(votes=zones.count(self.zone.key), people=len(zones))

    @property
    def first_day(self) -> date:
        """The local day from which history is wanted."""
        if self._first_day is None:
            today = self.now.astimezone(self.zone).date()
            self._first_day = today - timedelta(days=DEFAULT_HISTORY_DAYS)
        return self._first_day

    @property
    def start(self) -> datetime:
        """The first instant of `first_day`."""
        return local_midnight(self.first_day, self.zone)

    def interval(
        self, since: str | date | None, until: str | date | None
    ) -> tuple[datetime | None, datetime | None]:
        """The instants of an interval of local days, half-open; (None, None) without one.

        An interval without `until` goes on to now. ConfigurationError when it is none.
        """
        first, last = parse_date("since", since), parse_date("until", until)
        if first is None:
            if last is not None:
                raise ConfigurationError("until is given without since: name both, or neither")
            return None, None
        start = local_midnight(first, self.zone)
        end = self.now if last is None else local_midnight(last, self.zone)
        if start >= self.now:
            raise ConfigurationError(f"since={first}: that is in the future, nothing to load")
        if start >= end:
            raise ConfigurationError(
                f"since={first} is not before until={last}: until is the first day left out"
            )
        return start, end

    def check_start(self) -> None:
        """Refuses a start date in the future."""
        if self.start >= self.now:
            raise ConfigurationError(
                f"start_date={self.first_day}: that is in the future, nothing to load"
            )

    def pin(self, state: dict[str, Any]) -> None:
        """Keeps account, time zone and start date as the first run had them.

        A later change of the time zone would cut all windows anew beside the old ones; another
        account would begin where this one's cursors stand: both are refused.
        """
        wanted = self._settings
        account = state.get("account", wanted.account)
        if account != wanted.account:
            raise ConfigurationError(
                f"account={wanted.account!r}, but this pipeline loads {account!r}, and its "
                "cursors are that account's: give each account a file or pipeline of its own"
            )
        pinned = state.get("timezone")
        if pinned and self._zone is None and wanted.timezone is None:
            self._zone = zone_of(pinned)
        if pinned and self.zone.key != pinned:
            raise ConfigurationError(
                f"timezone {self.zone.key}, but this warehouse was loaded in {pinned}: windows "
                f"of both would overlap. Set timezone = {pinned!r}, or load everything anew in "
                f"{self.zone.key} with: help-scout rebuild"
            )
        if wanted.start_date is None and "start_date" in state:
            self._first_day = date.fromisoformat(state["start_date"])
        self.check_start()
        state["account"] = account
        state["timezone"] = self.zone.key
        state["start_date"] = self.first_day.isoformat()
