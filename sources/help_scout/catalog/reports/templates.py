"""Distributions and time series, which the API repeats with small changes."""

from __future__ import annotations

from collections.abc import Mapping

from ..model import (
    CODE,
    INSTANT,
    PCT,
    SECONDS,
    TEXT,
    TOUCHED,
    Column,
    Family,
    ParentReport,
    Report,
    Rows,
    Shape,
    Table,
    column,
)
from .blocks import SERIES_PREVIOUS


def ranges_table(
    name: str, metrics: Mapping[str, Mapping[int, str]], *, resolution_time: bool = True
) -> Table:
    """The distributions of a report as one table: a row a metric and range.

    `metrics` maps each metric's wire name to the labels of its range ids; {} where the API does
    not document them.
    """
    columns = [
        Column(name="metric", unit=TEXT, description="Which distribution, by the API's own name"),
        column("id", CODE, "Range within the metric; order by it", name="range_id"),
        Column(
            name="range_label",
            unit=TEXT,
            description="The range in words; null if undocumented",
            example="1-2 h",
        ),
        column("count", TOUCHED, "Conversations in the range", name="conversation_count"),
        column("percent", PCT, "Share of the distribution", name="conversation_pct"),
        column(
            "previousCount",
            TOUCHED,
            "Previous period: conversations in the range",
            name="previous_conversation_count",
        ),
        column(
            "previousPercent",
            PCT,
            "Previous period: share of the distribution; cut to whole numbers in chat and email",
            name="previous_conversation_pct",
        ),
    ]
    if resolution_time:
        columns.append(
            column(
                "resolutionTime",
                SECONDS,
                "Average resolution time of the range; only in repliesToResolve",
            )
        )
    return Table(
        name=f"{name}_ranges",
        summary="Distributions: conversations by range of a metric",
        rows=tuple(
            Rows(path=f"{metric}.ranges[]", metric=metric, labels=labels)
            for metric, labels in metrics.items()
        ),
        columns=tuple(columns),
        key=("metric", "range_id"),
    )


def series(
    family: Family,
    name: str,
    path: str,
    doc: str,
    summary: str,
    values: tuple[Column, ...],
    *,
    slices: tuple[str, ...] = ("all", "mailbox"),
    requires: tuple[str, ...] = (),
    office_hours: bool = False,
    parents: tuple[ParentReport, ...] = (),
    overall: tuple[str, str] | None = None,
) -> Report:
    """A time series: one row a bucket. All of them are asked without a previous period."""
    bucket = column(
        "date", INSTANT, "First instant of the bucket as the API gives it",
        name="bucket_start_at", also=("start",),
    )  # fmt: skip
    table = Table(
        name=name,
        summary=summary,
        rows=(Rows(path="current[]"),),
        columns=(bucket, *values),
    )
    return Report(
        name=name,
        family=family,
        path=path,
        doc=doc,
        summary=summary,
        shape=Shape.SERIES,
        tables=(table,),
        grains=("day",),
        slices=slices,
        requires=requires,
        office_hours=office_hours,
        parents=parents,
        overall=overall,
        ignored=SERIES_PREVIOUS,
    )
