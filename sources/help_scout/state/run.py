"""One run over one account: its calendar, its lists, and the spans that it reads.

A `Run` is what the resources of one extraction share. It knows nothing of dlt.
"""

from __future__ import annotations

import logging
from collections.abc import Callable, Iterable, Iterator
from datetime import datetime, timedelta
from functools import cached_property
from typing import Any, TypeAlias

from ..api.client import Client
from ..archive.answer_archive import Archive, asking_for_lists
from ..archive.body_privacy import protect_body
from ..catalog.dimensions import DIMENSIONS
from ..catalog.model import Report
from ..catalog.reports import REPORTS
from ..catalog.slices import Slice
from ..catalog.stored_tables import Storage
from ..catalog.version import CATALOG_VERSION, check_catalog
from ..errors import AnswerError, ApiError, ConfigurationError
from ..extract.dimension_lists import AccountLists
from ..extract.list_guard import is_refusal
from ..extract.prefetch import ReadAhead
from ..extract.result import LEFT_OUT, SENT, WindowResult, WindowResults
from ..parsing.coerce import Row
from ..parsing.envelope import unwrap
from ..parsing.redaction import Privacy
from ..planning.breakdowns import pin_groups
from ..planning.budget import Budget
from ..planning.calendar import AccountTime
from ..planning.findings import (
    BUCKET_ANCHOR,
    ELSEWHERE,
    FROM_REQUEST,
    UTC_MIDNIGHT,
    ZERO_BUCKETS,
    Finding,
    Findings,
    from_json,
)
from ..planning.request_plan import Read, Request, plan_spans
from ..planning.session import LoadSession
from ..planning.settings import Settings
from ..planning.windows import Grain, window_of
from .read_planner import ReadPlanner, Span
from .snapshot import WarehouseSnapshot

log = logging.getLogger(__name__)

FACTS = "account_facts"

Interval: TypeAlias = tuple[datetime, datetime]


class Run:
    """One run over one account.

    `now` is the instant that decides what is due; `docs` answers for the Docs API, with a key for
    it; `on_result` is told of each window read; `archive` keeps what is answered.
    `chunk` narrows what is planned to an interval, for loads in several pipeline runs; `budget`
    ends the run early, where no window is half read; `round` is the night that the run is of.
    """

    def __init__(
        self,
        settings: Settings,
        client: Client,
        run_id: str,
        *,
        now: datetime,
        docs: Client | None = None,
        privacy: Privacy | None = None,
        on_result: Callable[[WindowResult], None] | None = None,
        archive: Archive | None = None,
    ) -> None:
        self.settings = settings
        self.client = client
        self._docs = docs
        self.run_id = run_id
        self.privacy = privacy or Privacy()
        self.now = now
        self.archive = archive
        if archive is not None:
            archive.protect = lambda request, body: protect_body(self.privacy, request, body)
        self.lists = AccountLists(
            self._get, self._offered_tags, None if docs is None else self._get_docs, now=now
        )
        self.time = AccountTime(settings, now, self._user_zones)
        self.reader = ReadAhead(client, now, on_result, lambda: client.limiter.connections)
        self.planner = ReadPlanner(
            settings, self.time, self.lists, self.reader.submit, self._may_begin
        )
        self.list_names: tuple[str, ...] = tuple(DIMENSIONS)
        """The lists that are loaded with the first package."""
        self.chunk: Interval | None = None
        self.budget = Budget()
        self.round: LoadSession | None = None
        self.knows_warehouse = False
        self.storage = Storage()
        """How the destination keeps tables; the one who opens it knows."""
        self.ledgers: dict[str, list[Row]] = {}
        """Rows of ledgers that come when all others have, by table."""
        self.facts = Findings()
        """What is known of the account's habits: kept in the source's state."""
        self._anchors: set[str] = set()
        self._is_steered = False
        self.rows = 0
        """Rows read so far, over all tables."""
        self.is_stopping = False
        """Whether the run is to end: nothing is asked any more."""
        self._has_begun = False

    def close(self) -> None:
        """Ends the threads and connections."""
        self.reader.close()
        self.client.close()
        if self._docs is not None:
            self._docs.close()
        if self.archive is not None:
            self.archive.discard()

    def enter(self) -> None:
        """A resource begins to read."""
        if self.archive is not None:
            self.archive.enter()

    def leave(self) -> None:
        """A resource has read all."""
        if self.archive is not None:
            self.archive.leave()

    def note_ledger(self, rows: Iterable[Row]) -> None:
        """Windows or lists are given to the load, read or read in vain."""
        if self.archive is not None:
            self.archive.note_windows(rows)

    def stop(self) -> None:
        """Ends the run soon: what is under way is dropped unless it is answered, nothing new is
        begun. What has been read whole is kept."""
        self.is_stopping = True
        self.client.stop()
        if self._docs is not None:
            self._docs.stop()

    def reconcile_state(self, state: dict[str, Any]) -> None:
        """Keeps what must not change between loads, in the source's state: account, time zone,
        start date, what named groups are made of. ConfigurationError when it did. And the version
        of the catalog, and when each breakdown was first asked for: items that come later bring
        their history with them."""
        check_catalog(state)
        if self.archive is not None:
            self.archive.belong(state)
        self.time.pin(state)
        pin_groups(self.settings.named_groups, state)
        self.planner.remember(state)
        self.pin_privacy(state)
        self.facts.take(from_json(state.get(FACTS, {})))
        if not self._is_steered:
            self.steer()
        state["catalog_version"] = CATALOG_VERSION
        since = state.setdefault("breakdowns", {})
        for name in self._breakdown_names:
            since.setdefault(name, self.now.isoformat())

    @cached_property
    def _breakdown_names(self) -> list[str]:
        """Every breakdown of every report; each resource asks again."""
        return [
            f"{report.name}.{breakdown.text}"
            for report in REPORTS.values()
            for breakdown in self.settings.breakdowns_of(report)
        ]

    @cached_property
    def _privacy_modes(self) -> dict[str, str]:
        return self.privacy.modes()

    def pin_privacy(self, state: dict[str, Any]) -> None:
        """Keeps what became of personal data, and a print of the key: hashes of another key would
        not join. ConfigurationError when it is another one."""
        known = state.get("privacy_key_print")
        if known is not None and self.privacy.key_print not in (known, None):
            raise ConfigurationError(
                "privacy_key is not the one that this warehouse's hashes were made with: set that "
                "one, or load everything anew with: help-scout rebuild"
            )
        if self.privacy.key_print is not None:
            state["privacy_key_print"] = self.privacy.key_print
        state["privacy"] = dict(self._privacy_modes)

    def attach_snapshot(self, stored: WarehouseSnapshot | None) -> None:
        """Takes what the warehouse holds, None when it holds nothing yet; whom it was told to
        forget stays forgotten."""
        if stored is not None:
            self.privacy = self.privacy.with_forgotten(stored.forgotten())
            self.lists.attach(stored.known_list)
        self.planner.stored = stored
        self.knows_warehouse = True

    def spans(self, report: Report, after: datetime, until: datetime | None) -> list[Span]:
        """The report's spans that are due in (after, until], as far as the chunk goes."""
        until = min(until or self.now, self.now)
        if self.chunk is not None:
            after, until = max(after, self.chunk[0]), min(until, self.chunk[1])
        return plan_spans(
            report,
            self.settings.grains_of(report),
            self.time.zone,
            after,
            until,
            now=self.now,
            include_open=self.settings.include_open_windows,
        )

    def reads(self, report: Report, spans: list[Span]) -> Iterator[Read | WindowResults]:
        """The reads of the spans, in order, as far as the budget goes."""
        for read in self.planner.reads(report, spans):
            self._has_begun = True
            yield read

    def _may_begin(self) -> bool:
        """Whether the budget allows for more; a run begins something in any case, or a budget that
        the lists use up would never get on."""
        if self.is_stopping:
            return False
        if not self.budget.is_limited or not self._has_begun:
            return True
        return not self.budget.is_spent(self.client.sent + self.reader.waiting)

    def note(self, results: WindowResults) -> None:
        """Remembers what was read: how many rows, and what the API refuses."""
        self.rows += sum(result.row_count for result in results)
        for result in results:
            if result.is_refused:
                self.planner.refusals.add(result.read.report.name, result.read.slice.text)
            if result.zero_buckets and self.facts.value(ZERO_BUCKETS) != SENT:
                self._learn(ZERO_BUCKETS, result.zero_buckets)
                self.planner.zeros_left_out = result.zero_buckets == LEFT_OUT
            if result.bucket_anchor:
                self._anchors.add(result.bucket_anchor)

    def _learn(self, name: str, value: str) -> None:
        self.facts.take({name: Finding(value, self.now)})

    def steer(self) -> None:
        """Has what is known of the account's habits decide what is asked for from now on: by where
        its buckets begin from one package to the next, so that all reads of one are planned
        alike."""
        self._is_steered = True
        self.planner.zeros_left_out = self.facts.value(ZERO_BUCKETS) == LEFT_OUT
        self.planner.bucket_anchor = self.facts.bucket_anchor
        self.planner.tries_buckets = self.facts.needs_trial(self.now)

    def known_facts(self) -> dict[str, Any]:
        """What is known of the account's habits now, for the source's state. Buckets are known to
        begin elsewhere than requested when those of every span did."""
        if FROM_REQUEST in self._anchors:
            if self.facts.value(BUCKET_ANCHOR) in (UTC_MIDNIGHT, ELSEWHERE):
                self._learn(BUCKET_ANCHOR, FROM_REQUEST)
        elif self._anchors:
            one = len(self._anchors) == 1
            self._learn(BUCKET_ANCHOR, next(iter(self._anchors)) if one else ELSEWHERE)
        return self.facts.as_json()

    def note_read(self, report: Report) -> None:
        """Remembers that the report's windows of the chunk have been read, or failed."""
        if self.round is None or (self.chunk is not None and self.chunk[1] < self.round.until):
            return
        if not self.budget.was_hit and not self.is_stopping:
            self.round.left.discard(report.name)

    def _user_zones(self) -> Iterator[str | None]:
        """The time zones of the account's people. ConfigurationError when the API refuses the
        list, since then nobody but the configuration can say."""
        try:
            people = self.lists.people()
        except ApiError as error:
            if not is_refusal(error):
                raise
            raise ConfigurationError(
                f"the API refuses the list of users ({error.status}), so the account's time zone "
                "is not known: set timezone, e.g. America/New_York. Then the load goes on without "
                "the list"
            ) from error
        for user in people:
            yield user.get("timezone")

    def offered_tags_request(self) -> Request:
        """What requests the tags that reports offer, of yesterday."""
        yesterday = self.now.astimezone(self.time.zone).date() - timedelta(days=1)
        span = (window_of(Grain.DAY, yesterday, self.time.zone),)
        return self.planner.read(_offers_tags(), span, Slice()).parts[0].request

    def _offered_tags(self) -> list[Any]:
        """The tags that yesterday's report offers as filters."""
        try:
            body = unwrap(_offers_tags(), self._get(self.offered_tags_request()))
        except (ApiError, AnswerError) as error:
            log.warning("tags: only the listed ones, the reports' own are missing: %s", error)
            return []
        offered = body.get("filterTags")
        return offered if isinstance(offered, list) else []

    def _get(self, request: Request) -> Any:
        with asking_for_lists():
            return self.client.get(request).body

    def _get_docs(self, request: Request) -> Any:
        assert self._docs is not None
        with asking_for_lists():
            return self._docs.get(request).body


def _offers_tags() -> Report:
    """The report whose filters the account's tags are read from."""
    return next(report for report in REPORTS.values() if report.offers_tags)
