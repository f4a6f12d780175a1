"""One small file of an archive for a bug report, with nothing of the account in it."""

from __future__ import annotations

import gzip
import os
import platform
from collections import Counter
from collections.abc import Iterator, Sequence
from contextlib import suppress
from dataclasses import dataclass, field
from datetime import date
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path
from typing import Any

import orjson

from sources.help_scout.archive.answer_archive import LISTS
from sources.help_scout.archive.archive_files import ArchiveFile, Kept, Manifest
from sources.help_scout.catalog.reports import REPORTS
from sources.help_scout.planning.endpoints import report_at

from ..settings.errors import PipelineError, UsageError
from ..warehouse.open import open_pipeline
from ..warehouse.sql import sql_client, tables_of
from .anonymous import Anonymizer
from .archive_replay import Session, sessions_in

KIND = "help-scout problem report"
FORMAT = 1
LIBRARIES = ("help-scout-reports", "dlt", "duckdb", "pyarrow", "httpx")


@dataclass(slots=True)
class Contents:
    """What the file is to hold: its first line, and the lines of the answers."""

    header: dict[str, Any]
    lines: list[bytes]
    by_path: Counter[str]
    anonymizer: Anonymizer
    packed: bytes = field(default=b"")


def gather_problem(
    account_folder: Path,
    *,
    warehouse: Path | None,
    reports: tuple[str, ...] = (),
    since: date | None = None,
) -> Contents:
    """What the file is going to hold: the loads since that day, and what the warehouse's ledger
    says is missing."""
    sessions = [
        session
        for session in sessions_in(account_folder)
        if since is None or session.manifests[0].now.date() >= since
    ]
    if not sessions:
        when = f" since {since}" if since is not None else ""
        raise UsageError(f"{account_folder} holds no load{when}: there is nothing to report from")
    contents = gather(sessions, reports, failures=_failures(warehouse))
    contents.packed = gzip.compress(b"\n".join([orjson.dumps(contents.header), *contents.lines]))
    return contents


def write_problem(contents: Contents, out: Path) -> None:
    """Writes the file, for its owner only."""
    handle = os.open(out, os.O_CREAT | os.O_WRONLY | os.O_TRUNC, 0o600)
    with os.fdopen(handle, "wb") as file:
        file.write(contents.packed)


def gather(
    sessions: Sequence[Session], reports: tuple[str, ...], failures: list[dict[str, Any]]
) -> Contents:
    """The anonymous answers of the loads, in the order in which they came."""
    anonymizer = Anonymizer()
    wanted = _with_parents(reports)
    lines: list[bytes] = []
    by_path: Counter[str] = Counter()
    for session in sessions:
        for manifest in session.manifests:
            for line, path in _answers(manifest, wanted, anonymizer):
                lines.append(line)
                by_path[path] += 1
    header = {
        "kind": KIND,
        "format": FORMAT,
        "versions": _versions(),
        "docs": bool(sessions[-1].first["docs"]),
        "options": anonymizer.options(sessions[-1].first["options"]),
        "loads": [_load(session, reports) for session in sessions],
        "failures": failures,
    }
    return Contents(header, lines, by_path, anonymizer)


def _answers(
    manifest: Manifest, wanted: frozenset[str], anonymizer: Anonymizer
) -> Iterator[tuple[bytes, str]]:
    file = ArchiveFile(manifest.path)
    try:
        for kept in file.answers():
            if not _is_wanted(kept, wanted):
                continue
            request, text = anonymizer.request(kept.request), file.body(kept)
            body = None if text is None else orjson.loads(text)
            line = {
                "path": request.path,
                "query": dict(request.query),
                "status": kept.status,
                "at": kept.fetched_at.isoformat(),
                "body": None if text is None else anonymizer.body(kept.request, body),
            }
            yield orjson.dumps(line), request.path if report_at(request.path) else "lists"
    finally:
        file.close()


def _is_wanted(kept: Kept, wanted: frozenset[str]) -> bool:
    report = report_at(kept.path)
    return kept.asked_by == LISTS or not wanted or report is None or report.name in wanted


def _with_parents(reports: tuple[str, ...]) -> frozenset[str]:
    """The reports and those that name their items."""
    parents = {parent.report for name in reports for parent in REPORTS[name].parents}
    return frozenset({*reports, *parents})


def _load(session: Session, reports: tuple[str, ...]) -> dict[str, Any]:
    """How to do the session's load again."""
    asked = session.first.get("request") or {"reports": [], **session.first.get("bare", {})}
    told = {name: asked.get(name) for name in ("since", "until", "backfill", "newest_first")}
    return {
        "now": session.manifests[0].now.isoformat(),
        "reports": list(reports or asked["reports"]),
        **{name: value for name, value in told.items() if value},
        "ended_early": any(manifest.entries["ended_early"] for manifest in session.manifests),
    }


def _versions() -> dict[str, str]:
    found = {"python": platform.python_version(), "system": platform.system()}
    for name in LIBRARIES:
        try:
            found[name] = version(name)
        except PackageNotFoundError:
            continue
    return found


def _failures(warehouse: Path | None) -> list[dict[str, Any]]:
    """What the ledger says is missing, in short: no texts, which may name things."""
    if warehouse is None or not warehouse.exists():
        return []
    with suppress(PipelineError), open_pipeline(warehouse) as pipeline:
        if "report_windows" not in tables_of(pipeline):
            return []
        with sql_client(pipeline) as client:
            rows = client.execute_sql(
                "select report, grain, last_attempt_status, count(*), "
                "min(window_date)::varchar, max(window_date)::varchar from report_windows "
                "where last_attempt_status not in ('loaded', 'empty') group by 1, 2, 3 order by 1"
            )
        names = ("report", "grain", "status", "windows", "first", "last")
        return [dict(zip(names, row, strict=True)) for row in rows or []]
    return []
