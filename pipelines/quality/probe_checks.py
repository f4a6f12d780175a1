"""Which agreement checks hold on the last four weeks of what is loaded: no request is sent."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date, timedelta

from dlt.pipeline.pipeline import Pipeline

from ..probes.probe import MONTH_DAYS, Certainty, Fact, counted
from ..warehouse.sql import sql_client, tables_of
from .check_runner import CheckKind, CheckVerdict, Result, all_checks, check_pipeline

WINDOWS = "report_windows"


def checked_agreements(pipeline: Pipeline, account: str, today: date) -> list[Fact]:
    """How each agreement check stands on the warehouse; nothing before the first load."""
    if WINDOWS not in tables_of(pipeline):
        return []
    first = today - timedelta(days=MONTH_DAYS)
    with sql_client(pipeline) as client:
        recent = client.execute_sql(
            f"select 1 from {WINDOWS} where account = %s and window_date >= %s limit 1",
            *(account, first),
        )
    if not recent:
        return []
    checks = [one for one in all_checks() if one.kind is CheckKind.AGREEMENT and one.level is None]
    return [fact_of(result, first) for result in check_pipeline(pipeline, checks, account)]


def fact_of(result: Result, first: date) -> Fact:
    """How a check stands on windows that begin on the day `first` or later. A check that does not
    say which windows disagree is judged by all that is loaded."""
    name, sentence = f"check_{result.check.name}", result.check.sentence.rstrip(".")
    if result.verdict is CheckVerdict.SKIPPED:
        missing = f"not loaded: {_some(result.lacking)}"
        return Fact(name, sentence, None, Certainty.UNKNOWN, missing)
    if result.verdict is CheckVerdict.HOLDS:
        return Fact(name, sentence, "holds", Certainty.CONFIRMED, "in what is loaded")
    if result.windows is None:
        detail = f"{counted(result.rows, 'row')} in what is loaded"
        return Fact(name, sentence, "differs", Certainty.CONTRADICTED, detail)
    recent = sum(day >= first for _, day in result.windows)
    if not recent:
        earlier = f"earlier differences: {counted(len(result.windows), 'window')}"
        detail = f"in the last four weeks; {earlier}"
        return Fact(name, sentence, "holds", Certainty.CONFIRMED, detail)
    detail = f"in {counted(recent, 'window')} of the last four weeks"
    return Fact(name, sentence, "differs", Certainty.CONTRADICTED, detail)


def _some(names: Sequence[str]) -> str:
    return ", ".join(names[:3]) + (", …" if len(names) > 3 else "")
