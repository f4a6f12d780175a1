"""The reads of a load without sending any: the warehouse answers for the API.

Exact wherever the warehouse knows the lists and, for windows that name users, the window; a user
who left and whom only windows not loaded yet name cannot be foreseen.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator
from concurrent.futures import Future
from typing import Any

from ..catalog.model import ParentReport, Report
from ..catalog.reports import REPORTS
from ..catalog.slices import Slice
from ..extract.dimension_lists import AccountLists
from ..extract.parent_reports import parent_column
from ..extract.prefetch import SharedKey, shared_key
from ..extract.result import Status, WindowResult, WindowResults
from ..planning.request_plan import Read
from ..planning.windows import Window
from .read_planner import ReadPlanner, Span
from .run import Run
from .snapshot import WarehouseSnapshot

PARENTS = tuple({parent: None for report in REPORTS.values() for parent in report.parents})


class DryRun:
    """Plans what `run` would read, counting answers that reports share once. `lists` are the
    account's, the run's own unless others are given."""

    def __init__(
        self, run: Run, stored: WarehouseSnapshot | None, lists: AccountLists | None = None
    ) -> None:
        self._run = run
        self._stored = stored
        self._lists = run.lists if lists is None else lists
        self._shared: set[SharedKey] = set()
        self._asked: list[Read] = []
        self._report = ""
        self.own: list[Read] = []
        """Reads whose windows are to be loaded: all but those that only name others' items."""
        self.unplanned: WindowResults = []
        """Windows that nothing is asked for: their slices are not known, or are refused."""
        self.resolved: WindowResults = []
        """Windows whose slices were not known and are now."""

    def forget_shared(self) -> None:
        """Drops the shared answers, as a run does after each chunk."""
        self._shared.clear()

    def reads(self, report: Report, spans: list[Span]) -> Iterator[Read]:
        """Every read that would be sent for the report, those of reports that name its items
        first."""
        run, self._report = self._run, report.name
        planner = ReadPlanner(run.settings, run.time, self._lists, self._answer)
        planner.selects, planner.stored = run.planner.selects, self._stored
        planner.refusals, planner.repeats_refusals = run.planner.refusals, True
        planner.bucket_anchor = run.planner.bucket_anchor
        planner.tries_buckets = run.planner.tries_buckets
        for read in planner.reads(report, spans):
            if isinstance(read, list):
                self.resolved += [one for one in read if one.status is Status.EMPTY]
                self.unplanned += [one for one in read if one.status is not Status.EMPTY]
            else:
                self.own.append(read)
                self._ask(read)
            yield from self._asked
            self._asked.clear()
        yield from self._asked
        self._asked.clear()

    def _ask(self, read: Read) -> None:
        key = shared_key(read)
        if key is None or key not in self._shared:
            self._asked.append(read)
        if key is not None:
            self._shared.add(key)

    def _answer(self, read: Read) -> Future[WindowResults]:
        """What the warehouse's rows of the read's window name."""
        self._ask(read)
        window = read.windows[0]
        rows: dict[str, list[dict[str, Any]]] = defaultdict(list)
        for parent in PARENTS:
            if parent.report == read.report.name:
                table, column = parent_column(parent)
                rows[table] += [{column: item} for item in sorted(self._named(parent, window))]
        future: Future[WindowResults] = Future()
        future.set_result(
            [
                WindowResult(
                    read=read,
                    window=window,
                    status=Status.LOADED,
                    fetched_at=self._run.now,
                    rows=rows,
                )
            ]
        )
        return future

    def _named(self, parent: ParentReport, window: Window) -> set[int]:
        """The items that the warehouse knows for the window; where the parent's own was not loaded,
        the users for whom the report itself was asked."""
        if self._stored is None:
            return set()
        state = self._stored.coverage.window_state(parent.report, Slice().text, window)
        is_stored = state is not None and state.is_loaded
        if parent.param == "user" and not is_stored:
            return self._stored.users_read(self._report, window)
        return self._stored.items(parent, window)
