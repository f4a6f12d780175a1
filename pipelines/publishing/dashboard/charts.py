"""The page's charts as Vega-Lite specifications, made by Altair.

They hold no data and no colours of their own: the page gives them the rows that its filters leave,
under the name `rows`, and the colours of its theme. Rows that may still change come with `state`
`provisional` or `open` and are drawn lighter. Charts with a bar or line an item are as high as the
page says, by how many there are.
"""

from __future__ import annotations

from typing import Any

import altair as alt

HEIGHT = 220
ROWS = alt.NamedData(name="rows")
DATE_FORMAT = alt.param(name="date_format", value="%-d %b")
UNIT = alt.param(name="unit", value="")
DATE_LABEL = "utcFormat(toDate(datum.value), date_format)"

OPACITY = alt.Opacity(
    "state:O",
    legend=None,
    sort=["final", "provisional", "open"],
    scale=alt.Scale(domain=["final", "provisional", "open"], range=[1, 0.6, 0.35]),
)


def all_charts() -> dict[str, dict[str, Any]]:
    """The specifications by name."""
    return {
        "stack": stacked_bars(),
        "trend": trend_lines(),
        "ranges": range_bars(),
        "heat": heat_map(),
        "change": change_bars(),
        "compare": before_and_after(),
    }


def _spec(chart: alt.Chart | alt.LayerChart | alt.FacetChart) -> dict[str, Any]:
    """The chart as the page takes it: as wide as its place, themed there."""
    fitted = alt.AutoSizeParams(type="fit-x", contains="padding")
    spec: dict[str, Any] = chart.properties(width="container", autosize=fitted).to_dict()
    spec.pop("config", None)
    return spec


def _dates() -> alt.X:
    """The windows, oldest first, with as many labels as there is room for."""
    return alt.X(
        "window_date:O",
        title=None,
        axis=alt.Axis(labelExpr=DATE_LABEL, labelAngle=0, labelOverlap="parity", ticks=False),
    )


def _series(**options: Any) -> alt.Color:
    """The colour of a series; the page sets which names there are, in which order."""
    return alt.Color("series:N", title=None, sort=None, **options)


def stacked_bars() -> dict[str, Any]:
    """Counts of each window, one colour a part."""
    return _spec(
        alt.Chart(ROWS, height=HEIGHT)
        .mark_bar()
        .encode(
            x=_dates(),
            y=alt.Y("value:Q", title=None, axis=alt.Axis(format=",d", tickMinStep=1)),
            color=_series(),
            order=alt.Order("place:O"),
            opacity=OPACITY,
            tooltip=[
                alt.Tooltip("window:N", title="Window"),
                alt.Tooltip("series:N", title="What"),
                alt.Tooltip("text:N", title="How many"),
            ],
        )
        .add_params(DATE_FORMAT)
    )


def trend_lines() -> dict[str, Any]:
    """One measure or a few over the windows; points that may still change are lighter."""
    lines = (
        alt.Chart(ROWS)
        .mark_line(strokeWidth=2)
        .encode(
            x=_dates(),
            y=alt.Y(
                "value:Q",
                title=None,
                scale=alt.Scale(zero=True, nice=True),
                axis=alt.Axis(labelExpr="datum.label + unit", tickCount=5),
            ),
            color=_series(),
        )
    )
    points = lines.mark_point(filled=True, size=55, opacity=1).encode(
        opacity=OPACITY,
        tooltip=[
            alt.Tooltip("window:N", title="Window"),
            alt.Tooltip("series:N", title="What"),
            alt.Tooltip("text:N", title="Value"),
        ],
    )
    return _spec(alt.layer(lines, points, height=HEIGHT).add_params(DATE_FORMAT, UNIT))


def range_bars() -> dict[str, Any]:
    """The share of each range, and a tick where it was in the window before."""
    bars = (
        alt.Chart(ROWS)
        .mark_bar()
        .encode(
            y=alt.Y("range_label:N", title=None, sort=None, axis=alt.Axis(ticks=False)),
            x=alt.X(
                "value:Q",
                title=None,
                axis=alt.Axis(labelExpr="datum.label + '%'", grid=True, tickCount=6),
            ),
            tooltip=[
                alt.Tooltip("range_label:N", title="Answered"),
                alt.Tooltip("text:N", title="Share"),
                alt.Tooltip("before_text:N", title="Compared with"),
            ],
        )
    )
    ticks = bars.mark_tick(thickness=2, style="before").encode(x=alt.X("before:Q", title=None))
    return _spec(alt.layer(bars, ticks))


def heat_map() -> dict[str, Any]:
    """Conversations with activity by weekday and hour, darker where there are more."""
    return _spec(
        alt.Chart(ROWS, height=HEIGHT)
        .mark_rect(cornerRadius=2)
        .encode(
            x=alt.X(
                "hour:O",
                title=None,
                axis=alt.Axis(
                    labelExpr="datum.value % 3 == 0 ? datum.value + ':00' : ''",
                    labelAngle=0,
                    labelFlush=False,
                    ticks=False,
                ),
            ),
            y=alt.Y("weekday:N", title=None, sort=None, axis=alt.Axis(ticks=False)),
            color=alt.Color(
                "value:Q",
                title=None,
                legend=alt.Legend(orient="bottom", format=",.3~g", gradientLength=160),
            ),
            tooltip=[
                alt.Tooltip("when:N", title="When"),
                alt.Tooltip("text:N", title="Conversations with activity"),
            ],
        )
    )


def change_bars() -> dict[str, Any]:
    """How much more or less often each topic came than in the window before."""
    return _spec(
        alt.Chart(ROWS)
        .mark_bar()
        .encode(
            y=alt.Y("topic:N", title=None, sort=None, axis=alt.Axis(labelLimit=150, ticks=False)),
            x=alt.X(
                "value:Q",
                title=None,
                axis=alt.Axis(
                    format="+,d",
                    labelExpr="datum.value == 0 ? '0' : datum.label",
                    tickMinStep=1,
                ),
            ),
            color=_series(),
            tooltip=[
                alt.Tooltip("topic:N", title="Topic"),
                alt.Tooltip("text:N", title="Conversations"),
                alt.Tooltip("before_text:N", title="Compared with"),
            ],
        )
    )


def before_and_after() -> dict[str, Any]:
    """For each inbox a line from the window before (hollow) to this one (full)."""
    base = alt.Chart(ROWS).encode(
        y=alt.Y("inbox:N", title=None, sort=None, axis=alt.Axis(labelLimit=130, ticks=False)),
        color=_series(),
        tooltip=[
            alt.Tooltip("inbox:N", title="Inbox"),
            alt.Tooltip("text:N", title="First response"),
            alt.Tooltip("before_text:N", title="Compared with"),
            alt.Tooltip("change:N", title="Change"),
        ],
    )
    scale = alt.Scale(zero=True, nice=True)
    axis = alt.Axis(labelExpr="datum.label + unit", tickCount=6)
    now = alt.X("value:Q", title=None, scale=scale, axis=axis)
    before = alt.X("before:Q", title=None, scale=scale)
    return _spec(
        alt.layer(
            base.mark_rule(strokeWidth=3).encode(x=before, x2="value:Q"),
            base.mark_point(size=70, filled=False, strokeWidth=2).encode(x=before),
            base.mark_point(size=150, filled=True, opacity=1).encode(x=now),
        ).add_params(UNIT)
    )
