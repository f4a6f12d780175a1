"""The loads of an archive, done again: the same requests at the same instants, answered from it.

Each session (a process that loaded) is one run with the options and the `now` that it had, so that
the ledger, what is final, the change log and the cursors come out as they did. Run ids, times of
reading and correlation ids are the archive's; only dlt's own load ids are new.
"""

from __future__ import annotations

import threading
from collections import defaultdict, deque
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from itertools import groupby
from pathlib import Path
from types import SimpleNamespace
from typing import Any, cast

import orjson
from dlt.pipeline.pipeline import Pipeline

from sources.help_scout import errors
from sources.help_scout.api.client import Answer, Client
from sources.help_scout.archive.answer_archive import CHAIN, asked_by, window_key
from sources.help_scout.archive.archive_files import ArchiveFile, Kept, Manifest, manifests_in
from sources.help_scout.catalog.model import Report
from sources.help_scout.catalog.reports import REPORTS
from sources.help_scout.errors import ApiError, ArchiveError
from sources.help_scout.extract.result import WindowResults
from sources.help_scout.parsing.coerce import whole_number
from sources.help_scout.parsing.redaction import Privacy
from sources.help_scout.planning.endpoints import report_at
from sources.help_scout.planning.findings import from_json
from sources.help_scout.planning.request_plan import Read, Request
from sources.help_scout.planning.settings import Settings, parse_date
from sources.help_scout.state.read_planner import Span
from sources.help_scout.state.run import Run

from ..jobs.events import ChunkBegins, Emit, Event
from ..jobs.load_loop import load
from ..models.base_views import create_views
from ..planning.load_plan import LoadRequest

NOT_ARCHIVED = "the archive has no answer to"
USUAL_LIMIT = 400
Key = tuple[str, str]
Place = tuple[ArchiveFile, Kept]


class NotArchived(ApiError):
    """The archive holds no answer to the request."""


class ArchiveClient:
    """Answers requests with what the archive has of one session, in the order in which it came;
    once that is used up with the last answer of an earlier session."""

    def __init__(self, files: Sequence[ArchiveFile], earlier: Mapping[Key, Place]) -> None:
        self.limiter = SimpleNamespace(
            connections=4, limit_per_minute=USUAL_LIMIT, others_per_minute=0.0
        )
        self.clock_skew_seconds: float | None = None
        self.sent = 0
        self.missing: list[Request] = []
        self._lock = threading.Lock()
        self._earlier = earlier
        self.latest: dict[Key, Place] = {}
        """The last answer to each request."""
        self._own: dict[tuple[str, str, str], deque[Place]] = defaultdict(deque)
        for file in files:
            for kept in file.answers():
                self._own[kept.asked_by, kept.path, kept.query].append((file, kept))
                self.latest[kept.path, kept.query] = (file, kept)
                self._note_limit(kept)

    def _note_limit(self, kept: Kept) -> None:
        limit = whole_number(kept.headers.get("X-RateLimit-Limit-Minute"))
        if limit is not None:
            self.limiter.limit_per_minute = limit

    def get(self, request: Request, *, most_tries: int | None = None) -> Answer:  # noqa: ARG002
        """The answer as it was, or the error as it was; NotArchived where there is neither."""
        with self._lock:
            self.sent += 1
            found = self._find(request)
            if found is None:
                self.missing.append(request)
                raise NotArchived(f"{NOT_ARCHIVED} {request.path}?{request.query_text}")
            file, kept = found
            body = file.body(kept)
        if body is None:
            kind = getattr(errors, kept.error_kind or "", ApiError)
            raise kind(
                kept.error or "",
                status=kept.status,
                correlation_id=kept.correlation_id,
                requests=kept.requests,
            )
        return Answer(
            orjson.loads(body), request, kept.fetched_at, kept.requests, kept.correlation_id
        )

    def _find(self, request: Request) -> Place | None:
        key = (request.path, request.query_text)
        waiting = self._own.get((asked_by(), *key))
        if waiting:
            return waiting.popleft()
        return self.latest.get(key) or self._earlier.get(key)

    def stop(self) -> None:
        """Nothing is waited for."""

    def close(self) -> None:
        """The files are the session's."""


class _ReplayRun(Run):
    """A run over an archive. Of a load that ended early what it did not read is left out again."""

    archived: ArchiveClient
    windows: frozenset[str] | None = None
    """The windows that a load that ended early has loaded; None for one that did not."""
    chain = ""

    def reconcile_state(self, state: dict[str, Any]) -> None:
        """The same; the warehouse goes on where the archived one stood."""
        super().reconcile_state(state)
        state[CHAIN] = self.chain

    def reads(self, report: Report, spans: list[Span]) -> Iterator[Read | WindowResults]:
        """The reads of the spans; where the load ended early, those that came to something."""
        for read in super().reads(report, spans):
            if self.windows is None or not self.windows.isdisjoint(_keys_of(read)):
                yield read


def _keys_of(read: Read | WindowResults) -> Iterator[str]:
    """The windows that the read is for."""
    if isinstance(read, list):
        pairs = [(result.read, result.window) for result in read]
    else:
        pairs = [(read, window) for window in read.wanted]
    for one, window in pairs:
        told = {"report": one.report.name, "slice": one.slice.text, "grain": str(window.grain)}
        yield window_key({**told, "window_start": window.start})


class _AllLoaded(Exception):
    """The archived load had no more packages: it was ended before."""


class Session:
    """The files of one process that loaded, in order."""

    def __init__(self, manifests: Sequence[Manifest]) -> None:
        self.manifests = manifests
        self.first = manifests[0].entries

    @property
    def settings(self) -> Settings:
        """The options that the session had."""
        known = Settings.__dataclass_fields__
        options = {name: value for name, value in self.first["options"].items() if name in known}
        options["start_date"] = parse_date("start_date", options.get("start_date"))
        return Settings(**options)

    @contextmanager
    def opened(
        self, privacy: Privacy, earlier: Mapping[Key, Place] | None = None
    ) -> Iterator[_ReplayRun]:
        """A run that the session's files answer."""
        files = [ArchiveFile(one.path) for one in self.manifests]
        client = ArchiveClient(files, earlier or {})
        run = _ReplayRun(
            self.settings,
            cast("Client", client),
            self.manifests[0].run_id,
            now=self.manifests[0].now,
            docs=cast("Client", client) if self.first["docs"] else None,
            privacy=privacy,
        )
        run.archived, run.chain = client, self.manifests[0].chain
        try:
            yield run
        finally:
            run.close()

    def load(self, pipeline: Pipeline, run: _ReplayRun) -> None:
        """Loads the session's packages again. ArchiveError when an answer is missing."""
        for run_id, found in groupby(self.manifests, key=lambda one: one.run_id):
            packages = list(found)
            run.run_id = run_id
            run.facts.take(from_json(packages[0].entries.get("facts", {})))
            try:
                load(pipeline, run, self._request(packages[0], run), _counting(run, packages))
            except _AllLoaded:
                create_views(pipeline, run.settings)
            missing = run.archived.missing
            if "bare" in packages[0].entries:  # which may not have read the account's lists
                missing = [one for one in missing if report_at(one.path) is not None]
            if missing and run.windows is None:
                raise ArchiveError(
                    f"the archive does not hold all of the load of {run.now:%Y-%m-%d %H:%M} UTC: "
                    f"{len(missing)} answers are missing, the first is to {missing[0].path}?"
                    f"{missing[0].query_text}. Was a file of it deleted, or was it written by "
                    "another version?"
                )

    def _request(self, manifest: Manifest, run: _ReplayRun) -> LoadRequest:
        """What the load was asked for; of a bare pipeline the reports that it read."""
        if "request" in manifest.entries:
            return LoadRequest.from_json(manifest.entries["request"])
        asked = {path for path, _ in run.archived.latest}
        reports = [r.name for r in REPORTS.values() if any(report_at(p) is r for p in asked)]
        return LoadRequest(reports=tuple(reports), **manifest.entries["bare"])


def _counting(run: _ReplayRun, packages: Sequence[Manifest]) -> Emit:
    """Counts the chunks that begin: ends the load after so many packages."""
    waiting = deque(packages)
    is_bare = "bare" in packages[0].entries
    run.list_names = tuple(packages[0].entries["lists"])

    def on_event(event: Event) -> None:
        if is_bare or not isinstance(event, ChunkBegins):
            return
        if not waiting:
            raise _AllLoaded
        told = waiting.popleft().entries
        if told["ended_early"]:
            run.windows, run.budget.was_hit = frozenset(told["windows"]), True

    return on_event


def sessions_in(account_folder: Path, chain: str | None = None) -> list[Session]:
    """The sessions that loaded one warehouse, oldest first: that of the `chain`, else the one that
    was loaded last."""
    found: dict[str, list[Manifest]] = {}
    manifests = manifests_in(account_folder)
    known = {manifest.chain for manifest in manifests}
    wanted = chain if chain in known else manifests[-1].chain if manifests else ""
    for manifest in manifests:
        if manifest.chain == wanted:
            found.setdefault(manifest.session, []).append(manifest)
    return [Session(manifests) for manifests in found.values()]


def check_beginning(sessions: Sequence[Session]) -> None:
    """Refuses sessions that do not begin with the first load of their warehouse."""
    if not sessions[0].first["is_first"]:
        raise ArchiveError(
            "the archive does not begin with the first load of its warehouse, so it cannot make it "
            "again: it was configured later, or files were deleted. help-scout rebuild loads "
            "everything from Help Scout instead, and the archive is whole from then on"
        )
