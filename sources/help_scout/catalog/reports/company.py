"""Company reports: what the whole account did, and who did it."""

from __future__ import annotations

from ..model import (
    ADDITIVE,
    DAYS,
    DISTINCT,
    ID,
    QUOTIENT,
    SCORE,
    SECONDS,
    TEXT,
    Column,
    Family,
    Report,
    Rows,
    Shape,
    Table,
    column,
    measure,
)
from .blocks import FILTER_TAGS, LINKS, RANGE_LABEL, period
from .row_templates import drilldown
from .templates import series

FAMILY = Family(title="Company", order=10, screen="Company")

OVERALL = Report(
    name="company_overall",
    family=FAMILY,
    path="company",
    doc="company/reports-company-overall/",
    summary="Customers helped, replies and closed conversations of the company and each user",
    shape=Shape.OVERALL,
    ignored=FILTER_TAGS | LINKS,
    tables=(
        Table(
            name="company_overall",
            summary="What the company did in the window",
            columns=(
                *period(),
                *measure("customersHelped", DISTINCT, "customers who got at least one reply"),
                *measure("closed", ADDITIVE, "conversations closed"),
                *measure("totalReplies", ADDITIVE, "replies sent by users"),
                *measure("totalUsers", DISTINCT, "users active in the interval"),
                # The API sends no change for the next two.
                *measure("totalDays", DAYS, "length of the interval", delta=None),
                *measure("resolvedPerDay", QUOTIENT, "resolved conversations a day", delta=None),
                *measure("repliesPerDayPerUser", QUOTIENT, "replies per user and day"),
                *measure("repliesPerDay", QUOTIENT, "replies a day"),
            ),
        ),
        Table(
            name="company_overall_users",
            summary="What each active user did in the window; days per agent come from here",
            rows=(Rows(path="users[]"),),
            key=("user_id",),
            people=("user_id", "user_name"),
            columns=(
                # A quoted number here, a JSON number everywhere else.
                column("user", ID, "User", name="user_id"),
                column("name", TEXT, "User's name", name="user_name", personal=True),
                column("customersHelped", DISTINCT, "Customers helped"),
                column("replies", ADDITIVE, "Replies sent"),
                column("happinessScore", SCORE, "Great share minus Not Good share"),
                column("handleTime", SECONDS, "Average time composing a reply", weight="replies"),
                column("previousCustomersHelped", DISTINCT, "Previous period: customers helped"),
                column("previousReplies", ADDITIVE, "Previous period: replies sent"),
                column("previousHappinessScore", SCORE, "Previous period: happiness score"),
                column("previousHandleTime", SECONDS, "Previous period: average handle time",
                       weight="previous_replies"),
            ),
        ),
    ),
)  # fmt: skip

CUSTOMERS_HELPED = series(
    FAMILY,
    "company_customers_helped",
    "company/customers-helped",
    "company/reports-company-customers-helped/",
    "Distinct customers helped by day; days do not add up to a longer window",
    (column("customers", DISTINCT, "Distinct customers helped", name="customers_helped"),),
    overall=("company_overall", "customers_helped"),
)

DRILLDOWN = drilldown(
    FAMILY,
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
