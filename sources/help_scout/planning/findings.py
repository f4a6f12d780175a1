"""What is known of how one account behaves, and which of two findings wins.

Two write findings down. `help-scout doctor --probe` writes them into the table `account_facts`,
which the command line gives to each load. Loads keep what they see themselves in the source's
state; a bare dlt pipeline has the state only. Both use the same names and values. Of two findings
about one fact the later one wins, since it is what the API showed last.

A finding is never taken for granted. Where buckets begin is seen again once a week
(`needs_trial`), and an answer that does not fit a finding is still read as without it: a finding
changes how many requests are sent, not what is stored.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime, time, timedelta
from typing import Any

from .windows import Window

ZERO_BUCKETS = "zero_buckets"
"""Whether series say zero of a day on which nothing happened (`sent`), or nothing (`left_out`)."""

BUCKET_ANCHOR = "bucket_anchor"
"""From where series count their buckets."""

FROM_REQUEST = "request"
"""From the start of the request: buckets asked for from the company's midnight begin there."""
UTC_MIDNIGHT = "utc_midnight"
ELSEWHERE = "other"

TRIAL_AFTER = timedelta(days=7)


@dataclass(frozen=True, slots=True)
class Finding:
    """The value of a fact, and when the API showed it."""

    value: str
    found_at: datetime


class Findings:
    """The findings about one account, by the facts' names."""

    def __init__(self) -> None:
        self._found: dict[str, Finding] = {}

    def as_json(self) -> dict[str, Any]:
        """All findings, as `told` has them."""
        return told(self._found)

    def take(self, findings: Mapping[str, Finding]) -> None:
        """Takes findings, each where it is no older than what is known of its fact."""
        for name, finding in findings.items():
            known = self._found.get(name)
            if known is None or finding.found_at >= known.found_at:
                self._found[name] = finding

    def value(self, name: str) -> str | None:
        """What is known of a fact; None where nothing is."""
        found = self._found.get(name)
        return None if found is None else found.value

    @property
    def bucket_anchor(self) -> str:
        """From where series count their buckets, as far as is known."""
        return self.value(BUCKET_ANCHOR) or FROM_REQUEST

    def needs_trial(self, now: datetime) -> bool:
        """Whether it has not been seen for a week that buckets are counted from elsewhere than the
        request."""
        found = self._found.get(BUCKET_ANCHOR)
        return found is not None and now - found.found_at >= TRIAL_AFTER


def told(findings: Mapping[str, Finding]) -> dict[str, Any]:
    """The findings as the source's state and the archive keep them."""
    return {
        name: {"value": found.value, "found_at": found.found_at.astimezone(UTC).isoformat()}
        for name, found in findings.items()
    }


def from_json(kept: Mapping[str, Any]) -> dict[str, Finding]:
    """The findings that `told` wrote."""
    return {
        name: Finding(one["value"], datetime.fromisoformat(one["found_at"]))
        for name, one in kept.items()
    }


def fits_anchor(window: Window, anchor: str) -> bool:
    """Whether the window has one bucket to itself where buckets are counted from `anchor`."""
    if anchor == UTC_MIDNIGHT:
        return is_utc_midnight(window.start) and is_utc_midnight(window.end)
    return anchor != ELSEWHERE


def is_utc_midnight(instant: datetime) -> bool:
    """Whether a UTC day begins at the instant."""
    return instant.astimezone(UTC).time() == time()
