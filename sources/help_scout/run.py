"""One run over one account: its calendar, its lists, and which reads are due.

A `Run` is what the resources of one extraction share. It knows nothing of dlt.
"""

from __future__ import annotations

import logging
from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Mapping
from concurrent.futures import Future
from datetime import date, datetime, timedelta
from itertools import chain
from typing import Any
from zoneinfo import ZoneInfo

from .catalog import Driver, Report
from .client import Client
from .drivers import driver_items, drives, not_asked
from .errors import AnswerError, ApiError, ConfigurationError
from .flatten import unwrap
from .lists import AccountLists
from .outcome import Outcome, Status
from .plan import Read, Request, plan_read, plan_spans
from .read_ahead import Outcomes, ReadAhead
from .reports import REPORTS
from .reports.blocks import RANGE_LABELS
from .settings import DEFAULT_HISTORY_DAYS, Settings, parse_date, zone_of
from .slices import Breakdown, Slice, SliceValue
from .windows import Grain, Window, local_midnight, window_of

log = logging.getLogger(__name__)

SPANS_AHEAD = 8
FIXED_ITEMS: Mapping[str, tuple[SliceValue, ...]] = {
    "type": ("email", "chat", "phone"),
    "rating": ("great", "ok", "not-good"),
    "status": ("active", "pending", "closed"),
    "office_hours": (False, True),
    "range": (*RANGE_LABELS, "resolved", "firstReplyResolved"),
    "field": ("tagid", "replyid", "workflowid", "customerid"),
}
LISTED_ITEMS = {"mailbox": "inboxes", "tag": "tags", "folder": "inbox_folders"}

Interval = tuple[datetime, datetime]
Span = tuple[Window, ...]


class Run:
    """One run over one account.

    `now` is the instant that decides what is due; `on_outcome` is told of each window read.
    `chunk` narrows what is planned to an interval, for loads in several pipeline runs.
    """

    def __init__(
        self,
        settings: Settings,
        client: Client,
        run_id: str,
        *,
        now: datetime,
        on_outcome: Callable[[Outcome], None] | None = None,
    ) -> None:
        self.settings = settings
        self.client = client
        self.run_id = run_id
        self.now = now
        self.lists = AccountLists(self._get, self._offered_tags)
        self.reader = ReadAhead(client, self.now, on_outcome)
        self.chunk: Interval | None = None
        self._blocked: set[str] = set()
        self._zone: ZoneInfo | None = None
        self._first_day = settings.start_date

    def close(self) -> None:
        """Ends the threads and connections."""
        self.reader.close()
        self.client.close()

    # --- the calendar -----------------------------------------------------------------------

    @property
    def zone(self) -> ZoneInfo:
        """The company's time zone: as configured, else the commonest of the account's users."""
        if self._zone is None:
            self._zone = zone_of(self.settings.timezone or self._commonest_timezone())
        return self._zone

    def _commonest_timezone(self) -> str:
        zones = Counter(
            str(user["timezone"]) for _, user in self.lists.list_of("users") if user.get("timezone")
        )
        if not zones:
            raise ConfigurationError(
                "no user of the account shows a time zone: set timezone, e.g. America/New_York"
            )
        return min(zones, key=lambda name: (-zones[name], name))

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
        account = state.get("account", self.settings.account)
        if account != self.settings.account:
            raise ConfigurationError(
                f"account={self.settings.account!r}, but this pipeline loads {account!r}, and its "
                "cursors are that account's: give each account a file or pipeline of its own"
            )
        pinned = state.get("timezone")
        if pinned and self._zone is None and self.settings.timezone is None:
            self._zone = zone_of(pinned)
        if pinned and self.zone.key != pinned:
            raise ConfigurationError(
                f"timezone {self.zone.key}, but this warehouse was loaded in {pinned}: windows "
                f"of both would overlap. Set timezone = {pinned!r}, or load into a new file or "
                "dataset"
            )
        if self.settings.start_date is None and "start_date" in state:
            self._first_day = date.fromisoformat(state["start_date"])
        self.check_start()
        state["account"] = account
        state["timezone"] = self.zone.key
        state["start_date"] = self.first_day.isoformat()

    def _offered_tags(self) -> list[Any]:
        """The tags that yesterday's conversations report offers as filters."""
        yesterday = self.now.astimezone(self.zone).date() - timedelta(days=1)
        span = (window_of(Grain.DAY, yesterday, self.zone),)
        read = self._read(REPORTS["conversations_overall"], span, Slice())
        try:
            body = unwrap(read.report, self._get(read.parts[0].request))
        except (ApiError, AnswerError) as error:
            log.warning("tags: only the listed ones, the reports' own are missing: %s", error)
            return []
        offered = body.get("filterTags")
        return offered if isinstance(offered, list) else []

    def _get(self, request: Request) -> Any:
        return self.client.get(request).body

    # --- what is due ------------------------------------------------------------------------

    def spans(self, report: Report, after: datetime, until: datetime | None) -> list[Span]:
        """The report's spans that are due in (after, until], as far as the chunk goes.

        None for a report that an earlier chunk of the run could not go on with: a later window
        must not move the cursor past the one that lacks.
        """
        if report.name in self._blocked:
            return []
        until = min(until or self.now, self.now)
        if self.chunk is not None:
            after, until = max(after, self.chunk[0]), min(until, self.chunk[1])
        return plan_spans(
            report,
            self.settings.grains_of(report),
            self.zone,
            after,
            until,
            now=self.now,
            include_open=self.settings.include_open_windows,
        )

    def note_blocked(self, outcomes: Outcomes) -> None:
        """Remembers the reports that cannot go on in this run."""
        self._blocked.update(o.read.report.name for o in outcomes if o.blocks_report)

    def reads(self, report: Report, spans: list[Span]) -> Iterator[Read | Outcomes]:
        """The reads of the spans, in order; outcomes stand for reads that cannot be planned."""
        breakdowns = self.settings.breakdowns_of(report)
        drivers = [d for d in report.drivers if any(drives(d, b) for b in breakdowns)]
        for position, span in enumerate(spans):
            for driver in drivers:
                for coming in chain.from_iterable(spans[position : position + SPANS_AHEAD]):
                    self._drive(driver, coming)
            planned: set[Slice] = set()  # breakdowns may overlap: mailbox, and mailbox=4
            for breakdown in breakdowns:
                try:
                    yield from self._reads_of(report, span, breakdown, planned)
                except (ApiError, AnswerError) as error:
                    yield self._not_planned(report, span, breakdown, str(error))
                    return

    def _not_planned(
        self, report: Report, span: Span, breakdown: Breakdown, error: str
    ) -> Outcomes:
        """Outcomes for slices that cannot be told, since what names them is not to be had."""
        names = ",".join(name for name, _ in breakdown.terms)
        read = self._read(report, span, Slice(unresolved=names))
        return [
            Outcome(
                read=read,
                window=window,
                status=Status.FAILED,
                fetched_at=self.now,
                error=f"not asked, its slices are not known: {error}",
                blocks_report=True,
            )
            for window in span
        ]

    def _reads_of(
        self, report: Report, span: Span, breakdown: Breakdown, planned: set[Slice]
    ) -> Iterator[Read | Outcomes]:
        by_user = [d for d in report.drivers if d.field is None and drives(d, breakdown)]
        seen, lacking_users = self._named_items(by_user, span)
        users = set().union(*seen.values())
        listed = set(self.lists.ids_of("users")) if by_user else set()
        slices = list(breakdown.slices(lambda name, fixed: self._items(name, fixed, users)))
        if not slices and lacking_users is not None:
            yield self._not_planned(report, span, breakdown, str(lacking_users.error))
        for slice_ in slices:
            if slice_ in planned:
                continue
            planned.add(slice_)
            by_field = [d for d in report.drivers if ("field", d.field) in slice_.values]
            named, lacking_items = self._named_items(by_field, span)
            user = dict(slice_.values).get("user")
            unlisted = bool(by_user) and user not in listed
            read = self._read(
                report,
                span,
                slice_,
                items=sorted(named[span[0]]) if by_field else None,
                wanted=tuple(w for w in span if user in seen[w]) if unlisted else span,
            )
            lacking = lacking_users or lacking_items
            yield read if lacking is None else not_asked(read, lacking, self.now)

    def known_slices(self, report: Report) -> list[Slice]:
        """The report's slices as far as the account's lists tell, users who left not included."""
        return [
            slice_
            for breakdown in self.settings.breakdowns_of(report)
            for slice_ in breakdown.slices(lambda name, fixed: self._items(name, fixed, set()))
        ]

    def _items(self, name: str, fixed: Slice, users: set[int]) -> Iterable[SliceValue]:
        """The values that a breakdown by `name` fans out over."""
        if name == "user":
            return sorted({*self.lists.ids_of("users"), *users})
        if name == "range_id":
            return sorted(RANGE_LABELS.get(str(dict(fixed.values).get("range")), {}))
        if name in LISTED_ITEMS:
            return self.lists.ids_of(LISTED_ITEMS[name])
        if name in FIXED_ITEMS:
            return FIXED_ITEMS[name]
        raise ConfigurationError(f"breakdown {name!r}: name the value, as in {name}=…")

    def _read(
        self,
        report: Report,
        span: Span,
        slice_: Slice,
        *,
        items: Iterable[int] | None = None,
        wanted: Span | None = None,
    ) -> Read:
        return plan_read(
            report,
            span,
            slice_,
            zone=self.zone,
            compare_to=self.settings.compare_to,
            items=items,
            wanted=wanted,
        )

    # --- reports that name others' items ----------------------------------------------------

    def _drive(self, driver: Driver, window: Window) -> Future[Outcomes]:
        """The driver's answer for the window, shared with the driver report's own reads."""
        return self.reader.submit(self._read(REPORTS[driver.report], (window,), Slice()))

    def _named_items(
        self, drivers: list[Driver], span: Span
    ) -> tuple[dict[Window, set[int]], Outcome | None]:
        """The items that the drivers name for each window, and the driver that failed, if any."""
        found: dict[Window, set[int]] = {window: set() for window in span}
        for driver in drivers:
            for window in span:
                outcome = self._drive(driver, window).result()[0]
                if not outcome.status.succeeded:
                    return found, outcome
                found[window] |= driver_items(driver, outcome)
        return found, None
