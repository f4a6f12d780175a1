"""A round: one reading of all that a night, or an interval, asks for, however many runs it takes.

A run that was killed or spent its budget leaves its round open. The same run within `OPEN_HOURS`
goes on with it: windows that the round has read are not read again. So small budgets get through
a night too.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any

OPEN_HOURS = 20
STATE = "rounds"


@dataclass(slots=True)
class LoadSession:
    """The round that a run belongs to: what it reads and up to when, when it began, and the
    reports that are yet to be read.

    `resumed_from` is when it began if an earlier run began it, None for a new round.
    """

    what: str
    until: datetime
    started_at: datetime
    resumed_from: datetime | None
    left: set[str] = field(default_factory=set)

    @classmethod
    def of(
        cls,
        state: Mapping[str, Any],
        now: datetime,
        reports: Iterable[str],
        *,
        interval: str = "",
        until: datetime | None = None,
    ) -> LoadSession:
        """The open round of the source's state that reads the same, or a new one.

        `interval` is how an interval was asked for, empty for a night; `until` its end.
        """
        names, until = set(reports), until or now
        what = f"{interval} {','.join(sorted(names))}".strip()
        kept = state.get(STATE, {}).get(what)
        if kept is not None and _is_open(kept, now):
            started_at = datetime.fromisoformat(kept)
            return cls(what, until, started_at, started_at, names)
        return cls(what, until, now, None, names)

    def keep(self, state: dict[str, Any], now: datetime) -> None:
        """Writes the round into the source's state while it is open; forgets old ones."""
        kept = {what: at for what, at in state.get(STATE, {}).items() if _is_open(at, now)}
        kept.pop(self.what, None)
        if self.left:
            kept[self.what] = self.started_at.isoformat()
        state[STATE] = kept


def _is_open(started_at: str, now: datetime) -> bool:
    age = now - datetime.fromisoformat(started_at)
    return timedelta(0) <= age < timedelta(hours=OPEN_HOURS)
