"""The company's wall clock: local days, opening hours and weekday-hour cells of instants."""

from __future__ import annotations

from bisect import bisect_right
from datetime import date, datetime, time, timedelta
from zoneinfo import ZoneInfo

DAY = 86_400
OPENS, CLOSES = 9, 17
OFFICE_DAY = (CLOSES - OPENS) * 3_600


def local_midnight(day: date, zone: ZoneInfo) -> int:
    """The epoch second at which a local day begins."""
    return int(datetime.combine(day, time(), tzinfo=zone).timestamp())


class CompanyTime:
    """Looks up local days by bisection: zone conversions would take half of the build time."""

    def __init__(self, zone: ZoneInfo, first_day: date) -> None:
        self.zone = zone
        self._next_day = first_day
        self._midnights: list[int] = []
        self._weekdays: list[int] = []
        self._opens: list[int] = []
        self._office_before: list[int] = []
        self._office_total = 0
        self.cover(first_day + timedelta(days=40))

    def cover(self, day: date) -> None:
        """Extends the table so that instants of `day` can be looked up."""
        while self._next_day <= day + timedelta(days=1):
            current = self._next_day
            weekday = current.isoweekday()
            self._midnights.append(local_midnight(current, self.zone))
            self._weekdays.append(weekday)
            self._office_before.append(self._office_total)
            if weekday <= 5:
                opens = datetime.combine(current, time(OPENS), tzinfo=self.zone)
                self._opens.append(int(opens.timestamp()))
                self._office_total += OFFICE_DAY
            else:
                self._opens.append(0)
            self._next_day = current + timedelta(days=1)

    def day_bounds(self, day: date) -> tuple[int, int]:
        """The first second of a local day and the first second of the next one."""
        return local_midnight(day, self.zone), local_midnight(day + timedelta(days=1), self.zone)

    def cell(self, instant: int) -> int:
        """Weekday (Monday 1) times 24 plus the local hour: one number for a busy-times cell."""
        index = bisect_right(self._midnights, instant) - 1
        midnight = self._midnights[index]
        if self._midnights[index + 1] - midnight == DAY:
            hour = (instant - midnight) // 3_600
        else:  # a 23 or 25 hour day: only the zone knows which hour was skipped or repeated
            hour = datetime.fromtimestamp(instant, self.zone).hour
        return self._weekdays[index] * 24 + hour

    def office_seconds(self, start: int, end: int) -> int:
        """Seconds between two instants during which the office was open."""
        return self._office_clock(end) - self._office_clock(start)

    def _office_clock(self, instant: int) -> int:
        index = bisect_right(self._midnights, instant) - 1
        opens = self._opens[index]
        if not opens:
            return self._office_before[index]
        return self._office_before[index] + min(max(instant - opens, 0), OFFICE_DAY)

    def next_opening(self, instant: int) -> int:
        """The next 9:00 on a working day after an instant."""
        index = bisect_right(self._midnights, instant) - 1
        while not self._opens[index] or self._opens[index] <= instant:
            index += 1
        return self._opens[index]
