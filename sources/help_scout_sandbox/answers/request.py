"""A report request after its parameters were checked."""

from __future__ import annotations

from dataclasses import dataclass

Interval = tuple[int, int]
"""First and last second, both included, as on the wire."""


@dataclass(frozen=True, slots=True, kw_only=True)
class ReportRequest:
    """What one report is asked for. Absent filters are empty tuples, absent choices None."""

    current: Interval
    previous: Interval | None = None
    inboxes: tuple[int, ...] = ()
    channels: tuple[str, ...] = ()
    folders: tuple[int, ...] = ()
    tags: tuple[int, ...] = ()
    sites: tuple[str, ...] = ()
    user: int | None = None
    members: tuple[int, ...] = ()
    office_hours: bool = False
    view_by: str | None = None
    page: int = 1
    rows: int = 25
    sort_field: str | None = None
    descending: bool = True
    rating: str | None = None
    status: str | None = None
    range: str | None = None
    range_id: int | None = None
    field: str | None = None
    field_id: int | None = None

    @property
    def intervals(self) -> list[Interval]:
        """The current interval and, when one was given, the previous one."""
        return [self.current] if self.previous is None else [self.current, self.previous]
