"""Company reports: what the whole account did, and who did it."""

from __future__ import annotations

from ..model import (
    COUNT,
    DAYS,
    ID,
    RATE,
    SCORE,
    SECONDS,
    TEXT,
    Column,
    Report,
    Rows,
    Shape,
    Table,
    column,
    measure,
)
from .blocks import FILTER_TAGS, LINKS, RANGE_LABEL, period
from .templates import drilldown, series

OVERALL = Report(
    name="company_overall",
    path="company",
    doc="company/reports-company-overall/",
    summary="Customers helped, replies and closed conversations of the company and each user",
    shape=Shape.OVERALL,
    grains=("day", "week", "month"),
    ignored=FILTER_TAGS | LINKS,
    tables=(
        Table(
            name="company_overall",
            summary="What the company did in the window",
            rows=(Rows(),),
            columns=(
                *period(),
                *measure("customersHelped", COUNT, "customers who got at least one reply"),
                *measure("closed", COUNT, "conversations closed"),
                *measure("totalReplies", COUNT, "replies sent by users"),
                *measure("totalUsers", COUNT, "users active in the interval"),
                # The API sends no change for the next two.
                *measure("totalDays", DAYS, "length of the interval", delta=None),
                *measure("resolvedPerDay", RATE, "resolved conversations a day", delta=None),
                *measure("repliesPerDayPerUser", RATE, "replies per user and day"),
                *measure("repliesPerDay", RATE, "replies a day"),
            ),
        ),
        Table(
            name="company_overall_users",
            summary="What each active user did in the window; days per agent come from here",
            rows=(Rows(path="users[]"),),
            key=("user_id",),
            columns=(
                # A quoted number here, a JSON number everywhere else.
                column("user", ID, "User", name="user_id"),
                column("name", TEXT, "User's name", name="user_name", personal=True),
                column("customersHelped", COUNT, "Customers helped"),
                column("replies", COUNT, "Replies sent"),
                column("happinessScore", SCORE, "Great share minus Not Good share"),
                column("handleTime", SECONDS, "Average time composing a reply"),
                column("previousCustomersHelped", COUNT, "Previous period: customers helped"),
                column("previousReplies", COUNT, "Previous period: replies sent"),
                column("previousHappinessScore", SCORE, "Previous period: happiness score"),
                column("previousHandleTime", SECONDS, "Previous period: average handle time"),
            ),
        ),
    ),
)

CUSTOMERS_HELPED = series(
    "company_customers_helped",
    "company/customers-helped",
    "company/reports-company-customers-helped/",
    "Distinct customers helped by day; days do not add up to a longer window",
    (column("customers", COUNT, "Distinct customers helped", name="customers_helped"),),
    overall=("company_overall", "customers_helped"),
)

DRILLDOWN = drilldown(
    "company_drilldown",
    "company/drilldown",
    "company/reports-company-drilldown/",
    "Conversations behind the ranges of the company and productivity reports",
    slices=("range=firstResponseTime,range_id",),
    options=("rangeId",),
    requires=("range",),
    stamped_label=Column(
        name=RANGE_LABEL,
        unit=TEXT,
        description="The range in words; null when the rows were not asked for by range_id",
        example="1-2 h",
    ),
)

REPORTS = (OVERALL, CUSTOMERS_HELPED, DRILLDOWN)
