"""Marts: views that answer a question each, for people who would rather join nothing.

Each file in `marts/` is one view, written for DuckDB as it can be run there. Its comments say
first the sentence that it answers, then its `grain`, the views and tables that it comes `from`,
those that are `optional` to it, and what each column means; columns that many marts have are
described here, once. Tables are named with their schema, `reports` for the dataset and `marts` for
other marts, which stand for what these are called in the destination. Other destinations get the
same SQL through sqlglot.

A table is made with its first row. Where a report was loaded and had none, and in place of what is
optional and not loaded, marts read an empty table of the catalog's columns.

Averages are never averaged and distinct counts never added up: marts have a row for each grain
that was loaded.

Help Scout says 0 for the average or the share of nothing. The views that marts read have null.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Mapping, Sequence
from collections.abc import Set as AbstractSet
from dataclasses import dataclass, field
from functools import cache
from graphlib import TopologicalSorter
from pathlib import Path

from dlt.pipeline.pipeline import Pipeline

from sources.help_scout.state.ledger import SUCCEEDED

from ..quality.check_results import make_results_table
from ..warehouse.base import destination_of, exclusively
from ..warehouse.sql import reads_in_ledger, sql_client, tables_of
from .placeholder_tables import empty_table
from .sla_targets import TARGETS, Targets
from .view_sync import keep_views

FOLDER = Path(__file__).parent / "marts"
SCHEMA = "marts"
_SOURCE = re.compile(r"\b(?:reports|marts)\.\w+")
_DATASET_TABLE = re.compile(r"\breports\.(\w+)(?P<alias> as \w+)?")

SHARED_COLUMNS: Mapping[str, str] = {
    "account": "Account, as named in the configuration",
    "grain": "What the window is: day, week or month",
    "window_date": "First local day of the window",
    "window_start": "First instant of the window",
    "window_end": "First instant after the window",
    "is_open": "Whether the window was not over yet when it was read",
    "is_provisional": "Whether nights still read the window again, since its numbers may move",
    "inbox_id": "Inbox; null for all inboxes",
    "inbox_name": "Name of the inbox, or All inboxes",
    "user_id": "User or AI agent",
    "user_name": "Name of the user",
    "team_id": "Team",
    "team_name": "Name of the team",
    "conversation_id": "Conversation",
    "conversation_number": "Conversation number as people see it",
    "conversation_type": "Channel: email, chat or phone",
    "conversation_status": "active, pending, closed or spam",
    "customer_id": "Customer",
    "customer_name": "Name of the customer; may be an e-mail address",
    "customers_helped": "Distinct customers who got a reply",
    "total_replies": "Replies sent by users",
    "closed": "Conversations closed",
    "resolved": "Conversations closed with at least one reply by a user",
    "first_response_time_seconds": "Average wait for the first reply; null where there was none",
    "response_time_seconds": "Average wait for any reply; null where there was none",
    "resolution_time_seconds": "Average time from creation to resolution; null where none was",
    "handle_time_seconds": "Average time composing a reply; null where there was none",
    "replies_to_resolve": "Average replies until resolved; null where there was none",
    "great_count": "Ratings: Great",
    "okay_count": "Ratings: Okay",
    "not_good_count": "Ratings: Not Good",
    "ratings_count": "All ratings",
    "happiness_score": "Great share minus Not Good share; null without ratings",
}
"""Columns that mean the same in every mart that has them. `previous_X` is X of the window compared
with: the one before, unless `compare_to` says otherwise; `delta_X` its change against that one as
the API gives it."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Mart:
    """One file of `marts/`: what it answers, one row of what it has, what its columns mean."""

    name: str
    sentence: str
    grain: str
    sources: tuple[str, ...]
    optional: tuple[str, ...]
    columns: Mapping[str, str]
    sql: str

    def __post_init__(self) -> None:
        named = set(_SOURCE.findall(self.sql))
        stated = {*self.sources, *self.optional}
        if named != stated:
            raise ValueError(
                f"marts/{self.name}.sql says it comes from {', '.join(sorted(stated))}, but its "
                f"query names {', '.join(sorted(named))}"
            )
        if not self.sentence or not self.grain:
            raise ValueError(f"marts/{self.name}.sql lacks its sentence or its grain")

    def meaning(self, column: str) -> str:
        """What the column means; KeyError for one that is described nowhere."""
        if column in self.columns:
            return self.columns[column]
        if column in SHARED_COLUMNS:
            return SHARED_COLUMNS[column]
        if column.startswith("previous_"):
            meaning = self.meaning(column.removeprefix("previous_"))
            return f"The window compared with: {_lower(meaning)}"
        if (found := re.fullmatch(r"delta_(.+)_(pct|points)", column)) is not None:
            names = (found[1], *(f"{found[1]}_{unit}" for unit in ("seconds", "pct")))
            known = next((n for n in names if n in self.columns or n in SHARED_COLUMNS), None)
            if known is not None:
                return f"Change against the window compared with: {_lower(self.meaning(known))}"
        raise KeyError(f"marts/{self.name}.sql does not say what {column} means")


@dataclass(slots=True, kw_only=True)
class MadeMarts:
    """The marts that were made, and those whose tables are not loaded, with what they lack."""

    made: list[str] = field(default_factory=list)
    skipped: dict[str, list[str]] = field(default_factory=dict)


def _lower(text: str) -> str:
    return text[:1].lower() + text[1:]


def read_mart(path: Path) -> Mart:
    """The mart in the file: its leading comments, then its query."""
    lines = path.read_text(encoding="utf-8").splitlines()
    end = next(n for n, line in enumerate(lines) if not line.startswith("--"))
    sentence, named, last = [], dict[str, str](), ""
    for line in lines[:end]:
        words = line.removeprefix("--").strip()
        found = re.fullmatch(r"(\w+): (.+)", words)
        if found is not None:
            last = found[1]
            named[last] = found[2]
        elif last:
            named[last] += f" {words}"
        else:
            sentence.append(words)
    return Mart(
        name=path.stem,
        sentence=" ".join(sentence),
        grain=named.pop("grain", ""),
        sources=_sources(named.pop("from", "")),
        optional=_sources(named.pop("optional", "")),
        columns=named,
        sql="\n".join(lines[end:]),
    )


def _sources(names: str) -> tuple[str, ...]:
    return tuple(name if "." in name else f"reports.{name}" for name in names.split(", ") if name)


@cache
def all_marts() -> tuple[Mart, ...]:
    """The marts, each after those that it is made of."""
    marts = {path.stem: read_mart(path) for path in sorted(FOLDER.glob("*.sql"))}
    prefix = f"{SCHEMA}."
    needed = {
        name: [s.removeprefix(prefix) for s in mart.sources if s.startswith(prefix)]
        for name, mart in marts.items()
    }
    ordered = TopologicalSorter(needed).static_order()
    return tuple(marts[name] for name in ordered if name != TARGETS)


@dataclass(frozen=True, slots=True, kw_only=True)
class Place:
    """Where marts are made: the dataset whose tables they read, those that are `there`, the
    reports that were `loaded`, and the dialect that the destination speaks."""

    dataset: str
    there: AbstractSet[str]
    loaded: AbstractSet[str]
    translate: Callable[[str], str] = str  # DuckDB's SQL stays as it is

    def make_view(self, name: str, sql: str) -> str:
        """The statement that makes the view."""
        sql = _DATASET_TABLE.sub(self._in_dataset, sql)
        return f"create or replace view {SCHEMA}.{name} as {self.translate(sql)}"

    def _in_dataset(self, found: re.Match[str]) -> str:
        name = found[1]
        alias = found["alias"] or f" as {name}"
        if name in self.there:
            return f"{self.dataset}.{name}{alias}"
        empty = empty_table(name)
        assert empty is not None
        return f"({empty.sql}){alias}"

    def can_read(self, name: str) -> bool:
        """Whether the table is there, or empty since its report had no row for it."""
        if name in self.there:
            return True
        empty = empty_table(name)
        return empty is not None and (empty.report is None or empty.report in self.loaded)


def plan_marts(marts: Sequence[Mart], place: Place) -> tuple[list[str], MadeMarts]:
    """The statements that make the marts that can be made there, and what comes of it."""
    outcome, statements = MadeMarts(), list[str]()
    made = {f"{SCHEMA}.{TARGETS}"}
    for mart in marts:
        lacking = [
            source.partition(".")[2]
            for source in mart.sources
            if source not in made and not place.can_read(source.removeprefix("reports."))
        ]
        if lacking:
            outcome.skipped[mart.name] = lacking
            continue
        made.add(f"{SCHEMA}.{mart.name}")
        outcome.made.append(mart.name)
        statements.append(place.make_view(mart.name, mart.sql))
    return statements, outcome


def create_marts(pipeline: Pipeline, targets: Targets) -> MadeMarts:
    """Makes the marts anew in the schema `marts` of the pipeline's destination."""
    with exclusively(pipeline), sql_client(pipeline) as client:
        make_results_table(client)
        place = Place(
            dataset=pipeline.dataset_name,
            there=tables_of(pipeline),
            loaded={report for report, _ in reads_in_ledger(client, SUCCEEDED)},
            translate=destination_of(pipeline).translate,
        )
        statements, outcome = plan_marts(all_marts(), place)
        statements.insert(0, place.make_view(TARGETS, targets.sql()))
        client.execute_sql(f"create schema if not exists {SCHEMA}")
        keep_views(pipeline, SCHEMA, TARGETS, statements)
    return outcome


def told(outcome: MadeMarts) -> Iterator[str]:
    """What to say of it: a line for each mart that could not be made."""
    for name, lacking in outcome.skipped.items():
        yield f"mart {name}: not made, {', '.join(lacking)} not loaded"
