"""A round: one night's reading of all that is due, however many runs it takes.

A run that was killed, failed, or spent its budget leaves its round open. The next run within
`OPEN_HOURS` goes on with it: closed windows that the round has read are not read again. So small
budgets get through a night too.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any

OPEN_HOURS = 20
STATE = "round"


@dataclass(slots=True)
class Round:
    """The round that a run belongs to: when it began, and the reports that are yet to be read.

    `resumed_from` is when it began if an earlier run began it, None for a new round.
    """

    started_at: datetime
    resumed_from: datetime | None
    left: set[str] = field(default_factory=set)

    @classmethod
    def of(cls, state: Mapping[str, Any], now: datetime, reports: Iterable[str]) -> Round:
        """The open round of the source's state, or a new one."""
        kept = state.get(STATE)
        if kept and not kept["is_over"]:
            started_at = datetime.fromisoformat(kept["started_at"])
            if timedelta(0) <= now - started_at < timedelta(hours=OPEN_HOURS):
                return cls(started_at, started_at, set(reports))
        return cls(now, None, set(reports))

    def as_state(self) -> dict[str, Any]:
        """What the source's state keeps of it."""
        return {"started_at": self.started_at.isoformat(), "is_over": not self.left}
