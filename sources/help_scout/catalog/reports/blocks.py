"""Building blocks that several reports share: what the API repeats, written once."""

from __future__ import annotations

from collections.abc import Iterator, Mapping

from ..model import (
    ADDITIVE,
    DISTINCT,
    INSTANT,
    PCT,
    POINTS,
    SCORE,
    TEXT,
    TOUCHED,
    Column,
    ParentReport,
    column,
    measure,
)

FILTER_TAGS = {"filterTags": "what the filter menu offers; feeds the tags dimension"}
LINKS = {"_links": "hypermedia links, no data"}
ONE_SAMPLE = "only one sample of the vendor shows it"
"""Why a unit is unconfirmed."""
PAGING = {"page": "paging", "pages": "paging", "count": "paging; kept as the ledger's api_count"}
SERIES_PREVIOUS = {"previous": "another window's buckets, stored as that window's own rows"}

RESPONSE_TIME_LABELS = {
    1: "< 15 min",
    2: "15-30 min",
    3: "30-60 min",
    4: "1-2 h",
    5: "2-3 h",
    6: "3-6 h",
    7: "6-12 h",
    8: "12-24 h",
    9: "1-2 d",
    10: "> 2 d",
}
RESPONSE_TIME_UPPER_SECONDS = {
    1: 900,
    2: 1_800,
    3: 3_600,
    4: 7_200,
    5: 10_800,
    6: 21_600,
    7: 43_200,
    8: 86_400,
    9: 172_800,
}
"""Where each range of response times ends; the last has no end."""
HANDLE_TIME_LABELS = {1: "< 1 min", 2: "1-2 min", 3: "2-5 min", 4: "5-10 min", 5: "> 10 min"}
REPLIES_LABELS = {
    1: "1 reply",
    2: "2 replies",
    3: "3 replies",
    4: "4 replies",
    5: "5 or more replies",
}
RANGE_LABELS: Mapping[str, Mapping[int, str]] = {
    "responseTime": RESPONSE_TIME_LABELS,
    "firstResponseTime": RESPONSE_TIME_LABELS,
    "handleTime": HANDLE_TIME_LABELS,
    "replies": REPLIES_LABELS,
}
"""Labels of the range ids that company_drilldown takes; the other two ranges have no ids."""
RANGE_LABEL = "range_label"
RATING_LABELS = {1: "great", 2: "okay", 3: "not good"}
WEEKDAY_NAMES = {
    1: "Monday",
    2: "Tuesday",
    3: "Wednesday",
    4: "Thursday",
    5: "Friday",
    6: "Saturday",
    7: "Sunday",
}

COMPANY_USERS = ParentReport(report="company_overall", path="users[].user", param="user")
RATED_USERS = ParentReport(report="happiness_ratings", path="results[].ratingUserId", param="user")
USER_ONLY = ("user",)


def period() -> Iterator[Column]:
    """The interval that the API says it counted, current and previous."""
    for block in ("current", "previous"):
        prefix = "" if block == "current" else "previous_"
        for edge in ("start", "end"):
            yield column(
                f"{block}.{edge}Date",
                INSTANT,
                f"{edge.capitalize()} of the {block} interval as the API echoes it",
                name=f"{prefix}{edge}_at",
            )


# fmt: off
def happiness_measures() -> Iterator[Column]:
    """The happiness block. Shares and score differ in points, the counts in percent, as far as one
    sample shows; the counts decide the scale of the shares."""
    yield from measure("ratingsPercent", PCT, "share of customers who rated", delta=None,
                       ratio_of=("totalCustomersWithRatings", "totalCustomers"))
    for wire, words in (("great", "Great"), ("okay", "Okay"), ("notGood", "Not Good")):
        yield from measure(wire, PCT, f"share of {words} among the ratings", delta=POINTS,
                           ratio_of=(f"{wire}Count", "ratingsCount"), counted_by="ratings_count",
                           delta_unconfirmed=ONE_SAMPLE)
    yield from measure("happinessScore", SCORE, "Great share minus Not Good share", delta=POINTS,
                       weight="ratings_count", delta_unconfirmed=ONE_SAMPLE)
    yield from measure("greatCount", ADDITIVE, "Great ratings", delta_unconfirmed=ONE_SAMPLE)
    yield from measure("okayCount", ADDITIVE, "Okay ratings", delta_unconfirmed=ONE_SAMPLE)
    yield from measure("notGoodCount", ADDITIVE, "Not Good ratings", delta_unconfirmed=ONE_SAMPLE)
    yield from measure("ratingsCount", ADDITIVE, "all ratings", delta=None)
    yield from measure("totalCustomersWithRatings", DISTINCT, "customers who rated", delta=None)
    yield from measure("totalCustomers", DISTINCT, "customers, rated or not", delta=None)
# fmt: on


def distribution_totals(metrics: Mapping[str, str]) -> Iterator[Column]:
    """For each metric, how many conversations its distribution holds, current and previous."""
    for metric, words in metrics.items():
        stem = column(metric, TEXT, "-").name
        yield column(
            f"{metric}.count",
            TOUCHED,
            f"Conversations in the distribution of {words}",
            name=f"{stem}_conversation_count",
        )
        yield column(
            f"{metric}.previousCount",
            TOUCHED,
            f"Previous period: conversations in the distribution of {words}",
            name=f"previous_{stem}_conversation_count",
        )
