"""Units: what a value measures, and how the values of several windows combine."""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from enum import StrEnum


class Type(StrEnum):
    """A column's type, by dlt's names; `json` is stored as text, which every warehouse reads."""

    BIGINT = "bigint"
    DOUBLE = "double"
    TEXT = "text"
    BOOL = "bool"
    TIMESTAMP = "timestamp"
    DATE = "date"
    JSON = "json"

    @property
    def stored(self) -> str:
        """The data type as dlt calls it."""
        return "text" if self is Type.JSON else str(self)

    @property
    def sql(self) -> str:
        """The data type as DuckDB and Postgres call it."""
        return _SQL.get(self, str(self))


_SQL = {
    Type.DOUBLE: "double precision",
    Type.TEXT: "varchar",
    Type.BOOL: "boolean",
    Type.TIMESTAMP: "timestamptz",
    Type.JSON: "varchar",
}


class Additivity(StrEnum):
    """How the values of several windows combine: of days to their week, say."""

    ADDITIVE = "additive"  # the sum of the days is the week's own number
    DISTINCT = "distinct"  # customers or users: who comes on two days counts once in the week
    TOUCHED = "touched"  # a conversation counts in each window that touches it: days sum to more
    AVERAGE = "average"  # the mean of the days, weighted by the column's `weight`
    RATIO = "ratio"  # of two numbers of the window, `ratio_of` where the table has both
    NON_ADDITIVE = "non-additive"  # a maximum, a length, a state, or a list that the API cuts


@dataclass(frozen=True, slots=True)
class Unit:
    """What a value measures: its words, its type, the ending of its column's name, what such a
    value looks like, how values of several windows combine, and whether it is never 0 where there
    was something to measure: the API says 0 for the average of nothing.

    Two units that differ in the last two alone are equal: both are counts, say.
    """

    words: str
    type: Type
    suffix: str = ""
    example: str = field(kw_only=True)
    additivity: Additivity | None = field(default=None, kw_only=True, compare=False)
    zero_is_nothing: bool = field(default=False, kw_only=True, compare=False)

    def __post_init__(self) -> None:
        if not self.example:
            raise ValueError(f"unit {self.words} has no example")


SOME_TEXT = "some text"
"""What a text looks like of which nothing better is known: no column may be left with it."""
COUNT = Unit("count", Type.BIGINT, example="42")
"""A count that belongs to a single row. What a report counts in a window is one of these four:"""
ADDITIVE = replace(COUNT, additivity=Additivity.ADDITIVE)
DISTINCT = replace(COUNT, additivity=Additivity.DISTINCT)
TOUCHED = replace(COUNT, additivity=Additivity.TOUCHED)
NON_ADDITIVE = replace(COUNT, additivity=Additivity.NON_ADDITIVE)
DAYS = Unit("days", Type.BIGINT, example="7", additivity=Additivity.NON_ADDITIVE)
SECONDS = Unit(
    "seconds",
    Type.DOUBLE,
    "seconds",
    example="5400.0",
    additivity=Additivity.AVERAGE,
    zero_is_nothing=True,
)
PCT = Unit("percent, 0 to 100", Type.DOUBLE, "pct", example="61.5", additivity=Additivity.RATIO)
RATIO = Unit("ratio, 0 to 1", Type.DOUBLE, "ratio", example="0.62", additivity=Additivity.RATIO)
POINTS = Unit("percentage points", Type.DOUBLE, "points", example="-3.5")
CHANGE = Unit("relative change in percent", Type.DOUBLE, "pct", example="12.5")
SCORE = Unit("score, -100 to 100", Type.DOUBLE, example="74.0", additivity=Additivity.AVERAGE)
RATE = Unit(
    "average", Type.DOUBLE, example="3.4", additivity=Additivity.AVERAGE, zero_is_nothing=True
)
QUOTIENT = replace(RATE, additivity=Additivity.RATIO, zero_is_nothing=False)
"""So many a day, or a visit."""
WEEKDAY = Unit("weekday, Monday 1 to Sunday 7, company time zone", Type.BIGINT, example="1")
HOUR = Unit("hour 0 to 23, company time zone", Type.BIGINT, example="14")
CODE = Unit("code", Type.BIGINT, example="3")
ORDINAL = Unit("ordinal", Type.BIGINT, example="1")
ID = Unit("id", Type.BIGINT, example="123456")
TEXT_ID = Unit("id", Type.TEXT, example="53b3e4f2e4b0a1c2d3e4f5a6")
TEXT = Unit("text", Type.TEXT, example=SOME_TEXT)
FLAG = Unit("true or false", Type.BOOL, example="true")
INSTANT = Unit("instant, UTC", Type.TIMESTAMP, example="2026-03-04 05:00:00+00")
LOCAL_DATE = Unit("date, company time zone", Type.DATE, example="2026-03-04")
RAW = Unit("JSON as text", Type.JSON, example='["a", "b"]')
