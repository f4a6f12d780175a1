"""From spans to reads: every slice of every span, less what the run's selection leaves out.

The same code says what a load sends and what `plan` prints: only who answers the reports that
name others' items differs.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping
from concurrent.futures import Future
from dataclasses import replace
from datetime import UTC, datetime
from functools import partial
from itertools import chain, groupby
from typing import Any, TypeAlias

from ..catalog.model import ParentReport, Report, Shape
from ..catalog.reports import REPORTS
from ..catalog.reports.blocks import RANGE_LABELS
from ..catalog.slices import SLICE_PARAMS, Slice, SliceValue, each_item
from ..errors import AnswerError, ApiError, HelpScoutError
from ..extract.dimension_lists import AccountLists
from ..extract.list_guard import is_refusal
from ..extract.parent_reports import is_needed, not_asked, parent_items
from ..extract.result import Status, WindowResult, WindowResults
from ..planning.breakdowns import Breakdown
from ..planning.calendar import AccountTime
from ..planning.findings import FROM_REQUEST, fits_anchor
from ..planning.request_plan import Read, plan_read
from ..planning.settings import Settings
from ..planning.windows import Window
from .coverage import ALL
from .selections import Refusals, Selection, everything
from .snapshot import WarehouseSnapshot

SPANS_AHEAD = 8
LONG_AGO = datetime.min.replace(tzinfo=UTC)
NEVER = datetime.max.replace(tzinfo=UTC)

Span: TypeAlias = tuple[Window, ...]


class ReadPlanner:
    """Plans the reads of one run.

    `submit` sends a report that names others' items ahead; `may_begin` tells whether the budget
    allows for more. `selects` says which windows are read, `stored` is what the warehouse holds,
    if anybody knows, `refusals` what need not be asked for; all three belong to what is being
    loaded. With `repeats_refusals` it says of every window that it is not to be had, also where the
    ledger has it already.
    Windows that `bucket_anchor` leaves without a bucket to themselves are asked for one by one;
    with `tries_buckets` two of them together, to see whether it is still so.
    """

    def __init__(
        self,
        settings: Settings,
        time: AccountTime,
        lists: AccountLists,
        submit: Callable[[Read], Future[WindowResults]],
        may_begin: Callable[[], bool] = lambda: True,
    ) -> None:
        self._settings = settings
        self._time = time
        self._lists = lists
        self._submit = submit
        self._may_begin = may_begin
        self.selects: Selection = everything
        self.stored: WarehouseSnapshot | None = None
        self.refusals = Refusals()
        self.zeros_left_out = False
        self.bucket_anchor = FROM_REQUEST
        self.tries_buckets = False
        self.repeats_refusals = False
        self._is_newest = False
        self._wanted_since: Mapping[str, str] = {}
        self._first_seen: Mapping[str, Mapping[str, str]] = {}

    def reads(self, report: Report, spans: list[Span]) -> Iterator[Read | WindowResults]:
        """The reads of the spans, in order; results stand for reads that cannot be planned.

        A spent budget ends them between spans that share no time: the cursor then stands before
        all that was not asked for.
        """
        breakdowns = self._settings.breakdowns_of(report)
        parents = [d for d in report.parents if any(is_needed(d, b) for b in breakdowns)]
        covered: datetime | None = None
        for position, span in enumerate(spans):
            self._is_newest = position == len(spans) - 1
            is_edge = covered is None or span[0].covered_until(self._time.now) > covered
            if is_edge and not self._may_begin():
                return
            reached = span[-1].covered_until(self._time.now)
            covered = reached if covered is None else max(covered, reached)
            for parent in parents:
                for coming in chain.from_iterable(spans[position : position + SPANS_AHEAD]):
                    if not self._is_stored(parent, coming):
                        self._submit_parent(parent, coming)
            planned: set[Slice] = set()  # breakdowns may overlap: mailbox, and mailbox=4
            for breakdown in breakdowns:
                try:
                    yield from self._reads_of(report, span, breakdown, planned)
                except (ApiError, AnswerError) as error:
                    status = Status.UNAVAILABLE if is_refusal(error) else Status.FAILED
                    if unasked := self.not_planned(report, span, breakdown, status, str(error)):
                        yield unasked

    def listed_slices(self, report: Report) -> dict[str, datetime]:
        """The slices of the report's breakdowns with an item that came later than the breakdown,
        with since when each is wanted. Raises ApiError or AnswerError when a list is not to be
        had."""
        found: dict[str, datetime] = {}
        for breakdown in self._settings.breakdowns_of(report):
            listed = [n for n, p in SLICE_PARAMS.items() if p.listed and breakdown.fans_out_over(n)]
            new = {name: self._new_items(report, breakdown, name) for name in listed}
            if not any(new.values()):
                continue
            since = self._listed_since() if breakdown.fans_out_over("user") else {}
            left = self._once_named(report, breakdown)
            for slice_ in breakdown.slices(partial(self._items, users=left)):
                if not any(slice_.get(name) in new[name] for name in listed):
                    continue
                user = slice_.get("user")
                found[slice_.text] = (
                    since.get(user, LONG_AGO) if isinstance(user, int) else LONG_AGO
                )
        return found

    def unlisted_items(self, reports: Iterable[Report]) -> dict[str, set[SliceValue]]:
        """The items that breakdowns name but the account's lists lack, by slice parameter. Lists
        that are not to be had say nothing."""
        named: dict[str, set[SliceValue]] = {}
        for report in reports:
            for breakdown in self._settings.breakdowns_of(report):
                for name, values in breakdown.terms:
                    if values is not None and SLICE_PARAMS[name].listed:
                        named.setdefault(name, set()).update(each_item(values))
        found = {}
        for name, items in named.items():
            try:
                found[name] = items - {*self._lists.ids_of(SLICE_PARAMS[name].listed)}
            except HelpScoutError:
                continue
        return {name: items for name, items in found.items() if items}

    def _new_items(self, report: Report, breakdown: Breakdown, name: str) -> set[SliceValue]:
        """The items of a list that no load had seen when the breakdown was first asked for."""
        param = SLICE_PARAMS[name]
        since = self._wanted_since.get(f"{report.name}.{breakdown.text}")
        if since is None:
            return set()
        seen = self._first_seen.get(param.listed, {})
        items = self._lists.people_since() if name == "user" else self._lists.ids_of(param.listed)
        return {item for item in items if (first := seen.get(str(item))) is None or first > since}

    def _once_named(self, report: Report, breakdown: Breakdown) -> set[int]:
        """The users that stored reports have named, whether or not they are listed."""
        parents = [d for d in report.parents if d.field is None and is_needed(d, breakdown)]
        if self.stored is None:
            return set()
        return set().union(*(self.stored.all_items(parent) for parent in parents))

    def remember(self, state: Mapping[str, Any]) -> None:
        """Takes from the source's state when each item was first seen and each breakdown first
        asked for."""
        self._wanted_since = dict(state.get("breakdowns", {}))
        self._first_seen = {
            name: {key.rpartition("/")[2]: at for key, at in seen.items()}
            for name, seen in state.get("first_seen", {}).items()
        }

    def not_planned(
        self, report: Report, span: Span, breakdown: Breakdown, status: Status, error: str
    ) -> WindowResults:
        """Results for slices that cannot be named, since what names them is not to be had."""
        read = self.read(report, span, Slice(unresolved=breakdown.kind))
        return [
            self._unasked(read, window, status, f"not asked, its slices are not known: {error}")
            for window in span
            if not self._is_known(report, read.slice, window, status)
        ]

    def _reads_of(
        self, report: Report, span: Span, breakdown: Breakdown, planned: set[Slice]
    ) -> Iterator[Read | WindowResults]:
        by_user = [d for d in report.parents if d.field is None and is_needed(d, breakdown)]
        named_users, failed = self._named_items(by_user, span)
        users = set().union(*named_users.values())
        listed_since = self._listed_since(are_named=True) if by_user else {}
        named = users if by_user else None
        for slice_ in breakdown.slices(partial(self._items, users=named)):
            if slice_ in planned:
                continue
            planned.add(slice_)
            user = slice_.get("user") if by_user else None
            since = listed_since.get(user, NEVER) if isinstance(user, int) else LONG_AGO
            selected = [w for w in span if self.selects(report.name, slice_.text, w)]
            wanted = tuple(w for w in selected if w.end > since or user in named_users[w])
            if wanted:
                # Of a series no more is asked for than what the load selects of it.
                whole = span if report.shape is not Shape.SERIES else _from_to(span, selected)
                yield from self._read_of(report, whole, slice_, wanted)
        yield from self._what_names_slices(report, span, breakdown, failed)

    def _read_of(
        self, report: Report, span: Span, slice_: Slice, wanted: Span
    ) -> Iterator[Read | WindowResults]:
        """The read of the slice's wanted windows; results where it cannot be asked for."""
        if self.refusals.cover(report.name, slice_.text, is_newest=self._is_newest):
            read = self.read(report, span, slice_, wanted=wanted)
            if unasked := self._refused(read):
                yield unasked
            return
        if report.shape is Shape.SERIES:
            yield from self._series_reads(report, span, slice_, wanted)
            return
        items, failed = self._field_items(report, slice_, span)
        read = self.read(report, span, slice_, items=items, wanted=wanted)
        yield read if failed is None else not_asked(read, failed, self._time.now)

    def _series_reads(
        self, report: Report, span: Span, slice_: Slice, wanted: Span
    ) -> Iterator[Read]:
        """The reads of a series: one, unless windows are known not to fit the account's buckets.
        Each of these is asked for alone and without buckets."""
        misfits = {window for window in span if not fits_anchor(window, self.bucket_anchor)}
        if self.tries_buckets and not slice_.values:
            misfits -= {*wanted[:2]} if span[:2] == wanted[:2] else set()
        for is_misfit, group in groupby(span, misfits.__contains__):
            together = tuple(group)
            for part in [(window,) for window in together] if is_misfit else [together]:
                if kept := tuple(window for window in part if window in wanted):
                    yield self.read(report, part, slice_, wanted=kept, as_a_whole=is_misfit)

    def _refused(self, read: Read) -> WindowResults:
        """Results for windows of a slice that is not asked for, those that say so first."""
        error = "not asked: the API refused this when last asked, and is asked again within a week"
        return [
            self._unasked(read, window, Status.UNAVAILABLE, error)
            for window in read.wanted
            if not self._is_known(read.report, read.slice, window, Status.UNAVAILABLE)
        ]

    def _what_names_slices(
        self, report: Report, span: Span, breakdown: Breakdown, failed: WindowResult | None
    ) -> Iterator[WindowResults]:
        """What the ledger is told of windows whose users could not all be named, and of those of
        which it says so, when they could."""
        if failed is not None:
            name = failed.read.report.name
            error = f"{name} names them and came to {failed.status}: {failed.error}"
            if unasked := self.not_planned(report, span, breakdown, failed.status, error):
                yield unasked
            return
        coverage = None if self.stored is None else self.stored.coverage
        if coverage is None or not coverage.unresolved:
            return
        read = self.read(report, span, Slice(unresolved=breakdown.kind))
        resolved = [w for w in span if coverage.is_unresolved(report.name, breakdown.kind, w)]
        if resolved:
            yield [self._unasked(read, window, Status.EMPTY, None) for window in resolved]

    def _is_known(self, report: Report, slice_: Slice, window: Window, status: Status) -> bool:
        """Whether the ledger says already that the window is not to be had: once is enough."""
        if self.stored is None or status is not Status.UNAVAILABLE or self.repeats_refusals:
            return False
        coverage = self.stored.coverage
        state = coverage.window_state(report.name, slice_.text, window)
        key = (report.name, slice_.text, window.grain, window.start)
        known = state or coverage.unresolved.get(key)
        return known is not None and known.last_attempt is Status.UNAVAILABLE

    def _unasked(
        self, read: Read, window: Window, status: Status, error: str | None
    ) -> WindowResult:
        """The result of a window for which nothing was sent."""
        return WindowResult(
            read=read,
            window=window,
            status=status,
            fetched_at=self._time.now,
            error=error,
            keeps_stored=True,
        )

    def _items(
        self, name: str, before: Slice, users: set[int] | None
    ) -> Iterable[SliceValue] | None:
        """The values that a breakdown by `name` fans out over, after the values before it. `users`
        are those whom reports name, None where no report does."""
        param = SLICE_PARAMS[name]
        if name == "user":
            listed = self._listed_since(are_named=users is not None)
            return sorted({*listed, *(users or ())} - self._lists.no_users())
        if name == "range_id":
            return RANGE_LABELS.get(str(before.get("range")))
        if param.listed:
            return self._lists.ids_of(param.listed, in_use=name in self._settings.skip_inactive)
        return param.choices

    def _listed_since(self, *, are_named: bool = False) -> dict[int, datetime]:
        """From when on each listed user is asked for, whether or not a window names them. Where
        the API refuses the list and reports name users (`are_named`), those are all."""
        if "user" in self._settings.skip_inactive:
            return {}
        try:
            created = self._lists.people_since()
        except ApiError as error:
            if are_named and is_refusal(error):
                return {}
            raise
        return {int(user): since or LONG_AGO for user, since in created.items()}

    def _field_items(
        self, report: Report, slice_: Slice, span: Span
    ) -> tuple[list[int] | None, WindowResult | None]:
        """The items that the fields drilldown is asked for, None for other reports, and the report
        that should have named them but failed."""
        field_id = slice_.get("field_id")
        if isinstance(field_id, int):
            return [field_id], None
        by_field = [d for d in report.parents if d.field and d.field == slice_.get("field")]
        if not by_field:
            return None, None
        named, lacking = self._named_items(by_field, span)
        return sorted(named[span[0]]), lacking

    def read(
        self,
        report: Report,
        span: Span,
        slice_: Slice,
        *,
        items: Iterable[int] | None = None,
        wanted: Span | None = None,
        as_a_whole: bool = False,
    ) -> Read:
        """The read of one slice of a span, by the account's calendar and comparison."""
        read = plan_read(
            report,
            span,
            slice_,
            zone=self._time.zone,
            compare_to=self._settings.compare_to,
            sort=self._settings.sort_of(report),
            items=items,
            wanted=wanted,
            held=self._held(report, slice_, wanted or span),
            zeros_left_out=self.zeros_left_out,
            as_a_whole=as_a_whole,
        )
        is_of_user = not slice_.unresolved and (slice_.get("user") or slice_.get("team"))
        return replace(read, users=self._lists.known_ids("users")) if is_of_user else read

    def _held(self, report: Report, slice_: Slice, windows: Span) -> frozenset[Window]:
        """The windows of which the warehouse holds rows: that they are empty now is asked twice."""
        if self.stored is None or report.shape is Shape.OVERALL:
            return frozenset()
        coverage = self.stored.coverage
        states = {
            window: coverage.window_state(report.name, slice_.text, window) for window in windows
        }
        return frozenset(w for w, state in states.items() if state is not None and state.rows)

    # --- reports that name others' items ----------------------------------------------------

    def _submit_parent(self, parent: ParentReport, window: Window) -> Future[WindowResults]:
        """The parent's answer for the window, shared with the parent report's own reads; not asked
        for where the API has just refused that report."""
        read = self.read(REPORTS[parent.report], (window,), Slice())
        if not self.refusals.cover(parent.report, ALL):
            return self._submit(read)
        refused: Future[WindowResults] = Future()
        refused.set_result(
            [self._unasked(read, window, Status.UNAVAILABLE, "the API refuses this report")]
        )
        return refused

    def _is_stored(self, parent: ParentReport, window: Window) -> bool:
        """Whether the warehouse's own rows name the window's items: no need to ask again for what
        this run would not read again."""
        if self.stored is None or self.selects(parent.report, Slice().text, window):
            return False
        state = self.stored.coverage.window_state(parent.report, Slice().text, window)
        return state is not None and state.is_loaded

    def _named_items(
        self, parents: list[ParentReport], span: Span
    ) -> tuple[dict[Window, set[int]], WindowResult | None]:
        """The items that the parents name for each window, and the parent that failed, if any."""
        found: dict[Window, set[int]] = {window: set() for window in span}
        failed: WindowResult | None = None
        for parent in parents:
            for window in span:
                if self.stored is not None and self._is_stored(parent, window):
                    found[window] |= self.stored.items(parent, window)
                    continue
                result = self._submit_parent(parent, window).result()[0]
                if result.status.succeeded:
                    found[window] |= parent_items(parent, result)
                else:
                    failed = failed or result
                if result.is_refused:
                    self.refusals.add(parent.report, ALL)
        return found, failed


def _from_to(span: Span, windows: list[Window]) -> Span:
    """The span from the first of these windows to the last."""
    return span[span.index(windows[0]) : span.index(windows[-1]) + 1]
